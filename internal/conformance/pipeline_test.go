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

func TestRule_3_4_1_DealerSendsAsGiven(t *testing.T) {
	clause(t, "both ways", func(w *st.World) {
		dealer := w.Socket(pattern.DEALER)
		dealer.MustBind("mem://a")
		p := handshaken(w, dealer, 1, "ROUTER")[0]
		for _, m := range [][]string{{"a"}, {""}, {"", "a"}, {"a", "", "b", ""}} {
			dealer.MustSend(m...)
			wants(w, p, m...)
			p.Must(st.Message(m...))
			dealer.WantRecv(m...)
		}
	})
	clause(t, "a REP answers what begins with an empty frame alone", func(w *st.World) {
		dealer, rep := w.Socket(pattern.DEALER), w.Socket(pattern.REP)
		meet(w, "inproc://a", dealer, rep)
		dealer.MustSend("no envelope")
		dealer.MustSend("", "question")
		rep.WantRecv("question")
		rep.MustSend("answer")
		dealer.WantRecv("", "answer")
		dealer.WantNone()
	})
}

func TestRule_3_4_2_SecondPairIsRefused(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PAIR, pattern.CHANNEL} {
		clause(t, names[typ]+": closed, told and counted; the first goes on", func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			first := handshaken(w, s, 1, names[typ])[0]
			second := w.Dial("a")
			second.Must(st.Greeting(), st.Ready("Socket-Type", names[typ]), st.Message("unheard"))
			ends(w, second)
			w.Settle()
			refused := s.Heard(session.PeerRefused)
			if len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
				w.Errorf("refused: %+v", refused)
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropRefused: 1})
			first.Must(st.Message("heard"))
			s.WantRecv("heard")
			s.MustSend("to the first")
			wants(w, first, "to the first")
			first.Close()
			w.Settle()
			third := handshaken(w, s, 1, names[typ])[0]
			s.MustSend("to the third")
			wants(w, third, "to the third")
		})
		clause(t, names[typ]+" over inproc", func(w *st.World) {
			s, first, second := w.Socket(typ), w.Socket(typ), w.Socket(typ)
			meet(w, "inproc://a", s, first)
			second.MustConnect("inproc://a")
			w.Settle()
			if refused := second.Heard(session.PeerRefused); len(refused) != 1 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
				w.Errorf("refused: %+v", refused)
			}
			first.CloseIn(0)
			w.Settle()
			meet(w, "inproc://a", s, w.Socket(typ))
		})
		clause(t, names[typ]+" has one endpoint to connect to", func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			is(w, "a second", s.Connect("mem://b"), pattern.ErrPeerExists)
			is(w, "a name", s.Connect("inproc://b"), pattern.ErrPeerExists)
			is(w, "disconnecting", s.Disconnect("mem://a"), nil)
			is(w, "another", s.Connect("mem://b"), nil)
		})
	}
}

func TestRule_3_4_3_PairSendsWholeMessages(t *testing.T) {
	everywhere(t, "of several frames", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PAIR), w.Socket(pattern.PAIR)
		meet(w, ep, a, b)
		a.MustSend("one", "", "three")
		a.MustSend("next")
		b.WantRecv("one", "", "three")
		b.WantRecv("next")
	})
	clause(t, "nothing of one that is not whole", func(w *st.World) {
		a := w.Socket(pattern.PAIR)
		a.MustBind("mem://a")
		p := handshaken(w, a, 1, "PAIR")[0]
		whole := st.Message("one", "two")
		p.Must(whole[:5])
		a.WantNone()
		p.Must(whole[5:])
		a.WantRecv("one", "two")
	})
}

func TestRule_3_4_4_PushTakesTurns(t *testing.T) {
	clause(t, "beginning with the first that came", func(w *st.World) {
		for n := range 4 {
			ep := fmt.Sprint(n)
			push := w.Socket(pattern.PUSH)
			push.MustBind("mem://" + ep)
			var peers []*st.Peer
			for i := range n + 1 {
				p := w.Dial(ep)
				p.Shake("PULL")
				push.MustMeet(i + 1)
				peers = append(peers, p)
			}
			for i := range 2 * len(peers) {
				push.MustSend(fmt.Sprint(i))
				wants(w, peers[i%len(peers)], fmt.Sprint(i))
			}
		}
	})
	everywhere(t, "who is not there has its turn", func(w *st.World, ep string) {
		push, here := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		here.MustBind(ep)
		later := ep + "-later"
		push.MustConnect(later)
		push.MustConnect(ep)
		push.MustMeet(1)
		for i := range 10 {
			push.MustSend(fmt.Sprint(i))
		}
		if got := fmt.Sprint(received(w, here)); got != "[[1] [3] [5] [7] [9]]" {
			w.Errorf("who is there received %s", got)
		}
		there := w.Socket(pattern.PULL)
		there.MustBind(later)
		for _, i := range []int{0, 2, 4, 6, 8} {
			there.WantRecv(fmt.Sprint(i))
		}
		push.WantDrops(nil)
	})
}

// To connect twice is to have two connections, but for four types.
func TestRule_3_4_4_ConnectedTwice(t *testing.T) {
	for typ, want := range map[pattern.Type]int{
		pattern.PUSH: 2, pattern.PULL: 2, pattern.XPUB: 2, pattern.XSUB: 2, pattern.ROUTER: 2, pattern.REP: 2,
		pattern.DEALER: 1, pattern.SUB: 1, pattern.PUB: 1, pattern.REQ: 1,
	} {
		clause(t, names[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			s.MustConnect("mem://a")
			for range want {
				l.Accept().Shake(talks[names[typ]][0])
			}
			s.MustMeet(want)
			time.AfterFunc(time.Minute, l.Close)
			if _, err := l.TryAccept(); err == nil {
				w.Error("one connection more")
			}
			is(w, "disconnecting", s.Disconnect("mem://a"), nil)
			time.Sleep(time.Minute)
			if n := s.Stats().Peers; n != 0 {
				w.Errorf("%d peers after one Disconnect, which ends both", n)
			}
			is(w, "disconnecting again", s.Disconnect("mem://a"), socket.ErrEndpointNotFound)
		})
	}
}

// With ZMQ_IMMEDIATE only who is there has a turn.
func TestRule_3_4_4_Immediate(t *testing.T) {
	clause(t, "an endpoint that is not there gets nothing", func(w *st.World) {
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Immediate = true })
		push.MustConnect("mem://nobody")
		push.WantFull()
		here := w.Socket(pattern.PULL)
		here.MustBind("mem://a")
		push.MustConnect("mem://a")
		push.MustMeet(1)
		for i := range 10 {
			push.MustSend(fmt.Sprint(i))
		}
		for i := range 10 {
			here.WantRecv(fmt.Sprint(i))
		}
		push.WantDrops(nil)
	})
}
