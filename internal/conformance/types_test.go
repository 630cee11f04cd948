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

// numPeers is the number of peers in tests of rotation.
const numPeers = 3

// testSendsRoundRobin checks that each message goes to the next peer.
func testSendsRoundRobin(t *testing.T, typ pattern.Type, peerType string) {
	t.Helper()
	subtest(t, "sends to each peer in turn", func(w *st.World) {
		s := w.Socket(typ)
		s.MustBind("mem://a")
		peers := dialRawPeers(w, s, numPeers, peerType)
		for i := range 2 * numPeers {
			s.MustSend(fmt.Sprint(i))
		}
		for i := range 2 * numPeers {
			wantPeerRecv(w, peers[i%numPeers], fmt.Sprint(i))
		}
	})
}

// testFairQueues checks that the socket receives one message of each peer before
// the second of any. The function message makes a message of a label.
func testFairQueues(t *testing.T, typ pattern.Type, peerType string, message func(label string) []string) {
	t.Helper()
	subtest(t, "receives from each peer in turn", func(w *st.World) {
		s := w.Socket(typ)
		switch peerType {
		case "PUB", "XPUB":
			setSubscribed(w, s, true, "")
		case "RADIO":
			wantErr(w, "join", s.Join("g", true), nil)
		}
		s.MustBind("mem://a")
		for i, p := range dialRawPeers(w, s, numPeers, peerType) {
			p.MustWrite(st.Message(message(fmt.Sprint(i))...), st.Message(message(fmt.Sprint(i))...))
		}
		w.Settle()
		for range 2 {
			var round []string
			for range numPeers {
				m, _ := s.MustRecv()
				round = append(round, m[len(m)-1])
				if typ == pattern.REP {
					s.MustSend("reply")
				}
			}
			if slices.Sort(round); strings.Join(round, "") != "012" {
				w.Errorf("one round received from %q", round)
			}
		}
		s.WantNone()
	})
}

func singleFrame(label string) []string { return []string{label} }

// testBlocksWithoutPeer checks that Send blocks until the first peer connects, and
// that a call whose context ends has sent nothing.
func testBlocksWithoutPeer(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	overEachTransport(t, "blocks without a peer", func(w *st.World, ep string) {
		s := w.Socket(typ)
		s.MustBind(ep)
		wantErr(w, "TrySend", trySend(s, "x"), pattern.ErrWouldBlock)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var err error
		if d := st.After(func() { err = s.Send(ctx, st.Of("x")) }); d != time.Minute || err != context.DeadlineExceeded {
			w.Errorf("Send with a timeout of a minute returned after %v with %v", d, err)
		}
		sent := make(chan error, 1)
		go func() { sent <- s.Send(context.Background(), st.Of("y")) }()
		time.Sleep(time.Hour)
		o := w.Socket(far)
		o.MustConnect(ep)
		if m, _ := o.MustRecv(); m[len(m)-1] != "y" {
			w.Errorf("the first message received is %q", m)
		}
		wantErr(w, "the blocked call", <-sent, nil)
		s.WantDrops(nil)
	})
}

// testBlocksWhenFull checks that Send blocks while the queues are full and drops
// nothing.
func testBlocksWhenFull(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	subtest(t, "blocks when full", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(2, 2)), w.Socket(far, st.HWM(2, 2))
		connect(w, "inproc://a", s, o)
		if n := s.Fill(); n != 4 {
			w.Errorf("the pipe accepted %d messages, want 4", n)
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
		wantErr(w, "the blocked call", <-sent, nil)
		if all[4] != "last" {
			w.Errorf("received %q, want the blocked message last", all)
		}
		s.WantDrops(nil)
	})
}

