package socket_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// stream is a STREAM in a test.
type stream struct{ *st.Socket }

func newStream(w *st.World, set ...func(*socket.Options)) stream {
	return stream{w.Socket(pattern.STREAM, set...)}
}

func silent(o *socket.Options) { o.Pattern.StreamNoNotify = true }

// notice waits for the empty message that says that, and returns the id.
func (s stream) notice(t *testing.T, what msg.Notice) string {
	t.Helper()
	m, from := s.MustRecv()
	if len(m) != 1 || m[0] != "" || from.Notice != what {
		t.Fatalf("received %.100q of notice %d, want notice %d", m, from.Notice, what)
	}
	return from.RoutingID
}

// reads receives n bytes of one peer.
func (s stream) reads(t *testing.T, id string, n int) string {
	t.Helper()
	var all strings.Builder
	for all.Len() < n {
		m, from := s.MustRecv()
		if len(m) != 1 || m[0] == "" || len(m[0]) > 8192 || from.RoutingID != id {
			t.Fatalf("received %d frames, the first of %d bytes, of %q", len(m), len(m[0]), from.RoutingID)
		}
		all.WriteString(m[0])
	}
	if all.Len() > n {
		t.Fatalf("received %d bytes, want %d", all.Len(), n)
	}
	return all.String()
}

// sends sends bytes to a peer.
func (s stream) sends(t *testing.T, id string, frames ...string) {
	t.Helper()
	if err := s.SendTo(context.Background(), id, st.Of(frames...)); err != nil {
		t.Fatal(err)
	}
}

// wantRoute checks whether anything can be sent to a peer.
func (s stream) wantRoute(t *testing.T, id string, want error) {
	t.Helper()
	if err := s.TrySendTo(id, st.Of("x")); err != want {
		t.Fatalf("sending to %q: %v, want %v", id, err, want)
	}
}

// text is n bytes that tell their place.
func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()[:n]
}

// TestStreamBothWays: two STREAMs, one bound, tell of each other, of the bytes
// between them in pieces of at most 8 KiB, and of the end. conformance.md 3.7
func TestStreamBothWays(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := newStream(w), newStream(w)
		a.MustBind("mem://a")
		b.MustConnect("mem://a")
		toB, toA := a.notice(t, msg.ConnectNotice), b.notice(t, msg.ConnectNotice)
		big := text(100_000)
		a.sends(t, toB, "small")
		if got := b.reads(t, toA, 5); got != "small" {
			t.Errorf("received %q", got)
		}
		a.sends(t, toB, big)
		b.sends(t, toA, big[:50_000], big[50_000:])
		if a.reads(t, toB, len(big)) != big || b.reads(t, toA, len(big)) != big {
			t.Error("other bytes than were sent")
		}
		b.CloseIn(time.Minute)
		if id := a.notice(t, msg.DisconnectNotice); id != toB {
			t.Errorf("%q has left, not %q", id, toB)
		}
		a.wantRoute(t, toB, pattern.ErrNoRoute)
		a.WantNone()
		a.WantDrops(nil)
		a.WantFaults(nil)
		a.WantKinds(session.Listening, session.Accepted, session.Ready, session.Disconnected)
	})
}

// TestStreamSaysNothingOfItsOwn: no greeting, no heartbeat, and a peer may be
// silent for ever, but what is sent arrives as it is.
func TestStreamSaysNothingOfItsOwn(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.Heartbeat(time.Second, time.Second, time.Second))
		s.MustBind("mem://a")
		p := w.Dial("a")
		id := s.notice(t, msg.ConnectNotice)
		p.SetReadDeadline(time.Now().Add(100 * time.Hour))
		if n, err := p.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read %d bytes, %v", n, err)
		}
		p.SetReadDeadline(time.Time{})
		s.sends(t, id, "\x00\x05", "frames")
		if got := p.Skip(8); string(got) != "\x00\x05frames" {
			t.Errorf("on the wire %q", got)
		}
		p.Must(st.Greeting())
		if got := s.reads(t, id, 64); got != string(st.Greeting()) {
			t.Errorf("received %q", got)
		}
	})
}

