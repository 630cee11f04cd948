package session_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// stopping has a session stop reconnecting under the given conditions.
func stopping(stop session.ReconnectStop) func(*session.Config) {
	return func(c *session.Config) {
		c.ReconnectStop, c.ReconnectInterval, c.ReconnectMax = stop, 100*time.Millisecond, time.Second
	}
}

const allStops = session.StopRefused | session.StopHandshakeFailed | session.StopAfterDisconnect

// TestStopRefusedEndsReconnecting: after a refused attempt, or one without the ipc
// file, and after no other failure. What is queued is dropped.
func TestStopRefusedEndsReconnecting(t *testing.T) {
	for _, c := range []struct {
		err  error
		stop session.ReconnectStop
		want session.Kind
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, session.StopRefused, session.Stopped},
		{fmt.Errorf("dial: %w", fs.ErrNotExist), session.StopRefused, session.Stopped},
		{syscall.ETIMEDOUT, session.StopRefused, session.Retrying},
		{&net.DNSError{IsNotFound: true}, session.StopRefused, session.ResolveFailed},
		{syscall.ECONNREFUSED, allStops &^ session.StopRefused, session.Retrying},
	} {
		st.Run(t, func(w *st.World) {
			dials := &counted{Transport: w.Net, fails: syscall.ETIMEDOUT}
			w.Transport = dials
			h := newHost(w, stopping(c.stop))
			d := h.dial()
			h.send(d.Pipe(), "x")
			w.Settle()
			dials.fail(c.err)
			time.Sleep(time.Minute)
			if ev := h.lastEvent(); ev.Kind != c.want || !errors.Is(ev.Err, c.err) || ev.Endpoint != "mem://a" {
				t.Errorf("%v with %d: event %+v", c.err, c.stop, ev)
			}
			stopped := c.want == session.Stopped
			if d.Ended() != stopped {
				t.Errorf("%v with %d: ended %v", c.err, c.stop, d.Ended())
			}
			if stopped {
				h.wantDrops(pipe.DropLinger, 1)
			}
		})
	}
}

func closePeer(p *st.Peer) { p.Close() }

// TestStopHandshakeFailedEndsReconnecting: after a handshake that the peer or this
// side has ended, not after the loss of a connection that was ready.
func TestStopHandshakeFailedEndsReconnecting(t *testing.T) {
	for _, c := range []struct {
		what   string
		stop   session.ReconnectStop
		peer   func(p *st.Peer)
		want   session.Kind
		reason engine.CloseReason
	}{
		{"closed", session.StopHandshakeFailed, closePeer, session.Stopped, engine.CloseHandshakeClosed},
		{"malformed", session.StopHandshakeFailed, func(p *st.Peer) {
			p.MustWrite(append(st.Greeting()[:12], make([]byte, 52)...))
		}, session.Stopped, engine.CloseMechanism},
		{"without the condition", allStops &^ session.StopHandshakeFailed, closePeer, session.Retrying, engine.CloseHandshakeClosed},
		{"after the handshake", session.StopHandshakeFailed, func(p *st.Peer) {
			p.Handshake("DEALER")
			p.Close()
		}, session.Retrying, engine.CloseNone},
	} {
		t.Run(c.what, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				s := w.Listen("a")
				d := h.dial()
				c.peer(s.Accept())
				w.Settle()
				ev := h.lastEvent()
				if ev.Kind != c.want || ev.Reason != c.reason || engine.CloseReasonOf(ev.Err) != c.reason {
					t.Errorf("event %+v", ev)
				}
				if want := c.want == session.Stopped; d.Ended() != want {
					t.Errorf("ended %v, want %v", d.Ended(), want)
				}
			}, stopping(c.stop))
		})
	}
}

// TestRefusedByThisSocketIsNoHandshakeFailure: a second peer of a PAIR is tried
// again.
func TestRefusedByThisSocketIsNoHandshakeFailure(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.refusal = errors.New("unwanted")
		_, _, p := h.dialPeer()
		p.WaitClosed()
		p.Close()
		w.Settle()
		if kinds := h.kinds(); !slices.Contains(kinds, session.PeerRefused) || !slices.Contains(kinds, session.Retrying) {
			t.Errorf("events %v", kinds)
		}
	}, stopping(session.StopHandshakeFailed))
}

// TestStopAfterDisconnectKeepsConnection: what is queued is written to it, and no
// further connection is made when it is lost.
func TestStopAfterDisconnectKeepsConnection(t *testing.T) {
	for _, stop := range []session.ReconnectStop{0, session.StopAfterDisconnect} {
		runHost(t, func(w *st.World, h *host) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(200) })
			d, _, p := h.dialPeer()
			h.send(d.Pipe(), "first")
			h.send(d.Pipe(), st.Large(1000))
			h.send(d.Pipe(), "last")
			d.Finish()
			w.Settle()
			if got := p.Message(); !slices.Equal(got, []string{"first"}) {
				t.Errorf("received %q", got)
			}
			w.Net.Links()[0].Cut(memnet.RST)
			time.Sleep(time.Minute)
			stopped := stop != 0
			if d.Ended() != stopped {
				t.Errorf("with %d: ended %v", stop, d.Ended())
			}
			h.wantDrops(pipe.DropInFlight, 1)
			if stopped {
				h.wantDrops(pipe.DropLinger, 1)
			} else {
				h.wantDrops(pipe.DropLinger, 0)
			}
			d.Abort()
		}, stopping(stop))
	}
}

// TestStopAfterDisconnectEndsBackoff: an attempt in progress goes on, the wait for
// the next one ends.
func TestStopAfterDisconnectEndsBackoff(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		d := h.dial() // refused
		h.send(d.Pipe(), "x")
		w.Settle()
		d.Finish()
		w.Settle()
		if !d.Ended() {
			t.Error("the dialer waits for another attempt")
		}
		h.wantDrops(pipe.DropLinger, 1)
	}, stopping(session.StopAfterDisconnect))
	runHost(t, func(w *st.World, h *host) {
		s := w.Listen("a")
		d := h.dial()
		h.send(d.Pipe(), "x")
		p := s.Accept()
		w.Settle()
		d.Finish()
		p.Handshake("DEALER")
		if got := p.Message(); !slices.Equal(got, []string{"x"}) {
			t.Errorf("received %q", got)
		}
	}, stopping(session.StopAfterDisconnect))
}
