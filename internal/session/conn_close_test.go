package session_test

import (
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

// TestFinishClosesConnectionWithoutMessagesAtOnce: there is nothing that the peer
// has to read.
func TestFinishClosesConnectionWithoutMessagesAtOnce(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p, _ := h.accept()
		l.Finish()
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed after %v", d)
		}
		if d := waitTime(l); d != 0 {
			t.Errorf("ended after %v", d)
		}
		h.wantCalls("Attach", "Connected", "Retire", "Disconnected", "Detach")
	})
}

// TestFinishedConnectionReceivesUntilPeerCloses: after its last message a finished
// connection ends only its sending direction.
func TestFinishedConnectionReceivesUntilPeerCloses(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(100 * time.Millisecond) })
		l := h.listen()
		p, q := h.accept()
		h.send(q, "last")
		l.Finish()
		if got := p.Message(); got[0] != "last" {
			t.Errorf("received %q", got)
		}
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("the end of the direction arrived %v after the message", d)
		}
		p.MustWrite(st.Message("reply"))
		time.Sleep(200 * time.Millisecond)
		p.Close()
		l.Wait(st.Ended())
		if got := receive(q); !slices.Equal(got, []string{"reply"}) {
			t.Errorf("received %q after Finish", got)
		}
	})
}

// TestFinishedConnectionClosesWhenPeerSystemHasAcknowledged: if the peer does not
// close, a finished connection is closed after a second. If the peer's system has
// not acknowledged all bytes by then, it is closed when the system has.
func TestFinishedConnectionClosesWhenPeerSystemHasAcknowledged(t *testing.T) {
	for _, tt := range []struct {
		name    string
		stalled time.Duration
		want    time.Duration
	}{
		{"acknowledged", 0, time.Second},
		{"acknowledged later", 2500 * time.Millisecond, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runHost(t, func(w *st.World, h *host) {
				l := h.listen()
				_, q := h.accept()
				down := w.Net.Links()[0].Down()
				if tt.stalled > 0 {
					down.Stall()
					time.AfterFunc(tt.stalled, down.Resume)
				}
				h.send(q, "x")
				l.Finish()
				if d := waitTime(l); d != tt.want {
					t.Errorf("ended after %v, want %v", d, tt.want)
				}
				if h.unconfirmed != 0 {
					t.Error("the message is reported as unconfirmed")
				}
			})
		})
	}
}

// TestAbortReportsUnconfirmedMessages: the linger time ends before the peer's
// system has acknowledged a written message.
func TestAbortReportsUnconfirmedMessages(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		_, q := h.accept()
		w.Net.Links()[0].Down().Stall()
		h.send(q, "x")
		l.Finish()
		w.Settle()
		l.Abort()
		if d := waitTime(l); d != 0 {
			t.Errorf("ended after %v", d)
		}
		if h.unconfirmed != 1 {
			t.Errorf("reported %d times as unconfirmed", h.unconfirmed)
		}
		h.wantDrops(pipe.DropLinger, 0)
	})
}

// TestAbortDropsQueuedMessages counts those that the peer did not read.
func TestAbortDropsQueuedMessages(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(100) })
		l := h.listen()
		_, q := h.accept()
		for range 10 {
			h.send(q, st.Large(50))
			w.Settle()
		}
		l.Finish()
		l.Abort()
		l.Wait(st.Ended())
		h.wantDrops(pipe.DropLinger, 8) // one is written, and the next in part
		h.wantDrops(pipe.DropInFlight, 1)
	})
}

// TestFinishInHandshakeWritesQueueAfterIt: a dialer that is finished while its
// connection is in the handshake writes the queue when that is complete.
func TestFinishInHandshakeWritesQueueAfterIt(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		s := w.Listen("a")
		d := h.dial()
		h.send(d.Pipe(), "x")
		p := s.Accept()
		w.Settle()
		d.Finish()
		w.Settle()
		if d.Ended() {
			t.Fatal("ended in the handshake, with a queued message")
		}
		p.Handshake("DEALER")
		if got := p.Message(); got[0] != "x" {
			t.Errorf("received %q", got)
		}
		p.Close()
		if d := waitTime(d); d != 0 {
			t.Errorf("ended %v after the peer", d)
		}
	})
}

