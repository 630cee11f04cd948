package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq"
)

// afterSend are the reasons of drops after Send, as Stats documents them.
var afterSend = []zmq.DropReason{
	zmq.DropHWM, zmq.DropNoRoute, zmq.DropInFlight, zmq.DropConnLost, zmq.DropLinger, zmq.DropRequester,
	zmq.DropConflated, zmq.DropTooLarge, zmq.DropUnreachable,
}

// sendBalance returns the difference between the two sides of the equation of a
// sender in the documentation of Stats.
func sendBalance(st zmq.Stats) int {
	sum := st.MessagesWritten + uint64(st.QueuedSend)
	for _, why := range afterSend {
		sum += st.Drops[why]
	}
	return int(st.MessagesSent) - int(sum)
}

// TestEveryAcceptedMessageIsAccountedFor: several sockets send at random to one
// that receives at random. At each stop, and for tcp and ipc at every moment, each
// message that a sender has accepted is written, queued or dropped. When the
// receiver closes with unread messages, they are dropped there, and no message is
// missing.
func TestEveryAcceptedMessageIsAccountedFor(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
				accountForRandomTraffic(t, ep, o, rand.New(rand.NewPCG(seed, 0)))
			})
		})
	}
}

func accountForRandomTraffic(t *testing.T, ep string, o *zmq.Options, rng *rand.Rand) {
	const senders, rounds = 3, 10
	ctx := testContext(t)
	o.SendHWM, o.RecvHWM = 1+rng.IntN(50), 1+rng.IntN(50)
	pull := must(zmq.NewPull(o.For(zmq.TypePull)))
	closeAtEnd(t, pull)
	bound := must(pull.Bind(ep))
	inproc := bound == ep
	pushes := make([]*zmq.Push, senders)
	for i := range pushes {
		pushes[i] = must(zmq.NewPush(o.For(zmq.TypePush)))
		closeAtEnd(t, pushes[i])
		check(pushes[i].Connect(bound))
		check(pushes[i].WaitConnected(ctx))
	}
	sizes := []int{0, 100, 10_000}
	for range rounds {
		var busy, checker sync.WaitGroup
		var stop atomic.Bool
		for _, push := range pushes {
			n, size := rng.IntN(200), sizes[rng.IntN(len(sizes))]
			busy.Go(func() {
				for range n {
					if err := push.TrySend(make([]byte, size)); err != nil && !errors.Is(err, zmq.ErrWouldBlock) {
						t.Error(err)
					}
				}
			})
			if inproc {
				continue
			}
			checker.Go(func() {
				for !stop.Load() {
					if n := sendBalance(push.Stats()); n != 0 {
						t.Errorf("while sending, %d messages are not accounted for", n)
						return
					}
				}
			})
		}
		n := rng.IntN(400)
		busy.Go(func() {
			for range n {
				if _, err := pull.TryRecv(); err != nil && !errors.Is(err, zmq.ErrWouldBlock) {
					t.Error(err)
				}
			}
		})
		busy.Wait()
		stop.Store(true)
		checker.Wait()
		for i, push := range pushes {
			st := push.Stats()
			if n := sendBalance(st); n != 0 {
				t.Fatalf("sender %d at a stop: %d messages are not accounted for: %+v", i, n, st)
			}
			peer := push.PeerStats()
			if len(peer) != 1 || !inproc && peer[0].MessagesWritten > st.MessagesWritten+uint64(st.QueuedSend) ||
				inproc && (peer[0].MessagesWritten != st.MessagesWritten || peer[0].QueuedSend != st.QueuedSend) {
				t.Fatalf("sender %d at a stop: %+v for its only peer, %+v in total", i, peer, st)
			}
		}
	}
	total := func(of func(zmq.Stats) uint64) (sum uint64) {
		for _, push := range pushes {
			sum += of(push.Stats())
		}
		return sum
	}
	written := func(st zmq.Stats) uint64 { return st.MessagesWritten }
	sent := total(func(st zmq.Stats) uint64 { return st.MessagesSent })
	if sent == 0 {
		t.Fatal("nothing was sent")
	}
	for pull.Stats().MessagesReceived < sent {
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// What the receiver has may be unacknowledged for a moment at the sender.
	await(t, "every message is written", func() bool { return total(written) == sent })
	var received uint64
	for _, p := range pull.PeerStats() {
		received += p.MessagesReceived
		if p.QueuedRecv != 0 || p.Since.IsZero() {
			t.Errorf("after everything was received: %+v", p)
		}
	}
	if st := pull.Stats(); received != sent || st.MessagesReceived != sent || st.QueuedRecv != 0 {
		t.Errorf("%d sent, %d received from the peers, and in total %+v", sent, received, st)
	}

	unread := uint64(0)
	for _, push := range pushes {
		for range 1 + rng.IntN(5) {
			if push.TrySend([]byte("unread")) == nil {
				unread++
			}
		}
	}
	await(t, "the messages are queued at the receiver", func() bool {
		return total(written) == sent+unread || inproc
	})
	if inproc {
		if n := pull.Stats().QueuedRecv; n != int(unread) {
			t.Errorf("%d messages in the queue of the receiver, want %d", n, unread)
		}
		check(pull.Close())
		if st := pull.Stats(); st.Drops[zmq.DropUnread] != unread {
			t.Errorf("the receiver has dropped %v, want %d unread", st.Drops, unread)
		}
	} else {
		await(t, "the receiver has them", func() bool { return pull.Stats().QueuedRecv == int(unread) })
		check(pull.Close())
		if st := pull.Stats(); st.MessagesReceived+st.Drops[zmq.DropUnread] != sent+unread {
			t.Errorf("the receiver has received %d and dropped %v of %d", st.MessagesReceived, st.Drops, sent+unread)
		}
	}
	for i, push := range pushes {
		if st := push.Stats(); sendBalance(st) != 0 || st.QueuedSend != 0 {
			t.Errorf("sender %d after the receiver was closed: %d messages are not accounted for: %+v", i, sendBalance(st), st)
		}
	}
}

// TestPeerStatsDescribeEachSubscriber: each peer has its own counters, high-water
// marks and subscriptions.
func TestPeerStatsDescribeEachSubscriber(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		po := *o
		po.SendHWM = 10
		pub := must(zmq.NewPub(po.For(zmq.TypePub)))
		closeAtEnd(t, pub)
		bound := must(pub.Bind(ep))
		subs := make([]*zmq.Sub, 2)
		for i := range subs {
			so := *o
			so.RecvHWM = 5
			subs[i] = must(zmq.NewSub(so.For(zmq.TypeSub)))
			closeAtEnd(t, subs[i])
			check(subs[i].Subscribe("a"))
			if i == 1 {
				check(subs[i].Subscribe("b"))
				check(subs[i].Subscribe("c"))
			}
			check(subs[i].Connect(bound))
			check(subs[i].WaitSubscribed(ctx))
		}
		check(pub.Send(ctx, []byte("a")))
		check(pub.Send(ctx, []byte("b")))
		for i, sub := range subs {
			for range i + 1 {
				must(sub.Recv(ctx))
			}
		}
		if n := pub.Stats().Subscriptions; n != 3 {
			t.Errorf("%d subscriptions, want 3", n)
		}
		hwm := 10
		if bound == ep {
			hwm = 15 // of both sockets
		}
		await(t, "the messages are written", func() bool { return pub.Stats().MessagesWritten == 3 })
		got := map[int]uint64{}
		for _, p := range pub.PeerStats() {
			got[p.Subscriptions] = p.MessagesWritten
			if p.SendHWM != hwm || p.QueuedSend != 0 || p.Since.IsZero() || p.Peer.SocketType() != zmq.TypeSub || len(p.Drops) != 0 {
				t.Errorf("a subscriber is %+v, want high-water mark %d", p, hwm)
			}
		}
		if len(got) != 2 || got[1] != 1 || got[3] != 2 {
			t.Errorf("messages written by number of subscriptions: %v, want 1 for 1 and 2 for 3", got)
		}
		// Over inproc nothing takes the messages from the queue.
		if bound == ep {
			drops := uint64(0)
			for range hwm + 7 {
				check(pub.Send(ctx, []byte("a")))
			}
			for _, p := range pub.PeerStats() {
				// Messages that are received and not acknowledged count against the
				// high-water mark.
				if n := p.Drops[zmq.DropHWM]; n < 7 || p.QueuedSend+int(n) != hwm+7 {
					t.Errorf("a full queue is %+v, want the rest of %d queued, and at least 7 dropped", p, hwm+7)
				}
				drops += p.Drops[zmq.DropHWM]
			}
			if n := pub.Stats().Drops[zmq.DropHWM]; n != drops {
				t.Errorf("%d dropped in total, %d in the sum of the peers", n, drops)
			}
		}
	})
}

