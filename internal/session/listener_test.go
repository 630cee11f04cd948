package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestListenerSendsReadyAfterHostHasAdmittedPeer: a peer that the host refuses gets
// no READY but the reason, and its messages are dropped.
func TestListenerSendsReadyAfterHostHasAdmittedPeer(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.refusal = errors.New("unwanted")
		h.listen()
		p := w.Dial("a")
		p.MustWrite(slices.Concat(st.Greeting(), st.Ready("Socket-Type", "DEALER", "X-On-Error", "retry"), st.Message("x")))
		p.ReadN(64)
		wantError(t, p, "")
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		if ev := h.lastEvent(); ev.Kind != session.PeerRefused || !errorIs(ev, h.refusal) {
			t.Errorf("the end is reported as %+v", ev)
		}
		h.wantDrops(pipe.DropRefused, 1)
		h.wantCalls("Attach", "Connected", "Disconnected", "Detach")
	})
}

// TestListenerAcceptsNothingAtUnreadLimit: peers wait until the host admits them
// again.
func TestListenerAcceptsNothingAtUnreadLimit(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.set(func() { h.unreadLimit = true })
		h.listen()
		p := w.Dial("a")
		time.Sleep(time.Minute)
		if got, want := h.kinds(), []session.Kind{session.Listening, session.AcceptFailed}; !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
		h.set(func() { h.unreadLimit = false })
		if d := st.After(func() { p.Handshake("DEALER") }); d > time.Second {
			t.Errorf("admitted %v after the limit", d)
		}
	})
}

// TestListenerFinishClosesPendingConnections: nothing is queued for them.
func TestListenerFinishClosesPendingConnections(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p := w.Dial("a")
		p.MustWrite(st.Greeting())
		w.Settle()
		l.Finish()
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		if d := waitTime(l); d != 0 {
			t.Errorf("ended after %v", d)
		}
		h.wantCalls()
	})
}

// TestListenerKeepsReceivedMessagesOfEndedConnection: its pipe is detached and can
// still be read.
func TestListenerKeepsReceivedMessagesOfEndedConnection(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p, q := h.accept()
		p.MustWrite(st.Message("x"))
		p.Close()
		w.Settle()
		h.wantCalls("Attach", "Connected", "Disconnected", "Detach")
		if got := receive(q); !slices.Equal(got, []string{"x"}) {
			t.Errorf("received %q", got)
		}
	})
}

// TestFinishOfOneConnectionKeepsListener: STREAM and ROUTER end single
// connections.
func TestFinishOfOneConnectionKeepsListener(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		_, first := h.accept()
		h.accept()
		far := first.To.(interface {
			Finish()
			Ended() bool
		})
		far.Finish()
		w.Settle()
		if !far.Ended() || l.Ended() {
			t.Errorf("the connection has ended: %v, the listener: %v", far.Ended(), l.Ended())
		}
		h.accept()
	})
}
