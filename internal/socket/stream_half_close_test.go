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
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

func halfClose(d time.Duration) func(*socket.Options) {
	return func(o *socket.Options) { o.HalfClose = d }
}

// halfClosedPeer returns a raw peer of a STREAM that has closed its sending
// direction, and its routing ID.
func halfClosedPeer(t *testing.T, w *st.World, s stream) (p *st.Peer, id string) {
	t.Helper()
	p = w.Dial("a")
	p.CloseWrite()
	id = s.recvNotification(t, msg.ConnectNotification)
	s.recvNotification(t, msg.DisconnectNotification)
	return p, id
}

// TestStreamSendsToHalfClosedPeer: a client closes its sending direction after
// its request. It receives a long answer, sent before or after the disconnect
// notification was received, whichever way the application ends the connection.
func TestStreamSendsToHalfClosedPeer(t *testing.T) {
	answer := text(30_000)
	for _, c := range []struct {
		name        string
		afterNotice bool // the answer is sent after the notification was received
		end         func(t *testing.T, s stream, id string)
		want        time.Duration // time from the answer until the client reads the end
	}{
		{"ClosePeer", false, func(t *testing.T, s stream, id string) {
			if err := s.ClosePeer(context.Background(), id); err != nil {
				t.Error(err)
			}
		}, 0},
		{"ClosePeer after the notification", true, func(t *testing.T, s stream, id string) {
			if err := s.ClosePeer(context.Background(), id); err != nil {
				t.Error(err)
			}
		}, 0},
		{"empty message", true, func(t *testing.T, s stream, id string) { s.sendBytes(t, id, "") }, 0},
		{"timeout", true, func(t *testing.T, s stream, id string) {}, 20 * time.Second},
		{"Close", true, func(t *testing.T, s stream, id string) {
			if n := s.CloseIn(time.Minute); n != 0 {
				t.Errorf("%d messages unsent", n)
			}
		}, 0},
		{"Unbind", true, func(t *testing.T, s stream, id string) {
			if err := s.Unbind("mem://a"); err != nil {
				t.Error(err)
			}
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(1000) })
				s := newStream(w, halfClose(10*time.Second))
				s.MustBind("mem://a")
				p := w.Dial("a")
				p.MustWrite([]byte("request"))
				p.CloseWrite()
				w.Settle()
				id := s.recvNotification(t, msg.ConnectNotification)
				s.recvBytes(t, id, 7)
				if c.afterNotice {
					s.recvNotification(t, msg.DisconnectNotification)
				}
				time.Sleep(9 * time.Second) // a slow application
				for i := range 10 {
					s.sendBytes(t, id, answer[3000*i:3000*(i+1)])
				}
				began := time.Now()
				read := make(chan string, 1)
				go func() {
					b, err := io.ReadAll(p)
					if err != nil {
						t.Error(err)
					}
					if d := time.Since(began); d > c.want {
						t.Errorf("the client read the end after %v", d)
					}
					read <- string(b)
				}()
				c.end(t, s, id)
				if got := <-read; got != answer {
					t.Errorf("the client read %d bytes of %d", len(got), len(answer))
				}
				time.Sleep(time.Second)
				if n := s.Stats().Peers; n != 0 {
					t.Errorf("%d peers", n)
				}
				if d := s.Stats().Drops; d[pipe.DropConnLost]+d[pipe.DropInFlight]+d[pipe.DropLinger] != 0 {
					t.Errorf("drops: %v", d)
				}
			})
		})
	}
}

// TestStreamHalfCloseNotifiesOnce: no message follows the disconnect
// notification. When the connection ends, its route is removed.
func TestStreamHalfCloseNotifiesOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, halfClose(10*time.Second))
		s.MustBind("mem://a")
		p, id := halfClosedPeer(t, w, s)
		s.wantRoute(t, id, nil)
		if got := p.ReadN(1); string(got) != "x" {
			t.Errorf("the client received %q", got)
		}
		time.Sleep(time.Hour)
		s.WantNone()
		s.wantRoute(t, id, pattern.ErrNoRoute)
	})
}