// TestDisconnectLeavesUnreadMessagesToThePeer: over inproc the messages that the
// peer has not read when a sender disconnects are written for the sender and queued
// for the receiver, which still returns them.
func TestDisconnectLeavesUnreadMessagesToThePeer(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	push, pull := must(zmq.NewPush(o)), must(zmq.NewPull(o))
	join(t, "inproc://a", pull, push)
	for range 5 {
		check(push.Send(ctx, []byte("x")))
	}
	must(pull.Recv(ctx))
	must(pull.Recv(ctx))
	check(push.Disconnect("inproc://a"))
	for range 4 {
		st, far := push.Stats(), pull.Stats()
		if st.MessagesWritten != 5 || st.QueuedSend != 0 || sendBalance(st) != 0 {
			t.Errorf("the sender has %d written, %d queued, want 5 and 0", st.MessagesWritten, st.QueuedSend)
		}
		if far.MessagesReceived+uint64(far.QueuedRecv) != 5 {
			t.Errorf("the receiver has %d received, %d queued, want 5 together", far.MessagesReceived, far.QueuedRecv)
		}
		pull.TryRecv()
	}
	if n := pull.Stats().MessagesReceived; n != 5 {
		t.Errorf("%d received in the end, want 5", n)
	}
}

// TestGeneratedMessagesAreNotTheSenders: subscriptions and notifications that Recv
// of a socket returns pass through the queue of its peer over inproc, which has not
// sent them.
func TestGeneratedMessagesAreNotTheSenders(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		xpub, xsub := must(zmq.NewXPub(o)), must(zmq.NewXSub(o))
		check(xsub.Subscribe("a"))
		join(t, ep, xpub, xsub)
		must(xpub.Recv(ctx)) // the subscription
		check(xsub.Subscribe("b"))
		must(xpub.Recv(ctx))
		check(xsub.Send(ctx, []byte("upstream")))
		must(xpub.Recv(ctx))
		await(t, "the message is written", func() bool { return xsub.Stats().MessagesWritten == 1 })
		if st := xsub.Stats(); sendBalance(st) != 0 || st.MessagesSent != 1 || st.QueuedSend != 0 {
			t.Errorf("XSUB: %+v", st)
		}

		po := *o
		po.Router.Notify = zmq.RouterNotifyConnect
		router, dealer := must(zmq.NewRouter(&po)), must(zmq.NewDealer(o))
		if ep == "inproc://x" {
			ep = "inproc://y"
		}
		join(t, ep, router, dealer)
		if m := must(router.Recv(ctx)); !m.IsConnect() {
			t.Fatalf("received %q, want a notification", m)
		}
		check(dealer.Send(ctx, []byte("request")))
		must(router.Recv(ctx))
		await(t, "the request is written", func() bool { return dealer.Stats().MessagesWritten == 1 })
		if st := dealer.Stats(); sendBalance(st) != 0 || st.MessagesSent != 1 || st.QueuedSend != 0 {
			t.Errorf("DEALER: %+v", st)
		}
	})
}

