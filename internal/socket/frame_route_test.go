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

// routed returns a ROUTER and a connected DEALER with the routing ID "d".
func routed(w *st.World, scheme string, set ...func(*socket.Options)) (router, dealer *st.Socket) {
	router, dealer = w.Socket(pattern.ROUTER, set...), w.Socket(pattern.DEALER, st.ID("d"))
	dealer.MustConnect(router.MustBind(scheme + "://a"))
	router.WaitPeers(1)
	dealer.WaitPeers(1)
	return router, dealer
}

// TestRouterFirstFrameIsRoutingID: the first frame selects the peer and is not
// sent. A message with an unknown ID, or without further frames, is dropped.
func TestRouterFirstFrameIsRoutingID(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			router, dealer := routed(w, scheme)
			wantTry(t, router, "d", nil) // an ID without further frames
			wantTry(t, router, "u+", nil)
			wantTry(t, router, "unknown+", nil)
			wantTry(t, router, "body", nil)
			dealer.WantNone()
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1, pipe.DropNoRoute: 1})
			wantTry(t, router, "d+", nil)
			wantTry(t, router, "1+", nil)
			dealer.WantNone()
			router.MustSend("d", "whole") // does not end the incomplete message
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

// TestMandatoryRouterReportsErrorAtFirstFrame: the error for an unknown peer,
// or for a full queue, is returned for the routing ID frame, which is then not
// consumed.
func TestMandatoryRouterReportsErrorAtFirstFrame(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER, mandatory, st.HWM(2, 2))
		wantReady(t, router, false, false)
		wantTry(t, router, "d+", pattern.ErrNoRoute)
		if err := router.SendFrame(context.Background(), frame("d+")); err != pattern.ErrNoRoute {
			t.Error(err)
		}
		wantTry(t, router, "u", nil) // an ID without further frames
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
			t.Fatalf("SendFrame to a full peer: %v", err)
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

func TestRouterDropsMessageToFullPeer(t *testing.T) {
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

// TestRouterDropsMessageOfLostPeer: if the peer disconnects between frames, the
// remaining frames return no error, even with Mandatory, and the message is
// dropped.
func TestRouterDropsMessageOfLostPeer(t *testing.T) {
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
				router.WaitPeers(1)
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

// TestIncompleteMessageIsNotSentToOtherID: the endpoint reconnects to a peer
// with another routing ID. The incomplete message is dropped.
func TestIncompleteMessageIsNotSentToOtherID(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		router := w.Socket(pattern.ROUTER)
		router.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("DEALER", "Identity", "one")
		w.Settle()
		if err := try(router, "one+", "secret+"); err != nil {
			t.Fatal(err)
		}
		p.Close()
		p = l.Accept()
		p.Handshake("DEALER", "Identity", "two")
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

// TestRouterReceivesRoutingIDFirst: every message and notification begins with
// the routing ID of the peer, and each frame has the peer in From.
func TestRouterReceivesRoutingIDFirst(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			router, dealer := routed(w, scheme, func(o *socket.Options) { o.Pattern.NotifyConnect = true })
			wantReady(t, router, true, true)
			if f := wantFrames(t, router, "d+", ""); f.From == nil || f.From.Notification != msg.ConnectNotification {
				t.Errorf("connect notification from %+v", f.From)
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

// streamPair returns two connected STREAMs that have received their
// notifications, and the routing IDs by which they know each other.
func streamPair(t *testing.T, w *st.World) (a, b stream, toB, toA string) {
	a, b = newStream(w), newStream(w)
	b.MustConnect(a.MustBind("mem://a"))
	for i, s := range []stream{a, b} {
		w.Settle()
		wantReady(t, s.Socket, true, true)
		var f msg.Frame
		if err := s.RecvFrame(context.Background(), &f); err != nil || !f.More || len(f.Body) != 5 {
			t.Fatalf("routing ID %q, %v", frameText(&f), err)
		}
		wantReady(t, s.Socket, true, true)
		if last := wantFrames(t, s.Socket, ""); last.From.Notification != msg.ConnectNotification {
			t.Errorf("notification %v", last.From.Notification)
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

// TestStreamMessageHasTwoFrames: the routing ID and the data. MORE of the data
// frame is ignored. Without MORE of the ID frame the message is dropped.
func TestStreamMessageHasTwoFrames(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b, toB, toA := streamPair(t, w)
		wantTry(t, a.Socket, "unknown+", pattern.ErrNoRoute)
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
			if f.More { // the data arrived in two messages
				f.Body = nil
			}
		}
		if n := a.Stats().MsgsSent; n != 3 {
			t.Errorf("%d messages sent, want 3", n)
		}
	})
}

// TestStreamEmptyFrameClosesConnection: an empty data frame closes the
// connection after earlier messages are written.
func TestStreamEmptyFrameClosesConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b, toB, toA := streamPair(t, w)
		if err := try(a.Socket, toB+"+", "last bytes", toB+"+", ""); err != nil {
			t.Fatal(err)
		}
		wantTry(t, a.Socket, toB+"+", pattern.ErrNoRoute)
		wantFrames(t, b.Socket, toA+"+", "last bytes", toA+"+")
		if f := wantFrames(t, b.Socket, ""); f.From.Notification != msg.DisconnectNotification {
			t.Errorf("notification %v", f.From.Notification)
		}
		time.Sleep(10 * time.Second)
		if n := len(a.EventsOf(session.Disconnected)); n != 1 {
			t.Errorf("%d disconnect events, want 1", n)
		}
		a.WantDrops(nil)
	})
}

// TestStreamDropsDataOfLostPeer: the connection ends after the ID frame was
// sent.
func TestStreamDropsDataOfLostPeer(t *testing.T) {
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

// TestStreamDisconnectBetweenFramesDropsData: earlier messages are sent.
func TestStreamDisconnectBetweenFramesDropsData(t *testing.T) {
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

func TestStreamIDFrameReturnsErrWouldBlockWhenFull(t *testing.T) {
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
		if got := string(p.ReadN(2)); got != "12" {
			t.Errorf("received %q", got)
		}
	})
}
