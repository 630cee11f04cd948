package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

var subscribers = []pattern.Type{pattern.SUB, pattern.XSUB}

// unheard is how many topics or groups are more than any network holds for a
// publisher that does not read.
const unheard = 30_000

func TestRule_3_6_1_ClosingDoesNotWait(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		clause(t, names[typ]+" and a publisher that does not read", func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://nobody")
			s.MustBind("mem://a")
			handshaken(w, s, 1, "PUB")
			w.Net.Links()[0].Down().SetBuffer(1000)
			for i := range unheard {
				if err := s.Subscribe(fmt.Sprint(i), true); err != nil {
					w.Fatal(err)
				}
			}
			w.Settle()
			if d := st.After(func() { s.CloseIn(-1) }); d != 0 {
				w.Errorf("closing takes %v", d)
			}
		})
	}
	// What an XSUB has to say is no less worth than what others have.
	clause(t, "XSUB waits for its messages", func(w *st.World) {
		s := w.Socket(pattern.XSUB)
		s.MustConnect("mem://nobody")
		s.MustSend("up")
		var unsent int
		if d := st.After(func() { unsent = s.CloseIn(time.Minute) }); d != time.Minute || unsent != 1 {
			w.Errorf("closing takes %v, and %d are not sent", d, unsent)
		}
	})
}

func TestRule_3_6_2_SubscriptionsAreReplayed(t *testing.T) {
	for _, typ := range subscribers {
		clause(t, names[typ]+" over a connection", func(w *st.World) {
			a, b := w.Listen("a"), w.Listen("b")
			s := w.Socket(typ)
			long := strings.Repeat("long", 1000)
			change(w, s, true, "", "a", long, "not for long")
			change(w, s, false, "not for long")
			s.MustConnect("mem://a")
			heard := func(p *st.Peer, n int) (list []string) {
				for range n {
					list = append(list, strings.TrimPrefix(command(w, p), "SUBSCRIBE "))
				}
				slices.Sort(list)
				return list
			}
			p := a.Accept()
			p.Shake("PUB")
			want := []string{"", "a", long}
			if got := heard(p, 3); !slices.Equal(got, want) {
				w.Errorf("the first hears %.40q", got)
			}
			s.MustConnect("mem://b")
			q := b.Accept()
			q.Shake("PUB")
			if got := heard(q, 3); !slices.Equal(got, want) {
				w.Errorf("the second hears %.40q", got)
			}
			change(w, s, true, "more")
			for _, each := range []*st.Peer{p, q} {
				if got := command(w, each); got != "SUBSCRIBE more" {
					w.Errorf("it hears %q", got)
				}
			}
			p.Close()
			w.Settle()
			change(w, s, false, "a", long)
			p = a.Accept()
			p.Shake("PUB")
			if got := heard(p, 2); !slices.Equal(got, []string{"", "more"}) {
				w.Errorf("it hears %.40q when it is back", got)
			}
			silent(w, p)
		})
		clause(t, names[typ]+" over inproc", func(w *st.World) {
			s := w.Socket(typ)
			change(w, s, true, "a")
			for i := range 2 {
				ep := fmt.Sprint("inproc://", i)
				pub := w.Socket(pattern.PUB)
				meet(w, ep, pub, s)
				pub.MustSend("a", ep)
				pub.MustSend("b")
				s.WantRecv("a", ep)
				s.WantNone()
			}
		})
		everywhere(t, names[typ]+": above the HWM", func(w *st.World, ep string) {
			const topics = 3000
			s, pub := w.Socket(typ, st.HWM(1, 1)), w.Socket(pattern.PUB)
			for i := range topics {
				if err := s.Subscribe(fmt.Sprint(i), true); err != nil {
					w.Fatal(err)
				}
			}
			meet(w, ep, pub, s)
			for i := range topics {
				if err := s.Subscribe(fmt.Sprint("more ", i), true); err != nil {
					w.Fatal(err)
				}
			}
			w.Settle()
			if n := pub.TopicCount(); n != 2*topics {
				w.Errorf("the publisher has %d topics, want %d", n, 2*topics)
			}
		})
	}
	clause(t, "a subscriber that has lost its connection misses only the gap", func(w *st.World) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		change(w, sub, true, "a")
		meet(w, "mem://a", pub, sub)
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		pub.MustSend("a", "into the gap")
		is(w, "waiting", pub.WaitSubscribers(context.Background(), 1, []byte("a")), nil)
		pub.MustSend("a", "behind it")
		sub.WantRecv("a", "behind it")
	})
}

