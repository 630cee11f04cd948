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

// stream is a STREAM socket with helpers for tests.
type stream struct{ *st.Socket }

func newStream(w *st.World, set ...func(*socket.Options)) stream {
	return stream{w.Socket(pattern.STREAM, set...)}
}

func dataOnly(o *socket.Options) { o.Pattern.StreamDataOnly = true }

// recvNotification receives the next message, which must be the empty message of that
// notification, and returns the routing ID.
func (s stream) recvNotification(t *testing.T, what msg.Notification) string {
	t.Helper()
	m, from := s.MustRecv()
	if len(m) != 1 || m[0] != "" || from.Notification != what {
		t.Fatalf("received %.100q with notification %d, want notification %d", m, from.Notification, what)
	}
	return from.RoutingID
}

// recvBytes receives n bytes of the peer with that routing ID.
func (s stream) recvBytes(t *testing.T, id string, n int) string {
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

// sendBytes sends to the peer with that routing ID.
func (s stream) sendBytes(t *testing.T, id string, frames ...string) {
	t.Helper()
	if err := s.SendTo(context.Background(), id, st.Of(frames...)); err != nil {
		t.Fatal(err)
	}
}

// wantRoute compares the error of sending to a peer.
func (s stream) wantRoute(t *testing.T, id string, want error) {
	t.Helper()
	if err := s.TrySendTo(id, st.Of("x")); err != want {
		t.Fatalf("sending to %q: %v, want %v", id, err, want)
	}
}

// text returns n bytes of consecutive numbers, so that gaps are found.
func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()[:n]
}

// TestStreamExchangesBytesWithNotifications: each of two STREAMs receives a
// notification when the other connects, its bytes in messages of at most 8 KiB,
// and a notification when it disconnects.
func TestStreamExchangesBytesWithNotifications(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := newStream(w), newStream(w)
		a.MustBind("mem://a")
		b.MustConnect("mem://a")
		toB, toA := a.recvNotification(t, msg.ConnectNotification), b.recvNotification(t, msg.ConnectNotification)
		big := text(100_000)
		a.sendBytes(t, toB, "small")
		if got := b.recvBytes(t, toA, 5); got != "small" {
			t.Errorf("received %q", got)
		}
		a.sendBytes(t, toB, big)
		b.sendBytes(t, toA, big[:50_000], big[50_000:])
		if a.recvBytes(t, toB, len(big)) != big || b.recvBytes(t, toA, len(big)) != big {
			t.Error("received bytes differ from those sent")
		}
		b.CloseIn(time.Minute)
		if id := a.recvNotification(t, msg.DisconnectNotification); id != toB {
			t.Errorf("disconnect notification for %q, want %q", id, toB)
		}
		a.wantRoute(t, toB, pattern.ErrNoRoute)
		a.WantNone()
		a.WantDrops(nil)
		a.WantCloseReasons(nil)
		a.WantKinds(session.Listening, session.Accepted, session.Ready, session.Disconnected)
	})
}

// TestStreamSendsNoProtocolBytes: a STREAM sends no greeting and no heartbeats,
// and does not close an idle connection.
func TestStreamSendsNoProtocolBytes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.Heartbeat(time.Second, time.Second, time.Second))
		s.MustBind("mem://a")
		p := w.Dial("a")
		id := s.recvNotification(t, msg.ConnectNotification)
		p.SetReadDeadline(time.Now().Add(100 * time.Hour))
		if n, err := p.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read %d bytes, %v", n, err)
		}
		p.SetReadDeadline(time.Time{})
		s.sendBytes(t, id, "\x00\x05", "frames")
		if got := p.ReadN(8); string(got) != "\x00\x05frames" {
			t.Errorf("the peer received %q", got)
		}
		p.MustWrite(st.Greeting())
		if got := s.recvBytes(t, id, 64); got != string(st.Greeting()) {
			t.Errorf("received %q", got)
		}
	})
}

