package zgossip

import (
	"sort"
	"time"
)

// Tuple is a key and its value.
type Tuple struct {
	Key, Value string
}

// peerID identifies a peer from one HELLO to the next: where a tuple came from and where it
// is sent. Zero is this node.
type peerID uint64

const own peerID = 0

// result is what happened to a tuple.
type result int

const (
	stored    result = iota
	storedHot        // stored, but its key changed only a moment ago
	duplicate
	refused     // a limit is reached
	conflicting // another node has changed a tuple of this one
)

// table has the tuples, and the order in which they changed. It does no I/O and knows no
// clock.
//
// A reader, such as a peer that is sent the tuples, has a position: the number of the last
// change that it has seen. So a reader that is slow costs no memory, and skips values that
// were replaced meanwhile.
type table struct {
	maxTuples, maxBytes, maxValue int

	tuples map[string]*tuple
	bytes  int // of all keys and values
	last   uint64
	log    []change // by number; those whose tuple has changed again are obsolete
}

type tuple struct {
	value   string
	from    peerID
	number  uint64 // of its last change
	changed time.Time
}

type change struct {
	number uint64
	key    string
}

// hotInterval is how long after a change of a key the next one counts as hot. Two nodes
// that publish different values for one key would otherwise exchange them without end
// as fast as they can.
const hotInterval = time.Second

// store adds or changes a tuple.
func (t *table) store(key, value string, from peerID, now time.Time) result {
	old := t.tuples[key]
	switch {
	case old == nil:
	case old.value == value:
		return duplicate
	case old.from == own && from != own:
		return conflicting
	}
	size := t.bytes + len(value)
	if old == nil {
		size += len(key)
	} else {
		size -= len(old.value)
	}
	if len(value) > t.maxValue || size > t.maxBytes || old == nil && len(t.tuples) >= t.maxTuples {
		return refused
	}
	t.bytes = size
	t.last++
	r := stored
	if old != nil && now.Sub(old.changed) < hotInterval {
		r = storedHot
	}
	t.tuples[key] = &tuple{value: value, from: from, number: t.last, changed: now}
	t.log = append(t.log, change{t.last, key})
	t.compact()
	return r
}

// renew makes a tuple of this node the last change, so that all readers receive it again.
// It reports false, and does nothing, if the last change was a moment ago.
func (t *table) renew(key string, now time.Time) bool {
	e := t.tuples[key]
	if e == nil || e.from != own {
		return true
	}
	if now.Sub(e.changed) < hotInterval {
		return false
	}
	t.last++
	e.number, e.changed = t.last, now
	t.log = append(t.log, change{t.last, key})
	t.compact()
	return true
}

// remove forgets a tuple. It reports whether there was one.
func (t *table) remove(key string) bool {
	old := t.tuples[key]
	if old == nil {
		return false
	}
	t.bytes -= len(key) + len(old.value)
	delete(t.tuples, key)
	t.compact()
	return true
}

// compact removes obsolete changes from the log when they are the majority.
func (t *table) compact() {
	if len(t.log) < 2*len(t.tuples)+64 {
		return
	}
	kept := make([]change, 0, len(t.tuples)+64)
	for _, c := range t.log {
		if t.current(c) {
			kept = append(kept, c)
		}
	}
	t.log = kept
}

func (t *table) current(c change) bool {
	e := t.tuples[c.key]
	return e != nil && e.number == c.number
}

// after returns the first tuple that has changed after the position and did not come from
// the reader itself, and the position after it. ok is false if there is none.
func (t *table) after(position uint64, reader peerID) (tuple Tuple, next uint64, ok bool) {
	i := sort.Search(len(t.log), func(i int) bool { return t.log[i].number > position })
	for _, c := range t.log[i:] {
		if e := t.tuples[c.key]; t.current(c) && e.from != reader {
			return Tuple{c.key, e.value}, c.number, true
		}
	}
	return Tuple{}, t.last, false
}

// first returns any tuple.
func (t *table) first() (Tuple, bool) {
	for _, c := range t.log {
		if t.current(c) {
			return Tuple{c.key, t.tuples[c.key].value}, true
		}
	}
	return Tuple{}, false
}
