package clone

import (
	"bytes"
	"strings"
)

// replica is the copy of a hashmap at a client. It has no sockets and no clock. It is not
// safe for concurrent use.
type replica struct {
	subtree                           string
	maxKeys, maxKeySize, maxValueSize int
	changed                           func(key string, value []byte) // called for each change; value is nil if the key is deleted
	confirmed                         func(id uuid)                  // called for each update of the server that is processed

	values map[string][]byte
	number uint64 // sequence number of the last update
	synced bool   // values are those of number

	incoming map[string][]byte // the snapshot that is being received, or nil
	held     map[string]update // the last update of each key that was published meanwhile
	heldMin  uint64            // smallest number of them
	heldMax  uint64            // greatest number of them
	heldGap  bool              // their numbers are not consecutive
	stats    replicaStats
}

// replicaStats are the counters of a replica.
type replicaStats struct {
	snapshots, updates, malformed, tooLarge, gaps uint64
}

// begin prepares the replica for a snapshot of a server.
func (r *replica) begin() {
	r.incoming, r.held, r.heldMax, r.heldGap = make(map[string][]byte, len(r.values)), make(map[string]update), 0, false
	r.heldMin = 0
}

// accepts reports whether an update is within the limits.
func (r *replica) accepts(u *update, in map[string][]byte) bool {
	ok := len(u.key) <= r.maxKeySize && len(u.value) <= r.maxValueSize
	if ok && len(in) >= r.maxKeys && len(u.value) > 0 {
		_, ok = in[u.key]
	}
	if !ok {
		r.stats.tooLarge++
	}
	return ok
}

// snapshot processes a KVSYNC or KTHXBAI. lost reports that updates were missed meanwhile.
func (r *replica) snapshot(u *update) (done, lost bool) {
	switch {
	case r.incoming == nil:
	case u.key == keyEnd:
		return true, r.finish(u.number)
	case len(u.value) > 0 && strings.HasPrefix(u.key, r.subtree) && r.accepts(u, r.incoming):
		r.incoming[u.key] = bytes.Clone(u.value)
	}
	return false, false
}

// finish replaces the values by those of the snapshot and applies the updates that follow.
func (r *replica) finish(number uint64) (lost bool) {
	old, held := r.values, r.held
	r.values, r.incoming, r.held, r.number, r.synced = r.incoming, nil, nil, number, true
	r.stats.snapshots++
	for key, u := range held {
		if u.number > number {
			r.store(&u)
		}
		r.confirmed(u.id)
		delete(held, key)
	}
	r.number = max(number, r.heldMax)
	for key, value := range r.values {
		if before, ok := old[key]; !ok || !bytes.Equal(before, value) {
			r.changed(key, value)
		}
	}
	for key := range old {
		if _, ok := r.values[key]; !ok {
			r.changed(key, nil)
		}
	}
	return r.heldGap || r.subtree == "" && r.heldMin > number+1
}

// live processes a KVPUB or HUGZ. lost reports that updates were missed.
func (r *replica) live(u *update) (lost bool) {
	switch {
	case u.key == keyBeat:
		return r.synced && r.incoming == nil && r.subtree == "" && u.number > r.number
	case !strings.HasPrefix(u.key, r.subtree):
		return false
	case r.incoming != nil:
		r.hold(u)
		return false
	case !r.synced || u.number <= r.number:
		r.confirmed(u.id)
		return false
	}
	if r.subtree == "" && u.number != r.number+1 {
		r.stats.gaps++
		return true
	}
	r.number = u.number
	if before, ok := r.values[u.key]; r.store(u) && (!ok || !bytes.Equal(before, u.value)) {
		if value, ok := r.values[u.key]; ok {
			r.changed(u.key, value)
		} else {
			r.changed(u.key, nil)
		}
	}
	r.confirmed(u.id)
	return false
}

// hold keeps an update until the snapshot is complete.
func (r *replica) hold(u *update) {
	if r.subtree == "" && r.heldMax != 0 && u.number != r.heldMax+1 {
		r.heldGap = true
	}
	if r.heldMax = max(r.heldMax, u.number); r.heldMin == 0 {
		r.heldMin = u.number
	}
	if before, ok := r.held[u.key]; ok {
		r.confirmed(before.id)
	}
	if r.accepts(u, r.incoming) && len(r.held) < r.maxKeys {
		h := *u
		h.props, h.value = nil, bytes.Clone(u.value)
		r.held[u.key] = h
	}
}

// store applies an update to the values and reports whether it was accepted.
func (r *replica) store(u *update) bool {
	if len(u.value) == 0 {
		delete(r.values, u.key)
		return true
	}
	if !r.accepts(u, r.values) {
		return false
	}
	r.values[u.key] = bytes.Clone(u.value)
	r.stats.updates++
	return true
}