// TestStreamSilentSaysNothing: without notifications there is only data.
func TestStreamSilentSaysNothing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, silent)
		s.MustBind("mem://a")
		p := w.Dial("a")
		s.WantNone()
		p.Must([]byte("x"))
		p.CloseWrite()
		s.WantRecv("x")
		s.WantNone()
	})
}

// TestStreamPartsBehindQueued: an empty message ends the connection when all
// TestStreamClosePeerWaits for what is queued and for the peer, or until its
// TestStreamReconnects under the same id, and begins anew: the rest of a lost
// stream is dropped, and what is sent in between is the beginning of the next.
func TestStreamReconnects(t *testing.T) {
	for _, how := range []memnet.Cut{memnet.RST, memnet.FIN} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(10) })
			s := newStream(w, st.Reconnect(time.Second, time.Second))
			l := w.Listen("a")
			s.MustConnect("mem://a")
			p := l.Accept()
			id := s.notice(t, msg.ConnectNotice)
			p.Must([]byte("first"))
			s.reads(t, id, 5)
			for range 5 {
				s.sends(t, id, text(20))
				w.Settle()
			}
			w.Net.Links()[0].Cut(how)
			if got := s.notice(t, msg.DisconnectNotice); got != id {
				t.Errorf("%q has left, not %q", got, id)
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 4})
			s.sends(t, id, "hello")
			p = l.Accept()
			if got := s.notice(t, msg.ConnectNotice); got != id {
				t.Errorf("%q has come, not %q", got, id)
			}
			if got := p.Skip(5); string(got) != "hello" {
				t.Errorf("the second stream begins with %q", got)
			}
			p.Must([]byte("second"))
			s.reads(t, id, 6)
		})
	}
}

// TestStreamPeersThatReset lose what was queued for them, each counted once,
// and nobody else is hurt.
func TestStreamPeersThatReset(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		s.MustBind("mem://a")
		good := w.Dial("a")
		goodID := s.notice(t, msg.ConnectNotice)
		for i := range 20 {
			w.Dial("a")
			id := s.notice(t, msg.ConnectNotice)
			link := w.Net.Links()[i+1]
			link.Down().SetBuffer(10)
			for range 3 {
				s.sends(t, id, text(20))
				w.Settle()
			}
			link.Cut(memnet.RST)
			if got := s.notice(t, msg.DisconnectNotice); got != id {
				t.Errorf("%q has left, not %q", got, id)
			}
			s.wantRoute(t, id, pattern.ErrNoRoute)
		}
		w.Settle()
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 20, pipe.DropConnLost: 40})
		s.WantFaults(nil)
		s.sends(t, goodID, "still here")
		good.Skip(10)
	})
}

// TestStreamAlias names a connection before it is there, and each that follows.
func TestStreamAlias(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.Reconnect(time.Second, time.Second))
		if err := s.ConnectAs("mem://a", "web"); err != nil {
			t.Fatal(err)
		}
		if err := s.ConnectAs("mem://b", "web"); !errors.Is(err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("a second one of that name: %v", err)
		}
		if err := s.ConnectAs("mem://b", "\x00web"); !errors.Is(err, socket.ErrInvalidOption) {
			t.Errorf("a name as we give them: %v", err)
		}
		s.sends(t, "web", "early")
		l := w.Listen("a")
		for _, want := range []string{"early", "later"} {
			p := l.Accept()
			if got := p.Skip(5); string(got) != want {
				t.Errorf("the server read %q, want %q", got, want)
			}
			if id := s.notice(t, msg.ConnectNotice); id != "web" {
				t.Errorf("%q has come", id)
			}
			p.Close()
			if id := s.notice(t, msg.DisconnectNotice); id != "web" {
				t.Errorf("%q has left", id)
			}
			s.sends(t, "web", "later")
		}
		if err := s.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		s.wantRoute(t, "web", pattern.ErrNoRoute)
	})
}

