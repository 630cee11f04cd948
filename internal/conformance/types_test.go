package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// turns is how many peers take turns in these tests, each of them twice.
const turns = 3

// sendsInTurn checks that messages go to the peers one after the other.
func sendsInTurn(t *testing.T, typ pattern.Type, peerType string) {
	t.Helper()
	clause(t, "sends in turn", func(w *st.World) {
		s := w.Socket(typ)
		s.MustBind("mem://a")
		peers := handshaken(w, s, turns, peerType)
		for i := range 2 * turns {
			s.MustSend(fmt.Sprint(i))
		}
		for i := range 2 * turns {
			wants(w, peers[i%turns], fmt.Sprint(i))
		}
	})
}

// receivesInTurn checks that nobody waits for another peer's second message.
// Around a label comes what the type needs.
func receivesInTurn(t *testing.T, typ pattern.Type, peerType string, around func(label string) []string) {
	t.Helper()
	clause(t, "receives in turn", func(w *st.World) {
		s := w.Socket(typ)
		switch peerType {
		case "PUB", "XPUB":
			change(w, s, true, "")
		case "RADIO":
			is(w, "join", s.Join("g", true), nil)
		}
		s.MustBind("mem://a")
		for i, p := range handshaken(w, s, turns, peerType) {
			p.Must(st.Message(around(fmt.Sprint(i))...), st.Message(around(fmt.Sprint(i))...))
		}
		w.Settle()
		for range 2 {
			var round []string
			for range turns {
				m, _ := s.MustRecv()
				round = append(round, m[len(m)-1])
				if typ == pattern.REP {
					s.MustSend("reply")
				}
			}
			if slices.Sort(round); strings.Join(round, "") != "012" {
				w.Errorf("in one round it receives from %q", round)
			}
		}
		s.WantNone()
	})
}

func alone(label string) []string { return []string{label} }

// waitsAlone checks that a message waits for a first peer, and that a call that
// gives up has sent nothing.
func waitsAlone(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	everywhere(t, "waits without a peer", func(w *st.World, ep string) {
		s := w.Socket(typ)
		s.MustBind(ep)
		is(w, "sending at once", try(s, "x"), pattern.ErrWouldBlock)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var err error
		if d := st.After(func() { err = s.Send(ctx, st.Of("x")) }); d != time.Minute || err != context.DeadlineExceeded {
			w.Errorf("a call that waits for a minute ends after %v with %v", d, err)
		}
		sent := make(chan error, 1)
		go func() { sent <- s.Send(context.Background(), st.Of("y")) }()
		time.Sleep(time.Hour)
		o := w.Socket(far)
		o.MustConnect(ep)
		if m, _ := o.MustRecv(); m[len(m)-1] != "y" {
			w.Errorf("the first that arrives is %q", m)
		}
		is(w, "the call that waited", <-sent, nil)
		s.WantDrops(nil)
	})
}

// waitsFull checks that a socket whose queues are full waits for room, and drops
// nothing.
func waitsFull(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	clause(t, "waits when full", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(2, 2)), w.Socket(far, st.HWM(2, 2))
		meet(w, "inproc://a", s, o)
		if n := s.Fill(); n != 4 {
			w.Errorf("room for %d messages, want 4", n)
		}
		sent := make(chan error, 1)
		go func() { sent <- s.Send(context.Background(), st.Of("last")) }()
		time.Sleep(time.Hour)
		select {
		case err := <-sent:
			w.Fatalf("the fifth message was sent: %v", err)
		default:
		}
		var all []string
		for range 5 {
			m, _ := o.MustRecv()
			all = append(all, m[0])
		}
		is(w, "the call that waited", <-sent, nil)
		if all[4] != "last" {
			w.Errorf("received %q", all)
		}
		s.WantDrops(nil)
	})
}

