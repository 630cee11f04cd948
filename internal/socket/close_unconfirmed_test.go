package socket_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestCloseDoesNotWaitForCommands: Close lingers for messages, not for
// commands. A peer that does not read PONGs does not delay Close if no message
// is unconfirmed: the type does not send, nothing was sent, or the peer is
// known to have read it all.
func TestCloseDoesNotWaitForCommands(t *testing.T) {
	for typ, peer := range map[pattern.Type]string{pattern.PULL: "PUSH", pattern.DEALER: "DEALER"} {
		for _, call := range []string{"Close", "Unbind"} {
			st.Run(t, func(w *st.World) {
				s := w.Socket(typ, func(o *socket.Options) { o.Linger = -1 })
				s.MustBind("mem://a")
				p := w.Dial("a")
				p.Handshake(peer)
				s.WaitPeers(1)
				sendUnreadPings(w, p)
				if call == "Unbind" {
					if err := s.Unbind("mem://a"); err != nil {
						t.Fatal(err)
					}
					if d := p.WaitClosed(); d != 0 {
						t.Errorf("Unbind ended the connection of a %s after %v", peer, d)
					}
				}
				if d := st.After(func() { s.CloseIn(-1) }); d != 0 {
					t.Errorf("Close with a connected %s took %v", peer, d)
				}
			})
		}
	}
}

// TestCloseWaitsForUnconfirmedMessages: a written message may not have arrived.
// Close waits for it until a PONG confirms that the peer has read it.
func TestCloseWaitsForUnconfirmedMessages(t *testing.T) {
	for _, answers := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(pattern.DEALER, st.Heartbeat(time.Second, time.Hour, 0))
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Handshake("DEALER")
			s.WaitPeers(1)
			s.MustSend("read")
			p.Message()
			if answers {
				_, ping := p.Frame() // name of 1+4 bytes and TTL of 2 bytes
				p.MustWrite(st.Command("PONG", ping[7:]))
				w.Settle()
			}
			sendUnreadPings(w, p)
			want := time.Minute
			if answers {
				want = 0
			}
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != want {
				t.Errorf("Close took %v, want %v", d, want)
			}
		})
	}
}

// sendUnreadPings sends PINGs from a peer that does not read the PONGs.
func sendUnreadPings(w *st.World, p *st.Peer) {
	w.Net.Links()[0].Down().SetBuffer(10)
	for range 10 {
		p.MustWrite(st.Ping(0, "ping"))
		w.Settle()
	}
}

// TestSendFailsOncePeerCountIsZero: as soon as Stats reports that the last peer
// has disconnected, no message can be sent to it, even if the session has not
// called Detach yet.
func TestSendFailsOncePeerCountIsZero(t *testing.T) {
	for _, side := range []pipe.Side{pipe.ConnectedInproc, pipe.Accepted} {
		st.Run(t, func(w *st.World) {
			push := w.Socket(pattern.PUSH)
			host := socket.HostOf(push.Socket)
			p := host.NewPipe(nil, nil, nil)
			p.Side = side
			if err := errors.Join(host.Attach(p), host.Connected(p, &msg.Peer{})); err != nil {
				t.Fatal(err)
			}
			for _, step := range []func(*pipe.Pipe){host.Disconnected, host.Detach} {
				step(p)
				if n := push.Stats().Peers; n == 0 && push.TrySend(st.Of("x")) == nil {
					t.Error("sent without a peer")
				}
			}
			if n := push.Stats().Peers; n != 0 {
				t.Errorf("%d peers, want 0", n)
			}
		})
	}
}
