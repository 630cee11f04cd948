package socket_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func mandatory(o *socket.Options) { o.Pattern.Mandatory = true }

// routed returns a ROUTER and a DEALER that it knows as d.
func routed(w *st.World, scheme string, set ...func(*socket.Options)) (router, dealer *st.Socket) {
	router, dealer = w.Socket(pattern.ROUTER, set...), w.Socket(pattern.DEALER, st.ID("d"))
	dealer.MustConnect(router.MustBind(scheme + "://a"))
	router.MustMeet(1)
	dealer.MustMeet(1)
	return router, dealer
}

// TestRouterTakesTheIDFirst, consumes it, and drops what names nobody.
// conformance.md 3.3, router.cpp
func TestRouterTakesTheIDFirst(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			router, dealer := routed(w, scheme)
			wantTry(t, router, "d", nil) // an id and nothing behind it
			wantTry(t, router, "u+", nil)
			wantTry(t, router, "to nobody+", nil)
			wantTry(t, router, "still", nil)
			dealer.WantNone()
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1, pipe.DropNoRoute: 1})
			wantTry(t, router, "d+", nil)
			wantTry(t, router, "1+", nil)
			dealer.WantNone()
			router.MustSend("d", "whole") // goes its own way
			wantTry(t, router, "2", nil)
			dealer.WantRecv("whole")
			dealer.WantRecv("1", "2")
			wantTry(t, router, "d+", nil)
			wantTry(t, router, "", nil)
			dealer.WantRecv("")
			wantReady(t, router, false, true)
		})
	}
}

// TestMandatoryRouter says at the first frame that there is no such peer, or
// that it has no room, and has consumed nothing then. conformance.md 3.3
func TestMandatoryRouter(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory, st.HWM(2, 2))
		wantReady(t, router, false, false)
		wantTry(t, router, "d+", pattern.ErrNoRoute)
		if err := router.SendFrame(context.Background(), frame("d+")); err != pattern.ErrNoRoute {
			t.Error(err)
		}
		wantTry(t, router, "u", nil) // an id and nothing behind it
		if err := router.ConnectAs("mem://later", "d"); err != nil {
			t.Fatal(err)
		}
		wantReady(t, router, false, true)
		for range 2 {
			wantTry(t, router, "d+", nil)
			wantTry(t, router, "x", nil)
		}
		wantReady(t, router, false, false)
		wantTry(t, router, "d+", pattern.ErrWouldBlock)
		wantTry(t, router, "u+", pattern.ErrNoRoute)
		sent := make(chan error, 1)
		go func() { sent <- router.SendFrame(context.Background(), frame("d+")) }()
		time.Sleep(time.Hour)
		if err := pending(sent); err != errNone {
			t.Fatalf("SendFrame to who has no room: %v", err)
		}
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://later")
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		wantTry(t, router, "y", nil)
		dealer.WantRecv("x")
		dealer.WantRecv("x")
		dealer.WantRecv("y")
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
	})
}

// TestRouterDropsForAFullPeer what is sent there, and nothing else.
// conformance.md 3.3
func TestRouterDropsForAFullPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, st.HWM(1, 1))
		if err := router.ConnectAs("mem://later", "full"); err != nil {
			t.Fatal(err)
		}
		if err := try(router, "full+", "1", "full+", "2+", "2"); err != nil {
			t.Fatal(err)
		}
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		wantReady(t, router, false, true)
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://later")
		dealer.WantRecv("1")
		dealer.WantNone()
	})
}