// onePeer is the rows of PAIR and CHANNEL.
func onePeer(t *testing.T, typ pattern.Type) {
	t.Helper()
	talksToItsOwn(t, typ)
	waitsAlone(t, typ, typ)
	waitsFull(t, typ, typ)
	writableWithRoom(t, typ, typ)
	everywhere(t, "sends to its one peer and receives from it", func(w *st.World, ep string) {
		a, b := w.Socket(typ), w.Socket(typ)
		meet(w, ep, a, b)
		for i := range 3 {
			a.MustSend(fmt.Sprint("to b ", i))
			b.MustSend(fmt.Sprint("to a ", i))
		}
		for i := range 3 {
			a.WantRecv(fmt.Sprint("to a ", i))
			b.WantRecv(fmt.Sprint("to b ", i))
		}
	})
}

func TestRule_3_0_PAIR(t *testing.T)    { onePeer(t, pattern.PAIR) }
func TestRule_3_0_CHANNEL(t *testing.T) { onePeer(t, pattern.CHANNEL) }

// neverSends checks that no message can be put in.
func neverSends(t *testing.T, typ pattern.Type) {
	t.Helper()
	clause(t, "sends nothing", func(w *st.World) {
		is(w, "a frame", w.Socket(typ).TrySendFrame(&msg.Frame{}), socket.ErrDirection)
	})
}

// neverReceives checks that what a peer sends all the same is never received.
func neverReceives(t *testing.T, typ pattern.Type, peerType string) {
	t.Helper()
	clause(t, "receives nothing", func(w *st.World) {
		s := w.Socket(typ)
		is(w, "a frame", s.TryRecvFrame(new(msg.Frame)), socket.ErrDirection)
		s.MustBind("mem://a")
		p := handshaken(w, s, 1, peerType)[0]
		p.Must(st.Message("up"))
		w.Settle()
		if st := s.Stats(); st.QueuedRecv != 0 || st.Peers != 1 {
			w.Errorf("%+v", st)
		}
	})
}

func TestRule_3_0_PUSH(t *testing.T) {
	talksToItsOwn(t, pattern.PUSH)
	sendsInTurn(t, pattern.PUSH, "PULL")
	neverReceives(t, pattern.PUSH, "PULL")
	waitsAlone(t, pattern.PUSH, pattern.PULL)
	waitsFull(t, pattern.PUSH, pattern.PULL)
	writableWithRoom(t, pattern.PUSH, pattern.PULL)
}

func TestRule_3_0_SCATTER(t *testing.T) {
	talksToItsOwn(t, pattern.SCATTER)
	sendsInTurn(t, pattern.SCATTER, "GATHER")
	neverReceives(t, pattern.SCATTER, "GATHER")
	waitsAlone(t, pattern.SCATTER, pattern.GATHER)
	waitsFull(t, pattern.SCATTER, pattern.GATHER)
	writableWithRoom(t, pattern.SCATTER, pattern.GATHER)
}

func TestRule_3_0_PULL(t *testing.T) {
	talksToItsOwn(t, pattern.PULL)
	neverSends(t, pattern.PULL)
	writableFor(t, pattern.PULL, pattern.PUSH, false)
	receivesInTurn(t, pattern.PULL, "PUSH", alone)
}

func TestRule_3_0_GATHER(t *testing.T) {
	talksToItsOwn(t, pattern.GATHER)
	neverSends(t, pattern.GATHER)
	writableFor(t, pattern.GATHER, pattern.SCATTER, false)
	receivesInTurn(t, pattern.GATHER, "SCATTER", alone)
}

func TestRule_3_0_DEALER(t *testing.T) {
	talksToItsOwn(t, pattern.DEALER)
	sendsInTurn(t, pattern.DEALER, "ROUTER")
	receivesInTurn(t, pattern.DEALER, "ROUTER", alone)
	waitsAlone(t, pattern.DEALER, pattern.ROUTER)
	waitsFull(t, pattern.DEALER, pattern.DEALER)
	writableWithRoom(t, pattern.DEALER, pattern.DEALER)
}

