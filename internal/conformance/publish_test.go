package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

var publishers = []pattern.Type{pattern.PUB, pattern.XPUB}

func TestRule_3_5_1_PrefixesOfTheFirstFrame(t *testing.T) {
	for _, typ := range publishers {
		everywhere(t, names[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ)
			pub.MustBind(ep)
			var subs []*st.Socket
			for _, topic := range []string{"", "a", "ab", "b", "abc\x00"} {
				s := w.Socket(pattern.XSUB) // which does not filter
				change(w, s, true, topic)
				s.MustConnect(ep)
				s.MustMeet(1)
				subs = append(subs, s)
			}
			w.Settle()
			for _, row := range []struct {
				first string
				who   string
			}{{"", "0"}, {"a", "01"}, {"abc", "012"}, {"b", "03"}, {"c", "0"}, {"abc\x00d", "0124"}, {"Ab", "0"}} {
				pub.MustSend(row.first, "b", row.first)
				var who string
				for i, s := range subs {
					if got := received(w, s); len(got) == 1 && got[0] == fmt.Sprint([]string{row.first, "b", row.first}) {
						who += fmt.Sprint(i)
					} else if len(got) > 0 {
						w.Errorf("received %q", got)
					}
				}
				if who != row.who {
					w.Errorf("%q went to %s, want %s", row.first, who, row.who)
				}
			}
		})
	}
}

func TestRule_3_5_2_XPubHearsOfFirstAndLast(t *testing.T) {
	older := st.Greeting()
	older[11] = 0 // ZMTP 3.0, whose subscriptions are messages
	clause(t, "whatever the version", func(w *st.World) {
		xpub := w.Socket(pattern.XPUB)
		xpub.MustBind("mem://a")
		newer := handshaken(w, xpub, 1, "SUB")[0]
		old := w.Dial("a")
		old.Must(older, st.Ready("Socket-Type", "SUB"))
		xpub.MustMeet(2)
		// ZMTP 1.0 knows no subscriptions: such a peer gets all, as with libzmq.
		oldest := w.Dial("a")
		oldest.Must([]byte{1, 0})
		xpub.WantRecv("\x01")

		newer.Must(subscribing("a"), st.Command("CANCEL", []byte("b")))
		xpub.WantRecv("\x01a")
		old.Must(st.Message("\x01a"), st.Message("\x01b"))
		xpub.WantRecv("\x01b")
		oldest.Must([]byte{3, 0, 1, 'a', 3, 0, 1, 'c'})
		xpub.WantRecv("\x01c")
		newer.Must(st.Command("CANCEL", []byte("a")))
		old.Must(st.Message("\x00a"), st.Message("\x00b"))
		xpub.WantRecv("\x00b")
		oldest.Must([]byte{3, 0, 0, 'a'})
		xpub.WantRecv("\x00a")
		xpub.WantNone()
	})
	clause(t, "over inproc", func(w *st.World) {
		xpub, one, two := w.Socket(pattern.XPUB), w.Socket(pattern.SUB), w.Socket(pattern.SUB)
		meet(w, "inproc://a", xpub, one)
		meet(w, "inproc://a", xpub, two)
		change(w, one, true, "a")
		change(w, two, true, "a", "b")
		change(w, one, false, "a")
		change(w, two, false, "b")
		change(w, two, false, "a")
		if got := fmt.Sprintf("%q", received(w, xpub)); got != `["[\x01a]" "[\x01b]" "[\x00b]" "[\x00a]"]` {
			w.Errorf("received %s", got)
		}
	})
	clause(t, "PUB drops what else comes", func(w *st.World) {
		pub := w.Socket(pattern.PUB)
		pub.MustBind("mem://a")
		p := handshaken(w, pub, 1, "XSUB")[0]
		p.Must(subscribing("a"), st.Message("up"), st.Message("up", "too"))
		w.Settle()
		pub.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 2})
		pub.MustSend("a")
		wants(w, p, "a")
	})
}