// testOnePeer checks the common rules of PAIR and CHANNEL.
func testOnePeer(t *testing.T, typ pattern.Type) {
	t.Helper()
	testPeerTypes(t, typ)
	testBlocksWithoutPeer(t, typ, typ)
	testBlocksWhenFull(t, typ, typ)
	testWritableWithCapacity(t, typ, typ)
	overEachTransport(t, "sends to its one peer and receives from it", func(w *st.World, ep string) {
		a, b := w.Socket(typ), w.Socket(typ)
		connect(w, ep, a, b)
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

func TestPairExchangesMessagesWithOnePeer(t *testing.T)    { testOnePeer(t, pattern.PAIR) }
func TestChannelExchangesMessagesWithOnePeer(t *testing.T) { testOnePeer(t, pattern.CHANNEL) }

// testCannotSend checks that sending returns an error.
func testCannotSend(t *testing.T, typ pattern.Type) {
	t.Helper()
	subtest(t, "sends nothing", func(w *st.World) {
		wantErr(w, "a frame", w.Socket(typ).TrySendFrame(&msg.Frame{}), socket.ErrDirection)
	})
}

// testCannotReceive checks that receiving returns an error, also when a peer has
// sent a message.
func testCannotReceive(t *testing.T, typ pattern.Type, peerType string) {
	t.Helper()
	subtest(t, "receives nothing", func(w *st.World) {
		s := w.Socket(typ)
		wantErr(w, "a frame", s.TryRecvFrame(new(msg.Frame)), socket.ErrDirection)
		s.MustBind("mem://a")
		p := dialRawPeers(w, s, 1, peerType)[0]
		p.MustWrite(st.Message("up"))
		w.Settle()
		if st := s.Stats(); st.QueuedRecv != 0 || st.Peers != 1 {
			w.Errorf("want one peer and nothing queued: %+v", st)
		}
	})
}

func TestPushBalancesAndBlocksWithoutCapacity(t *testing.T) {
	testBalancesAndBlocks(t, pattern.PUSH, pattern.PULL)
	testCannotReceive(t, pattern.PUSH, "PULL")
}

func TestScatterBalancesAndBlocksWithoutCapacity(t *testing.T) {
	testBalancesAndBlocks(t, pattern.SCATTER, pattern.GATHER)
	testCannotReceive(t, pattern.SCATTER, "GATHER")
}

// testBalancesAndBlocks checks a type that sends to each peer in turn and waits
// for capacity.
func testBalancesAndBlocks(t *testing.T, typ, peer pattern.Type) {
	t.Helper()
	testPeerTypes(t, typ)
	testSendsRoundRobin(t, typ, pattern.Types[peer].Name)
	testBlocksWithoutPeer(t, typ, peer)
	testBlocksWhenFull(t, typ, peer)
	testWritableWithCapacity(t, typ, peer)
}

func TestPullFairQueuesAndNeverSends(t *testing.T) {
	testFairQueuesAndNeverSends(t, pattern.PULL, pattern.PUSH)
}

func TestGatherFairQueuesAndNeverSends(t *testing.T) {
	testFairQueuesAndNeverSends(t, pattern.GATHER, pattern.SCATTER)
}

// testFairQueuesAndNeverSends checks a type that only receives.
func testFairQueuesAndNeverSends(t *testing.T, typ, peer pattern.Type) {
	t.Helper()
	testPeerTypes(t, typ)
	testCannotSend(t, typ)
	testWritableConstant(t, typ, peer, false)
	testFairQueues(t, typ, pattern.Types[peer].Name, singleFrame)
}

func TestDealerBalancesAndFairQueues(t *testing.T) {
	testPeerTypes(t, pattern.DEALER)
	testSendsRoundRobin(t, pattern.DEALER, "ROUTER")
	testFairQueues(t, pattern.DEALER, "ROUTER", singleFrame)
	testBlocksWithoutPeer(t, pattern.DEALER, pattern.ROUTER)
	testBlocksWhenFull(t, pattern.DEALER, pattern.DEALER)
	testWritableWithCapacity(t, pattern.DEALER, pattern.DEALER)
}

func TestClientBalancesAndFairQueues(t *testing.T) {
	testBalancesAndBlocks(t, pattern.CLIENT, pattern.SERVER)
	testFairQueues(t, pattern.CLIENT, "SERVER", singleFrame)
}

func TestReqBalancesAndReceivesFromThePeerAsked(t *testing.T) {
	testPeerTypes(t, pattern.REQ)
	testReqRepWritable(t)
	testBlocksWithoutPeer(t, pattern.REQ, pattern.REP)
	subtest(t, "receives from the peer asked only", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := dialRawPeers(w, req, numPeers, "REP")
		for i := range 2 * numPeers {
			req.MustSend(fmt.Sprint(i))
			wantPeerRecv(w, peers[i%numPeers], "", fmt.Sprint(i))
			peers[(i+1)%numPeers].MustWrite(st.Message("", "not asked"))
			w.Settle()
			peers[i%numPeers].MustWrite(st.Message("", "asked"))
			req.WantRecv("asked")
		}
	})
	subtest(t, "would block when full", func(w *st.World) {
		req := w.Socket(pattern.REQ, st.HWM(1, 1), patternOptions(func(o *pattern.Options) { o.Relaxed = true }))
		rep := w.Socket(pattern.REP, st.HWM(1, 1))
		connect(w, "inproc://a", rep, req)
		if n := req.Fill(); n != 2 {
			w.Errorf("the pipe accepted %d requests, want 2", n)
		}
		req.WantDrops(nil)
	})
}

func TestRepRepliesToTheRequester(t *testing.T) {
	testPeerTypes(t, pattern.REP)
	testReqRepWritable(t)
	testFairQueues(t, pattern.REP, "REQ", func(label string) []string { return []string{"", label} })
	subtest(t, "replies to the requester", func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		peers := dialRawPeers(w, rep, numPeers, "REQ")
		for _, i := range []int{2, 0, 1} {
			peers[i].MustWrite(st.Message("", "question"))
			rep.WantRecv("question")
			rep.MustSend(fmt.Sprint("answer ", i))
			wantPeerRecv(w, peers[i], "", fmt.Sprint("answer ", i))
		}
	})
	overEachTransport(t, "drops the reply to a disconnected peer", func(w *st.World, ep string) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.REQ)
		connect(w, ep, rep, req)
		req.MustSend("question")
		rep.WantRecv("question")
		req.CloseIn(0)
		w.Settle()
		wantErr(w, "replying", trySend(rep, "answer"), nil)
		rep.WantDrops(map[pipe.Drop]uint64{pipe.DropRequester: 1})
	})
}