func TestRule_3_0_CLIENT(t *testing.T) {
	talksToItsOwn(t, pattern.CLIENT)
	sendsInTurn(t, pattern.CLIENT, "SERVER")
	receivesInTurn(t, pattern.CLIENT, "SERVER", alone)
	waitsAlone(t, pattern.CLIENT, pattern.SERVER)
	waitsFull(t, pattern.CLIENT, pattern.SERVER)
	writableWithRoom(t, pattern.CLIENT, pattern.SERVER)
}

func TestRule_3_0_REQ(t *testing.T) {
	talksToItsOwn(t, pattern.REQ)
	writableByTurn(t)
	waitsAlone(t, pattern.REQ, pattern.REP)
	clause(t, "sends in turn and receives from that peer alone", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := handshaken(w, req, turns, "REP")
		for i := range 2 * turns {
			req.MustSend(fmt.Sprint(i))
			wants(w, peers[i%turns], "", fmt.Sprint(i))
			peers[(i+1)%turns].Must(st.Message("", "not asked"))
			w.Settle()
			peers[i%turns].Must(st.Message("", "asked"))
			req.WantRecv("asked")
		}
	})
	clause(t, "waits when all are full", func(w *st.World) {
		req := w.Socket(pattern.REQ, st.HWM(1, 1), options(func(o *pattern.Options) { o.Relaxed = true }))
		rep := w.Socket(pattern.REP, st.HWM(1, 1))
		meet(w, "inproc://a", rep, req)
		if n := req.Fill(); n != 2 {
			w.Errorf("room for %d requests, want 2", n)
		}
		req.WantDrops(nil)
	})
}

func TestRule_3_0_REP(t *testing.T) {
	talksToItsOwn(t, pattern.REP)
	writableByTurn(t)
	receivesInTurn(t, pattern.REP, "REQ", func(label string) []string { return []string{"", label} })
	clause(t, "replies to whom the request is from", func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		peers := handshaken(w, rep, turns, "REQ")
		for _, i := range []int{2, 0, 1} {
			peers[i].Must(st.Message("", "question"))
			rep.WantRecv("question")
			rep.MustSend(fmt.Sprint("answer ", i))
			wants(w, peers[i], "", fmt.Sprint("answer ", i))
		}
	})
	everywhere(t, "drops the reply to who is gone", func(w *st.World, ep string) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.REQ)
		meet(w, ep, rep, req)
		req.MustSend("question")
		rep.WantRecv("question")
		req.CloseIn(0)
		w.Settle()
		is(w, "replying", try(rep, "answer"), nil)
		rep.WantDrops(map[pipe.Drop]uint64{pipe.DropRequester: 1})
	})
}

func TestRule_3_0_ROUTER(t *testing.T) {
	talksToItsOwn(t, pattern.ROUTER)
	writableIfMandatory(t)
	receivesInTurn(t, pattern.ROUTER, "DEALER", alone)
	everywhere(t, "sends to whom an id names and says from whom it receives", func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER)
		var dealers []*st.Socket
		for i := range turns {
			dealers = append(dealers, w.Socket(pattern.DEALER, st.ID(fmt.Sprint("id ", i))))
			meet(w, ep, router, dealers[i])
		}
		for _, i := range []int{1, 0, 2, 2} {
			id := fmt.Sprint("id ", i)
			router.MustSend(id, "to", id)
			dealers[i].WantRecv("to", id)
			dealers[i].MustSend("from", id)
			if m, from := router.MustRecv(); m[1] != id || from.RoutingID != id {
				w.Errorf("%q from %q", m, from.RoutingID)
			}
		}
	})
	for _, mandatory := range []bool{false, true} {
		clause(t, fmt.Sprint("without a route or room, mandatory ", mandatory), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(1, 1), options(func(o *pattern.Options) { o.Mandatory = mandatory }))
			meet(w, "inproc://a", router, w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id")))
			for range 2 {
				router.MustSend("id", "x")
			}
			noRoute, full := try(router, "nobody", "x"), try(router, "id", "x")
			if mandatory {
				is(w, "to nobody", noRoute, pattern.ErrNoRoute)
				is(w, "to who is full", full, pattern.ErrWouldBlock)
				router.WantDrops(nil)
				return
			}
			is(w, "to nobody", noRoute, nil)
			is(w, "to who is full", full, nil)
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 1, pipe.DropHWM: 1})
		})
	}
}