// What comes while the application does not receive is bounded: nothing more is
// read from the peer.
func TestRule_3_5_2_XPubIsBounded(t *testing.T) {
	clause(t, "by the HWM and what one read brings", func(w *st.World) {
		const subscriptions = 100_000
		xpub := w.Socket(pattern.XPUB, st.HWM(10, 10), options(func(o *pattern.Options) { o.Verbose = true }))
		xpub.MustBind("mem://a")
		p := handshaken(w, xpub, 1, "SUB")[0]
		w.Net.Links()[0].Up().SetBuffer(4096)
		go func() {
			one := subscribing("topic")
			for range subscriptions {
				if _, err := p.Write(one); err != nil {
					return
				}
			}
		}()
		w.Settle()
		if n := xpub.Stats().QueuedRecv; n < 10 || n > 10+4096/len(subscribing("topic")) {
			w.Errorf("%d are queued", n)
		}
		for range subscriptions {
			xpub.WantRecv("\x01topic")
		}
		xpub.WantNone()
	})
}

func TestRule_3_5_3_Verbose(t *testing.T) {
	for _, row := range []struct {
		verbose, verboser bool
		want              string
	}{
		{false, false, "+a +b -b -a"},
		{true, false, "+a +a +a +b -b -a"},
		{false, true, "+a +a +a +b -a -b -a"},
		{true, true, "+a +a +a +b -a -b -a"},
	} {
		everywhere(t, fmt.Sprint(row), func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB, options(func(o *pattern.Options) { o.Verbose, o.Verboser = row.verbose, row.verboser }))
			one, two := w.Socket(pattern.SUB), w.Socket(pattern.SUB)
			meet(w, ep, xpub, one)
			meet(w, ep, xpub, two)
			change(w, one, true, "a")
			change(w, two, true, "a", "a", "b")
			change(w, two, false, "never")
			change(w, one, false, "never", "a", "a")
			change(w, two, false, "b", "a", "a")
			var got []string
			for _, m := range received(w, xpub) {
				got = append(got, map[byte]string{1: "+", 0: "-"}[m[1]]+m[2:3])
			}
			if s := strings.Join(got, " "); s != row.want {
				w.Errorf("received %s, want %s", s, row.want)
			}
		})
	}
}

func TestRule_3_5_4_SubscriptionsAreASet(t *testing.T) {
	clause(t, "to a publisher", func(w *st.World) {
		pub := w.Socket(pattern.PUB)
		pub.MustBind("mem://a")
		p := handshaken(w, pub, 1, "SUB")[0]
		p.Must(subscribing("a"), subscribing("a"), subscribing("ab"))
		w.Settle()
		pub.MustSend("ab")
		wants(w, p, "ab") // once
		p.Must(st.Command("CANCEL", []byte("a")))
		w.Settle()
		pub.MustSend("a")
		pub.MustSend("ab 2")
		wants(w, p, "ab 2")
		silent(w, p)
	})
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		clause(t, names[typ]+" counts", func(w *st.World) {
			sub := w.Socket(typ)
			sub.MustBind("mem://a")
			p := handshaken(w, sub, 1, "PUB")[0]
			change(w, sub, true, "a", "a", "a")
			for range 3 { // each is told of, for a verbose XPUB
				if got := command(w, p); got != "SUBSCRIBE a" {
					w.Errorf("it says %q", got)
				}
			}
			change(w, sub, false, "a", "a")
			change(w, sub, true, "b")
			change(w, sub, false, "a")
			for _, want := range []string{"SUBSCRIBE b", "CANCEL a"} {
				if got := command(w, p); got != want {
					w.Errorf("it says %q, want %q", got, want)
				}
			}
			silent(w, p)
		})
	}
}

func TestRule_3_5_5_WhoGoesUnsubscribes(t *testing.T) {
	for _, verboser := range []bool{false, true} {
		everywhere(t, fmt.Sprint("verboser ", verboser), func(w *st.World, ep string) {
			xpub := w.Socket(pattern.XPUB, options(func(o *pattern.Options) { o.Verboser = verboser }))
			stays, goes := w.Socket(pattern.SUB), w.Socket(pattern.SUB)
			meet(w, ep, xpub, stays)
			meet(w, ep, xpub, goes)
			change(w, stays, true, "both")
			change(w, goes, true, "both", "own", "other")
			received(w, xpub)
			goes.CloseIn(0)
			got := received(w, xpub)
			slices.Sort(got)
			want := []string{"[\x00other]", "[\x00own]"}
			if verboser {
				want = []string{"[\x00both]", "[\x00other]", "[\x00own]"}
			}
			if !slices.Equal(got, want) {
				w.Errorf("received %q, want %q", got, want)
			}
			xpub.MustSend("both")
			stays.WantRecv("both")
		})
	}
}