// TestStreamSlowReceiver: a peer is not read further than the limits say, and
// loses nothing.
func TestStreamSlowReceiver(t *testing.T) {
	for _, set := range []func(*socket.Options){
		st.HWM(0, 4),
		func(o *socket.Options) { o.RecvHWM, o.MaxQueuedBytes = 0, 32<<10 },
	} {
		st.Run(t, func(w *st.World) {
			s := newStream(w, set)
			s.MustBind("mem://a")
			p := w.Dial("a")
			w.Net.Links()[0].Up().SetBuffer(1000)
			id := s.notice(t, msg.ConnectNotice)
			data := text(3 << 20)
			written := make(chan int)
			go func() {
				n, _ := p.Write([]byte(data))
				written <- n
			}()
			time.Sleep(time.Hour)
			// What is queued and one buffer, as with other types.
			if n := w.Net.Links()[0].Up().Stats().Delivered; n > 400<<10 {
				t.Errorf("%d bytes were read for nobody", n)
			}
			if s.reads(t, id, len(data)) != data {
				t.Error("other bytes than were sent")
			}
			if n := <-written; n != len(data) {
				t.Errorf("the peer wrote %d bytes", n)
			}
		})
	}
}

// TestStreamSlowPeer: sending to it waits, and to others does not.
func TestStreamSlowPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.HWM(3, 3))
		s.MustBind("mem://a")
		p := w.Dial("a")
		slow := s.notice(t, msg.ConnectNotice)
		w.Net.Links()[0].Down().SetBuffer(10)
		q := w.Dial("a")
		fast := s.notice(t, msg.ConnectNotice)
		sent := 0
		for ; s.TrySendTo(slow, st.Of("1234567890")) == nil; sent++ {
			w.Settle()
		}
		if sent < 3 || sent > 10 {
			t.Errorf("room for %d messages", sent)
		}
		late := make(chan error, 1)
		go func() { late <- s.SendTo(context.Background(), slow, st.Of("late")) }()
		for range 10 {
			s.sends(t, fast, "quick")
			q.Skip(5)
		}
		time.Sleep(time.Hour)
		if err := pending(late); err != errNone {
			t.Fatalf("SendTo returned %v", err)
		}
		p.Skip(10 * sent)
		if got := p.Skip(4); string(got) != "late" {
			t.Errorf("the peer read %q", got)
		}
		if err := <-late; err != nil {
			t.Error(err)
		}
		s.WantDrops(nil)
	})
}

// TestStreamWaitingSenderLosesItsPeer and hears of it.
func TestStreamWaitingSenderLosesItsPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.HWM(1, 1))
		s.MustBind("mem://a")
		for _, end := range []func(id string){
			func(string) { w.Net.Links()[0].Cut(memnet.RST) },
			func(id string) { s.sends(t, id, "") },
		} {
			w.Dial("a")
			id := s.notice(t, msg.ConnectNotice)
			links := w.Net.Links()
			links[len(links)-1].Down().SetBuffer(10)
			for s.TrySendTo(id, st.Of("1234567890")) == nil {
				w.Settle()
			}
			late := make(chan error, 1)
			go func() { late <- s.SendTo(context.Background(), id, st.Of("late")) }()
			w.Settle()
			end(id)
			w.Settle()
			if err := pending(late); err != pattern.ErrNoRoute {
				t.Errorf("SendTo: %v", err)
			}
			for {
				var m msg.Msg
				if s.TryRecv(&m) != nil {
					break
				}
			}
		}
	})
}

// TestStreamConnectionLimits: MaxConnections holds, and the limits on
// handshakes do not, for there is none.
func TestStreamConnectionLimits(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, func(o *socket.Options) {
			o.MaxConnections, o.MaxPending, o.MaxPerSource, o.HandshakeTimeout = 50, 1, 1, time.Nanosecond
		})
		s.MustBind("mem://a")
		for range 50 {
			w.Dial("a")
		}
		s.MustMeet(50)
		one := w.Dial("a")
		if d := one.End(); d != 0 {
			t.Errorf("one too many is closed after %v", d)
		}
		time.Sleep(time.Hour)
		if n := s.Stats().Peers; n != 50 {
			t.Errorf("%d peers, want 50", n)
		}
		if n := len(s.Heard(session.PeerRefused)); n != 1 {
			t.Errorf("%d refused, want 1", n)
		}
	})
}