func TestStreamWithDataOnlyReceivesNoNotifications(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, dataOnly)
		s.MustBind("mem://a")
		p := w.Dial("a")
		s.WantNone()
		p.MustWrite([]byte("x"))
		p.CloseWrite()
		s.WantRecv("x")
		s.WantNone()
	})
}

// TestStreamReconnectDropsRestOfLostConnection: a new connection has the same
// routing ID. Unwritten bytes of the lost connection are dropped. Bytes sent
// between the two go to the new one.
func TestStreamReconnectDropsRestOfLostConnection(t *testing.T) {
	for _, how := range []memnet.Cut{memnet.RST, memnet.FIN} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(10) })
			s := newStream(w, st.Reconnect(time.Second, time.Second))
			l := w.Listen("a")
			s.MustConnect("mem://a")
			p := l.Accept()
			id := s.recvNotification(t, msg.ConnectNotification)
			p.MustWrite([]byte("first"))
			s.recvBytes(t, id, 5)
			for range 5 {
				s.sendBytes(t, id, text(20))
				w.Settle()
			}
			w.Net.Links()[0].Cut(how)
			if got := s.recvNotification(t, msg.DisconnectNotification); got != id {
				t.Errorf("disconnect notification for %q, want %q", got, id)
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 4})
			s.sendBytes(t, id, "hello")
			p = l.Accept()
			if got := s.recvNotification(t, msg.ConnectNotification); got != id {
				t.Errorf("connect notification for %q, want %q", got, id)
			}
			if got := p.ReadN(5); string(got) != "hello" {
				t.Errorf("the second connection begins with %q", got)
			}
			p.MustWrite([]byte("second"))
			s.recvBytes(t, id, 6)
		})
	}
}

// TestStreamCountsDropsOfResetPeers: messages queued for a peer that resets its
// connection are dropped and counted once. Another peer keeps its connection.
func TestStreamCountsDropsOfResetPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		s.MustBind("mem://a")
		good := w.Dial("a")
		goodID := s.recvNotification(t, msg.ConnectNotification)
		for i := range 20 {
			w.Dial("a")
			id := s.recvNotification(t, msg.ConnectNotification)
			link := w.Net.Links()[i+1]
			link.Down().SetBuffer(10)
			for range 3 {
				s.sendBytes(t, id, text(20))
				w.Settle()
			}
			link.Cut(memnet.RST)
			if got := s.recvNotification(t, msg.DisconnectNotification); got != id {
				t.Errorf("disconnect notification for %q, want %q", got, id)
			}
			s.wantRoute(t, id, pattern.ErrNoRoute)
		}
		w.Settle()
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 20, pipe.DropConnLost: 40})
		s.WantCloseReasons(nil)
		s.sendBytes(t, goodID, "after all")
		good.ReadN(9)
	})
}

// TestStreamConnectAsNamesEachConnection: the alias is a valid route before the
// connection is made, and for each reconnection.
func TestStreamConnectAsNamesEachConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.Reconnect(time.Second, time.Second))
		if err := s.ConnectAs("mem://a", "web"); err != nil {
			t.Fatal(err)
		}
		if err := s.ConnectAs("mem://b", "web"); !errors.Is(err, pattern.ErrDuplicateRoutingID) {
			t.Errorf("a second endpoint with the same alias: %v", err)
		}
		if err := s.ConnectAs("mem://b", "\x00web"); !errors.Is(err, socket.ErrInvalidOption) {
			t.Errorf("an alias that begins with a zero byte: %v", err)
		}
		s.sendBytes(t, "web", "early")
		l := w.Listen("a")
		for _, want := range []string{"early", "later"} {
			p := l.Accept()
			if got := p.ReadN(5); string(got) != want {
				t.Errorf("the server read %q, want %q", got, want)
			}
			if id := s.recvNotification(t, msg.ConnectNotification); id != "web" {
				t.Errorf("connect notification for %q", id)
			}
			p.Close()
			if id := s.recvNotification(t, msg.DisconnectNotification); id != "web" {
				t.Errorf("disconnect notification for %q", id)
			}
			s.sendBytes(t, "web", "later")
		}
		if err := s.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		s.wantRoute(t, "web", pattern.ErrNoRoute)
	})
}

