package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

func TestHWMCountsWholeMessagesOfEachPipe(t *testing.T) {
	subtest(t, "whole messages", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 3))
		connect(w, "inproc://a", w.Socket(pattern.PULL, st.HWM(3, 3)), push)
		for i := range 6 {
			wantErr(w, fmt.Sprint("message ", i), trySend(push, "of", "five", "frames", "and", "so"), nil)
		}
		push.WantFull()
	})
	subtest(t, "each pipe has its own HWM", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 3))
		for range 4 {
			connect(w, "inproc://a", push, w.Socket(pattern.PULL, st.HWM(3, 3)))
		}
		if n := push.Fill(); n != 24 {
			w.Errorf("four pipes accepted %d messages, want 24", n)
		}
	})
	subtest(t, "each direction has its own HWM", func(w *st.World) {
		a, b := w.Socket(pattern.PAIR, st.HWM(1, 3)), w.Socket(pattern.PAIR, st.HWM(5, 7))
		connect(w, "inproc://a", a, b)
		if n, k := a.Fill(), b.Fill(); n != 1+7 || k != 5+3 {
			w.Errorf("the pipes accepted %d and %d messages, want 8 and 8", n, k)
		}
	})
	subtest(t, "a routing ID does not count", func(w *st.World) {
		router := w.Socket(pattern.ROUTER, st.HWM(3, 3), patternOptions(func(o *pattern.Options) { o.Mandatory = true }))
		connect(w, "inproc://a", router, w.Socket(pattern.DEALER, st.HWM(3, 3), st.ID("id")))
		for i := range 6 {
			wantErr(w, fmt.Sprint("message ", i), trySend(router, "id", "body"), nil)
		}
		wantErr(w, "message 6", trySend(router, "id", "body"), pattern.ErrWouldBlock)
	})
	subtest(t, "without a peer", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 99))
		push.MustConnect("mem://absent")
		if n := push.Fill(); n != 3 {
			w.Errorf("the pipe accepted %d messages, want 3", n)
		}
	})
	subtest(t, "0 means no limit", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(0, 3))
		push.MustConnect("mem://absent")
		for range 10_000 {
			wantErr(w, "sending", trySend(push, "x"), nil)
		}
	})
}

func TestFullPipeAcceptsMessagesAfterHalfTheHWMIsRead(t *testing.T) {
	for _, row := range []struct{ send, recv, half int }{{1, 1, 1}, {2, 3, 3}, {5, 5, 5}, {10, 1, 6}} {
		subtest(t, fmt.Sprintf("send HWM %d, receive HWM %d", row.send, row.recv), func(w *st.World) {
			push, pull := w.Socket(pattern.PUSH, st.HWM(row.send, 0)), w.Socket(pattern.PULL, st.HWM(0, row.recv))
			pull.MustBind("inproc://a")
			push.MustConnect("inproc://a")
			if n := push.Fill(); n != row.send+row.recv {
				w.Fatalf("the pipe accepted %d messages", n)
			}
			for range row.half - 1 {
				pull.WantRecv("fill")
				push.WantFull()
			}
			pull.WantRecv("fill")
			if n := push.Fill(); n != row.half {
				w.Errorf("the pipe accepted %d messages after %d were read, want as many", n, row.half)
			}
		})
	}
}

func TestInprocPipeHoldsTheSumOfBothHWMs(t *testing.T) {
	subtest(t, "both directions", func(w *st.World) {
		binder, connector := w.Socket(pattern.DEALER, st.HWM(10, 200)), w.Socket(pattern.DEALER, st.HWM(3000, 4000))
		connect(w, "inproc://a", binder, connector)
		if n := connector.Fill(); n != 3000+200 {
			w.Errorf("the connector's pipe accepted %d messages, want 3200", n)
		}
		if n := binder.Fill(); n != 10+4000 {
			w.Errorf("the binder's pipe accepted %d messages, want 4010", n)
		}
	})
	for _, hwm := range [][2]int{{0, 5}, {5, 0}} {
		subtest(t, fmt.Sprintf("no limit with send HWM %d, receive HWM %d", hwm[0], hwm[1]), func(w *st.World) {
			push := w.Socket(pattern.PUSH, st.HWM(hwm[0], 1))
			connect(w, "inproc://a", w.Socket(pattern.PULL, st.HWM(1, hwm[1])), push)
			for range 10_000 {
				wantErr(w, "sending", trySend(push, "x"), nil)
			}
		})
	}
	subtest(t, "before the binder exists", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(3, 0))
		push.MustConnect("inproc://a")
		if n := push.Fill(); n != 3 {
			w.Errorf("the pipe accepted %d messages, want 3", n)
		}
		w.Socket(pattern.PULL, st.HWM(0, 4)).MustBind("inproc://a")
		if n := push.Fill(); n != 4 {
			w.Errorf("the pipe accepted %d more messages after bind, want 4", n)
		}
	})
}

