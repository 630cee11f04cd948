package socket_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/socket"
)

// FuzzEndpoint splits any text as an endpoint. The parts of an accepted one make
// the endpoint again; FuzzAddr and FuzzUDPAddress have the addresses.
func FuzzEndpoint(f *testing.F) {
	for _, ep := range []string{"tcp://127.0.0.1:5555", "inproc://a", "127.0.0.1:5555", "[::1]:80", ":1", "://", "tcp://", "tcp:/x", "ipc://@a://b", "a:*"} {
		f.Add(ep)
	}
	f.Fuzz(func(t *testing.T, ep string) {
		scheme, address, err := socket.SplitEndpoint(ep)
		switch {
		case err != nil && (!errors.Is(err, socket.ErrInvalidEndpoint) || scheme != "" || address != ""):
			t.Fatalf("%q: %q, %q, %v", ep, scheme, address, err)
		case err == nil && (scheme == "" || address == "" || strings.Contains(scheme, "://") || scheme+"://"+address != ep):
			t.Fatalf("%q: %q, %q", ep, scheme, address)
		}
	})
}