// byNumber is the rows of SERVER and PEER.
func byNumber(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	talksToItsOwn(t, typ)
	receivesInTurn(t, typ, names[far], alone)
	writableFor(t, typ, far, true)
	everywhere(t, "sends to whom a number names and says from whom it receives", func(w *st.World, ep string) {
		s := w.Socket(typ)
		number := make(map[int]uint32)
		var others []*st.Socket
		for i := range turns {
			o := w.Socket(far)
			meet(w, ep, s, o)
			if far == pattern.PEER {
				n := o.Peers()[0].Number
				is(w, "sending first", o.TrySendToNumber(n, st.Of("hello")), nil)
			} else {
				o.MustSend("hello")
			}
			_, from := s.MustRecv()
			others, number[i] = append(others, o), from.Number
		}
		for _, i := range []int{1, 0, 2, 2} {
			is(w, "sending", s.TrySendToNumber(number[i], st.Of(fmt.Sprint(i))), nil)
			others[i].WantRecv(fmt.Sprint(i))
		}
	})
	clause(t, "without a route or room", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(1, 1)), w.Socket(far, st.HWM(1, 1))
		meet(w, "inproc://a", s, o)
		n := s.Peers()[0].Number
		for range 2 {
			is(w, "sending", s.TrySendToNumber(n, st.Of("x")), nil)
		}
		is(w, "to who is full", s.TrySendToNumber(n, st.Of("x")), pattern.ErrWouldBlock)
		writable(w, "with its only peer full", s, true)
		is(w, "to nobody", s.TrySendToNumber(n+1, st.Of("x")), pattern.ErrNoRoute)
		is(w, "to number 0", s.TrySendToNumber(0, st.Of("x")), pattern.ErrNoRoute)
		is(w, "to no number", try(s, "x"), pattern.ErrNoRoute)
		s.WantDrops(nil)
	})
}

func TestRule_3_0_SERVER(t *testing.T) { byNumber(t, pattern.SERVER, pattern.CLIENT) }
func TestRule_3_0_PEER(t *testing.T)   { byNumber(t, pattern.PEER, pattern.PEER) }

func TestRule_3_0_STREAM(t *testing.T) {
	talksToAnything(t, pattern.STREAM)
	clause(t, "writable at all times", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		writable(w, "alone", s, true)
		s.MustBind("mem://a")
		w.Dial("a")
		writable(w, "with a peer", s, true)
	})
	clause(t, "sends to whom an id names and receives in turn", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		s.MustBind("mem://a")
		var peers []*st.Peer
		var ids []string
		for range turns {
			peers = append(peers, w.Dial("a"))
			_, from := s.MustRecv() // that it has come
			ids = append(ids, from.RoutingID)
		}
		for _, i := range []int{1, 0, 2, 2} {
			is(w, "sending", tryTo(s, ids[i], fmt.Sprint(i)), nil)
			if got := string(peers[i].Skip(1)); got != fmt.Sprint(i) {
				w.Errorf("peer %d got %q", i, got)
			}
		}
		for _, p := range peers {
			p.Must(bytes8K, []byte("2"))
		}
		w.Settle()
		for range 2 {
			heard := make(map[string]bool)
			for range turns {
				_, from := s.MustRecv()
				heard[from.RoutingID] = true
			}
			if len(heard) != turns {
				w.Errorf("in one round it receives from %v", heard)
			}
		}
	})
	clause(t, "without a route or room", func(w *st.World) {
		s := w.Socket(pattern.STREAM, st.HWM(2, 2))
		l := w.Listen("a")
		is(w, "connecting", s.ConnectAs("mem://a", "id"), nil)
		l.Accept()
		is(w, "to nobody", tryTo(s, "nobody", "x"), pattern.ErrNoRoute)
		w.Settle()
		w.Net.Links()[0].Up().SetBuffer(1)
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = tryTo(s, "id", strings.Repeat("x", 100))
			w.Settle()
		}
		is(w, "to who is full", err, pattern.ErrWouldBlock)
		s.WantDrops(nil)
	})
}