func TestRule_3_6_3_CancelsOfTheUnknown(t *testing.T) {
	verbose := options(func(o *pattern.Options) { o.VerboseUnsubscribe = true })
	for _, row := range []struct {
		typ     pattern.Type
		verbose bool
	}{{pattern.SUB, false}, {pattern.XSUB, false}, {pattern.XSUB, true}} {
		clause(t, fmt.Sprint(names[row.typ], " verbose ", row.verbose), func(w *st.World) {
			s := w.Socket(row.typ)
			if row.verbose {
				s = w.Socket(row.typ, verbose)
			}
			s.MustBind("mem://a")
			p := handshaken(w, s, 1, "XPUB")[0]
			change(w, s, false, "never")
			change(w, s, true, "a", "a")
			change(w, s, false, "a", "a", "a")
			want := []string{"SUBSCRIBE a", "SUBSCRIBE a", "CANCEL a"}
			if row.verbose {
				want = []string{"CANCEL never", "SUBSCRIBE a", "SUBSCRIBE a", "CANCEL a", "CANCEL a", "CANCEL a"}
			}
			for _, each := range want {
				if got := command(w, p); got != each {
					w.Errorf("it says %q, want %q", got, each)
				}
			}
			silent(w, p)
		})
	}
}

func TestRule_3_6_4_SubFilters(t *testing.T) {
	clause(t, "what comes all the same", func(w *st.World) {
		sub := w.Socket(pattern.SUB)
		sub.MustBind("mem://a")
		p := handshaken(w, sub, 1, "PUB")[0]
		change(w, sub, true, "a", "b")
		p.Must(st.Message("a", "c"), st.Message("c", "a"), st.Message("b"), st.Message(""))
		sub.WantRecv("a", "c")
		change(w, sub, false, "b") // b is here already, and no longer wanted
		sub.WantNone()
		sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 3})
	})
}

func TestRule_3_6_5_FramesOfOneMessage(t *testing.T) {
	everywhere(t, "each that begins with 1 or 0 is a subscription, and the rest a message", func(w *st.World, ep string) {
		pub, sub := w.Socket(pattern.XPUB), w.Socket(pattern.XSUB)
		meet(w, ep, pub, sub)
		is(w, "sending", sub.TrySend(st.Of("\x01a", "up", "\x01b", "stream")), nil)
		w.Settle()
		got := make(map[string]bool)
		for range 3 {
			m, _ := pub.MustRecv()
			got[strings.Join(m, "|")] = true
		}
		if !got["\x01a"] || !got["\x01b"] || !got["up|stream"] {
			w.Errorf("received %v", got)
		}
		if n := sub.TopicCount(); n != 2 {
			w.Errorf("%d topics are remembered, want 2", n)
		}
		is(w, "taking one back", sub.TrySend(st.Of("\x00a")), nil)
		pub.WantRecv("\x00a")
	})
	clause(t, "with ZMQ_ONLY_FIRST_SUBSCRIBE only if the first is", func(w *st.World) {
		pub := w.Socket(pattern.XPUB, options(func(o *pattern.Options) { o.OnlyFirst = true }))
		sub := w.Socket(pattern.XSUB, options(func(o *pattern.Options) { o.OnlyFirst = true }))
		meet(w, "mem://a", pub, sub)
		is(w, "sending", sub.TrySend(st.Of("up", "\x01b")), nil)
		pub.WantRecv("up", "\x01b")
		if n := sub.TopicCount(); n != 0 {
			w.Errorf("%d topics", n)
		}
	})
}

