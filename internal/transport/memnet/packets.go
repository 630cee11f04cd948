package memnet

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/zerobroker/zmq/internal/transport"
)

// Packets is a network for datagrams in memory. Its addresses have the form
// "ip:port", without names and interfaces. Any number of sockets may bind the
// same multicast group. Datagrams arrive at once, unless OnWrite returns an
// error, and are queued without limit until they are read.
type Packets struct {
	mu      sync.Mutex
	read    *sync.Cond
	ends    map[netip.AddrPort][]*packetEnd
	port    uint16
	onDial  func(addr string) error
	onWrite func(b []byte, to netip.AddrPort) error
}

var _ transport.Packets = (*Packets)(nil)

// NewPackets returns an empty network.
func NewPackets() *Packets {
	p := &Packets{ends: make(map[netip.AddrPort][]*packetEnd), port: 40000}
	p.read = sync.NewCond(&p.mu)
	return p
}

// OnDial sets a function that DialPackets calls. DialPackets returns its error,
// if any.
func (p *Packets) OnDial(f func(addr string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onDial = f
}

// OnWrite sets a function that WritePacket calls for each datagram. If it
// returns an error, WritePacket returns that error and does not deliver the
// datagram.
func (p *Packets) OnWrite(f func(b []byte, to netip.AddrPort) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onWrite = f
}

// Inject delivers a datagram with any source address.
func (p *Packets) Inject(b []byte, from, to netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliver(arrival{slices.Clone(b), from, nil}, to)
}

// Fail adds an error to the queue of every socket that is bound to the address
// at. ReadPacket returns it after the queued datagrams.
func (p *Packets) Fail(at netip.AddrPort, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliver(arrival{err: err}, at)
}

func (p *Packets) deliver(one arrival, to netip.AddrPort) {
	for _, e := range p.ends[to] {
		e.queue = append(e.queue, one)
	}
	p.read.Broadcast()
}

// CheckListen accepts IP addresses with a port.
func (p *Packets) CheckListen(addr string) error {
	_, err := netip.ParseAddrPort(addr)
	if err != nil {
		return &transport.AddrError{Addr: addr, Reason: err.Error()}
	}
	return nil
}

// CheckDial accepts the same addresses as CheckListen.
func (p *Packets) CheckDial(addr string) error { return p.CheckListen(addr) }

// ListenPackets binds addr. It chooses the port if that is 0.
func (p *Packets) ListenPackets(addr string, _ *transport.Options) (transport.PacketConn, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, p.CheckListen(addr)
	}
	return p.open(at)
}

func (p *Packets) open(at netip.AddrPort) (*packetEnd, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.Port() == 0 {
		p.port++
		at = netip.AddrPortFrom(at.Addr(), p.port)
	}
	if len(p.ends[at]) > 0 && !at.Addr().IsMulticast() {
		return nil, syscall.EADDRINUSE
	}
	e := &packetEnd{net: p, at: at}
	p.ends[at] = append(p.ends[at], e)
	return e, nil
}

// DialPackets binds an ephemeral port of 127.0.0.1.
func (p *Packets) DialPackets(_ context.Context, addr string, _ *transport.Options) (transport.PacketConn, netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, to, p.CheckDial(addr)
	}
	p.mu.Lock()
	f := p.onDial
	p.mu.Unlock()
	if f != nil {
		if err := f(addr); err != nil {
			return nil, to, err
		}
	}
	e, err := p.open(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
	return e, to, err
}

// arrival is a queued datagram or error.
type arrival struct {
	b    []byte
	from netip.AddrPort
	err  error
}

// packetEnd implements transport.PacketConn. net.mu guards it.
type packetEnd struct {
	net    *Packets
	at     netip.AddrPort
	queue  []arrival
	closed bool
}

func (e *packetEnd) ReadPacket(b []byte) (int, netip.AddrPort, error) {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	for len(e.queue) == 0 && !e.closed {
		e.net.read.Wait()
	}
	if e.closed {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	one := e.queue[0]
	e.queue = e.queue[1:]
	return copy(b, one.b), one.from, one.err
}

func (e *packetEnd) WritePacket(b []byte, to netip.AddrPort) error {
	e.net.mu.Lock()
	f, closed := e.net.onWrite, e.closed
	e.net.mu.Unlock()
	if closed {
		return net.ErrClosed
	}
	if f != nil {
		if err := f(b, to); err != nil {
			return err
		}
	}
	e.net.Inject(b, e.at, to)
	return nil
}

func (e *packetEnd) Addr() string { return e.at.String() }

func (e *packetEnd) Close() error {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	e.closed = true
	e.net.ends[e.at] = slices.DeleteFunc(e.net.ends[e.at], func(o *packetEnd) bool { return o == e })
	e.net.read.Broadcast()
	return nil
}