// TestStreamHalfClosedPeerTimesOut: a half-closed connection on which nothing
// can be written is closed after the timeout: if nothing is sent, if the peer
// does not read, or if it has closed both directions. The connection of a peer
// that reads slowly stays open.
func TestStreamHalfClosedPeerTimesOut(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(100) })
		s := newStream(w, halfClose(10*time.Second), func(o *socket.Options) { o.Linger = -1 })
		s.MustBind("mem://a")
		idle, _ := halfClosedPeer(t, w, s)
		if d := idle.WaitClosed(); d != 10*time.Second {
			t.Errorf("the idle connection was closed after %v", d)
		}
		_, id := halfClosedPeer(t, w, s)
		s.sendBytes(t, id, text(500))
		began := len(s.EventsOf(session.Disconnected))
		time.Sleep(20 * time.Second)
		if len(s.EventsOf(session.Disconnected)) == began {
			t.Error("the connection of a peer that does not read is still open")
		}
		closed := w.Dial("a")
		id = s.recvNotification(t, msg.ConnectNotification)
		closed.Close()
		s.recvNotification(t, msg.DisconnectNotification)
		for range 2 { // the peer answers the first with a reset
			s.sendBytes(t, id, "x")
			w.Settle()
		}
		s.wantRoute(t, id, pattern.ErrNoRoute)
		slow := w.Dial("a")
		slow.CloseWrite()
		id = s.recvNotification(t, msg.ConnectNotification)
		s.recvNotification(t, msg.DisconnectNotification)
		for range 200 {
			s.sendBytes(t, id, text(5000))
		}
		for range 25 {
			slow.ReadN(40_000) // 64 KiB are written at a time
			time.Sleep(4 * time.Second)
			if len(s.EventsOf(session.Disconnected)) > 3 {
				t.Fatal("the connection of a slow reader was closed")
			}
		}
	})
}

// TestStreamNewConnectionReplacesOldestHalfClosed: at MaxConnections, a new
// connection closes the one that was half-closed first. Without a half-closed
// connection it is refused.
func TestStreamNewConnectionReplacesOldestHalfClosed(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, halfClose(time.Hour), func(o *socket.Options) { o.MaxConnections = 3 })
		s.MustBind("mem://a")
		open := w.Dial("a")
		first, second := w.Dial("a"), w.Dial("a")
		w.Settle()
		first.CloseWrite()
		w.Settle()
		second.CloseWrite()
		w.Settle()
		for _, old := range []*st.Peer{first, second} {
			w.Dial("a")
			if d := old.WaitClosed(); d != 0 {
				t.Errorf("the half-closed connection was closed after %v", d)
			}
		}
		refused := w.Dial("a")
		if d := refused.WaitClosed(); d != 0 {
			t.Errorf("the connection above the limit was closed after %v", d)
		}
		open.MustWrite([]byte("data"))
		w.Settle()
		if n := s.Stats().Peers; n != 3 {
			t.Errorf("%d peers", n)
		}
	})
}

// TestStreamWritesQueueToHalfClosedServerBeforeReconnecting: the queue for a
// server that closed its sending direction is written. Then the socket
// reconnects at once.
func TestStreamWritesQueueToHalfClosedServerBeforeReconnecting(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
		l := w.Listen("a")
		s := newStream(w, halfClose(10*time.Second), st.Reconnect(time.Millisecond, time.Millisecond))
		s.MustConnect("mem://a")
		p := l.Accept()
		id := s.recvNotification(t, msg.ConnectNotification)
		data := text(30_000)
		s.sendBytes(t, id, data)
		p.CloseWrite()
		time.Sleep(time.Second)
		if got, err := io.ReadAll(p); string(got) != data || err != nil {
			t.Errorf("the server read %d bytes, %v", len(got), err)
		}
		s.recvNotification(t, msg.DisconnectNotification)
		if d := st.After(func() { l.Accept() }); d > time.Second {
			t.Errorf("reconnected after %v", d)
		}
		s.recvNotification(t, msg.ConnectNotification)
		s.WantDrops(map[pipe.Drop]uint64{})
	})
}
