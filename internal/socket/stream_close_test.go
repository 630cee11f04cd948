package socket_test

import (
	"context"
	"io"
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

// TestStreamEmptyMessageClosesAfterQueuedMessages: an empty message ends the
// connection once all messages before it are written.
func TestStreamEmptyMessageClosesAfterQueuedMessages(t *testing.T) {
	for _, binds := range []bool{true, false} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100); l.Down().SetBuffer(100) })
			s := newStream(w, func(o *socket.Options) { o.Linger = -1 })
			var p *st.Peer
			if binds {
				s.MustBind("mem://a")
				p = w.Dial("a")
			} else {
				l := w.Listen("a")
				s.MustConnect("mem://a")
				p = l.Accept()
				defer func() {
					// The endpoint is removed, so the socket does not
					// reconnect.
					time.AfterFunc(time.Hour, l.Close)
					if _, err := l.TryAccept(); err == nil {
						t.Error("the socket reconnected after an empty message")
					}
					if err := s.Disconnect("mem://a"); err != socket.ErrEndpointNotFound {
						t.Errorf("the endpoint is still there: %v", err)
					}
				}()
			}
			id := s.recvNotification(t, msg.ConnectNotification)
			data := text(30_000)
			for i := range 10 {
				s.sendBytes(t, id, data[3000*i:3000*(i+1)])
			}
			s.sendBytes(t, id, "")
			s.wantRoute(t, id, pattern.ErrNoRoute)
			time.Sleep(time.Hour)
			p.MustWrite([]byte("dropped"))
			got, err := io.ReadAll(p)
			if string(got) != data || err != nil {
				t.Errorf("the peer read %d bytes of %d, %v", len(got), len(data), err)
			}
			p.Close()
			s.WantNone()
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 1})
			if n := s.Stats().Peers; n != 0 {
				t.Errorf("%d peers", n)
			}
		})
	}
}

// TestStreamEmptyMessageLingersForUnreadBytes: after an empty message, the
// connection of a peer that does not read is closed when the linger time ends.
// A linger time of 0 counts as 30 seconds here.
func TestStreamEmptyMessageLingersForUnreadBytes(t *testing.T) {
	for _, c := range []struct {
		binds        bool
		linger, want time.Duration
	}{{true, time.Minute, time.Minute}, {false, time.Minute, time.Minute}, {true, 0, 30 * time.Second}, {false, 0, 30 * time.Second}} {
		st.Run(t, func(w *st.World) {
			w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100); l.Down().SetBuffer(100) })
			s := newStream(w, func(o *socket.Options) { o.Linger = c.linger })
			var p *st.Peer
			if c.binds {
				s.MustBind("mem://a")
				p = w.Dial("a")
			} else {
				l := w.Listen("a")
				s.MustConnect("mem://a")
				p = l.Accept()
			}
			id := s.recvNotification(t, msg.ConnectNotification)
			for range 3 {
				s.sendBytes(t, id, text(200))
				w.Settle()
			}
			s.sendBytes(t, id, "")
			began := time.Now()
			time.Sleep(time.Hour)
			ended := s.EventsOf(session.Disconnected)
			if len(ended) != 1 || ended[0].Time.Sub(began) != c.want {
				t.Errorf("disconnect events %v, want one after %v", ended, c.want)
			}
			p.Close()
		})
	}
}

// TestStreamClosePeerWaitsForPeerToClose: ClosePeer returns when the peer has
// closed the connection, one second after everything was written, or when the
// context ends.
func TestStreamClosePeerWaitsForPeerToClose(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		s.MustBind("mem://a")
		polite, slow, stuck := w.Dial("a"), w.Dial("a"), w.Dial("a")
		ids := make(map[string]string)
		for range 3 {
			m, from := s.MustRecv()
			if m[0] != "" {
				t.Fatal(m)
			}
			ids[from.Remote.String()] = from.RoutingID
		}
		id := func(p *st.Peer) string { return ids[p.LocalAddr().String()] }

		s.sendBytes(t, id(polite), "bye")
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.ReadAll(polite)
			polite.Close()
		}()
		if d := st.After(func() {
			if err := s.ClosePeer(context.Background(), id(polite)); err != nil {
				t.Error(err)
			}
		}); d != 0 {
			t.Errorf("ClosePeer of a peer that closes took %v", d)
		}
		<-done

		s.sendBytes(t, id(slow), "bye")
		slow.ReadN(3)
		if d := st.After(func() {
			if err := s.ClosePeer(context.Background(), id(slow)); err != nil {
				t.Error(err)
			}
		}); d != time.Second {
			t.Errorf("ClosePeer of a peer that does not close took %v", d)
		}

		w.Net.Links()[2].Down().SetBuffer(10)
		for range 3 {
			s.sendBytes(t, id(stuck), text(20))
			w.Settle()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if d := st.After(func() {
			if err := s.ClosePeer(ctx, id(stuck)); err != context.DeadlineExceeded {
				t.Error(err)
			}
		}); d != time.Minute {
			t.Errorf("ClosePeer of a peer that does not read took %v", d)
		}
		if err := s.ClosePeer(ctx, id(stuck)); err != pattern.ErrNoRoute {
			t.Errorf("second ClosePeer: %v", err)
		}
		w.Settle()
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropLinger: 2})
		s.WantNone()
	})
}

