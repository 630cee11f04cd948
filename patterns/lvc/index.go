package lvc

import (
	"math/rand/v2"
	"strings"
)

// maxLevels is enough for 4^16 topics.
const maxLevels = 16

// index is a skip list of values in the order of their topics.
type index struct{ head *value }

func newIndex() index { return index{&value{tower: make([]*value, maxLevels)}} }

// before returns, for each level, the last value before a topic.
func (x index) before(topic string) (path [maxLevels]*value) {
	at := x.head
	for level := maxLevels - 1; level >= 0; level-- {
		for at.tower[level] != nil && at.tower[level].topic < topic {
			at = at.tower[level]
		}
		path[level] = at
	}
	return path
}

func (x index) insert(v *value) {
	path := x.before(v.topic)
	levels := 1
	for levels < maxLevels && rand.Uint32()%4 == 0 {
		levels++
	}
	v.tower = v.oneLevel[:]
	if levels > 1 {
		v.tower = make([]*value, levels)
	}
	for i := range levels {
		v.tower[i] = path[i].tower[i]
		path[i].tower[i] = v
	}
}

func (x index) remove(v *value) {
	path := x.before(v.topic)
	for i := range v.tower {
		path[i].tower[i] = v.tower[i]
	}
}

// matching appends the values whose topics begin with a prefix, up to the capacity of dst.
// all is false if there are more.
func (x index) matching(dst []*value, prefix string) (found []*value, all bool) {
	v := x.before(prefix)[0].tower[0]
	for ; v != nil && strings.HasPrefix(v.topic, prefix); v = v.tower[0] {
		if len(dst) == cap(dst) {
			return dst, false
		}
		dst = append(dst, v)
	}
	return dst, true
}
