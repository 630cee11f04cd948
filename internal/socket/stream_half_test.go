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

// halfClosedPeer returns a client of a STREAM that has ended its direction, and
// its routing ID.
func halfClosedPeer(t *testing.T, w *st.World, s stream) (p *st.Peer, id string) {
	t.Helper()
	p = w.Dial("a")
	p.CloseWrite()
	id = s.notice(t, msg.ConnectNotice)
	s.notice(t, msg.DisconnectNotice)
	return p, id
}

// TestStreamAnswersHalfClosedPeer: a client that ends its direction after its
// request gets a long answer, written before or after the notification is
// received, whichever way the application ends the connection.
func TestStreamAnswersHalfClosedPeer(t *testing.T) {
	answer := text(30_000)
	for _, c := range []struct {
		name   string
		notice bool // answer after the notification
		end    func(t *testing.T, s stream, id string)
		want   time.Duration // until the client sees the end, from the answer on
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
		{"empty message", true, func(t *testing.T, s stream, id string) { s.sends(t, id, "") }, 0},
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
				p.Must([]byte("request"))
				p.CloseWrite()
				w.Settle()
				id := s.notice(t, msg.ConnectNotice)
				s.reads(t, id, 7)
				if c.notice {
					s.notice(t, msg.DisconnectNotice)
				}
				time.Sleep(9 * time.Second) // the application is not quick
				for i := range 10 {
					s.sends(t, id, answer[3000*i:3000*(i+1)])
				}
				began := time.Now()
				read := make(chan string, 1)
				go func() {
					b, err := io.ReadAll(p)
					if err != nil {
						t.Error(err)
					}
					if d := time.Since(began); d > c.want {
						t.Errorf("the client sees the end after %v", d)
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

// TestStreamHalfClosedIsToldOnce: nothing follows the notification, and after
// the end of the connection there is no route.
func TestStreamHalfClosedIsToldOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, halfClose(10*time.Second))
		s.MustBind("mem://a")
		p, id := halfClosedPeer(t, w, s)
		s.wantRoute(t, id, nil)
		if got := p.Skip(1); string(got) != "x" {
			t.Errorf("the client got %q", got)
		}
		time.Sleep(time.Hour)
		s.WantNone()
		s.wantRoute(t, id, pattern.ErrNoRoute)
	})
}

// TestStreamHalfClosedPeerIsBounded: one to which nothing can be written is
// closed after the timeout, whether nothing is sent, it does not read, or it
// has closed altogether; one that reads slowly is not.
func TestStreamHalfClosedPeerIsBounded(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(100) })
		s := newStream(w, halfClose(10*time.Second), func(o *socket.Options) { o.Linger = -1 })
		s.MustBind("mem://a")
		idle, _ := halfClosedPeer(t, w, s)
		if d := idle.End(); d != 10*time.Second {
			t.Errorf("the idle one is closed after %v", d)
		}
		_, id := halfClosedPeer(t, w, s)
		s.sends(t, id, text(500))
		began := len(s.Heard(session.Disconnected))
		time.Sleep(20 * time.Second)
		if len(s.Heard(session.Disconnected)) == began {
			t.Error("one that does not read is kept")
		}
		gone := w.Dial("a")
		id = s.notice(t, msg.ConnectNotice)
		gone.Close()
		s.notice(t, msg.DisconnectNotice)
		for range 2 { // the first is answered with a reset
			s.sends(t, id, "x")
			w.Settle()
		}
		s.wantRoute(t, id, pattern.ErrNoRoute)
		slow := w.Dial("a")
		slow.CloseWrite()
		id = s.notice(t, msg.ConnectNotice)
		s.notice(t, msg.DisconnectNotice)
		for range 200 {
			s.sends(t, id, text(5000))
		}
		for range 25 {
			slow.Skip(40_000) // of 64 KiB that are written at a time
			time.Sleep(4 * time.Second)
			if len(s.Heard(session.Disconnected)) > 3 {
				t.Fatal("one that reads slowly is closed")
			}
		}
	})
}

// TestStreamHalfClosedPeersGiveWay: at the limit a new connection takes the
// place of the one that has been half-closed for longest, and no other.
func TestStreamHalfClosedPeersGiveWay(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := newStream(w, halfClose(time.Hour), func(o *socket.Options) { o.MaxConnections = 3 })
		s.MustBind("mem://a")
		whole := w.Dial("a")
		first, second := w.Dial("a"), w.Dial("a")
		w.Settle()
		first.CloseWrite()
		w.Settle()
		second.CloseWrite()
		w.Settle()
		for _, old := range []*st.Peer{first, second} {
			w.Dial("a")
			if d := old.End(); d != 0 {
				t.Errorf("the place is free after %v", d)
			}
		}
		refused := w.Dial("a")
		if d := refused.End(); d != 0 {
			t.Errorf("one too many is closed after %v", d)
		}
		whole.Must([]byte("still here"))
		w.Settle()
		if n := s.Stats().Peers; n != 3 {
			t.Errorf("%d peers", n)
		}
	})
}

// TestStreamConnectWritesToHalfClosedServer: what is queued for a server that
// ends its direction is written, and then the endpoint is connected again at
// once.
func TestStreamConnectWritesToHalfClosedServer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
		l := w.Listen("a")
		s := newStream(w, halfClose(10*time.Second), st.Reconnect(time.Millisecond, time.Millisecond))
		s.MustConnect("mem://a")
		p := l.Accept()
		id := s.notice(t, msg.ConnectNotice)
		data := text(30_000)
		s.sends(t, id, data)
		p.CloseWrite()
		time.Sleep(time.Second)
		if got, err := io.ReadAll(p); string(got) != data || err != nil {
			t.Errorf("the server read %d bytes, %v", len(got), err)
		}
		s.notice(t, msg.DisconnectNotice)
		if d := st.After(func() { l.Accept() }); d > time.Second {
			t.Errorf("connected again after %v", d)
		}
		s.notice(t, msg.ConnectNotice)
		s.WantDrops(map[pipe.Drop]uint64{})
	})
}