// TestRouterSaysNothingOfALostPeer in the middle of a message, even if it is
// mandatory. router.cpp
func TestRouterSaysNothingOfALostPeer(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, set := range []func(*socket.Options){mandatory, func(*socket.Options) {}} {
			st.Run(t, func(w *st.World) {
				router, dealer := routed(w, scheme, set)
				wantTry(t, router, "d+", nil)
				wantTry(t, router, "1+", nil)
				dealer.CloseIn(0)
				w.Settle()
				wantReady(t, router, false, true)
				wantTry(t, router, "2+", nil)
				dealer = w.Socket(pattern.DEALER, st.ID("d"))
				dealer.MustConnect(scheme + "://a")
				router.MustMeet(1)
				wantTry(t, router, "3", nil)
				dealer.WantNone()
				router.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
				wantTry(t, router, "d+", nil)
				wantTry(t, router, "4", nil)
				dealer.WantRecv("4")
			})
		}
	}
}

// TestMessageIsNotForTheNextPeer of an endpoint, if that has another id.
func TestMessageIsNotForTheNextPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		router := w.Socket(pattern.ROUTER)
		router.MustConnect("mem://a")
		p := l.Accept()
		p.Shake("DEALER", "Identity", "one")
		w.Settle()
		if err := try(router, "one+", "secret+"); err != nil {
			t.Fatal(err)
		}
		p.Close()
		p = l.Accept()
		p.Shake("DEALER", "Identity", "two")
		w.Settle()
		wantTry(t, router, "rest", nil)
		if err := try(router, "two+", "good"); err != nil {
			t.Fatal(err)
		}
		if got := p.Message(); len(got) != 1 || got[0] != "good" {
			t.Errorf("received %q", got)
		}
		router.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
	})
}

// TestRouterReceivesTheIDFirst: every message begins with the id of its sender,
// what the socket says of a peer too, and each frame knows who that is.
// conformance.md 3.3
func TestRouterReceivesTheIDFirst(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			router, dealer := routed(w, scheme, func(o *socket.Options) { o.Pattern.NotifyConnect = true })
			wantReady(t, router, true, true)
			if f := wantFrames(t, router, "d+", ""); f.From == nil || f.From.Notice != msg.ConnectNotice {
				t.Errorf("told of a connection by %+v", f.From)
			}
			wantReady(t, router, false, true)
			dealer.MustSend("1", "2")
			dealer.MustSend("3")
			w.Settle()
			for _, want := range []string{"d+", "1+", "2", "d+", "3"} {
				wantReady(t, router, true, true)
				if f := wantFrames(t, router, want); f.From == nil || f.From.RoutingID != "d" {
					t.Errorf("%q is from %+v", want, f.From)
				}
			}
			wantReady(t, router, false, true)
			wantNoFrame(t, router, pattern.ErrWouldBlock)
			dealer.MustSend("4", "5")
			wantFrames(t, router, "d+", "4+")
			dealer.MustSend("6")
			w.Settle()
			router.WantRecv("6")
			wantFrames(t, router, "5")
		})
	}
}

// streamPair returns two STREAMs, the ids by which they know each other, and
// the notices received.
func streamPair(t *testing.T, w *st.World) (a, b stream, toB, toA string) {
	a, b = newStream(w), newStream(w)
	b.MustConnect(a.MustBind("mem://a"))
	for i, s := range []stream{a, b} {
		w.Settle()
		wantReady(t, s.Socket, true, true)
		var f msg.Frame
		if err := s.RecvFrame(context.Background(), &f); err != nil || !f.More || len(f.Body) != 5 {
			t.Fatalf("an id of %q, %v", frameText(&f), err)
		}
		wantReady(t, s.Socket, true, true)
		if last := wantFrames(t, s.Socket, ""); last.From.Notice != msg.ConnectNotice {
			t.Errorf("told %v", last.From.Notice)
		}
		wantReady(t, s.Socket, false, true)
		if i == 0 {
			toB = string(f.Body)
		} else {
			toA = string(f.Body)
		}
	}
	return a, b, toB, toA
}