// nopReader ignores the notification that a queue has messages.
type nopReader struct{}

func (nopReader) Wake(*pipe.Queue) {}

// roomCounter counts the notifications that a queue has capacity.
type roomCounter struct{ calls int }

func (w *roomCounter) Room(*pipe.Queue) { w.calls++ }

func TestSetHWMAppliesToExistingPipes(t *testing.T) {
	overEachTransport(t, "raised and lowered", func(w *st.World, ep string) {
		push, pull := w.Socket(pattern.PUSH, st.HWM(2, 2)), w.Socket(pattern.PULL, st.HWM(2, 2))
		push.MustConnect(ep)
		if n := push.Fill(); n != 2 {
			w.Errorf("accepted %d messages, want 2", n)
		}
		wantErr(w, "SetHWM", push.SetHWM(6, 2), nil)
		if n := push.Fill(); n != 4 {
			w.Errorf("accepted %d more messages, want 4", n)
		}
		wantErr(w, "SetHWM", push.SetHWM(3, 2), nil)
		push.WantFull()
		pull.MustBind(ep)
		for range 6 {
			pull.WantRecv("fill")
		}
		pull.WantNone()
		push.MustSend("x")
		push.WantDrops(nil)
	})
}

func TestQueueSetHWMAppliesToQueuedMessages(t *testing.T) {
	var mu sync.Mutex
	var room roomCounter
	q := pipe.NewQueue(pipe.Config{Lock: &mu, HWM: 2, Reader: nopReader{}, Writer: &room})
	put := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for ; !q.Full(); n++ {
			q.Put(&msg.Msg{First: []byte("x")})
		}
		return n
	}
	set := func(hwm int) {
		mu.Lock()
		defer mu.Unlock()
		q.SetHWM(hwm)
	}
	if n := put(); n != 2 {
		t.Errorf("accepted %d messages, want 2", n)
	}
	if set(6); room.calls != 1 {
		t.Errorf("the writer was notified %d times, want once", room.calls)
	}
	if n := put(); n != 4 {
		t.Errorf("accepted %d more messages, want 4", n)
	}
	set(3)
	var m msg.Msg
	for i := range 6 {
		if n := put(); i < 2 && n != 0 {
			t.Errorf("accepted %d messages with %d queued and an HWM of 3", n, 6-i)
		}
		if !q.Next(&m) {
			t.Fatalf("message %d is missing", i)
		}
	}
}

func TestMultipartMessageIsReceivedWholeFromOnePipe(t *testing.T) {
	subtest(t, "an incomplete message is not received", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := dialRawPeers(w, pull, 1, "PUSH")[0]
		whole := st.Message("one", "two", "three")
		for _, b := range whole {
			pull.WantNone()
			p.MustWrite([]byte{b})
		}
		pull.WantRecv("one", "two", "three")
	})
	subtest(t, "all frames go through one pipe", func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		peers := dialRawPeers(w, push, 3, "PULL")
		for i := range 6 {
			push.MustSend(fmt.Sprint("begin ", i), "middle", fmt.Sprint("end ", i))
		}
		for i := range 6 {
			wantPeerRecv(w, peers[i%3], fmt.Sprint("begin ", i), "middle", fmt.Sprint("end ", i))
		}
	})
}

