package inproc

import (
	"slices"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/pipe"
)

// A link that is not joined is in one of two lists of its namespace. It is
// waiting if its name is not bound. It is blocked if one of its ends cannot
// admit another peer at the moment: a PAIR has a peer already, or a ROUTER has
// a peer with the same routing ID. One goroutine at a time removes the link
// from its list and calls tryJoin.
//
// # Locks
//
// tryJoin holds mu of its link. Meanwhile an end may end a second link
// (Refuse), and unlockAndRetry of that link may call tryJoin of a third one. No
// cycle of goroutines that wait for each other results: a link is in a list
// only while no goroutine holds its mu and waits for another mu.

// tryJoin joins the link to the socket bound to its name, or adds it to the
// list in which it waits.
func (l *Link) tryJoin() {
	l.mu.Lock()
	defer l.unlockAndRetry()
	for l.state() != endpoint.Closed {
		b, retries := l.space.lookUpOrWait(l)
		if b == nil {
			return
		}
		err := l.join(b)
		if err == nil {
			return
		}
		if err == errIncompatible || b.HasDuplicate(l) {
			l.failJoin(b, err)
			return
		}
		if l.space.block(l, b, retries) {
			l.reportRefusal(b, err)
			return
		}
	}
}

// failJoin ends a link that cannot be joined. The caller holds mu.
func (l *Link) failJoin(b End, err error) {
	l.life.Fail(err)
	l.life.Close()
	l.slotFreed = true
	l.connector.Detach(l.connectorPipe)
	if q := l.connectorPipe.Out; q != nil {
		q.CloseRead(pipe.DropNoRoute)
	}
	l.reportRefusal(b, err)
}

// reportRefusal makes both ends report that the link was refused, once for each
// binder. The caller holds mu.
func (l *Link) reportRefusal(b End, err error) {
	if l.reportedBy == b {
		return
	}
	l.reportedBy = b
	l.life.Fail(err)
	l.connector.PeerRefused(l.name, err)
	b.PeerRefused(l.name, err)
}

// lookUpOrWait returns the socket bound to the name of l, and the number of
// calls of Retry so far. If no socket is bound, it adds l to the waiting links.
func (n *Namespace) lookUpOrWait(l *Link) (b End, retries uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b = n.bound[l.name]; b == nil {
		n.waiting[l.name] = append(n.waiting[l.name], l)
	}
	return b, n.retries
}

// block adds l to the blocked links. It returns false if b may admit the peer
// by now, because Retry was called since lookUpOrWait or b is no longer bound.
func (n *Namespace) block(l *Link, b End, retries uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.retries != retries || n.bound[l.name] != b {
		return false
	}
	n.blocked = append(n.blocked, l)
	return true
}

// Retry tries again to join the links that e has blocked, in the order in which
// they were blocked. The caller calls it when e may admit another peer: a peer
// was detached, or a routing ID is free. The caller may hold the opMu of a
// socket and the lock of a session that resolves names, and no other lock.
func (n *Namespace) Retry(e End) {
	n.mu.Lock()
	n.retries++
	links := n.takeBlocked(func(l *Link) bool { return l.connector == e || n.bound[l.name] == e })
	n.mu.Unlock()
	for _, l := range links {
		l.tryJoin()
	}
}

// takeBlocked removes the blocked links for which match returns true, and
// returns them. The caller holds mu.
func (n *Namespace) takeBlocked(match func(*Link) bool) (links []*Link) {
	n.blocked = slices.DeleteFunc(n.blocked, func(l *Link) bool {
		if !match(l) {
			return false
		}
		links = append(links, l)
		return true
	})
	return links
}

// remove removes a link from its list, if it is in one.
func (n *Namespace) remove(l *Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.takeBlocked(func(r *Link) bool { return r == l })
	n.waiting[l.name] = slices.DeleteFunc(n.waiting[l.name], func(w *Link) bool { return w == l })
	if len(n.waiting[l.name]) == 0 {
		delete(n.waiting, l.name)
	}
}

// Duplicates reports whether l and o have the same connector and the same
// endpoint name.
func (l *Link) Duplicates(o *Link) bool { return l.connector == o.connector && l.name == o.name }
