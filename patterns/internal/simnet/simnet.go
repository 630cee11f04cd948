// Package simnet connects the sockets of a test over a simulated network, in which
// connections can be cut, delayed and refused. In a bubble of testing/synctest it uses
// virtual time.
package simnet

import (
	"context"
	"net"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// Network is a simulated network. Sockets with [Network.Options] use it for endpoints
// with the scheme sim, such as sim://broker.
type Network struct{ *memnet.Network }

// New returns a network without faults. The seed determines what is random in it.
func New(seed uint64) Network { return Network{memnet.New(seed)} }

// Options returns socket options with which endpoints of the scheme sim use the network
// and endpoints of inproc are those of the test alone.
func (n Network) Options() *zmq.Options {
	o := &zmq.Options{Namespace: zmq.NewNamespace(), Linger: zmq.NoLinger}
	o.Network.Transports = map[string]zmq.Transport{"sim": network{n.Network}}
	return o
}

// Cut closes all connections, so that bytes on the way are lost. Sockets connect again.
func (n Network) Cut() {
	for _, l := range n.Links() {
		l.Cut(memnet.RST)
	}
}

// network is the network as a transport of sockets.
type network struct{ n *memnet.Network }

func (t network) Dial(ctx context.Context, address string) (net.Conn, error) {
	return t.n.Dial(ctx, address, nil)
}

func (t network) Listen(_ context.Context, address string) (net.Listener, error) {
	l, err := t.n.Listen(address, nil)
	if err != nil {
		return nil, err
	}
	return listener{l, addr(l.Addr())}, nil
}

// listener is a listener of a memnet.Network as a net.Listener.
type listener struct {
	acceptor
	addr addr
}

type acceptor interface {
	Accept() (net.Conn, error)
	Close() error
}

func (l listener) Addr() net.Addr { return l.addr }

// addr is the name of a listener.
type addr string

func (addr) Network() string  { return "sim" }
func (a addr) String() string { return string(a) }