// TestHelloMessageIsNotSent: a hello message that the peer has not read is not
// queued, written or sent for its sender, whose counters do not become negative.
func TestHelloMessageIsNotSent(t *testing.T) {
	ctx := testContext(t)
	o := inprocOptions()
	ho := *o
	ho.AutoMessages.Hello = []byte("hello")
	dealer, router := must(zmq.NewDealer(&ho)), must(zmq.NewRouter(o))
	join(t, "inproc://a", router, dealer)
	if st := dealer.Stats(); st.MessagesWritten != 0 || st.MessagesSent != 0 || st.QueuedSend != 0 || router.Stats().QueuedRecv != 1 {
		t.Errorf("before it is read: %+v", st)
	}
	check(dealer.Send(ctx, []byte("x")))
	if st := dealer.Stats(); st.MessagesWritten != 0 || st.QueuedSend != 1 {
		t.Errorf("with a message: %+v", st)
	}
	must(router.Recv(ctx))
	must(router.Recv(ctx))
	if st := dealer.Stats(); st.MessagesWritten != 1 || st.QueuedSend != 0 {
		t.Errorf("after both are read: %+v", st)
	}
}

// counts are the counters of a sender that Stats and PeerStats have in common.
type counts struct{ written, queued, dropped uint64 }

func (c *counts) add(written uint64, queued int, drops map[zmq.DropReason]uint64) {
	c.written += written
	c.queued += uint64(queued)
	for _, why := range afterSend {
		c.dropped += drops[why]
	}
}

func totals(st zmq.Stats) (c counts) {
	c.add(st.MessagesWritten, st.QueuedSend, st.Drops)
	return c
}