func TestRule_3_5_6_FramesThatSubscribe(t *testing.T) {
	for _, onlyFirst := range []bool{false, true} {
		set := options(func(o *pattern.Options) { o.OnlyFirst = onlyFirst })
		clause(t, fmt.Sprint("as messages of ZMTP 3.1, only first ", onlyFirst), func(w *st.World) {
			xpub := w.Socket(pattern.XPUB, set)
			xpub.MustBind("mem://a")
			p := handshaken(w, xpub, 1, "XSUB")[0]
			p.Must(st.Message("\x01a"), st.Message("up"), st.Message("\x02b"), st.Message(""), st.Message("\x00a"))
			for _, want := range []string{"\x01a", "up", "\x02b", "", "\x00a"} {
				xpub.WantRecv(want)
			}
			xpub.WantNone()
		})
		clause(t, fmt.Sprint("in messages of several frames, only first ", onlyFirst), func(w *st.World) {
			xpub := w.Socket(pattern.XPUB, set)
			xpub.MustBind("mem://a")
			p := handshaken(w, xpub, 1, "XSUB")[0]
			p.Must(st.Message("up", "\x01a", "two"))
			if onlyFirst {
				xpub.WantRecv("up", "\x01a", "two")
				p.Must(st.Message("\x01first", "\x01second"))
				xpub.WantRecv("\x01first")
				xpub.WantRecv("\x01second")
				if n := xpub.TopicCount(); n != 2 {
					w.Errorf("%d topics, want 2", n)
				}
				return
			}
			xpub.WantRecv("\x01a")
			xpub.WantRecv("up", "two")
			xpub.MustSend("a")
			wants(w, p, "a")
		})
	}
}

func TestRule_3_5_7_Manual(t *testing.T) {
	manual := options(func(o *pattern.Options) { o.Manual = true })
	everywhere(t, "the application says who is subscribed to what", func(w *st.World, ep string) {
		xpub := w.Socket(pattern.XPUB, manual)
		one, two := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
		meet(w, ep, xpub, one)
		meet(w, ep, xpub, two)
		change(w, one, true, "wish")
		change(w, two, true, "wish")
		_, first := xpub.MustRecv()
		m, second := xpub.MustRecv()
		if m[0] != "\x01wish" {
			w.Errorf("received %q", m)
		}
		xpub.MustSend("wish")
		for peer, topics := range map[string][]string{"one": {"a", "both"}, "two": {"b", "both"}} {
			to := first
			if peer == "two" {
				to = second
			}
			is(w, "assigning", xpub.Assign(to, topics, true), nil)
		}
		for _, topic := range []string{"a", "b", "both", "wish"} {
			xpub.MustSend(topic)
		}
		is(w, "taking back", xpub.Assign(second, []string{"b"}, false), nil)
		xpub.MustSend("b")
		if got := fmt.Sprint(received(w, one), received(w, two)); got != "[[a] [both]] [[b] [both]]" {
			w.Errorf("they received %s", got)
		}
		// What was asked for ends, and what was given.
		two.CloseIn(0)
		w.Settle()
		xpub.WantRecv("\x00wish")
		xpub.WantNone()
		is(w, "assigning to who is gone", xpub.Assign(second, []string{"c"}, true), nil)
		if n := xpub.TopicCount(); n != 2 {
			w.Errorf("%d topics, want 2", n)
		}
		change(w, one, false, "wish")
		xpub.WantRecv("\x00wish")
		xpub.MustSend("a")
		one.WantRecv("a")
	})
}

