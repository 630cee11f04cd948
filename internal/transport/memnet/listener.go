package memnet

import (
	"net"
	"sync"
	"time"
)

// listener is a queue of connections whose dialers believe them established.
type listener struct {
	n    *Network
	addr string

	mu     sync.Mutex
	cond   sync.Cond // queue or closed has changed, or the head is due
	queue  []waiting
	closed bool
}

type waiting struct {
	link *Link
	due  time.Time // Accept returns it no earlier
}

func newListener(n *Network, addr string) *listener {
	l := &listener{n: n, addr: addr}
	l.cond.L = &l.mu
	return l
}

// push hands over a dialled link; false means that nobody listens any more.
func (l *listener) push(link *Link) bool {
	due := time.Now().Add(link.acceptDelay())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.queue = append(l.queue, waiting{link, due})
	l.cond.Broadcast()
	return true
}

// Accept returns the connections in the order of their arrival: one that is
// delayed delays those behind it.
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

// Close frees the address and resets the connections nobody has accepted.
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

// waitUntil waits for the condition, or until a moment if it is not zero. The
// caller holds the lock and looks again: a wake-up promises nothing.
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