func TestMessageTruncatedByConnectionLossIsDropped(t *testing.T) {
	whole := st.Message("one", "two", "three")
	for n := range len(whole) {
		subtest(t, fmt.Sprintf("received %d bytes", n), func(w *st.World) {
			pull := w.Socket(pattern.PULL)
			pull.MustBind("mem://a")
			p := dialRawPeers(w, pull, 1, "PUSH")[0]
			p.MustWrite(whole[:n])
			p.Close()
			q := w.Dial("a")
			q.Handshake("PUSH")
			q.MustWrite(st.Message("the next"))
			pull.WantRecv("the next")
			pull.WantNone()
			pull.WantDrops(map[pipe.Drop]uint64{pipe.DropPartial: uint64(min(n, 1))})
		})
	}
	subtest(t, "while being written", func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("PULL")
		push.WaitPeers(1)
		w.Net.Links()[0].Up().SetBuffer(10)
		push.MustSend("first", strings.Repeat("x", 1000), "last")
		push.MustSend("second")
		w.Settle()
		w.Net.Links()[0].Cut(memnet.RST)
		q := l.Accept()
		q.Handshake("PULL")
		wantPeerRecv(w, q, "second")
		wantPeerNone(w, q)
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
	})
}

func TestBalancingSkipsFullPipesAndAddsNewOnes(t *testing.T) {
	subtest(t, "new pipes join the rotation", func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		var peers []*st.Peer
		for n := range 4 {
			peers = append(peers, dialRawPeers(w, push, 1, "PULL")...)
			sent := make(map[string]int)
			for range 2 * (n + 1) {
				push.MustSend("whole", "message")
			}
			w.Settle()
			for i, p := range peers {
				for range 2 {
					wantPeerRecv(w, p, "whole", "message")
					sent[fmt.Sprint(i)]++
				}
			}
			if len(sent) != n+1 {
				w.Errorf("%d of %d peers had a turn", len(sent), n+1)
			}
		}
	})
	subtest(t, "a full pipe is skipped until half is read", func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(2, 0))
		slow, fast := w.Socket(pattern.PULL, st.HWM(0, 2)), w.Socket(pattern.PULL, st.HWM(0, 2))
		connect(w, "inproc://a", push, slow)
		connect(w, "inproc://a", push, fast)
		for i := range 20 {
			push.MustSend(fmt.Sprint(i))
			w.Settle()
			recvAll(w, fast)
		}
		slow.WantRecv("0") // 1 of 4, less than half
		for range 2 {
			push.MustSend("still to the fast one")
			fast.WantRecv("still to the fast one")
		}
		slow.WantRecv("2")
		push.MustSend("either")
		push.MustSend("either")
		fast.WantRecv("either")
		fast.WantNone()
	})
}

func TestFairQueueingReceivesOneMessageOfEachPipeInTurn(t *testing.T) {
	overEachTransport(t, "one message of each pipe in turn, empty pipes skipped", func(w *st.World, ep string) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind(ep)
		var pushers []*st.Socket
		for i, n := range []int{4, 1, 2} {
			p := w.Socket(pattern.PUSH)
			p.MustConnect(ep)
			for range n {
				p.MustSend(fmt.Sprint(i), "second frame")
			}
			p.WaitPeers(1)
			w.Settle()
			pushers = append(pushers, p)
		}
		rounds := func(want ...string) {
			w.Helper()
			for _, round := range want {
				var got []string
				for range len(round) {
					m, _ := pull.MustRecv()
					got = append(got, m[0])
				}
				slices.Sort(got)
				if strings.Join(got, "") != round {
					w.Errorf("the round is %q, want %q", got, round)
				}
			}
			pull.WantNone()
		}
		rounds("012", "02", "0", "0")
		pushers[1].MustSend("1", "again")
		w.Settle()
		pushers[0].MustSend("0", "again")
		w.Settle()
		rounds("01")
	})
}