// The core knows the peer whose subscription was received last, for who has no
// other name for it.
func TestRule_3_5_7_ManualForTheLast(t *testing.T) {
	pub, first, second := twoSubscribers(&pattern.Options{Manual: true})
	mayReceive := func(p *subscriber, topic string) {
		t.Helper()
		p.asks(pub, topic)
		if m := p.next(pub); m != "\x01"+topic {
			t.Fatalf("received %q", m)
		}
	}
	pub.Assign(nil, true, []byte("nobody"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics before anything was received", n)
	}
	first.sends(pub, "a message")
	second.asks(pub, "behind it")
	if m := first.next(pub); m != "a message" {
		t.Fatalf("received %q", m)
	}
	pub.Assign(nil, true, []byte("of a message"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics when a message was received", n)
	}
	if m := first.next(pub); m != "\x01behind it" {
		t.Fatalf("received %q", m)
	}
	mayReceive(first, "x")
	mayReceive(second, "y")
	pub.Assign(nil, true, []byte("given"))
	if first.gets(pub, "given") != 0 || second.gets(pub, "given") != 1 {
		t.Errorf("the first has %d, the second %d", first.p.Out.Len(), second.p.Out.Len())
	}
	pub.Detach(second.p)
	pub.Assign(nil, true, []byte("too late"))
	if n := pub.TopicCount(); n != 0 {
		t.Errorf("%d topics when the peer is gone", n)
	}
}

func TestRule_3_5_8_LastValue(t *testing.T) {
	clause(t, "to the newest alone, once", func(w *st.World) {
		xpub := w.Socket(pattern.XPUB, options(func(o *pattern.Options) { o.Manual, o.LastValue = true, true }))
		one, two := w.Socket(pattern.XSUB), w.Socket(pattern.XSUB)
		join := func(s *st.Socket) {
			meet(w, "inproc://a", xpub, s)
			change(w, s, true, "a")
			m, from := xpub.MustRecv()
			is(w, "assigning", xpub.Assign(from, []string{m[0][1:]}, true), nil)
			xpub.MustSend("a last value")
			xpub.MustSend("a new")
		}
		join(one)
		join(two)
		if got := fmt.Sprint(received(w, one), received(w, two)); got != "[[a last value] [a new] [a new]] [[a last value] [a new]]" {
			w.Errorf("they received %s", got)
		}
		change(w, two, true, "unwanted")
		xpub.WantRecv("\x01unwanted")
		xpub.MustSend("b")
		xpub.MustSend("a")
		if got := fmt.Sprint(received(w, one), received(w, two)); got != "[[a]] [[a]]" {
			w.Errorf("they received %s", got)
		}
	})
}

func TestRule_3_5_9_Welcome(t *testing.T) {
	for _, typ := range publishers {
		everywhere(t, names[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ, options(func(o *pattern.Options) { o.Welcome = []byte("welcome") }))
			pub.MustBind(ep)
			for _, row := range []struct {
				topic string
				want  string
			}{{"wel", "[[welcome]]"}, {"", "[[welcome] [other]]"}, {"other", "[[other]]"}} {
				sub := w.Socket(pattern.SUB)
				change(w, sub, true, row.topic)
				sub.MustConnect(ep)
				sub.MustMeet(1)
				w.Settle()
				pub.MustSend("other")
				if got := fmt.Sprint(received(w, sub)); got != row.want {
					w.Errorf("subscribed to %q, received %s", row.topic, got)
				}
			}
		})
	}
	clause(t, "before any other", func(w *st.World) {
		pub := w.Socket(pattern.PUB, options(func(o *pattern.Options) { o.Welcome = []byte("welcome") }))
		pub.MustConnect("mem://a")
		l := w.Listen("a")
		p := l.Accept()
		p.Must(st.Greeting(), st.Ready("Socket-Type", "SUB"), subscribing(""))
		p.Skip(64)
		wants(w, p, "welcome")
	})
}

func TestRule_3_5_10_NoDrop(t *testing.T) {
	noDrop := options(func(o *pattern.Options) { o.NoDrop = true })
	for _, typ := range []pattern.Type{pattern.PUB, pattern.XPUB, pattern.RADIO} {
		clause(t, names[typ], func(w *st.World) {
			far, key := pattern.SUB, func(topic string) []string { return []string{topic} }
			ask := func(s *st.Socket, topic string) { change(w, s, true, topic) }
			if typ == pattern.RADIO {
				far, key = pattern.DISH, func(group string) []string { return []string{group, "x"} }
				ask = func(s *st.Socket, group string) { is(w, "join", s.Join(group, true), nil) }
			}
			pub, slow, fast := w.Socket(typ, st.HWM(1, 1), noDrop), w.Socket(far, st.HWM(1, 1)), w.Socket(far, st.HWM(99, 99))
			meet(w, "inproc://a", pub, slow)
			meet(w, "inproc://a", pub, fast)
			ask(slow, "both")
			ask(fast, "both")
			ask(fast, "fast")
			w.Settle()
			for range 2 {
				pub.MustSend(key("both")...)
			}
			writable(w, "with one that is full", pub, true)
			is(w, "to who is full", try(pub, key("both")...), pattern.ErrWouldBlock)
			is(w, "to others", try(pub, key("fast")...), nil)
			sent := make(chan error, 1)
			go func() { sent <- pub.Send(context.Background(), st.Of(key("both")...)) }()
			w.Settle()
			if n := len(received(w, fast)); n != 3 {
				w.Errorf("the fast one received %d, want 3", n)
			}
			for range 3 {
				slow.WantRecv(key("both")...)
			}
			is(w, "the call that waited", <-sent, nil)
			fast.WantRecv(key("both")...)
			pub.WantDrops(nil)
		})
	}
}

func TestRule_3_5_11_Inverted(t *testing.T) {
	invert := options(func(o *pattern.Options) { o.Invert = true })
	for _, typ := range publishers {
		everywhere(t, names[typ], func(w *st.World, ep string) {
			pub := w.Socket(typ, invert)
			inverted, plain, xsub := w.Socket(pattern.SUB, invert), w.Socket(pattern.SUB), w.Socket(pattern.XSUB)
			for _, s := range []*st.Socket{inverted, plain, xsub} {
				change(w, s, true, "a")
				meet(w, ep, pub, s)
			}
			w.Settle()
			pub.MustSend("a")
			pub.MustSend("b")
			if got := fmt.Sprint(received(w, inverted), received(w, plain), received(w, xsub)); got != "[[b]] [] [[b]]" {
				w.Errorf("they received %s", got)
			}
			plain.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 1})
		})
	}
}