// bytes8K is as much as one message of a STREAM holds.
var bytes8K = []byte(strings.Repeat("8", 8192))

// publishes is what PUB, XPUB and RADIO have in common. The raw peers have a
// message for each of the keys that they ask for.
func publishes(t *testing.T, typ pattern.Type, peerType string, ask func(key string) []byte, around func(key string) []string) {
	t.Helper()
	clause(t, "sends to all that ask for it, and waits for nobody", func(w *st.World) {
		s := w.Socket(typ, st.HWM(1, 1))
		s.MustBind("mem://a")
		is(w, "to nobody", try(s, around("one")...), nil)
		peers := handshaken(w, s, 3, peerType)
		peers[0].Must(ask("one"))
		peers[1].Must(ask("one"))
		peers[2].Must(ask("two"))
		w.Settle()
		for _, key := range []string{"one", "two", "three"} {
			s.MustSend(around(key)...)
			w.Settle()
		}
		wants(w, peers[0], around("one")...)
		wants(w, peers[1], around("one")...)
		wants(w, peers[2], around("two")...)
		s.WantDrops(nil)
		for _, p := range peers {
			silent(w, p)
		}
	})
	for _, noDrop := range []bool{false, true} {
		clause(t, fmt.Sprint("to who is full, not dropping ", noDrop), func(w *st.World) {
			s := w.Socket(typ, st.HWM(1, 1), options(func(o *pattern.Options) { o.NoDrop = noDrop }))
			s.MustBind("inproc://a")
			o := w.Socket(pattern.Type(slices.Index(names, peerType)), st.HWM(1, 1))
			o.MustConnect("inproc://a")
			if peerType == "DISH" {
				is(w, "join", o.Join("one", true), nil)
			} else {
				change(w, o, true, "one")
			}
			w.Settle()
			for range 2 {
				s.MustSend(around("one")...)
			}
			err := try(s, around("one")...)
			if noDrop {
				is(w, "the third", err, pattern.ErrWouldBlock)
				s.WantDrops(nil)
				return
			}
			is(w, "the third", err, nil)
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		})
	}
}

func TestRule_3_0_PUB(t *testing.T) {
	talksToItsOwn(t, pattern.PUB)
	writableFor(t, pattern.PUB, pattern.SUB, true)
	publishes(t, pattern.PUB, "SUB", subscribing, alone)
	neverReceives(t, pattern.PUB, "SUB")
}

func TestRule_3_0_RADIO(t *testing.T) {
	talksToItsOwn(t, pattern.RADIO)
	writableFor(t, pattern.RADIO, pattern.DISH, true)
	publishes(t, pattern.RADIO, "DISH", func(g string) []byte { return st.Command("JOIN", []byte(g)) },
		func(g string) []string { return []string{g, "body"} })
	neverReceives(t, pattern.RADIO, "DISH")
}