func TestSingleFrameTypesRejectMultipartMessages(t *testing.T) {
	for _, row := range []struct {
		typ  pattern.Type
		peer string
	}{
		{pattern.CLIENT, "SERVER"}, {pattern.SERVER, "CLIENT"}, {pattern.PEER, "PEER"}, {pattern.CHANNEL, "CHANNEL"},
		{pattern.SCATTER, "GATHER"}, {pattern.GATHER, "SCATTER"}, {pattern.RADIO, "DISH"},
	} {
		subtest(t, typeNames[row.typ], func(w *st.World) {
			s := w.Socket(row.typ)
			s.MustBind("mem://a")
			p := dialRawPeers(w, s, 1, row.peer)[0]
			two := st.Of("of", "two frames")
			switch row.typ {
			case pattern.SERVER, pattern.PEER:
				wantErr(w, "sending", s.TrySendToNumber(s.Peers()[0].Number, two), pattern.ErrInvalidMessage)
			case pattern.RADIO:
				wantErr(w, "sending", s.TrySendGroup("g", two), pattern.ErrInvalidMessage)
				wantErr(w, "sending", trySend(s, "g", "of", "two frames"), pattern.ErrInvalidMessage)
			case pattern.GATHER:
			default:
				wantErr(w, "sending", s.TrySend(two), pattern.ErrInvalidMessage)
			}
			if !pattern.Types[row.typ].Receives {
				return
			}
			p.MustWrite(st.Message("of", "two frames"), st.Message("of one"), st.Message("of", "three", "frames"))
			s.WantRecv("of one")
			s.WantNone()
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 2})
			s.WantCloseReasons(nil)
		})
	}
	subtest(t, "DISH", func(w *st.World) {
		s := w.Socket(pattern.DISH)
		s.MustBind("mem://a")
		wantErr(w, "join", s.Join("g", true), nil)
		p := dialRawPeers(w, s, 1, "RADIO")[0]
		p.MustWrite(st.Message("g", "of", "two frames"))
		wantPeerClosed(w, p) // as in libzmq, whose session checks it
		s.WantNone()
	})
}

func TestConflateKeepsOnlyTheNewestMessage(t *testing.T) {
	conflate := func(o *socket.Options) { o.Conflate, o.SendHWM = true, 1 }
	for _, row := range []struct {
		typ, far pattern.Type
		works    bool
	}{
		{pattern.PUSH, pattern.PULL, true}, {pattern.DEALER, pattern.DEALER, true}, {pattern.PUB, pattern.SUB, true},
		{pattern.PAIR, pattern.PAIR, false}, {pattern.XPUB, pattern.SUB, false}, {pattern.CLIENT, pattern.SERVER, false},
		{pattern.SCATTER, pattern.GATHER, false},
	} {
		subtest(t, typeNames[row.typ], func(w *st.World) {
			s, o := w.Socket(row.typ, conflate), w.Socket(row.far, st.HWM(1, 1))
			connect(w, "inproc://a", s, o)
			if row.far == pattern.SUB {
				setSubscribed(w, o, true, "")
			}
			for i := range 100 {
				trySend(s, fmt.Sprint(i))
			}
			got := recvAll(w, o)
			if want := []string{"[99]"}; row.works && !slices.Equal(got, want) {
				w.Errorf("received %q, want %q", got, want)
			}
			if !row.works && (len(got) != 2 || got[0] != "[0]") {
				w.Errorf("received %q, want the two that HWMs of 1 accept", got)
			}
		})
	}
	for _, typ := range []pattern.Type{pattern.PULL, pattern.SUB} {
		subtest(t, typeNames[typ]+" as receiver", func(w *st.World) {
			s := w.Socket(typ, conflate)
			s.MustBind("mem://a")
			if typ == pattern.SUB {
				setSubscribed(w, s, true, "")
			}
			p := dialRawPeers(w, s, 1, peerTypes[typeNames[typ]][0])[0]
			for i := range 100 {
				p.MustWrite(st.Message(fmt.Sprint(i)))
			}
			if got := recvAll(w, s); !slices.Equal(got, []string{"[99]"}) {
				w.Errorf("received %q, want the newest", got)
			}
		})
	}
	subtest(t, "PULL as receiver over inproc", func(w *st.World) {
		pull, push := w.Socket(pattern.PULL, conflate), w.Socket(pattern.PUSH, st.HWM(1, 1))
		connect(w, "inproc://a", pull, push)
		for i := range 100 {
			push.MustSend(fmt.Sprint(i))
		}
		if got := recvAll(w, pull); !slices.Equal(got, []string{"[99]"}) {
			w.Errorf("received %q, want the newest", got)
		}
	})
	subtest(t, "a multipart message stays whole", func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH, conflate), w.Socket(pattern.PULL)
		connect(w, "inproc://a", pull, push)
		for i := range 10 {
			push.MustSend("topic", fmt.Sprint(i), "end")
		}
		pull.WantRecv("topic", "9", "end")
		pull.WantNone()
	})
}

