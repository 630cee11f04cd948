package zmq

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// memory is the transport of the scheme "mem" in tests: a network in memory, for
// virtual time. Each test sets a network of its own.
type memory struct {
	current atomic.Pointer[memnet.Network]
}

var mem = &memory{}

func init() { transports["mem"] = mem }

// NewMemory makes a new network that of the scheme "mem". It must be called in a
// synctest bubble.
func NewMemory() { mem.current.Store(memnet.New(1)) }

func (m *memory) CheckListen(addr string) error { return m.current.Load().CheckListen(addr) }
func (m *memory) CheckDial(addr string) error   { return m.current.Load().CheckDial(addr) }

func (m *memory) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	return m.current.Load().Listen(addr, o)
}

func (m *memory) Dial(ctx context.Context, addr string, o *transport.Options) (net.Conn, error) {
	return m.current.Load().Dial(ctx, addr, o)
}
