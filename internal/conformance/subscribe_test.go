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

// manyTopics is a number of topics or groups whose commands exceed all buffers of
// a connection to a publisher that does not read.
const manyTopics = 30_000

func TestSubCloseDoesNotWait(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.SUB, pattern.XSUB} {
		subtest(t, typeNames[typ]+" with a publisher that does not read", func(w *st.World) {
			s := w.Socket(typ)
			s.MustConnect("mem://absent")
			s.MustBind("mem://a")
			dialRawPeers(w, s, 1, "PUB")
			w.Net.Links()[0].Down().SetBuffer(1000)
			for i := range manyTopics {
				if err := s.Subscribe(fmt.Sprint(i), true); err != nil {
					w.Fatal(err)
				}
			}
			w.Settle()
			if d := st.After(func() { s.CloseIn(-1) }); d != 0 {
				w.Errorf("Close took %v", d)
			}
		})
	}
	subtest(t, "XSUB waits for its messages", func(w *st.World) {
		s := w.Socket(pattern.XSUB)
		s.MustConnect("mem://absent")
		s.MustSend("up")
		var unsent int
		if d := st.After(func() { unsent = s.CloseIn(time.Minute) }); d != time.Minute || unsent != 1 {
			w.Errorf("Close took %v with %d unsent, want a minute with 1", d, unsent)
		}
	})
}

func TestSubResendsSubscriptionsToEachPublisher(t *testing.T) {
	for _, typ := range subscribers {
		subtest(t, typeNames[typ]+" over a connection", func(w *st.World) {
			a, b := w.Listen("a"), w.Listen("b")
			s := w.Socket(typ)
			long := strings.Repeat("long", 1000)
			setSubscribed(w, s, true, "", "a", long, "cancelled")
			setSubscribed(w, s, false, "cancelled")
			s.MustConnect("mem://a")
			subscriptions := func(p *st.Peer, n int) (list []string) {
				for range n {
					list = append(list, strings.TrimPrefix(recvCommand(w, p), "SUBSCRIBE "))
				}
				slices.Sort(list)
				return list
			}
			p := a.Accept()
			p.Handshake("PUB")
			want := []string{"", "a", long}
			if got := subscriptions(p, 3); !slices.Equal(got, want) {
				w.Errorf("the first publisher read %.40q", got)
			}
			s.MustConnect("mem://b")
			q := b.Accept()
			q.Handshake("PUB")
			if got := subscriptions(q, 3); !slices.Equal(got, want) {
				w.Errorf("the second publisher read %.40q", got)
			}
			setSubscribed(w, s, true, "more")
			for _, each := range []*st.Peer{p, q} {
				if got := recvCommand(w, each); got != "SUBSCRIBE more" {
					w.Errorf("a publisher read %q", got)
				}
			}
			p.Close()
			w.Settle()
			setSubscribed(w, s, false, "a", long)
			p = a.Accept()
			p.Handshake("PUB")
			if got := subscriptions(p, 2); !slices.Equal(got, []string{"", "more"}) {
				w.Errorf("the first publisher read %.40q after the reconnect", got)
			}
			wantPeerNone(w, p)
		})
		subtest(t, typeNames[typ]+" over inproc", func(w *st.World) {
			s := w.Socket(typ)
			setSubscribed(w, s, true, "a")
			for i := range 2 {
				ep := fmt.Sprint("inproc://", i)
				pub := w.Socket(pattern.PUB)
				connect(w, ep, pub, s)
				pub.MustSend("a", ep)
				pub.MustSend("b")
				s.WantRecv("a", ep)
				s.WantNone()
			}
		})
		overEachTransport(t, typeNames[typ]+", more topics than the HWM", func(w *st.World, ep string) {
			const topics = 3000
			s, pub := w.Socket(typ, st.HWM(1, 1)), w.Socket(pattern.PUB)
			for i := range topics {
				if err := s.Subscribe(fmt.Sprint(i), true); err != nil {
					w.Fatal(err)
				}
			}
			connect(w, ep, pub, s)
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
	subtest(t, "after a reconnect only messages of the interruption are missing", func(w *st.World) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		setSubscribed(w, sub, true, "a")
		connect(w, "mem://a", pub, sub)
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		pub.MustSend("a", "while disconnected")
		wantErr(w, "WaitSubscribers", pub.WaitSubscribers(context.Background(), 1, []byte("a")), nil)
		pub.MustSend("a", "after the reconnect")
		sub.WantRecv("a", "after the reconnect")
	})
}

func TestSubCancelOfUnknownTopicSendsNothing(t *testing.T) {
	verbose := patternOptions(func(o *pattern.Options) { o.VerboseUnsubscribe = true })
	for _, row := range []struct {
		typ     pattern.Type
		verbose bool
	}{{pattern.SUB, false}, {pattern.XSUB, false}, {pattern.XSUB, true}} {
		subtest(t, fmt.Sprint(typeNames[row.typ], " verbose ", row.verbose), func(w *st.World) {
			s := w.Socket(row.typ)
			if row.verbose {
				s = w.Socket(row.typ, verbose)
			}
			s.MustBind("mem://a")
			p := dialRawPeers(w, s, 1, "XPUB")[0]
			setSubscribed(w, s, false, "never")
			setSubscribed(w, s, true, "a", "a")
			setSubscribed(w, s, false, "a", "a", "a")
			want := []string{"SUBSCRIBE a", "SUBSCRIBE a", "CANCEL a"}
			if row.verbose {
				want = []string{"CANCEL never", "SUBSCRIBE a", "SUBSCRIBE a", "CANCEL a", "CANCEL a", "CANCEL a"}
			}
			for _, each := range want {
				if got := recvCommand(w, p); got != each {
					w.Errorf("the peer read %q, want %q", got, each)
				}
			}
			wantPeerNone(w, p)
		})
	}
}

func TestSubFiltersUnsubscribedMessages(t *testing.T) {
	subtest(t, "messages of topics that are not subscribed to", func(w *st.World) {
		sub := w.Socket(pattern.SUB)
		sub.MustBind("mem://a")
		p := dialRawPeers(w, sub, 1, "PUB")[0]
		setSubscribed(w, sub, true, "a", "b")
		p.MustWrite(st.Message("a", "c"), st.Message("c", "a"), st.Message("b"), st.Message(""))
		sub.WantRecv("a", "c")
		setSubscribed(w, sub, false, "b") // the queued b does not match any more
		sub.WantNone()
		sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 3})
	})
}