func TestRouterRoutesByIDAndFairQueues(t *testing.T) {
	testPeerTypes(t, pattern.ROUTER)
	testRouterWritable(t)
	testFairQueues(t, pattern.ROUTER, "DEALER", singleFrame)
	overEachTransport(t, "routes by ID in both directions", func(w *st.World, ep string) {
		router := w.Socket(pattern.ROUTER)
		var dealers []*st.Socket
		for i := range numPeers {
			dealers = append(dealers, w.Socket(pattern.DEALER, st.ID(fmt.Sprint("id ", i))))
			connect(w, ep, router, dealers[i])
		}
		for _, i := range []int{1, 0, 2, 2} {
			id := fmt.Sprint("id ", i)
			router.MustSend(id, "to", id)
			dealers[i].WantRecv("to", id)
			dealers[i].MustSend("from", id)
			if m, from := router.MustRecv(); m[1] != id || from.RoutingID != id {
				w.Errorf("received %q from %q, want %q", m, from.RoutingID, id)
			}
		}
	})
	for _, mandatory := range []bool{false, true} {
		subtest(t, fmt.Sprint("no route or full, mandatory ", mandatory), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(1, 1), patternOptions(func(o *pattern.Options) { o.Mandatory = mandatory }))
			connect(w, "inproc://a", router, w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("id")))
			for range 2 {
				router.MustSend("id", "x")
			}
			noRoute, full := trySend(router, "unknown", "x"), trySend(router, "id", "x")
			if mandatory {
				wantErr(w, "to an unknown peer", noRoute, pattern.ErrNoRoute)
				wantErr(w, "to a full peer", full, pattern.ErrWouldBlock)
				router.WantDrops(nil)
				return
			}
			wantErr(w, "to an unknown peer", noRoute, nil)
			wantErr(w, "to a full peer", full, nil)
			router.WantDrops(map[pipe.Drop]uint64{pipe.DropNoRoute: 1, pipe.DropHWM: 1})
		})
	}
}

