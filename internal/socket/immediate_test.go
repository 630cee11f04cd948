package socket_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

func immediate(o *socket.Options) { o.Immediate = true }

// TestImmediateQueuesForConnectedPeersOnly: with the Immediate option, no
// message is queued for an endpoint without a connection. Messages that a lost
// connection did not write are dropped.
func TestImmediateQueuesForConnectedPeersOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(100) })
		push, dead := w.Socket(pattern.PUSH, immediate, st.HWM(10, 10)), w.Socket(pattern.PUSH, st.HWM(10, 10))
		for _, s := range []*st.Socket{push, dead} {
			s.MustConnect("mem://unbound")
			s.MustConnect("mem://a")
		}
		push.WantFull()
		if n := dead.Fill(); n != 20 {
			t.Errorf("%d messages without the option", n)
		}
		dead.CloseIn(0)
		l := w.Listen("a")
		for range 3 {
			p := l.Accept()
			p.Handshake("PULL")
			push.WaitPeers(1)
			for range 10 {
				push.MustSend("ten of ten")
			}
			for range 10 {
				if m := p.Message(); m[0] != "ten of ten" {
					t.Fatalf("received %q", m)
				}
			}
			n := push.Fill()
			before := push.Stats().Drops
			p.Close()
			w.Settle()
			push.WantFull()
			after := push.Stats().Drops
			lost := after[pipe.DropConnLost] - before[pipe.DropConnLost] + after[pipe.DropInFlight] - before[pipe.DropInFlight]
			// Messages in the send buffer are lost without being counted.
			if lost == 0 || lost > uint64(n) || lost < uint64(n)-100/6 {
				t.Errorf("%d of %d messages dropped", lost, n)
			}
		}
	})
}

// TestImmediateKeepsReceivedMessages: messages received before a connection was
// lost are read in order, from every lost connection.
func TestImmediateKeepsReceivedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, immediate)
		l := w.Listen("a")
		pull.MustConnect("mem://a")
		for _, m := range []string{"1", "2", "3"} {
			p := l.Accept()
			p.Handshake("PUSH")
			p.MustWrite(st.Message(m, "first"), st.Message(m, "second"))
			w.Settle()
			p.Close()
		}
		w.Settle()
		got := make(map[string]string)
		for range 6 {
			m, _ := pull.MustRecv()
			got[m[0]] += m[1]
		}
		for _, m := range []string{"1", "2", "3"} {
			if got[m] != "firstsecond" {
				t.Errorf("of %s: %s", m, got[m])
			}
		}
		pull.WantNone()
		pull.WantDrops(nil)
	})
}

// TestImmediateLimitsUnreadOfLostConnections: unread messages of lost
// connections are limited by MaxQueuedBytes. Above the limit the socket does
// not reconnect until some are read.
func TestImmediateLimitsUnreadOfLostConnections(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const size, limit = 10_000, 50_000
		pull := w.Socket(pattern.PULL, immediate, func(o *socket.Options) { o.MaxQueuedBytes = limit })
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		pull.MustConnect("mem://a")
		for range 100 {
			if push.TrySend(st.Of(st.Large(size))) == nil {
				w.Settle()
				links := w.Net.Links()
				links[len(links)-1].Cut(memnet.FIN)
			}
			time.Sleep(10 * time.Second)
		}
		n := pull.Stats().QueuedRecv
		if n < limit/(size+1<<10) || n > limit/size+2 {
			t.Errorf("%d messages queued", n)
		}
		for range n {
			pull.WantRecv(st.Large(size))
		}
		time.Sleep(10 * time.Second)
		push.MustSend("after")
		pull.WantRecv("after")
	})
}

// TestImmediateDisconnectLingersWithoutReconnect: after Disconnect, the queue
// is written to the existing connection. If this connection is lost, the socket
// does not reconnect.
func TestImmediateDisconnectLingersWithoutReconnect(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(10) })
		push := w.Socket(pattern.PUSH, immediate)
		l := w.Listen("a")
		for _, lost := range []bool{false, true} {
			push.MustConnect("mem://a")
			p := l.Accept()
			p.Handshake("PULL")
			push.WaitPeers(1)
			for _, m := range []string{"longer than ten bytes", "second", "third"} {
				push.MustSend(m)
				w.Settle()
			}
			if err := push.Disconnect("mem://a"); err != nil {
				t.Fatal(err)
			}
			if lost {
				p.Close()
			} else if p.Message(); p.Message()[0] != "second" || p.Message()[0] != "third" {
				t.Error("the queue was not written")
			}
			time.Sleep(time.Minute)
			if got := push.EventsOf(session.Connected); len(got) != map[bool]int{false: 1, true: 2}[lost] {
				t.Errorf("connected %d times", len(got))
			}
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1, pipe.DropConnLost: 2})
	})
}

// TestImmediateReconnectsForEveryType: a socket of every type connects, loses
// its peer and reconnects several times, and is closed.
func TestImmediateReconnectsForEveryType(t *testing.T) {
	for typ, info := range pattern.Types {
		if info.DatagramsOnly {
			continue // it does not connect
		}
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ, immediate)
			s.MustConnect("mem://a")
			if err := s.Disconnect("mem://a"); err != nil {
				t.Fatal(info.Name, err)
			}
			s.MustConnect("mem://a")
			l := w.Listen("a")
			for range 3 {
				p := l.Accept()
				if !info.Raw {
					p.Handshake(info.Peers[0])
				}
				s.WaitPeers(1)
				p.Close()
				w.Settle()
				if st := s.Stats(); st.Peers != 0 || st.QueuedSend != 0 {
					t.Errorf("%s: %+v", info.Name, st)
				}
			}
			p := l.Accept()
			if !info.Raw {
				p.Handshake(info.Peers[0])
			}
			s.WaitPeers(1)
			if n := s.CloseIn(time.Second); n != 0 {
				t.Errorf("%s: %d unsent", info.Name, n)
			}
		})
	}
}

// TestImmediateConnectPeerReturnsError: with Immediate, ConnectPeer has no peer
// yet whose routing number it could return.
func TestImmediateConnectPeerReturnsError(t *testing.T) {
	st.Run(t, func(w *st.World) {
		if n, err := w.Socket(pattern.PEER, immediate).ConnectPeer("mem://a"); err == nil {
			t.Errorf("ConnectPeer returned number %d, want an error", n)
		}
	})
}
