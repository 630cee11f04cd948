package session_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// rejection returns the ERROR of a peer that has received n messages.
func rejection(n int) []byte {
	reason := fmt.Sprintf("rejected-after-%d-messages:malformed", n)
	return st.Command("ERROR", append([]byte{byte(len(reason))}, reason...))
}

// hello makes every connection begin with a message.
func hello(c *session.Config) { c.Hello = st.Message("hello") }

// TestMessagesThatPeerRejectsAreCounted: the peer closes after an ERROR with the
// number of messages that it has received. Of those that were written, whole or in
// part, the others count as rejected, and those that were not begun are kept.
// docs/DEVIATIONS.md#rejection
func TestMessagesThatPeerRejectsAreCounted(t *testing.T) {
	const queued = 4
	plain := func(*session.Config) {}
	for _, tt := range []struct {
		name     string
		size     int // the connection takes 1000 bytes
		set      func(*session.Config)
		received int // as the peer says
		rejected uint64
		kept     int
	}{
		{"some of those that are written", 1, plain, 1, 3, 0},
		{"none", 1, plain, 4, 0, 0},
		{"more than were written", 1, plain, 1000, 0, 0},
		{"after a Hello", 1, hello, 2, 3, 0},
		{"Hello only", 1, hello, 0, 4, 0},
		{"one that is written in part", 800, plain, 0, 2, 2},
		{"one in part, of which the peer says that it has it", 800, plain, 2, 1, 2},
	} {
		for _, peer := range requestPeers()[:2] {
			t.Run(tt.name+"/"+peer.form, func(t *testing.T) {
				runHost(t, func(w *st.World, h *host) {
					w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
					s := w.Listen("a")
					d := h.dial()
					p := s.Accept()
					s.Close()
					peer.shake(p)
					w.Settle()
					for range queued {
						h.send(d.Pipe(), st.Large(tt.size))
						w.Settle()
					}
					p.MustWrite(p.Seal(rejection(tt.received)))
					w.Net.Links()[0].Cut(memnet.FIN)
					w.Settle()
					h.wantDrops(pipe.DropRejected, tt.rejected)
					h.wantDrops(pipe.DropInFlight, 0)
					if n := h.unsent(d.Pipe()); n != tt.kept {
						t.Errorf("%d messages pending, want %d", n, tt.kept)
					}
				}, peer.set, tt.set)
			})
		}
	}
}

// TestPeerThatTakesNoErrorIsRefusedSilently: ZMTP 2.0 has no ERROR.
func TestPeerThatTakesNoErrorIsRefusedSilently(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.refusal = errors.New("unwanted")
		h.listen()
		p := w.Dial("a")
		p.MustWrite([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00"))
		p.ReadN(12) // the greeting
		if b, err := io.ReadAll(p); err != nil || len(b) > 0 {
			t.Errorf("received %q, %v", b, err)
		}
		w.Settle()
		if ev := h.lastEvent(); ev.Kind != session.PeerRefused || !errorIs(ev, h.refusal) {
			t.Errorf("the end is reported as %+v", ev)
		}
	})
}

// TestRefusedSubscriberDropsNoMessages: what a peer of a publisher sends after its
// handshake are subscriptions.
func TestRefusedSubscriberDropsNoMessages(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.refusal = errors.New("unwanted")
		h.listen()
		p := w.Dial("a")
		p.MustWrite(slices.Concat(st.Greeting(), st.Ready("Socket-Type", "DEALER"), st.Message("\x01topic")))
		p.WaitClosed()
		h.wantDrops(pipe.DropRefused, 0)
	}, func(c *session.Config) { c.Engine.Publishes = true })
}