func TestRule_3_0_XPUB(t *testing.T) {
	talksToItsOwn(t, pattern.XPUB)
	writableFor(t, pattern.XPUB, pattern.SUB, true)
	publishes(t, pattern.XPUB, "SUB", subscribing, alone)
	clause(t, "receives subscriptions, their ends and messages as they come", func(w *st.World) {
		s := w.Socket(pattern.XPUB)
		s.MustBind("mem://a")
		peers := handshaken(w, s, 2, "XSUB")
		var want []string
		for i := range 3 {
			topic := fmt.Sprint("topic ", i)
			for _, step := range []struct {
				bytes []byte
				comes string
			}{
				{subscribing(topic), "\x01" + topic},
				{st.Message("up", topic), "up"},
				{st.Command("CANCEL", []byte(topic)), "\x00" + topic},
			} {
				peers[i%2].Must(step.bytes)
				w.Settle()
				want = append(want, step.comes)
			}
		}
		for _, first := range want {
			if m, _ := s.MustRecv(); m[0] != first {
				w.Errorf("received %q, want %q", m, first)
			}
		}
		s.WantNone()
	})
}

func TestRule_3_0_SUB(t *testing.T) {
	talksToItsOwn(t, pattern.SUB)
	neverSends(t, pattern.SUB)
	writableFor(t, pattern.SUB, pattern.PUB, false)
	receivesInTurn(t, pattern.SUB, "PUB", alone)
	clause(t, "what it has subscribed to", func(w *st.World) {
		s := w.Socket(pattern.SUB)
		s.MustBind("mem://a")
		p := handshaken(w, s, 1, "PUB")[0]
		change(w, s, true, "yes")
		p.Must(st.Message("no"), st.Message("yes, this"), st.Message("ye"), st.Message("yes"))
		s.WantRecv("yes, this")
		s.WantRecv("yes")
		s.WantNone()
	})
}

func TestRule_3_0_DISH(t *testing.T) {
	talksToItsOwn(t, pattern.DISH)
	neverSends(t, pattern.DISH)
	writableFor(t, pattern.DISH, pattern.RADIO, true)
	receivesInTurn(t, pattern.DISH, "RADIO", func(label string) []string { return []string{"g", label} })
	clause(t, "what it has joined", func(w *st.World) {
		s := w.Socket(pattern.DISH)
		s.MustBind("mem://a")
		p := handshaken(w, s, 1, "RADIO")[0]
		is(w, "join", s.Join("yes", true), nil)
		p.Must(st.Message("no", "1"), st.Message("yes, this", "2"), st.Message("yes", "3"))
		s.WantRecv("yes", "3")
		s.WantNone()
	})
}

func TestRule_3_0_XSUB(t *testing.T) {
	talksToItsOwn(t, pattern.XSUB)
	writableFor(t, pattern.XSUB, pattern.XPUB, true)
	receivesInTurn(t, pattern.XSUB, "PUB", alone)
	clause(t, "sends to all, and receives unfiltered", func(w *st.World) {
		s := w.Socket(pattern.XSUB)
		s.MustBind("mem://a")
		peers := handshaken(w, s, turns, "XPUB")
		s.MustSend("up", "to all")
		for _, p := range peers {
			wants(w, p, "up", "to all")
		}
		peers[1].Must(st.Message("never subscribed to"))
		s.WantRecv("never subscribed to")
	})
	clause(t, "drops for who is full", func(w *st.World) {
		s := w.Socket(pattern.XSUB, st.HWM(1, 1))
		full, open := w.Socket(pattern.XPUB, st.HWM(1, 1)), w.Socket(pattern.XPUB, st.HWM(9, 9))
		full.MustBind("inproc://full")
		open.MustBind("inproc://open")
		s.MustConnect("inproc://full")
		s.MustConnect("inproc://open")
		for range 3 {
			is(w, "sending", try(s, "up"), nil)
		}
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 1})
		if n, k := len(received(w, full)), len(received(w, open)); n != 2 || k != 3 {
			w.Errorf("they received %d and %d, want 2 and 3", n, k)
		}
	})
}
