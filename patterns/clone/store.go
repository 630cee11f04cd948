package clone

import (
	"bytes"
	"container/heap"
	"strings"
	"time"
)

// entry is a key-value pair of a server. It is an element of the list in the order of
// updates, which snapshots follow, and if it is ephemeral of the heap of expiries.
type entry struct {
	key        string
	value      []byte
	number     uint64 // of the update
	id         uuid
	expires    time.Time // zero if the value is not ephemeral
	at         int       // index in the heap
	prev, next *entry
	cursors    int // snapshots whose next entry it is
}

// store is the hashmap of a server. It is not safe for concurrent use.
type store struct {
	maxKeys, maxBytes int

	number       uint64 // sequence number of the last update
	entries      map[string]*entry
	oldest, last *entry
	bytes        int
	expiring     expiries
	snapshots    map[*snapshot]struct{}
}

func newStore(maxKeys, maxBytes int) *store {
	return &store{maxKeys: maxKeys, maxBytes: maxBytes, entries: make(map[string]*entry), snapshots: make(map[*snapshot]struct{})}
}

// fits reports whether an update keeps the store within its limits.
func (s *store) fits(u *update) bool {
	if len(u.value) == 0 {
		return true
	}
	keys, size := len(s.entries)+1, s.bytes+len(u.key)+len(u.value)
	if e := s.entries[u.key]; e != nil {
		keys, size = keys-1, size-len(e.key)-len(e.value)
	}
	return keys <= s.maxKeys && size <= s.maxBytes
}

// apply stores or deletes a value and copies it. u.number is the new sequence number.
func (s *store) apply(u *update, expires time.Time) {
	s.number = u.number
	e := s.entries[u.key]
	if e != nil {
		s.unlink(e)
	}
	if len(u.value) == 0 {
		delete(s.entries, u.key)
		return
	}
	if e == nil {
		e = &entry{key: u.key}
		s.entries[u.key] = e
	}
	e.value, e.number, e.id, e.expires = bytes.Clone(u.value), u.number, u.id, expires
	s.link(e)
}

// link adds e to the lists.
func (s *store) link(e *entry) {
	s.bytes += len(e.key) + len(e.value)
	if e.prev = s.last; e.prev == nil {
		s.oldest = e
	} else {
		e.prev.next = e
	}
	s.last = e
	if !e.expires.IsZero() {
		heap.Push(&s.expiring, e)
	}
}

// unlink removes e from the lists. Snapshots continue with the entry after it.
func (s *store) unlink(e *entry) {
	s.bytes -= len(e.key) + len(e.value)
	if e.cursors > 0 {
		for w := range s.snapshots {
			if w.next == e {
				w.move(e.next)
			}
		}
	}
	if e.prev == nil {
		s.oldest = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		s.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	if !e.expires.IsZero() {
		heap.Remove(&s.expiring, e.at)
	}
}

// expired returns an entry whose time has passed, or nil.
func (s *store) expired(now time.Time) *entry {
	if len(s.expiring) == 0 || now.Before(s.expiring[0].expires) {
		return nil
	}
	return s.expiring[0]
}

// snapshot is the answer to the request of one client. It has the entries that were
// updated before the request and not since: the client receives later updates as KVPUB,
// because their numbers are greater than that of the snapshot.
type snapshot struct {
	client  string // routing ID
	subtree string
	number  uint64 // sequence number of the store at the request
	ttl     bool   // add the remaining time to live, for a server
	next    *entry
	blocked time.Time // since when the queue of the client is full, or zero
}

// begin starts a snapshot.
func (s *store) begin(client, subtree string, ttl bool) *snapshot {
	w := &snapshot{client: client, subtree: subtree, number: s.number, ttl: ttl}
	s.snapshots[w] = struct{}{}
	w.move(s.oldest)
	return w
}

func (s *store) end(w *snapshot) {
	w.move(nil)
	delete(s.snapshots, w)
}

// move changes the next entry.
func (w *snapshot) move(to *entry) {
	if w.next != nil {
		w.next.cursors--
	}
	if w.next = to; to != nil {
		to.cursors++
	}
}

// collect appends the next entries of the snapshot up to the capacity of dst, after at most
// budget others. It does not move the snapshot: next is where it continues.
func (w *snapshot) collect(dst []*entry, budget int) (batch []*entry, next *entry) {
	e := w.next
	for ; e != nil && budget > 0 && len(dst) < cap(dst); e = e.next {
		if e.number > w.number {
			return dst, nil
		}
		if strings.HasPrefix(e.key, w.subtree) {
			dst = append(dst, e)
		}
		budget--
	}
	return dst, e
}

// encode returns an entry as KVSYNC.
func (w *snapshot) encode(e *entry, now time.Time) update {
	u := update{key: e.key, number: e.number, value: e.value}
	if w.ttl && !e.expires.IsZero() {
		u.props = encodeTTL(max(e.expires.Sub(now), time.Second))
	}
	return u
}

// expiries is a heap of entries in the order of their expiry.
type expiries []*entry

func (x expiries) Len() int           { return len(x) }
func (x expiries) Less(i, j int) bool { return x[i].expires.Before(x[j].expires) }
func (x expiries) Swap(i, j int) {
	x[i], x[j] = x[j], x[i]
	x[i].at, x[j].at = i, j
}

// Push is for package heap.
func (x *expiries) Push(e any) {
	e.(*entry).at = len(*x)
	*x = append(*x, e.(*entry))
}

// Pop is for package heap.
func (x *expiries) Pop() any {
	n := len(*x) - 1
	e := (*x)[n]
	(*x)[n] = nil
	*x = (*x)[:n]
	return e
}
