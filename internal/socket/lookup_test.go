package socket_test

import (
	"context"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// slowNames is a transport that resolves no name: Listen blocks until its
// lookup is cancelled.
type slowNames struct{ transport.Transport }

func (slowNames) Listen(_ string, o *transport.Options) (transport.Listener, error) {
	<-o.Lookup.Done()
	return nil, context.Cause(o.Lookup)
}

// slowPackets is like slowNames for datagrams.
type slowPackets struct{ transport.Packets }

func (slowPackets) ListenPackets(_ string, o *transport.Options) (transport.PacketConn, error) {
	<-o.Lookup.Done()
	return nil, context.Cause(o.Lookup)
}

// TestCloseEndsNameLookupOfBind: Close does not wait for a name lookup of Bind,
// and Bind then returns ErrClosed.
func TestCloseEndsNameLookupOfBind(t *testing.T) {
	for _, ep := range []string{"slow://a", "slowair://10.0.0.1:5000"} {
		t.Run(ep, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(pattern.DISH, func(o *socket.Options) {
					o.Transports["slow"] = slowNames{w.Transport}
					o.Datagrams["slowair"] = slowPackets{w.Air}
				})
				bound := make(chan error, 1)
				go func() {
					_, err := s.Bind(ep)
					bound <- err
				}()
				w.Settle()
				if d := st.After(func() { s.CloseIn(0) }); d != 0 {
					t.Errorf("Close took %v", d)
				}
				if err := <-bound; err != socket.ErrClosed {
					t.Errorf("Bind returned %v", err)
				}
			})
		})
	}
}