func TestXSubSubscribesByFramesOfOneMessage(t *testing.T) {
	overEachTransport(t, "subscriptions are extracted, the other frames are a message", func(w *st.World, ep string) {
		pub, sub := w.Socket(pattern.XPUB), w.Socket(pattern.XSUB)
		connect(w, ep, pub, sub)
		wantErr(w, "sending", sub.TrySend(st.Of("\x01a", "up", "\x01b", "stream")), nil)
		w.Settle()
		got := make(map[string]bool)
		for range 3 {
			m, _ := pub.MustRecv()
			got[strings.Join(m, "|")] = true
		}
		if !got["\x01a"] || !got["\x01b"] || !got["up|stream"] {
			w.Errorf("received %v, want two subscriptions and one message", got)
		}
		if n := sub.TopicCount(); n != 2 {
			w.Errorf("%d topics, want 2", n)
		}
		wantErr(w, "cancelling one", sub.TrySend(st.Of("\x00a")), nil)
		pub.WantRecv("\x00a")
	})
	subtest(t, "with ZMQ_ONLY_FIRST_SUBSCRIBE the second frame is no subscription", func(w *st.World) {
		pub := w.Socket(pattern.XPUB, patternOptions(func(o *pattern.Options) { o.OnlyFirst = true }))
		sub := w.Socket(pattern.XSUB, patternOptions(func(o *pattern.Options) { o.OnlyFirst = true }))
		connect(w, "mem://a", pub, sub)
		wantErr(w, "sending", sub.TrySend(st.Of("up", "\x01b")), nil)
		pub.WantRecv("up", "\x01b")
		if n := sub.TopicCount(); n != 0 {
			w.Errorf("%d topics, want 0", n)
		}
	})
}