// testRoutesByNumber checks the common rules of SERVER and PEER.
func testRoutesByNumber(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	testPeerTypes(t, typ)
	testFairQueues(t, typ, typeNames[far], singleFrame)
	testWritableConstant(t, typ, far, true)
	overEachTransport(t, "routes by number in both directions", func(w *st.World, ep string) {
		s := w.Socket(typ)
		number := make(map[int]uint32)
		var others []*st.Socket
		for i := range numPeers {
			o := w.Socket(far)
			connect(w, ep, s, o)
			if far == pattern.PEER {
				n := o.Peers()[0].Number
				wantErr(w, "sending first", o.TrySendToNumber(n, st.Of("hello")), nil)
			} else {
				o.MustSend("hello")
			}
			_, from := s.MustRecv()
			others, number[i] = append(others, o), from.Number
		}
		for _, i := range []int{1, 0, 2, 2} {
			wantErr(w, "sending", s.TrySendToNumber(number[i], st.Of(fmt.Sprint(i))), nil)
			others[i].WantRecv(fmt.Sprint(i))
		}
	})
	subtest(t, "no route or full", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(1, 1)), w.Socket(far, st.HWM(1, 1))
		connect(w, "inproc://a", s, o)
		n := s.Peers()[0].Number
		for range 2 {
			wantErr(w, "sending", s.TrySendToNumber(n, st.Of("x")), nil)
		}
		wantErr(w, "to a full peer", s.TrySendToNumber(n, st.Of("x")), pattern.ErrWouldBlock)
		wantWritable(w, "with its only peer full", s, true)
		wantErr(w, "to an unknown peer", s.TrySendToNumber(n+1, st.Of("x")), pattern.ErrNoRoute)
		wantErr(w, "to number 0", s.TrySendToNumber(0, st.Of("x")), pattern.ErrNoRoute)
		wantErr(w, "without a number", trySend(s, "x"), pattern.ErrNoRoute)
		s.WantDrops(nil)
	})
}

func TestServerRoutesByNumberAndFairQueues(t *testing.T) {
	testRoutesByNumber(t, pattern.SERVER, pattern.CLIENT)
}
func TestPeerRoutesByNumberAndFairQueues(t *testing.T) {
	testRoutesByNumber(t, pattern.PEER, pattern.PEER)
}

func TestStreamRoutesByIDAndFairQueues(t *testing.T) {
	testAcceptsAnyBytes(t, pattern.STREAM)
	subtest(t, "always writable", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		wantWritable(w, "without a peer", s, true)
		s.MustBind("mem://a")
		w.Dial("a")
		wantWritable(w, "with a peer", s, true)
	})
	subtest(t, "routes by ID and receives in turn", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		s.MustBind("mem://a")
		var peers []*st.Peer
		var ids []string
		for range numPeers {
			peers = append(peers, w.Dial("a"))
			_, from := s.MustRecv() // the connect notification
			ids = append(ids, from.RoutingID)
		}
		for _, i := range []int{1, 0, 2, 2} {
			wantErr(w, "sending", trySendTo(s, ids[i], fmt.Sprint(i)), nil)
			if got := string(peers[i].ReadN(1)); got != fmt.Sprint(i) {
				w.Errorf("peer %d got %q", i, got)
			}
		}
		for _, p := range peers {
			p.MustWrite(bytes8K, []byte("2"))
		}
		w.Settle()
		for range 2 {
			senders := make(map[string]bool)
			for range numPeers {
				_, from := s.MustRecv()
				senders[from.RoutingID] = true
			}
			if len(senders) != numPeers {
				w.Errorf("one round received from %v", senders)
			}
		}
	})
	subtest(t, "no route or full", func(w *st.World) {
		s := w.Socket(pattern.STREAM, st.HWM(2, 2))
		l := w.Listen("a")
		wantErr(w, "connecting", s.ConnectAs("mem://a", "id"), nil)
		l.Accept()
		wantErr(w, "to an unknown peer", trySendTo(s, "unknown", "x"), pattern.ErrNoRoute)
		w.Settle()
		w.Net.Links()[0].Up().SetBuffer(1)
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = trySendTo(s, "id", strings.Repeat("x", 100))
			w.Settle()
		}
		wantErr(w, "to a full peer", err, pattern.ErrWouldBlock)
		s.WantDrops(nil)
	})
}

// bytes8K has the largest size of a message of STREAM.
var bytes8K = []byte(strings.Repeat("8", 8192))
