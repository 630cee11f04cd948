package pattern

import (
	"strings"

	"github.com/zerobroker/zmq/internal/pipe"
)

type Table struct {
	m map[string]map[*pipe.Pipe]bool
}

func NewTable() *Table { return &Table{m: map[string]map[*pipe.Pipe]bool{}} }
func (t *Table) Add(topic []byte, p *pipe.Pipe) (added, first bool) {
	s := t.m[string(topic)]
	if s == nil {
		s = map[*pipe.Pipe]bool{}
		t.m[string(topic)] = s
	}
	first = len(s) == 0
	added = !s[p]
	s[p] = true
	return
}
func (t *Table) Remove(topic []byte, p *pipe.Pipe) (removed, last bool) {
	s := t.m[string(topic)]
	removed = s[p]
	delete(s, p)
	if removed && len(s) == 0 {
		delete(t.m, string(topic))
		last = true
	}
	return
}
func (t *Table) RemoveAll(p *pipe.Pipe, f func(topic []byte, last bool)) {
	for k, s := range t.m {
		if s[p] {
			_, last := t.Remove([]byte(k), p)
			f([]byte(k), last)
		}
	}
}
func (t *Table) Match(dst []*pipe.Pipe, topic []byte) []*pipe.Pipe {
	seen := map[*pipe.Pipe]bool{}
	for k, s := range t.m {
		if strings.HasPrefix(string(topic), k) {
			for p := range s {
				if !seen[p] {
					seen[p] = true
					dst = append(dst, p)
				}
			}
		}
	}
	return dst
}
func (t *Table) Has(topic []byte) bool { return len(t.Match(nil, topic)) > 0 }
