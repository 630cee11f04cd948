package memnet

import (
	"net"
	"sync"
	"time"
)

// listener has a queue of established connections that are not accepted yet.
type listener struct {
	n    *Network
	addr string

	mu     sync.Mutex
	cond   sync.Cond // queue or closed has changed, or the first connection is due
	queue  []unaccepted
	closed bool
}

type unaccepted struct {
	link *Link
	due  time.Time // Accept returns the connection at this time or later
}

func newListener(n *Network, addr string) *listener {
	l := &listener{n: n, addr: addr}
	l.cond.L = &l.mu
	return l
}

// push adds a link to the queue. It returns false if the listener is closed.
func (l *listener) push(link *Link) bool {
	due := time.Now().Add(link.acceptDelay())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.queue = append(l.queue, unaccepted{link, due})
	l.cond.Broadcast()
	return true
}

// Accept returns the connections in the order in which they were dialed. A
// delayed connection also delays the following ones.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.closed {
			return nil, opError("accept", nil, Addr(l.addr), net.ErrClosed)
		}
		var wake time.Time
		if len(l.queue) > 0 {
			head := l.queue[0]
			if !time.Now().Before(head.due) {
				l.queue = l.queue[1:]
				return head.link.acceptor, nil
			}
			wake = head.due
		}
		waitUntil(&l.cond, wake)
	}
}

// Close frees the address and resets all connections that are not accepted.
func (l *listener) Close() error {
	l.n.mu.Lock()
	if l.n.listeners[l.addr] == l {
		delete(l.n.listeners, l.addr)
	}
	l.n.mu.Unlock()

	l.mu.Lock()
	queue := l.queue
	l.queue, l.closed = nil, true
	l.cond.Broadcast()
	l.mu.Unlock()
	for _, w := range queue {
		w.link.Cut(RST)
	}
	return nil
}

func (l *listener) Addr() string { return l.addr }

// waitUntil waits for a broadcast, or until t if that is not zero. The caller
// must hold the lock, and check its condition again afterwards.
func waitUntil(c *sync.Cond, t time.Time) {
	if t.IsZero() {
		c.Wait()
		return
	}
	timer := time.AfterFunc(time.Until(t), func() {
		c.L.Lock() // not before the caller waits
		defer c.L.Unlock()
		c.Broadcast()
	})
	c.Wait()
	timer.Stop()
}