// TestStreamReadsWithinLimitsOfSlowReceiver: while the application does not
// receive, the socket reads no more than its limits allow. No byte is lost.
func TestStreamReadsWithinLimitsOfSlowReceiver(t *testing.T) {
	for _, set := range []func(*socket.Options){
		st.HWM(0, 4),
		func(o *socket.Options) { o.RecvHWM, o.MaxQueuedBytes = 0, 32<<10 },
	} {
		st.Run(t, func(w *st.World) {
			s := newStream(w, set)
			s.MustBind("mem://a")
			p := w.Dial("a")
			w.Net.Links()[0].Up().SetBuffer(1000)
			id := s.recvNotification(t, msg.ConnectNotification)
			data := text(3 << 20)
			written := make(chan int)
			go func() {
				n, _ := p.Write([]byte(data))
				written <- n
			}()
			time.Sleep(time.Hour)
			// the queue and one read buffer
			if n := w.Net.Links()[0].Up().Stats().Delivered; n > 400<<10 {
				t.Errorf("%d bytes were read while the application did not receive", n)
			}
			if s.recvBytes(t, id, len(data)) != data {
				t.Error("received bytes differ from those sent")
			}
			if n := <-written; n != len(data) {
				t.Errorf("the peer wrote %d bytes", n)
			}
		})
	}
}

// TestStreamSendBlocksOnlyForSlowPeer: sending to a peer that does not read
// blocks, sending to another does not.
func TestStreamSendBlocksOnlyForSlowPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.HWM(3, 3))
		s.MustBind("mem://a")
		p := w.Dial("a")
		slow := s.recvNotification(t, msg.ConnectNotification)
		w.Net.Links()[0].Down().SetBuffer(10)
		q := w.Dial("a")
		fast := s.recvNotification(t, msg.ConnectNotification)
		sent := 0
		for ; s.TrySendTo(slow, st.Of("1234567890")) == nil; sent++ {
			w.Settle()
		}
		if sent < 3 || sent > 10 {
			t.Errorf("%d messages queued", sent)
		}
		late := make(chan error, 1)
		go func() { late <- s.SendTo(context.Background(), slow, st.Of("late")) }()
		for range 10 {
			s.sendBytes(t, fast, "quick")
			q.ReadN(5)
		}
		time.Sleep(time.Hour)
		if err := pending(late); err != errNone {
			t.Fatalf("SendTo returned %v", err)
		}
		p.ReadN(10 * sent)
		if got := p.ReadN(4); string(got) != "late" {
			t.Errorf("the peer read %q", got)
		}
		if err := <-late; err != nil {
			t.Error(err)
		}
		s.WantDrops(nil)
	})
}

// TestStreamBlockedSendFailsWhenPeerDisconnects: SendTo returns ErrNoRoute.
func TestStreamBlockedSendFailsWhenPeerDisconnects(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, st.HWM(1, 1))
		s.MustBind("mem://a")
		for _, end := range []func(id string){
			func(string) { w.Net.Links()[0].Cut(memnet.RST) },
			func(id string) { s.sendBytes(t, id, "") },
		} {
			w.Dial("a")
			id := s.recvNotification(t, msg.ConnectNotification)
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

// TestStreamAppliesMaxConnectionsOnly: a STREAM has no handshake, so the limits
// on pending handshakes do not apply.
func TestStreamAppliesMaxConnectionsOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, func(o *socket.Options) {
			o.MaxConnections, o.MaxPending, o.MaxPerSource, o.HandshakeTimeout = 50, 1, 1, time.Nanosecond
		})
		s.MustBind("mem://a")
		for range 50 {
			w.Dial("a")
		}
		s.WaitPeers(50)
		one := w.Dial("a")
		if d := one.WaitClosed(); d != 0 {
			t.Errorf("the connection above the limit was closed after %v", d)
		}
		time.Sleep(time.Hour)
		if n := s.Stats().Peers; n != 50 {
			t.Errorf("%d peers, want 50", n)
		}
		if n := len(s.EventsOf(session.PeerRefused)); n != 1 {
			t.Errorf("%d connections refused, want 1", n)
		}
	})
}