// TestCountersOfThePeersAddUpToThoseOfTheSocket: peers of a ROUTER come, read some of
// their messages and leave with others in their queues. At each stop the counters of
// the socket are the sums of those of the present peers and of the ones that have left.
// What was queued for a peer that leaves is dropped, or written to it.
func TestCountersOfThePeersAddUpToThoseOfTheSocket(t *testing.T) {
	for _, endpoint := range []string{"mem://a", "inproc://a"} {
		for seed := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				zmq.NewMemory(t)
				rng := rand.New(rand.NewPCG(seed, 1))
				o := inprocOptions()
				o.Linger, o.SendHWM, o.RecvHWM = zmq.NoLinger, 5, 5
				router := must(zmq.NewRouter(o))
				defer router.Close()
				must(router.Bind(endpoint))
				var left counts
				peers := map[string]*zmq.Dealer{}
				defer func() {
					for _, d := range peers {
						d.Close()
					}
				}()
				present := func() (sum counts, list []zmq.PeerStats) {
					synctest.Wait()
					list = router.PeerStats()
					for _, p := range list {
						sum.add(p.MessagesWritten, p.QueuedSend, p.Drops)
					}
					return sum, list
				}
				sent := uint64(0)
				for i := range 60 {
					id := fmt.Sprint("peer ", rng.IntN(4))
					switch dealer := peers[id]; {
					case dealer == nil:
						do := *o
						do.RoutingID = id
						peers[id] = must(zmq.NewDealer(&do))
						check(peers[id].Connect(endpoint))
						synctest.Wait()
					case rng.IntN(5) == 0:
						_, list := present()
						before := totals(router.Stats())
						dealer.Close()
						synctest.Wait()
						after := totals(router.Stats())
						for _, p := range list {
							if p.Peer.RoutingID() != id {
								continue
							}
							left.add(p.MessagesWritten+after.written-before.written, 0, p.Drops)
							left.dropped += after.dropped - before.dropped
							if n := after.written - before.written + after.dropped - before.dropped; n != uint64(p.QueuedSend) {
								t.Errorf("%d messages written or dropped when a peer with %d queued left", n, p.QueuedSend)
							}
						}
						delete(peers, id)
					case rng.IntN(2) == 0:
						for range 1 + rng.IntN(5) {
							dealer.TryRecv()
						}
					default:
						for range 1 + rng.IntN(10) {
							switch err := router.TrySendTo(id, make([]byte, 100_000)); {
							case err == nil:
								sent++
							case !errors.Is(err, zmq.ErrWouldBlock):
								t.Fatal(err)
							}
						}
					}
					sum, _ := present()
					sum.written, sum.dropped = sum.written+left.written, sum.dropped+left.dropped
					st := router.Stats()
					if total := totals(st); sum != total || st.MessagesSent != sent || sendBalance(st) != 0 {
						t.Fatalf("%s, seed %d, step %d: the peers have %+v, the socket %+v of %d sent", endpoint, seed, i, sum, total, sent)
					}
				}
				if endpoint == "mem://a" && left.dropped == 0 {
					t.Errorf("seed %d: no peer has left messages", seed)
				}
			})
		}
	}
}

