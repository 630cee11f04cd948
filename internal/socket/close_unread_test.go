package socket_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestCloseDoesNotWaitForCommands: to linger is to wait for messages. A peer that
// reads no PONGs holds nobody up who has none for it, be it that the type sends
// none, that none was sent, or that the peer is known to have read them.
func TestCloseDoesNotWaitForCommands(t *testing.T) {
	for typ, peer := range map[pattern.Type]string{pattern.PULL: "PUSH", pattern.DEALER: "DEALER"} {
		for _, let := range []string{"Close", "Unbind"} {
			st.Run(t, func(w *st.World) {
				s := w.Socket(typ, func(o *socket.Options) { o.Linger = -1 })
				s.MustBind("mem://a")
				p := w.Dial("a")
				p.Shake(peer)
				s.MustMeet(1)
				floods(w, p)
				if let == "Unbind" {
					if err := s.Unbind("mem://a"); err != nil {
						t.Fatal(err)
					}
					if d := p.End(); d != 0 {
						t.Errorf("a %s is let go after %v", peer, d)
					}
				}
				if d := st.After(func() { s.CloseIn(-1) }); d != 0 {
					t.Errorf("closing a socket that talks to a %s takes %v", peer, d)
				}
			})
		}
	}
}

// TestCloseWaitsForWhatMayBeUnread: that nothing is left to write does not mean
// that what was written has arrived, until a PONG says so.
func TestCloseWaitsForWhatMayBeUnread(t *testing.T) {
	for _, answers := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(pattern.DEALER, st.Heartbeat(time.Second, time.Hour, 0))
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Shake("DEALER")
			s.MustMeet(1)
			s.MustSend("read")
			p.Message()
			if answers {
				_, ping := p.Frame() // of 1+4 bytes of name and 2 of TTL
				p.Must(st.Command("PONG", ping[7:]))
				w.Settle()
			}
			floods(w, p)
			want := time.Minute
			if answers {
				want = 0
			}
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != want {
				t.Errorf("closing takes %v, want %v", d, want)
			}
		})
	}
}

// floods has a peer send PINGs whose answers it does not read.
func floods(w *st.World, p *st.Peer) {
	w.Net.Links()[0].Down().SetBuffer(10)
	for range 10 {
		p.Must(st.Ping(0, "answer me"))
		w.Settle()
	}
}

// TestPeersFallWithTheirPipes: who has seen that the last peer is gone cannot send
// to it any more, whatever its session has still to tell the socket.
func TestPeersFallWithTheirPipes(t *testing.T) {
	for _, side := range []pipe.Side{pipe.ConnectedInproc, pipe.Accepted} {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH)
			host := socket.HostOf(push.Socket)
			p := host.NewPipe(nil, nil, new(sync.Mutex), nil)
			p.Side = side
			if err := errors.Join(host.Attach(p), host.Connected(p, &msg.Peer{})); err != nil {
				t.Fatal(err)
			}
			for _, step := range []func(*pipe.Pipe){host.Disconnected, host.Detach} {
				step(p)
				if n := push.Stats().Peers; n == 0 && push.TrySend(st.Of("x")) == nil {
					t.Error("sent to nobody")
				}
			}
			if n := push.Stats().Peers; n != 0 {
				t.Errorf("%d peers are left", n)
			}
		})
	}
}
