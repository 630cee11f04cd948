package socket_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// The peer of a connected endpoint keeps the counters of its queue when its connection
// is lost and made again: they have every message that was dropped meanwhile.
func TestPeerStatsHaveTheDropsOfLostConnections(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(w *st.World, s *st.Socket, p *st.Peer)
		want map[pipe.Drop]uint64
	}{
		"received in part": {func(w *st.World, _ *st.Socket, p *st.Peer) {
			whole := st.Message("incomplete", "message")
			p.MustWrite(whole[:len(whole)-1])
			w.Settle()
			p.Close()
		}, map[pipe.Drop]uint64{pipe.DropPartial: 1}},
		"written in part": {func(w *st.World, s *st.Socket, p *st.Peer) {
			s.MustSend(st.Large(10_000))
			w.Settle()
			p.Close()
		}, map[pipe.Drop]uint64{pipe.DropInFlight: 1}},
		"rejected": {func(w *st.World, s *st.Socket, p *st.Peer) {
			s.MustSend("a")
			s.MustSend("b")
			w.Settle()
			const reason = "rejected-after-0-messages:frame_size: too large"
			p.MustWrite(st.Command("ERROR", append([]byte{byte(len(reason))}, reason...)))
			w.Settle()
			p.Close()
		}, map[pipe.Drop]uint64{pipe.DropRejected: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1000) })
				l := w.Listen("a")
				s := w.Socket(pattern.DEALER)
				s.MustConnect("mem://a")
				p := l.Accept()
				p.Handshake("DEALER")
				s.WaitPeers(1)
				c.lose(w, s, p)
				p = l.Accept()
				p.Handshake("DEALER")
				s.WaitPeers(1)
				s.WantDrops(c.want)
				stats := s.PeerStats()
				if len(stats) != 1 || stats[0].Drops != s.Stats().Drops {
					t.Errorf("the peer has the drops %v, the socket %v", stats[0].Drops, s.Stats().Drops)
				}
			})
		})
	}
}
