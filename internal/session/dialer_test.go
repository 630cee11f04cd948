package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestDialerAttachesPipeBeforeItConnects: messages can be queued at once, unless
// Immediate is set.
func TestDialerAttachesPipeBeforeItConnects(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		runHost(t, func(w *st.World, h *host) {
			s := w.Listen("a")
			h.dial()
			p := s.Accept()
			w.Settle()
			if immediate {
				h.wantCalls()
			} else {
				h.wantCalls("Attach")
			}
			p.Handshake("DEALER")
			w.Settle()
			h.wantCalls("Attach", "Connected")
		}, func(c *session.Config) { c.Immediate = immediate })
	}
}

// TestDialerIsConnectingBeforeItsFirstAttempt: with Immediate that is delayed while
// the unread messages of disconnected peers exceed their limit.
func TestDialerIsConnectingBeforeItsFirstAttempt(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.unreadLimit = true
		d := h.dial()
		w.Settle()
		if s := d.Status(); s.State != endpoint.Connecting || s.Since.IsZero() || s.Attempts != 0 {
			t.Errorf("status %+v", s)
		}
	}, func(c *session.Config) { c.Immediate = true })
}

// TestDialerKeepsQueueForNextConnection: messages that a lost connection has not
// begun to write are written to the next one, in order. One that was written in
// part is dropped.
func TestDialerKeepsQueueForNextConnection(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(200) })
		d, s, _ := h.dialPeer()
		h.send(d.Pipe(), st.Large(1000)) // written in part
		w.Settle()
		for _, body := range []string{"1", "2", "3"} {
			h.send(d.Pipe(), body)
		}
		w.Net.Links()[0].Cut(memnet.RST)
		p := s.Accept()
		p.Handshake("DEALER")
		for _, want := range []string{"1", "2", "3"} {
			if got := p.Message(); got[0] != want {
				t.Errorf("received %q, want %q", got, want)
			}
		}
		h.wantDrops(pipe.DropInFlight, 1)
		h.wantCalls("Attach", "Connected", "Disconnected", "Connected")
	})
}

// TestDialerWithImmediateDropsQueueWithConnection: each connection has a pipe of
// its own.
func TestDialerWithImmediateDropsQueueWithConnection(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(200) })
		d, _, _ := h.dialPeer()
		first := d.Pipe()
		h.send(first, st.Large(1000))
		w.Settle()
		h.send(first, "queued")
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		h.wantDrops(pipe.DropInFlight, 1)
		h.wantDrops(pipe.DropConnLost, 1)
		if d.Pipe() == first {
			t.Error("the next connection has the same pipe")
		}
	}, func(c *session.Config) { c.Immediate = true })
}

// TestDialerWithoutReconnectEndsWithItsConnection: what is queued is dropped.
func TestDialerWithoutReconnectEndsWithItsConnection(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		d, _, p := h.dialPeer()
		p.Close()
		w.Settle()
		if !d.Ended() {
			t.Fatal("the dialer goes on")
		}
		want := []session.Kind{session.Connected, session.Ready, session.Disconnected, session.Stopped}
		if got := h.kinds(); !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
		h.wantCalls("Attach", "Connected", "Disconnected", "Detach")
	}, func(c *session.Config) { c.ReconnectInterval = 0 })
}

// TestDialerFinishEndsBackoff: with an empty queue no further attempt is made. With
// a queued message the attempts continue until Abort, which drops the message.
func TestDialerFinishEndsBackoff(t *testing.T) {
	for _, queued := range []uint64{0, 1} {
		runHost(t, func(w *st.World, h *host) {
			d := h.dial()
			for range queued {
				h.send(d.Pipe(), "x")
			}
			time.Sleep(time.Minute)
			d.Finish()
			time.Sleep(time.Minute)
			if got, want := d.Ended(), queued == 0; got != want {
				t.Fatalf("%d messages queued: ended %v", queued, got)
			}
			d.Abort()
			if d := waitTime(d); d != 0 {
				t.Errorf("ended %v after Abort", d)
			}
			h.wantDrops(pipe.DropLinger, queued)
			if lost, _ := d.LossStats(); lost != int(queued) {
				t.Errorf("%d messages lost, want %d", lost, queued)
			}
		})
	}
}