func TestRule_3_5_12_TopicsAreCounted(t *testing.T) {
	for _, typ := range publishers {
		everywhere(t, names[typ], func(w *st.World, ep string) {
			pub, one, two := w.Socket(typ), w.Socket(pattern.SUB), w.Socket(pattern.XSUB)
			meet(w, ep, pub, one)
			meet(w, ep, pub, two)
			count := func(want ...int) {
				w.Helper()
				w.Settle()
				if got := []int{pub.TopicCount(), one.TopicCount(), two.TopicCount()}; !slices.Equal(got, want) {
					w.Errorf("%d topics, want %d", got, want)
				}
			}
			count(0, 0, 0)
			change(w, one, true, "a", "ab", "", "a")
			count(3, 3, 0)
			change(w, two, true, "a", "abc")
			count(4, 3, 2)
			change(w, one, false, "a", "a", "ab", "never")
			count(3, 1, 2)
			two.CloseIn(0)
			w.Settle()
			if n := pub.TopicCount(); n != 1 {
				w.Errorf("%d topics when a subscriber has gone, want 1", n)
			}
		})
	}
}

func TestRule_3_5_13_FullSubscribersMiss(t *testing.T) {
	for _, typ := range publishers {
		clause(t, names[typ], func(w *st.World) {
			pub, slow, fast := w.Socket(typ, st.HWM(2, 2)), w.Socket(pattern.SUB, st.HWM(2, 2)), w.Socket(pattern.SUB, st.HWM(99, 99))
			for _, s := range []*st.Socket{slow, fast} {
				change(w, s, true, "")
				meet(w, "inproc://a", pub, s)
			}
			send := func(from, to int) {
				for i := from; i < to; i++ {
					pub.MustSend(fmt.Sprint(i))
				}
			}
			send(0, 6) // two too many for the slow one
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 2})
			slow.WantRecv("0")
			send(6, 7) // half of four is not read yet
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 3})
			slow.WantRecv("1")
			send(7, 10)
			pub.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 4})
			if got := fmt.Sprint(received(w, slow)); got != "[[2] [3] [7] [8]]" {
				w.Errorf("the slow one received %s", got)
			}
			if n := len(received(w, fast)); n != 10 {
				w.Errorf("the fast one received %d, want 10", n)
			}
		})
	}
}
