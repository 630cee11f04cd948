package zyre_test

import (
	"net"
	"net/netip"
	"sync"

	"github.com/zerobroker/zmq/patterns/zbeacon"
)

// air is a simulated network for beacons: each datagram reaches all sockets.
type air struct {
	mu    sync.Mutex
	conns map[*airConn]bool
	off   bool // datagrams are lost
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

func newAir() *air { return &air{conns: make(map[*airConn]bool)} }

// listen returns the Listen of zbeacon.Options for a machine with an address.
func (a *air) listen(addr string) func(*zbeacon.Options) (zbeacon.Conn, error) {
	return func(*zbeacon.Options) (zbeacon.Conn, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		c := &airConn{air: a, addr: netip.MustParseAddr(addr), in: make(chan datagram, 1000), closed: make(chan struct{})}
		a.conns[c] = true
		return c, nil
	}
}

// send delivers a datagram under any source address. A full socket loses it.
func (a *air) send(source netip.Addr, b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.conns {
		if a.off {
			return
		}
		select {
		case c.in <- datagram{source, append([]byte(nil), b...)}:
		default:
		}
	}
}

// setOff makes the network lose all datagrams, or ends that.
func (a *air) setOff(off bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.off = off
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
