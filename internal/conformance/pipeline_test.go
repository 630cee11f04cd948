package conformance

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func TestDealerSendsFramesUnchanged(t *testing.T) {
	subtest(t, "both directions", func(w *st.World) {
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://a")
		p := dialRawPeers(w, dealer, 1, "ROUTER")[0]
		for _, m := range [][]string{{"a"}, {""}, {"", "a"}, {"a", "", "b", ""}} {
			dealer.MustSend(m...)
			wantPeerRecv(w, p, m...)
			p.MustWrite(st.Message(m...))
			dealer.WantRecv(m...)
		}
	})
	subtest(t, "REP answers only messages that begin with an empty frame", func(w *st.World) {
		dealer, rep := w.Socket(pattern.DEALER), w.Socket(pattern.REP)
		connect(w, "inproc://a", dealer, rep)
		dealer.MustSend("no envelope")
		dealer.MustSend("", "question")
		rep.WantRecv("question")
		rep.MustSend("answer")
		dealer.WantRecv("", "answer")
		dealer.WantNone()
	})
}

func TestPairRefusesSecondPeer(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PAIR, pattern.CHANNEL} {
		subtest(t, typeNames[typ]+": the second is closed, reported and counted", func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			first := dialRawPeers(w, s, 1, typeNames[typ])[0]
			second := w.Dial("a")
			second.MustWrite(st.Greeting(), st.Ready("Socket-Type", typeNames[typ]), st.Message("dropped"))
			wantPeerClosed(w, second)
			w.Settle()
			refused := s.EventsOf(session.PeerRefused)
			if len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
				w.Errorf("events of refused peers: %+v", refused)
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropRefused: 1})
			first.MustWrite(st.Message("from the first"))
			s.WantRecv("from the first")
			s.MustSend("to the first")
			wantPeerRecv(w, first, "to the first")
			first.Close()
			w.Settle()
			third := dialRawPeers(w, s, 1, typeNames[typ])[0]
			s.MustSend("to the third")
			wantPeerRecv(w, third, "to the third")
		})
		subtest(t, typeNames[typ]+" over inproc", func(w *st.World) {
			s, first, second := w.Socket(typ), w.Socket(typ), w.Socket(typ)
			connect(w, "inproc://a", s, first)
			second.MustConnect("inproc://a")
			w.Settle()
			if refused := second.EventsOf(session.PeerRefused); len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
				w.Errorf("events of refused peers: %+v", refused)
			}
			second.MustSend("from the second")
			s.WantNone()
			first.CloseIn(0)
			s.WantRecv("from the second")
			s.MustSend("to the second")
			second.WantRecv("to the second")
		})
		subtest(t, typeNames[typ]+" connects to one endpoint", func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			wantErr(w, "a second endpoint", s.Connect("mem://b"), pattern.ErrPeerExists)
			wantErr(w, "an inproc endpoint", s.Connect("inproc://b"), pattern.ErrPeerExists)
			wantErr(w, "disconnecting", s.Disconnect("mem://a"), nil)
			wantErr(w, "another endpoint after Disconnect", s.Connect("mem://b"), nil)
		})
	}
}

func TestPairSendsMultipartMessagesWhole(t *testing.T) {
	overEachTransport(t, "several frames", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		connect(w, ep, a, b)
		a.MustSend("one", "", "three")
		a.MustSend("next")
		b.WantRecv("one", "", "three")
		b.WantRecv("next")
	})
	subtest(t, "an incomplete message is not received", func(w *st.World) {
		a := w.Socket(pattern.PAIR)
		a.MustBind("mem://a")
		p := dialRawPeers(w, a, 1, "PAIR")[0]
		whole := st.Message("one", "two")
		p.MustWrite(whole[:5])
		a.WantNone()
		p.MustWrite(whole[5:])
		a.WantRecv("one", "two")
	})
}

func TestPushBalancesFromTheFirstPeer(t *testing.T) {
	subtest(t, "the first peer is served first", func(w *st.World) {
		for n := range 4 {
			ep := fmt.Sprint(n)
			push := w.Socket(pattern.PUSH)
			push.MustBind("mem://" + ep)
			var peers []*st.Peer
			for i := range n + 1 {
				p := w.Dial(ep)
				p.Handshake("PULL")
				push.WaitPeers(i + 1)
				peers = append(peers, p)
			}
			for i := range 2 * len(peers) {
				push.MustSend(fmt.Sprint(i))
				wantPeerRecv(w, peers[i%len(peers)], fmt.Sprint(i))
			}
		}
	})
	overEachTransport(t, "an absent peer takes its turn", func(w *st.World, ep string) {
		push, present := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		present.MustBind(ep)
		absentEndpoint := ep + "-later"
		push.MustConnect(absentEndpoint)
		push.MustConnect(ep)
		push.WaitPeers(1)
		for i := range 10 {
			push.MustSend(fmt.Sprint(i))
		}
		if got := fmt.Sprint(recvAll(w, present)); got != "[[1] [3] [5] [7] [9]]" {
			w.Errorf("the present peer received %s", got)
		}
		absent := w.Socket(pattern.PULL)
		absent.MustBind(absentEndpoint)
		for _, i := range []int{0, 2, 4, 6, 8} {
			absent.WantRecv(fmt.Sprint(i))
		}
		push.WantDrops(nil)
	})
}

// Connecting twice to an endpoint makes two connections, except for four types.
func TestConnectTwiceMakesTwoConnections(t *testing.T) {
	for typ, want := range map[pattern.Type]int{
		pattern.PUSH: 2, pattern.PULL: 2, pattern.XPUB: 2, pattern.XSUB: 2, pattern.ROUTER: 2, pattern.REP: 2,
		pattern.DEALER: 1, pattern.SUB: 1, pattern.PUB: 1, pattern.REQ: 1,
	} {
		subtest(t, typeNames[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			s.MustConnect("mem://a")
			for range want {
				l.Accept().Handshake(peerTypes[typeNames[typ]][0])
			}
			s.WaitPeers(want)
			time.AfterFunc(time.Minute, l.Close)
			if _, err := l.TryAccept(); err == nil {
				w.Error("more connections than expected")
			}
			wantErr(w, "disconnecting", s.Disconnect("mem://a"), nil)
			time.Sleep(time.Minute)
			if n := s.Stats().Peers; n != 0 {
				w.Errorf("%d peers after Disconnect, which must close all connections", n)
			}
			wantErr(w, "disconnecting again", s.Disconnect("mem://a"), socket.ErrEndpointNotFound)
		})
	}
}

// With ZMQ_IMMEDIATE only connected peers have a turn.
func TestPushImmediateSkipsUnconnectedEndpoints(t *testing.T) {
	subtest(t, "an endpoint without a peer gets nothing", func(w *st.World) {
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Immediate = true })
		push.MustConnect("mem://absent")
		push.WantFull()
		present := w.Socket(pattern.PULL)
		present.MustBind("mem://a")
		push.MustConnect("mem://a")
		push.WaitPeers(1)
		for i := range 10 {
			push.MustSend(fmt.Sprint(i))
		}
		for i := range 10 {
			present.WantRecv(fmt.Sprint(i))
		}
		push.WantDrops(nil)
	})
}
