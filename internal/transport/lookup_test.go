package transport_test

import (
	"context"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

// TestListenFailsWhenLookupContextEnds: Options.Lookup limits the time for
// resolving a name.
func TestListenFailsWhenLookupContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := &transport.Options{Lookup: ctx}
	_, err := transport.TCP.Listen("name.invalid:5555", o)
	_, uerr := transport.UDP.ListenPackets("name.invalid:5555", o)
	for _, err := range []error{err, uerr} {
		var he *transport.HostError
		if !errors.As(err, &he) {
			t.Errorf("%v", err)
		}
	}
}