// TestStreamBoundsUnreadNotifications: connections are made and closed while
// the application does not receive.
func TestStreamBoundsUnreadNotifications(t *testing.T) {
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
			t.Errorf("%d messages queued", st.QueuedRecv)
		}
	})
}

// TestStreamRefusesInprocAndZMTPPeers: a STREAM cannot use inproc. A socket of
// another type that connects to it receives no greeting, so its handshake
// fails.
func TestStreamRefusesInprocAndZMTPPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		if _, err := s.Bind("inproc://a"); !errors.Is(err, socket.ErrUnsupportedTransport) {
			t.Errorf("bind: %v", err)
		}
		if err := s.Connect("inproc://a"); !errors.Is(err, socket.ErrUnsupportedTransport) {
			t.Errorf("connect: %v", err)
		}
		s.MustBind("mem://a")
		push := w.Socket(pattern.PUSH, st.Reconnect(time.Hour, time.Hour))
		push.MustConnect("mem://a")
		id := s.recvNotification(t, msg.ConnectNotification)
		if got := s.recvBytes(t, id, 10); got[0] != 0xFF {
			t.Errorf("the greeting begins with %q", got)
		}
		time.Sleep(time.Minute)
		if n := len(push.EventsOf(session.HandshakeFailed)); n != 1 {
			t.Errorf("%d handshakes of the PUSH failed, want 1", n)
		}
	})
}

// TestRawRouterExchangesBytes: a ROUTER with the Raw option exchanges bytes as
// a STREAM does, but without notifications. Unless Mandatory is set, it drops
// messages that it cannot queue.
func TestRawRouterExchangesBytes(t *testing.T) {
	for _, mandatory := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			s := stream{w.Socket(pattern.ROUTER, func(o *socket.Options) {
				o.Pattern.Raw, o.Pattern.Mandatory, o.SendHWM = true, mandatory, 1
				o.Pattern.NotifyConnect, o.Pattern.NotifyDisconnect, o.RoutingID = true, true, "not sent"
			})}
			s.MustBind("mem://a")
			w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(1) })
			p := w.Dial("a")
			p.MustWrite([]byte("GET /"))
			m, from := s.MustRecv()
			if m[0] != "GET /" || len(from.RoutingID) != 5 {
				t.Fatalf("received %q of %q", m, from.RoutingID)
			}
			var noRoute, full error
			if mandatory {
				noRoute, full = pattern.ErrNoRoute, pattern.ErrWouldBlock
			}
			if err := s.TrySend(st.Of("unknown", "x")); err != noRoute {
				t.Errorf("to an unknown peer: %v", err)
			}
			for _, want := range []error{nil, nil, full} { // one in flight, one queued
				if err := s.TrySend(st.Of(from.RoutingID, "ab")); err != want {
					t.Errorf("sending: %v, want %v", err, want)
				}
				w.Settle()
			}
			p.ReadN(4)
			if err := s.TrySend(st.Of(from.RoutingID, "")); err != nil {
				t.Error(err)
			}
			p.WaitClosed()
			p.Close()
			s.WantNone()
			want := map[pipe.Drop]uint64{}
			if !mandatory {
				want = map[pipe.Drop]uint64{pipe.DropNoRoute: 1, pipe.DropHWM: 1}
			}
			s.WantDrops(want)
			if _, err := s.Bind("inproc://a"); !errors.Is(err, socket.ErrUnsupportedTransport) {
				t.Errorf("bind inproc: %v", err)
			}
		})
	}
}