// TestDropsWithoutAPeerAreInTheTotalOnly: messages that were dropped before they had a
// route, or for any of several full peers, are counted for the socket and for no peer.
func TestDropsWithoutAPeerAreInTheTotalOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zmq.NewMemory(t)
		o := inprocOptions()
		o.SendHWM, o.RecvHWM, o.Overflow, o.Linger = 1, 1, zmq.OverflowDropNewest, zmq.NoLinger
		want := func(what string, s zmq.Socket, drops map[zmq.DropReason]uint64) {
			t.Helper()
			synctest.Wait()
			st := s.Stats()
			if !maps.Equal(st.Drops, drops) || sendBalance(st) != 0 {
				t.Errorf("%s: dropped %v, want %v; %+v", what, st.Drops, drops, st)
			}
			for _, p := range s.PeerStats() {
				if len(p.Drops) > 0 {
					t.Errorf("%s: the peer has %v", what, p.Drops)
				}
			}
		}
		// Two full peers: neither is chosen.
		push := must(zmq.NewPush(o.For(zmq.TypePush)))
		for _, name := range []string{"inproc://a", "inproc://b"} {
			pull := must(zmq.NewPull(o.For(zmq.TypePull)))
			defer pull.Close()
			must(pull.Bind(name))
			check(push.Connect(name))
		}
		for range 10 {
			check(push.TrySend([]byte("x")))
		}
		want("two full peers", push.Socket, map[zmq.DropReason]uint64{zmq.DropHWM: 6})
		push.Close()

		// An endpoint that is never connected.
		push = must(zmq.NewPush(o.For(zmq.TypePush)))
		check(push.Connect("mem://absent"))
		check(push.TrySend([]byte("x")))
		synctest.Wait()
		check(push.Disconnect("mem://absent"))
		want("an endpoint without a peer", push.Socket, map[zmq.DropReason]uint64{zmq.DropLinger: 1})
		push.Close()

		// Over inproc the other socket is of a type that cannot be a peer.
		push = must(zmq.NewPush(o.For(zmq.TypePush)))
		pub := must(zmq.NewPub(o.For(zmq.TypePub)))
		check(push.Connect("inproc://pub"))
		check(push.TrySend([]byte("x")))
		must(pub.Bind("inproc://pub"))
		want("a socket of another type", push.Socket, map[zmq.DropReason]uint64{zmq.DropNoRoute: 1})
		push.Close()
		pub.Close()

		// The requester has left.
		rep, req := must(zmq.NewRep(o.For(zmq.TypeRep))), must(zmq.NewReq(o.For(zmq.TypeReq)))
		join(t, "inproc://rep", rep, req)
		check(req.TrySend([]byte("x")))
		must(rep.Recv(t.Context()))
		req.Close()
		synctest.Wait()
		check(rep.TrySend([]byte("y")))
		want("a requester that has left", rep.Socket, map[zmq.DropReason]uint64{zmq.DropRequester: 1})
	})
}

// TestProbeMessageIsSentMessage: the empty message of ProbeRouter is one that the
// socket has sent, also while it is queued for an endpoint without a peer and when it
// is dropped there.
func TestProbeMessageIsSentMessage(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
		po := *o
		po.AutoMessages.ProbeRouter = true
		po.Linger = zmq.NoLinger
		dealer, router := must(zmq.NewDealer(&po)), must(zmq.NewRouter(o))
		join(t, ep, router, dealer)
		must(router.Recv(ctx))
		await(t, "the probe is written", func() bool { return dealer.Stats().MessagesWritten == 1 })
		if st := dealer.Stats(); sendBalance(st) != 0 || st.MessagesSent != 1 {
			t.Errorf("after the probe: %+v", st)
		}
		check(dealer.Connect("inproc://absent"))
		if st := dealer.Stats(); sendBalance(st) != 0 || st.QueuedSend != 1 {
			t.Errorf("without a peer: %+v", st)
		}
		dealer.Close()
		if st := dealer.Stats(); sendBalance(st) != 0 || st.Drops[zmq.DropLinger] != 1 {
			t.Errorf("after close: %+v", st)
		}
	})
}

// TestEmptyMessageOfStreamIsNotSent: an empty message disconnects a peer of a STREAM and
// is not written, so it does not count as sent.
func TestEmptyMessageOfStreamIsNotSent(t *testing.T) {
	o := inprocOptions()
	a, b := must(zmq.NewStream(o)), must(zmq.NewStream(o))
	closeAtEnd(t, a)
	closeAtEnd(t, b)
	ctx := testContext(t)
	check(b.Connect(must(a.Bind("tcp://127.0.0.1:*"))))
	m := must(a.Recv(ctx))
	check(a.Reply(ctx, m, nil))
	if st := a.Stats(); st.MessagesSent != 0 || sendBalance(st) != 0 {
		t.Errorf("after an empty message: %+v", st)
	}
}

// TestNotificationThatAProxyReturnsToAStreamIsNotSent: a proxy forwards the empty message
// of a peer that has connected with the routing ID as its first frame. That disconnects
// the peer, and does not count as sent either.
func TestNotificationThatAProxyReturnsToAStreamIsNotSent(t *testing.T) {
	stream := must(zmq.NewStream(inprocOptions()))
	closeAtEnd(t, stream)
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- zmq.Proxy(ctx, stream.Socket, stream.Socket, nil) }()
	c, err := net.Dial("tcp", strings.TrimPrefix(must(stream.Bind("tcp://127.0.0.1:*")), "tcp://"))
	check(err)
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer is not disconnected: %v", err)
	}
	cancel()
	<-ended
	if st := stream.Stats(); st.MessagesSent != 0 || sendBalance(st) != 0 {
		t.Errorf("after the notification is returned: %+v", st)
	}
}