// TestStreamFloodOfConnections: what those leave that come and go while nobody
// receives is bounded.
func TestStreamFloodOfConnections(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 1000
		s := newStream(w, func(o *socket.Options) { o.MaxQueuedBytes = 100 << 10 })
		s.MustBind("mem://a")
		for range n {
			w.Dial("a").Close()
			w.Settle()
		}
		st := s.Stats()
		if st.QueuedRecv > 250 || st.QueuedRecv < 50 {
			t.Errorf("%d messages are kept", st.QueuedRecv)
		}
	})
}

// TestStreamLeavesEndpoints: what we do to an endpoint ends its connections
// TestStreamLeavesUnconnected: what was sent to an endpoint that nobody listened
// TestStreamTalksToNoSocket: not over inproc, and one that dials it waits for a
// greeting in vain.
func TestStreamTalksToNoSocket(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		if _, err := s.Bind("inproc://a"); !errors.Is(err, socket.ErrIncompatible) {
			t.Errorf("bind: %v", err)
		}
		if err := s.Connect("inproc://a"); !errors.Is(err, socket.ErrIncompatible) {
			t.Errorf("connect: %v", err)
		}
		s.MustBind("mem://a")
		push := w.Socket(pattern.PUSH, st.Reconnect(time.Hour, time.Hour))
		push.MustConnect("mem://a")
		id := s.notice(t, msg.ConnectNotice)
		if got := s.reads(t, id, 10); got[0] != 0xFF {
			t.Errorf("a greeting begins with %q", got)
		}
		time.Sleep(time.Minute)
		if n := len(push.Heard(session.HandshakeFailed)); n != 1 {
			t.Errorf("the PUSH has failed %d handshakes", n)
		}
	})
}

// TestRouterRaw: a ROUTER with that option carries bytes as a STREAM does, says
// nothing of connections, and drops what nobody can get, unless Mandatory is set.
// conformance.md 3.3
func TestRouterRaw(t *testing.T) {
	for _, mandatory := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			s := stream{w.Socket(pattern.ROUTER, func(o *socket.Options) {
				o.Pattern.Raw, o.Pattern.Mandatory, o.SendHWM = true, mandatory, 1
				o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect, o.RoutingID = true, true, "not told"
			})}
			s.MustBind("mem://a")
			w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(1) })
			p := w.Dial("a")
			p.Must([]byte("GET /"))
			m, from := s.MustRecv()
			if m[0] != "GET /" || len(from.RoutingID) != 5 {
				t.Fatalf("received %q of %q", m, from.RoutingID)
			}
			var noRoute, full error
			if mandatory {
				noRoute, full = pattern.ErrNoRoute, pattern.ErrWouldBlock
			}
			if err := s.TrySend(st.Of("nobody", "x")); err != noRoute {
				t.Errorf("to nobody: %v", err)
			}
			for _, want := range []error{nil, nil, full} { // one under way, one queued
				if err := s.TrySend(st.Of(from.RoutingID, "ab")); err != want {
					t.Errorf("sending: %v, want %v", err, want)
				}
				w.Settle()
			}
			p.Skip(4)
			if err := s.TrySend(st.Of(from.RoutingID, "")); err != nil {
				t.Error(err)
			}
			p.End()
			p.Close()
			s.WantNone()
			want := map[pipe.Drop]uint64{}
			if !mandatory {
				want = map[pipe.Drop]uint64{pipe.DropNoRoute: 1, pipe.DropHWM: 1}
			}
			s.WantDrops(want)
			if _, err := s.Bind("inproc://a"); !errors.Is(err, socket.ErrIncompatible) {
				t.Errorf("bound inproc: %v", err)
			}
		})
	}
}