// TestStreamUnbindDisconnectsAcceptedPeers: Unbind disconnects the peers of the
// endpoint after their queues are written. The socket receives the disconnect
// notification.
func TestStreamUnbindDisconnectsAcceptedPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		s.MustBind("mem://a")
		p := w.Dial("a")
		id := s.recvNotification(t, msg.ConnectNotification)
		s.sendBytes(t, id, "reply")
		if err := s.Unbind("mem://a"); err != nil {
			t.Fatal(err)
		}
		s.wantRoute(t, id, pattern.ErrNoRoute)
		p.MustWrite([]byte("last bytes"))
		p.WaitClosed()
		p.Close()
		s.recvBytes(t, id, 10)
		if got := s.recvNotification(t, msg.DisconnectNotification); got != id {
			t.Errorf("disconnect notification for %q, want %q", got, id)
		}
		s.WantDrops(nil)
	})
}

// TestStreamDisconnectBeforeConnectStillSends: bytes sent before the first
// connection are written even after Disconnect. The answer has the alias as its
// routing ID.
func TestStreamDisconnectBeforeConnectStillSends(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		if err := s.ConnectAs("mem://a", "web"); err != nil {
			t.Fatal(err)
		}
		s.sendBytes(t, "web", "request")
		if err := s.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		p := w.Listen("a").Accept()
		p.ReadN(7)
		p.MustWrite([]byte("answer"))
		p.WaitClosed()
		s.recvBytes(t, "web", 6)
		s.WantNone()
	})
}

func TestStreamCloseWritesQueuedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w)
		s.MustBind("mem://a")
		p := w.Dial("a")
		w.Net.Links()[0].Down().SetBuffer(10)
		id := s.recvNotification(t, msg.ConnectNotification)
		data := text(5000)
		s.sendBytes(t, id, data)
		got := make(chan string)
		time.AfterFunc(time.Minute, func() {
			b, _ := io.ReadAll(p)
			p.Close()
			got <- string(b)
		})
		unsent := make(chan int, 1)
		go func() { unsent <- s.CloseIn(time.Hour) }()
		if <-got != data || <-unsent != 0 {
			t.Error("Close did not write everything that was queued")
		}
	})
}

// TestStreamImmediateReceivesConnectionsInOrder: bytes of a new connection are
// received after all bytes of the lost one with the same routing ID. Without a
// connection, sending to the ID waits for one.
func TestStreamImmediateReceivesConnectionsInOrder(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.STREAM, pattern.ROUTER} {
		st.Run(t, func(w *st.World) {
			s := stream{w.Socket(typ, immediate, func(o *socket.Options) { o.Pattern.Raw = typ == pattern.ROUTER })}
			l := w.Listen("a")
			if err := s.ConnectAs("mem://a", "web"); err != nil {
				t.Fatal(err)
			}
			s.sendBytes(t, "web", "hello")
			var want string
			for _, c := range []string{"A", "B", "C"} {
				p := l.Accept()
				if c == "A" {
					p.ReadN(5)
				}
				for range 3 {
					p.MustWrite([]byte(c))
					w.Settle()
				}
				want += c + c + c
				p.Close()
			}
			w.Settle()
			var got strings.Builder
			for got.Len() < len(want) {
				m, _ := s.MustRecv()
				got.WriteString(m[len(m)-1])
			}
			if got.String() != want {
				t.Errorf("received %q, want %q", got.String(), want)
			}
		})
	}
}
