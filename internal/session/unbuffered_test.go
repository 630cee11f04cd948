package session_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// attach starts a session over a connection. It ends with the test.
func (h *host) attach(nc net.Conn) *session.Dialer {
	h.w.Helper()
	d, err := session.Attach(h.next, transport.FromConn(nc), "pipe://a", "a", "", nc)
	if err != nil {
		h.w.Fatal(err)
	}
	h.w.Cleanup(func() {
		d.Finish()
		d.Wait(st.Ended())
	})
	return d
}

// TestHandshakeOverAConnectionWithoutBufferCompletes: a Write of net.Pipe waits for
// a Read of the peer, and both peers begin with a Write.
func TestHandshakeOverAConnectionWithoutBufferCompletes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := newHost(w), newHost(w)
		here, there := net.Pipe()
		d := a.attach(here)
		b.attach(there)
		w.Settle()
		a.send(d.Pipe(), "hello")
		w.Settle()
		if got := receive(b.lastPipe()); len(got) != 1 || got[0] != "hello" {
			t.Errorf("received %q", got)
		}
	})
}

// TestHandshakeWithAPeerThatDoesNotReadTimesOut: the write in progress ends with the
// connection.
func TestHandshakeWithAPeerThatDoesNotReadTimesOut(t *testing.T) {
	st.Run(t, func(w *st.World) {
		h := newHost(w, func(c *session.Config) { c.HandshakeTimeout = time.Minute })
		here, there := net.Pipe()
		defer there.Close()
		d := h.attach(here)
		if took := waitTime(d); took != time.Minute {
			t.Errorf("ended after %v", took)
		}
	})
}

// TestAttachedConnectionIsClosedWithItsSession also before it is served.
func TestAttachedConnectionIsClosedWithItsSession(t *testing.T) {
	st.Run(t, func(w *st.World) {
		h := newHost(w)
		here, there := net.Pipe()
		d := h.attach(here)
		d.Abort()
		d.Wait(context.Background())
		if _, err := there.Write([]byte("x")); err == nil {
			t.Error("the connection is open")
		}
	})
}