// TestFinishInHandshakeWithEmptyQueueEndsAtOnce: no connection is needed.
func TestFinishInHandshakeWithEmptyQueueEndsAtOnce(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		s := w.Listen("a")
		d := h.dial()
		s.Accept()
		w.Settle()
		d.Finish()
		if d := waitTime(d); d != 0 {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestReaderContinuesAfterFailedWrite: a connection whose write fails receives the
// messages that have arrived, and then is closed.
func TestReaderContinuesAfterFailedWrite(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p, q := h.accept()
		for _, body := range []string{"1", "2", "3", "4", "5"} {
			p.MustWrite(st.Message(body))
			w.Settle() // the queue takes two, then the reader waits
		}
		w.Net.Links()[0].Cut(memnet.FIN)
		h.send(q, "x")
		w.Settle()
		var got []string
		for range 5 {
			got = append(got, receive(q)...)
			w.Settle()
		}
		if !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
			t.Errorf("received %q", got)
		}
		ev := h.lastEvent()
		if ev.Kind != session.Disconnected || !errorIs(ev, syscall.EPIPE) {
			t.Errorf("the end is reported as %+v", ev)
		}
		h.wantDrops(pipe.DropConnLost, 1)
	})
}

// TestFaultInInputIsTheReasonAlsoAfterFailedWrite: malformed input that is read
// after a write has failed is reported, not the failed write.
func TestFaultInInputIsTheReasonAlsoAfterFailedWrite(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p, q := h.accept("X-On-Error", "count")
		for range 3 {
			p.MustWrite(st.Message("x"))
			w.Settle() // the queue takes two, then the reader waits
		}
		p.MustWrite(malformed)
		w.Net.Links()[0].Cut(memnet.FIN)
		h.send(q, "x")
		w.Settle()
		for range 3 {
			receive(q)
			w.Settle()
		}
		if ev := h.lastEvent(); ev.Kind != session.Disconnected || ev.Reason != engine.CloseMalformed {
			t.Errorf("the end is reported as %+v", ev)
		}
	})
}

// TestFinishedConnectionWithFailedWriteEndsInASecond: the reader waits for capacity
// in the queue and does not detect the end of the connection.
func TestFinishedConnectionWithFailedWriteEndsInASecond(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p, q := h.accept()
		for range 5 {
			p.MustWrite(st.Message("x"))
			w.Settle()
		}
		w.Net.Links()[0].Cut(memnet.FIN)
		h.send(q, "x")
		w.Settle()
		l.Finish()
		if d := waitTime(l); d != time.Second {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestHalfClosedConnectionIsWrittenTo: messages queued after the peer has ended
// its direction are written, and Finish ends the connection after them.
func TestHalfClosedConnectionIsWrittenTo(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p := w.Dial("a")
		p.CloseWrite()
		w.Settle()
		time.Sleep(5 * time.Second)
		h.send(h.lastPipe(), "reply")
		if got := string(p.ReadN(5)); got != "reply" {
			t.Errorf("received %q", got)
		}
		l.Finish()
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("closed %v after Finish", d)
		}
		if d := waitTime(l); d > 10*time.Millisecond {
			t.Errorf("ended %v later", d)
		}
		h.wantCalls("Attach", "Connected", "HalfClosed", "Retire", "Disconnected", "Detach")
	}, raw)
}