// TestMessageThatHostRefusesEndsConnection: it violates the rules of the socket.
func TestMessageThatHostRefusesEndsConnection(t *testing.T) {
	runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
		h.set(func() { h.receivedErr = &engine.Error{Reason: engine.CloseMalformed} })
		p.MustWrite(st.Message("x"))
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		i := slices.IndexFunc(h.past(), func(ev session.Event) bool { return ev.Kind == session.Disconnected })
		if i < 0 || h.past()[i].Reason != engine.CloseMalformed {
			t.Errorf("events %+v", h.past())
		}
	})
}

// TestConnectionOfClosingHostWaitsForFinish: the host drops what the peer sends, so
// the reader waits until the host has finished it. Then it reads on, to answer
// PINGs until the queue is written.
func TestConnectionOfClosingHostWaitsForFinish(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p, q := h.accept()
		link := w.Net.Links()[0]
		link.Up().SetBuffer(100)
		link.Down().SetBuffer(1)
		h.send(q, "unsent")
		h.set(func() { h.receivedErr = session.ErrClosed })
		p.MustWrite(st.Message("x"))
		w.Settle()
		go p.MustWrite(st.Message(st.Large(1000)), st.Ping(0, "context"))
		w.Settle()
		if n := link.Up().Stats().Pending; n == 0 {
			t.Error("the reader has not waited")
		}
		l.Finish()
		if got := p.Message(); got[0] != "unsent" {
			t.Errorf("received %q", got)
		}
		w.Settle()
		if n := link.Up().Stats().Pending; n != 0 {
			t.Errorf("%d bytes unread after Finish", n)
		}
		p.Close()
		if d := waitTime(l); d != 0 {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestErrClosedMatchesThatOfNet: callers compare with net.ErrClosed.
func TestErrClosedMatchesThatOfNet(t *testing.T) {
	if !errors.Is(session.ErrClosed, net.ErrClosed) || errors.Is(session.ErrClosed, net.ErrWriteToConnected) || session.ErrClosed.Error() == "" {
		t.Errorf("ErrClosed is %q", session.ErrClosed)
	}
}

// TestFlushWakesFlusher: over a connection that has no write without blocking, and
// without a connection.
func TestFlushWakesFlusher(t *testing.T) {
	flush := func(q *pipe.Pipe) { q.To.(interface{ Flush() }).Flush() }
	runBoth(t, shake31, func(t *testing.T, h *host, p *st.Peer, q *pipe.Pipe) {
		h.send(q, "x")
		flush(q)
		if got := p.Message(); got[0] != "x" {
			t.Errorf("received %q", got)
		}
		p.Close()
		h.w.Settle()
		flush(q)
	}, lockstep)
	t.Run("before the connection", func(t *testing.T) {
		runHost(t, func(w *st.World, h *host) {
			s := w.Listen("a")
			d := h.dial()
			h.send(d.Pipe(), "x")
			flush(d.Pipe())
			p := s.Accept()
			p.Handshake("DEALER")
			if got := p.Message(); got[0] != "x" {
				t.Errorf("received %q", got)
			}
		}, lockstep)
	})
}

// TestListenerClosesOldestPendingInAnyOrderOfProgress: peers send their first bytes
// in another order than that in which they were accepted.
func TestListenerClosesOldestPendingInAnyOrderOfProgress(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		runHost(t, func(w *st.World, h *host) {
			h.listen()
			var peers []*st.Peer
			for range 3 {
				peers = append(peers, w.Dial("a"))
				time.Sleep(100 * time.Millisecond)
			}
			for _, i := range order {
				peers[i].MustWrite(st.Greeting())
				w.Settle()
			}
			time.Sleep(3 * time.Second)
			// Each of the next peers takes the place of the oldest.
			for i, p := range peers {
				p.ReadN(64)
				w.Dial("a").MustWrite(st.Greeting())
				w.Settle()
				if d := p.WaitClosed(); d != 0 {
					t.Errorf("order %v: peer %d closed after %v", order, i, d)
				}
			}
		}, func(c *session.Config) { c.MaxPending = 3 })
	}
}