func TestSendOnlyTypesDisconnectDespiteUnreadMessages(t *testing.T) {
	for typ, peer := range map[pattern.Type]string{
		pattern.PUSH: "PULL", pattern.PUB: "SUB", pattern.RADIO: "DISH", pattern.SCATTER: "GATHER",
	} {
		subtest(t, typeNames[typ], func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			p := dialRawPeers(w, s, 1, peer)[0]
			for range 3000 { // more than any HWM
				p.MustWrite(st.Message("up"))
			}
			w.Settle()
			p.Close()
			w.Settle()
			if stats := s.Stats(); stats.Peers != 0 || len(s.EventsOf(session.Disconnected)) != 1 {
				w.Errorf("the peer is still connected: %+v", stats)
			}
			q := dialRawPeers(w, s, 1, peer)[0]
			q.MustWrite(st.Message("up"))
			go io.Copy(io.Discard, q)
			if d := st.After(func() { s.CloseIn(time.Hour) }); d != 0 {
				w.Errorf("Close took %v", d)
			}
		})
	}
}

func TestPeerDisconnectKeepsReceivedMessagesAndEndpointQueue(t *testing.T) {
	overEachTransport(t, "messages that have arrived can be received", func(w *st.World, ep string) {
		pull, push := w.Socket(pattern.PULL), w.Socket(pattern.PUSH)
		connect(w, ep, pull, push)
		for i := range 3 {
			push.MustSend(fmt.Sprint(i))
		}
		push.CloseIn(time.Second)
		w.Settle()
		for i := range 3 {
			pull.WantRecv(fmt.Sprint(i))
		}
		pull.WantNone()
	})
	subtest(t, "messages queued for an accepted peer are dropped", func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustBind("mem://a")
		p := dialRawPeers(w, push, 1, "PULL")[0]
		w.Net.Links()[0].Down().SetBuffer(1)
		for range 5 {
			push.MustSend("for the first")
		}
		w.Settle()
		p.Close()
		w.Settle()
		q := dialRawPeers(w, push, 1, "PULL")[0]
		push.MustSend("for the second")
		wantPeerRecv(w, q, "for the second")
		wantPeerNone(w, q)
		drops := push.Stats().Drops
		if n := drops[pipe.DropConnLost] + drops[pipe.DropInFlight]; n != 5 {
			w.Errorf("%d drops, want 5", n)
		}
	})
	subtest(t, "messages queued for a connected endpoint wait", func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		for range 3 {
			p := l.Accept()
			p.Handshake("PULL")
			push.WaitPeers(1)
			p.Close()
			w.Settle()
			for i := range 3 {
				push.MustSend(fmt.Sprint(i))
			}
			q := l.Accept()
			q.Handshake("PULL")
			for i := range 3 {
				wantPeerRecv(w, q, fmt.Sprint(i))
			}
			q.Close()
			w.Settle()
		}
		push.WantDrops(nil)
	})
	subtest(t, "with ZMQ_IMMEDIATE they are dropped with the connection", func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Up().SetBuffer(1) })
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH, func(o *socket.Options) { o.Immediate = true })
		push.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("PULL")
		push.WaitPeers(1)
		for range 5 {
			push.MustSend("for the first")
		}
		w.Settle()
		p.Close()
		w.Settle()
		push.WantFull()
		q := l.Accept()
		q.Handshake("PULL")
		push.WaitPeers(1)
		push.MustSend("for the second")
		wantPeerRecv(w, q, "for the second")
		drops := push.Stats().Drops
		if n := drops[pipe.DropConnLost] + drops[pipe.DropInFlight]; n != 5 {
			w.Errorf("%d drops, want 5", n)
		}
	})
}
