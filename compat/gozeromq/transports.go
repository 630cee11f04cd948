package zmq4

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/compat/gozeromq/transport"
)

// UnknownTransportError is the error of Listen and Dial for the scheme of an endpoint
// that is not registered.
type UnknownTransportError struct {
	Name string
}

func (ute UnknownTransportError) Error() string {
	return fmt.Sprintf("zmq4: unknown transport %q", ute.Name)
}

// builtin are the transports of the sockets themselves.
var builtin = []string{"inproc", "ipc", "tcp", "udp"}

// registered are the transports of RegisterTransport.
var registered struct {
	sync.Mutex
	byName map[string]transport.Transport
}

// RegisterTransport registers a transport for the endpoints of sockets that are made
// later. A name has lower-case letters, digits, "+", "-" and ".".
func RegisterTransport(name string, trans transport.Transport) error {
	registered.Lock()
	defer registered.Unlock()
	if _, found := registered.byName[name]; found || slices.Contains(builtin, name) {
		return fmt.Errorf("zmq4: duplicate transport %q", name)
	}
	if registered.byName == nil {
		registered.byName = map[string]transport.Transport{}
	}
	registered.byName[name] = trans
	return nil
}

// Transports returns the sorted names of the transports.
func Transports() []string {
	registered.Lock()
	defer registered.Unlock()
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(registered.byName)), builtin...)))
}

// checkTransport returns an error if the endpoint has no scheme or an unknown one.
func checkTransport(endpoint string) error {
	scheme, _, found := strings.Cut(endpoint, "://")
	if !found {
		return fmt.Errorf("zmq4: invalid address %q", endpoint)
	}
	if !slices.Contains(Transports(), scheme) {
		return UnknownTransportError{Name: scheme}
	}
	return nil
}

// adapters returns the registered transports as those of a socket.
func adapters(dialer *net.Dialer) map[string]zmq.Transport {
	registered.Lock()
	defer registered.Unlock()
	m := map[string]zmq.Transport{}
	for name, t := range registered.byName {
		m[name] = adapter{t, dialer}
	}
	return m
}

// adapter is a registered transport as one of a socket.
type adapter struct {
	transport transport.Transport
	dialer    *net.Dialer
}

func (a adapter) Dial(ctx context.Context, address string) (net.Conn, error) {
	addr, err := a.transport.Addr(address)
	if err != nil {
		return nil, err
	}
	return a.transport.Dial(ctx, a.dialer, addr)
}

func (a adapter) Listen(ctx context.Context, address string) (net.Listener, error) {
	addr, err := a.transport.Addr(address)
	if err != nil {
		return nil, err
	}
	return a.transport.Listen(ctx, addr)
}