// TestHalfClosedConnectionClosesWithoutWrites: each write keeps it for another
// HalfClose.
func TestHalfClosedConnectionClosesWithoutWrites(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p := w.Dial("a")
		p.CloseWrite()
		w.Settle()
		if d := p.WaitClosed(); d != 10*time.Second {
			t.Errorf("closed after %v", d)
		}
	}, raw)
}

// TestRejectedPeerGetsErrorAfterMessagesInFlight: malformed input ends the
// connection by an ERROR, after the messages that the flusher has taken.
func TestRejectedPeerGetsErrorAfterMessagesInFlight(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p, q := h.accept("X-On-Error", "count")
		h.send(q, "before")
		w.Settle()
		p.MustWrite(st.Message("good"), malformed)
		if got := p.Message(); got[0] != "before" {
			t.Errorf("received %q", got)
		}
		wantError(t, p, "rejected-after-1-messages:malformed:")
		if d := p.WaitClosed(); d != 0 {
			t.Errorf("the direction ended %v after the ERROR", d)
		}
		p.Close()
		w.Settle()
		if ev := h.lastEvent(); ev.Kind != session.Disconnected || ev.Reason != engine.CloseMalformed {
			t.Errorf("the end is reported as %+v", ev)
		}
	})
}

// TestRejectingConnectionTakesNoMessages: what is queued after the malformed input is
// dropped, and no PING follows the ERROR.
func TestRejectingConnectionTakesNoMessages(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		h.listen()
		p, q := h.accept("X-On-Error", "count")
		w.Net.Links()[0].Down().SetBuffer(1)
		p.MustWrite(malformed)
		w.Settle()
		h.send(q, "after")
		far := q.To.(interface{ PeerDisconnected() bool })
		if !far.PeerDisconnected() {
			t.Error("a rejected peer counts as connected")
		}
		wantError(t, p, "rejected-after-0-messages:malformed:")
		if _, body, err := p.TryFrame(); err == nil {
			t.Errorf("%q follows the ERROR", body)
		}
		p.Close()
		w.Settle()
		h.wantDrops(pipe.DropConnLost, 1)
	}, heartbeat)
}

// TestRejectedConnectionClosesInASecond: a peer that does not close, or that does
// not read the ERROR, does not keep it longer; Finish changes nothing.
func TestRejectedConnectionClosesInASecond(t *testing.T) {
	for _, finish := range []bool{false, true} {
		for _, reads := range []bool{false, true} {
			runHost(t, func(w *st.World, h *host) {
				l := h.listen()
				p, _ := h.accept("X-On-Error", "count")
				if !reads {
					w.Net.Links()[0].Down().SetBuffer(1)
				}
				p.MustWrite(malformed)
				w.Settle()
				start := time.Now()
				if finish {
					l.Finish()
				}
				for !slices.Contains(h.kinds(), session.Disconnected) {
					time.Sleep(time.Millisecond)
				}
				if d := time.Since(start).Round(10 * time.Millisecond); d != time.Second {
					t.Errorf("finish %v, reads %v: closed after %v", finish, reads, d)
				}
				if ev := h.lastEvent(); ev.Reason != engine.CloseMalformed {
					t.Errorf("finish %v, reads %v: the end is reported as %+v", finish, reads, ev)
				}
			})
		}
	}
}

// TestHeartbeatStopsWhenSendingDirectionIsClosed: a finished connection whose peer
// reads slowly sends no PING and does not time out.
func TestHeartbeatStopsWhenSendingDirectionIsClosed(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		l := h.listen()
		p, q := h.accept()
		down := w.Net.Links()[0].Down()
		down.Stall()
		h.send(q, "x")
		l.Finish()
		time.Sleep(30 * time.Second)
		if l.Ended() {
			t.Fatal("closed before the message was acknowledged")
		}
		down.Resume()
		if got := p.Message(); got[0] != "x" {
			t.Errorf("received %q", got)
		}
		if _, body, err := p.TryFrame(); err == nil {
			t.Errorf("%q follows the last message", body)
		}
	}, heartbeat)
}
