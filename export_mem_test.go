package zmq

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// memory is the transport of the scheme "mem" in tests: a network in memory, for
// virtual time. Each test sets a network of its own.
type memory struct {
	current atomic.Pointer[memnet.Network]
}

var mem = &memory{}

// NewMemory adds the scheme "mem", with the network that it returns, until the end of
// a test that is not parallel to others. It must be called in a synctest bubble.
func NewMemory(t *testing.T) *memnet.Network {
	n := memnet.New(1)
	mem.current.Store(n)
	transports["mem"] = mem
	t.Cleanup(func() { delete(transports, "mem") })
	return n
}

func (m *memory) CheckListen(addr string) error { return m.current.Load().CheckListen(addr) }
func (m *memory) CheckDial(addr string) error   { return m.current.Load().CheckDial(addr) }

func (m *memory) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	return m.current.Load().Listen(addr, o)
}

func (m *memory) Dial(ctx context.Context, addr string, o *transport.Options) (net.Conn, error) {
	return m.current.Load().Dial(ctx, addr, o)
}