// TestStreamTakesTwoFrames, the id and the bytes; that more follow is ignored
// of the bytes, and decides of the id whether they go anywhere. conformance.md
// 3.7, stream.cpp
func TestStreamTakesTwoFrames(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b, toB, toA := streamPair(t, w)
		wantTry(t, a.Socket, "nobody+", pattern.ErrNoRoute)
		wantTry(t, a.Socket, toB, nil) // without more
		wantTry(t, a.Socket, "dropped", nil)
		b.WantNone()
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
		if err := try(a.Socket, toB+"+", "x+", toB+"+", "y+"); err != nil {
			t.Fatal(err)
		}
		if f := wantFrames(t, b.Socket, toA+"+"); f.From == nil || f.From.RoutingID != toA {
			t.Errorf("from %+v", f.From)
		}
		f := new(msg.Frame)
		for got := ""; got != "xy"; got += string(f.Body) {
			if err := b.RecvFrame(context.Background(), f); err != nil {
				t.Fatal(err)
			}
			if f.More { // they came in two pieces
				f.Body = nil
			}
		}
		if n := a.Stats().MsgsSent; n != 3 {
			t.Errorf("%d messages sent, want 3", n)
		}
	})
}

// TestStreamEmptyFrameEndsTheConnection behind what was sent before.
// conformance.md 3.7
func TestStreamEmptyFrameEndsTheConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b, toB, toA := streamPair(t, w)
		if err := try(a.Socket, toB+"+", "last words", toB+"+", ""); err != nil {
			t.Fatal(err)
		}
		wantTry(t, a.Socket, toB+"+", pattern.ErrNoRoute)
		wantFrames(t, b.Socket, toA+"+", "last words", toA+"+")
		if f := wantFrames(t, b.Socket, ""); f.From.Notice != msg.DisconnectNotice {
			t.Errorf("told %v", f.From.Notice)
		}
		time.Sleep(10 * time.Second)
		if n := len(a.Heard(session.Disconnected)); n != 1 {
			t.Errorf("%d connections ended", n)
		}
		a.WantDrops(nil)
	})
}

// TestStreamLosesItsPeer between the id and the bytes, which are dropped.
func TestStreamLosesItsPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b, toB, toA := streamPair(t, w)
		if err := try(a.Socket, toB+"+"); err != nil {
			t.Fatal(err)
		}
		if err := try(b.Socket, toA+"+"); err != nil {
			t.Fatal(err)
		}
		if err := a.ClosePeer(context.Background(), toB); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		wantTry(t, a.Socket, "x", nil)
		wantTry(t, b.Socket, "x", nil)
		wantTry(t, a.Socket, toB+"+", pattern.ErrNoRoute)
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
		b.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
	})
}

// TestStreamDisconnectsBetweenFrames: the bytes are dropped, those before are not.
func TestStreamDisconnectsBetweenFrames(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		s := newStream(w)
		if err := s.ConnectAs("mem://a", "x"); err != nil {
			t.Fatal(err)
		}
		p := l.Accept()
		w.Net.Links()[0].Up().Stall()
		if err := try(s.Socket, "x+", "before", "x+"); err != nil {
			t.Fatal(err)
		}
		if err := s.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		wantTry(t, s.Socket, "dropped", nil)
		w.Net.Links()[0].Up().Resume()
		if got, err := io.ReadAll(p); err != nil || string(got) != "before" {
			t.Errorf("received %q, %v", got, err)
		}
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
	})
}

// TestStreamWaitsForRoom at the id frame. conformance.md 3.7
func TestStreamWaitsForRoom(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.HWM(1, 1))
		if err := s.ConnectAs("mem://later", "x"); err != nil {
			t.Fatal(err)
		}
		if err := try(s.Socket, "x+", "1"); err != nil {
			t.Fatal(err)
		}
		wantTry(t, s.Socket, "x+", pattern.ErrWouldBlock)
		wantReady(t, s.Socket, false, true)
		l := w.Listen("later")
		p := l.Accept()
		w.Settle()
		if err := try(s.Socket, "x+", "2"); err != nil {
			t.Fatal(err)
		}
		if got := string(p.Skip(2)); got != "12" {
			t.Errorf("received %q", got)
		}
	})
}
