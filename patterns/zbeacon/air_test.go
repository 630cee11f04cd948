package zbeacon_test

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// air is a simulated network on which each datagram reaches all sockets, including that
// of the sender.
type air struct {
	mu     sync.Mutex
	conns  map[*airConn]bool
	broken bool // Broadcast and Listen fail
	opened int
}

// listen returns Options.Listen of a machine with an address.
func (a *air) listen(addr string) func(*zbeacon.Options) (zbeacon.Conn, error) {
	return func(*zbeacon.Options) (zbeacon.Conn, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.broken {
			return nil, errors.New("network is down")
		}
		c := &airConn{air: a, addr: netip.MustParseAddr(addr), in: make(chan datagram, 20000), closed: make(chan struct{})}
		if a.conns == nil {
			a.conns = make(map[*airConn]bool)
		}
		a.conns[c] = true
		a.opened++
		return c, nil
	}
}

// setBroken begins or ends a failure of the network.
func (a *air) setBroken(broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = broken
}

// send delivers a datagram under any source address.
func (a *air) send(source netip.Addr, b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.conns {
		c.in <- datagram{source, append([]byte(nil), b...)}
	}
}

type datagram struct {
	source netip.Addr
	b      []byte
}

type airConn struct {
	air    *air
	addr   netip.Addr
	in     chan datagram
	closed chan struct{}
	once   sync.Once
}

func (c *airConn) Receive(b []byte) (int, netip.Addr, error) {
	select {
	case d := <-c.in:
		return copy(b, d.b), d.source, nil
	case <-c.closed:
		return 0, netip.Addr{}, net.ErrClosed
	}
}

func (c *airConn) Broadcast(b []byte) error {
	c.air.mu.Lock()
	broken := c.air.broken
	c.air.mu.Unlock()
	if broken {
		return errors.New("network is down")
	}
	c.air.send(c.addr, b)
	return nil
}

func (c *airConn) Addr() netip.Addr { return c.addr }

func (c *airConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.air.mu.Lock()
		delete(c.air.conns, c)
		c.air.mu.Unlock()
	})
	return nil
}