func TestXSubMessageSubscribesAsACommand(t *testing.T) {
	subtest(t, "sent as a command before queued messages", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.XSUB)
		s.MustConnect("mem://a")
		s.MustSend("up")
		setSubscribed(w, s, true, "a")
		p := l.Accept()
		p.Handshake("XPUB")
		if got := recvCommand(w, p); got != "SUBSCRIBE a" {
			w.Errorf("the peer read %q, want %q", got, "SUBSCRIBE a")
		}
		wantPeerRecv(w, p, "up")
	})
	t.Run("by Send of package zmq", func(t *testing.T) {
		st.Run(t, func(w *st.World) {
			o := &zmq.Options{Namespace: zmq.NewNamespace()}
			s, err := zmq.NewXSub(o)
			wantErr(w, "new", err, nil)
			defer s.Close()
			ctx := context.Background()
			for i := range 2 {
				pub, err := zmq.NewXPub(o)
				wantErr(w, "new", err, nil)
				defer pub.Close()
				ep := fmt.Sprint("inproc://", i)
				_, err = pub.Bind(ep)
				wantErr(w, "bind", err, nil)
				wantErr(w, "connect", s.Connect(ep), nil)
				if i == 0 {
					wantErr(w, "subscribing", s.Send(ctx, []byte("\x01a")), nil)
				}
				m, err := pub.Recv(ctx)
				wantErr(w, "receiving", err, nil)
				if string(m.Bytes()) != "\x01a" {
					w.Errorf("publisher %d received %q", i, m.Bytes())
				}
				if i > 0 {
					continue
				}
				// A subscription in a multipart message is extracted; the other frames
				// are one message.
				wantErr(w, "sending", s.Send(ctx, []byte("\x01b"), []byte("topic")), nil)
				for _, want := range []string{"\x01b", "topic"} {
					if m, err = pub.Recv(ctx); err != nil || m.String() != want || s.TopicCount() != 2 {
						w.Errorf("received %q, %v; %d topics", m, err, s.TopicCount())
					}
				}
				wantErr(w, "cancelling", s.Send(ctx, []byte("\x00b")), nil)
				_, err = pub.Recv(ctx)
				wantErr(w, "receiving", err, nil)
			}
			wantErr(w, "cancelling", s.Send(ctx, []byte("\x00a")), nil)
			if n := s.TopicCount(); n != 0 {
				w.Errorf("%d topics, want 0", n)
			}
		})
	})
}

func TestSubIgnoresXSubOptions(t *testing.T) {
	subtest(t, "without effect", func(w *st.World) {
		s := w.Socket(pattern.SUB, patternOptions(func(o *pattern.Options) { o.VerboseUnsubscribe, o.OnlyFirst = true, true }))
		s.MustBind("mem://a")
		p := dialRawPeers(w, s, 1, "XPUB")[0]
		setSubscribed(w, s, false, "never")
		setSubscribed(w, s, true, "a")
		if got := recvCommand(w, p); got != "SUBSCRIBE a" {
			w.Errorf("the peer read %q, want %q", got, "SUBSCRIBE a")
		}
		if n := s.TopicCount(); n != 1 {
			w.Errorf("%d topics, want 1", n)
		}
	})
}

func TestPubAndSubMayEachBind(t *testing.T) {
	for _, pubType := range publishers {
		for _, subType := range subscribers {
			for _, subBinds := range []bool{false, true} {
				overEachTransport(t, fmt.Sprint(typeNames[pubType], " ", typeNames[subType], " binds ", subBinds), func(w *st.World, ep string) {
					pub, sub := w.Socket(pubType), w.Socket(subType)
					setSubscribed(w, sub, true, "a")
					if subBinds {
						connect(w, ep, sub, pub)
					} else {
						connect(w, ep, pub, sub)
					}
					w.Settle()
					pub.MustSend("a")
					sub.WantRecv("a")
				})
			}
		}
	}
	overEachTransport(t, "messages before the first subscription are dropped", func(w *st.World, ep string) {
		pub, sub := w.Socket(pattern.PUB), w.Socket(pattern.SUB)
		pub.MustConnect(ep)
		setSubscribed(w, sub, true, "")
		for range 10 {
			pub.MustSend("too early")
		}
		sub.MustBind(ep)
		wantErr(w, "WaitSubscribers", pub.WaitSubscribers(context.Background(), 1, nil), nil)
		pub.MustSend("in time")
		sub.WantRecv("in time")
		sub.WantNone()
		pub.WantDrops(nil)
	})
}