func TestRule_3_6_5_XSubSubscribesByMessage(t *testing.T) {
	clause(t, "as a command, ahead of messages that wait, and remembered", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.XSUB)
		s.MustConnect("mem://a")
		s.MustSend("up")
		change(w, s, true, "a")
		p := l.Accept()
		p.Shake("XPUB")
		if got := command(w, p); got != "SUBSCRIBE a" {
			w.Errorf("it says %q", got)
		}
		wants(w, p, "up")
	})
	// The Go face makes such a message a subscription.
	t.Run("of the Go face", func(t *testing.T) {
		st.Run(t, func(w *st.World) {
			o := &zmq.Options{Namespace: zmq.NewNamespace()}
			s, err := zmq.NewXSub(o)
			is(w, "new", err, nil)
			defer s.Close()
			ctx := context.Background()
			for i := range 2 {
				pub, err := zmq.NewXPub(o)
				is(w, "new", err, nil)
				defer pub.Close()
				ep := fmt.Sprint("inproc://", i)
				_, err = pub.Bind(ep)
				is(w, "bind", err, nil)
				is(w, "connect", s.Connect(ep), nil)
				if i == 0 {
					is(w, "subscribing", s.Send(ctx, []byte("\x01a")), nil)
				}
				m, err := pub.Recv(ctx)
				is(w, "receiving", err, nil)
				if string(m.Bytes()) != "\x01a" {
					w.Errorf("publisher %d received %q", i, m.Bytes())
				}
				if i > 0 {
					continue
				}
				// So are those of a message of several, and what is left is one.
				is(w, "sending", s.Send(ctx, []byte("\x01b"), []byte("topic")), nil)
				for _, want := range []string{"\x01b", "topic"} {
					if m, err = pub.Recv(ctx); err != nil || m.String() != want || s.TopicCount() != 2 {
						w.Errorf("received %q, %v; %d topics", m, err, s.TopicCount())
					}
				}
				is(w, "taking it back", s.Send(ctx, []byte("\x00b")), nil)
				_, err = pub.Recv(ctx)
				is(w, "receiving", err, nil)
			}
			is(w, "taking it back", s.Send(ctx, []byte("\x00a")), nil)
			if n := s.TopicCount(); n != 0 {
				w.Errorf("%d topics", n)
			}
		})
	})
}

func TestRule_3_6_6_OptionsOfXSubOnSub(t *testing.T) {
	clause(t, "do nothing", func(w *st.World) {
		s := w.Socket(pattern.SUB, options(func(o *pattern.Options) { o.VerboseUnsubscribe, o.OnlyFirst = true, true }))
		s.MustBind("mem://a")
		p := handshaken(w, s, 1, "XPUB")[0]
		change(w, s, false, "never")
		change(w, s, true, "a")
		if got := command(w, p); got != "SUBSCRIBE a" {
			w.Errorf("it says %q", got)
		}
		if n := s.TopicCount(); n != 1 {
			w.Errorf("%d topics", n)
		}
	})
}

func TestRule_3_6_7_EitherSideBinds(t *testing.T) {
	for _, pubType := range publishers {
		for _, subType := range subscribers {
			for _, subBinds := range []bool{false, true} {
				everywhere(t, fmt.Sprint(names[pubType], " ", names[subType], " binds ", subBinds), func(w *st.World, ep string) {
					pub, sub := w.Socket(pubType), w.Socket(subType)
					change(w, sub, true, "a")
					if subBinds {
						meet(w, ep, sub, pub)
					} else {
						meet(w, ep, pub, sub)
					}
					w.Settle()
					pub.MustSend("a")
					sub.WantRecv("a")
				})
			}
		}
	}
	everywhere(t, "before anybody subscribes", func(w *st.World, ep string) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		pub.MustConnect(ep)
		change(w, sub, true, "")
		for range 10 {
			pub.MustSend("too early")
		}
		sub.MustBind(ep)
		is(w, "waiting", pub.WaitSubscribers(context.Background(), 1, nil), nil)
		pub.MustSend("in time")
		sub.WantRecv("in time")
		sub.WantNone()
		pub.WantDrops(nil)
	})
}
