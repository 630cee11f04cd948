package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// blockingSend is a method of a socket type that blocks while the queue is
// full.
type blockingSend struct {
	name     string
	typ, far pattern.Type // far is unset if the socket needs no peer
	endpoint string
	send     func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error
	try      []func(s *st.Socket, to *msg.Peer, body string) error // the calls that return ErrWouldBlock instead
	frames   bool                                                  // only one goroutine may send
}

type tryFunc = func(s *st.Socket, to *msg.Peer, body string) error

// blockingSends returns every method that blocks while the queue is full, in
// each of its variants.
func blockingSends() []blockingSend {
	send := func(ctx context.Context, s *st.Socket, _ *msg.Peer, body string) error {
		return s.Send(ctx, st.Of(body))
	}
	sendTo := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return s.SendTo(ctx, to.RoutingID, st.Of(body))
	}
	sendID := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return s.Send(ctx, st.Of(to.RoutingID, body))
	}
	sendNumber := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return s.SendToNumber(ctx, to.Number, st.Of(body))
	}
	sendAddress := func(ctx context.Context, s *st.Socket, _ *msg.Peer, body string) error {
		return s.Send(ctx, st.Of("10.0.0.9:1", body))
	}
	call := func(ctx context.Context, s *st.Socket, _ *msg.Peer, body string) error {
		return socket.BeginCall(ctx, s.Socket, st.Of(body))
	}
	frame := func(ctx context.Context, s *st.Socket, _ *msg.Peer, body string) error {
		return s.SendFrame(ctx, &msg.Frame{Body: []byte(body)})
	}
	frameNumber := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return s.SendFrame(ctx, &msg.Frame{Body: []byte(body), Number: to.Number})
	}
	framesID := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		if err := s.SendFrame(ctx, &msg.Frame{Body: []byte(to.RoutingID), More: true}); err != nil {
			return err
		}
		return s.SendFrame(ctx, &msg.Frame{Body: []byte(body)})
	}
	try := []tryFunc{
		func(s *st.Socket, _ *msg.Peer, body string) error { return s.TrySend(st.Of(body)) },
		func(s *st.Socket, _ *msg.Peer, body string) error {
			return second(s.Transfer().TrySend([]msg.Msg{st.Of(body), st.Of(body)}))
		},
		func(s *st.Socket, _ *msg.Peer, body string) error { return s.TrySendFrames([][]byte{[]byte(body)}) },
		func(s *st.Socket, _ *msg.Peer, body string) error {
			return s.TrySendFrame(&msg.Frame{Body: []byte(body)})
		},
	}
	tryID := []tryFunc{
		func(s *st.Socket, to *msg.Peer, body string) error { return s.TrySendTo(to.RoutingID, st.Of(body)) },
		func(s *st.Socket, to *msg.Peer, body string) error { return s.TrySend(st.Of(to.RoutingID, body)) },
		func(s *st.Socket, to *msg.Peer, body string) error {
			return s.TrySendFrames([][]byte{[]byte(to.RoutingID), []byte(body)})
		},
	}
	tryNumber := []tryFunc{func(s *st.Socket, to *msg.Peer, body string) error {
		return s.TrySendToNumber(to.Number, st.Of(body))
	}}
	// A batch of one message in the tests of this file; batch_test.go has the others.
	batch := func(ctx context.Context, s *st.Socket, _ *msg.Peer, body string) error {
		return second(s.Transfer().SendAll(ctx, []msg.Msg{st.Of(body)}))
	}
	batchID := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return second(s.SendAllTo(ctx, to.RoutingID, []msg.Msg{st.Of(body)}))
	}
	batchNumber := func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error {
		return second(s.SendAllToNumber(ctx, to.Number, []msg.Msg{st.Of(body)}))
	}
	return []blockingSend{
		{"PUSH batch", pattern.PUSH, pattern.PULL, "inproc://a", batch, try, false},
		{"PAIR batch", pattern.PAIR, pattern.PAIR, "inproc://a", batch, try, false},
		{"CLIENT batch", pattern.CLIENT, pattern.SERVER, "inproc://a", batch, try, false},
		{"ROUTER batch", pattern.ROUTER, pattern.DEALER, "inproc://a", batchID, tryID, false},
		{"STREAM batch", pattern.STREAM, pattern.STREAM, "mem://a", batchID, tryID, false},
		{"SERVER batch", pattern.SERVER, pattern.CLIENT, "inproc://a", batchNumber, tryNumber, false},
		{"PUSH", pattern.PUSH, pattern.PULL, "inproc://a", send, try, false},
		{"DEALER", pattern.DEALER, pattern.DEALER, "inproc://a", send, try, false},
		{"PAIR", pattern.PAIR, pattern.PAIR, "inproc://a", send, try, false},
		{"SCATTER", pattern.SCATTER, pattern.GATHER, "inproc://a", send, try, false},
		{"CLIENT", pattern.CLIENT, pattern.SERVER, "inproc://a", send, try, false},
		{"CHANNEL", pattern.CHANNEL, pattern.CHANNEL, "inproc://a", send, try, false},
		{"REQ call", pattern.REQ, pattern.ROUTER, "inproc://a", call, nil, false},
		{"ROUTER SendTo", pattern.ROUTER, pattern.DEALER, "inproc://a", sendTo, tryID, false},
		{"ROUTER Send", pattern.ROUTER, pattern.DEALER, "inproc://a", sendID, tryID, false},
		{"STREAM SendTo", pattern.STREAM, pattern.STREAM, "mem://a", sendTo, tryID, false},
		{"STREAM Send", pattern.STREAM, pattern.STREAM, "mem://a", sendID, tryID, false},
		{"SERVER", pattern.SERVER, pattern.CLIENT, "inproc://a", sendNumber, tryNumber, false},
		{"PEER", pattern.PEER, pattern.PEER, "inproc://a", sendNumber, tryNumber, false},
		{"DGRAM", pattern.DGRAM, 0, airAt, sendAddress, nil, false},
		{"PUSH frames", pattern.PUSH, pattern.PULL, "inproc://a", frame, try, true},
		{"PAIR frames", pattern.PAIR, pattern.PAIR, "inproc://a", frame, try, true},
		{"SERVER frames", pattern.SERVER, pattern.CLIENT, "inproc://a", frameNumber, tryNumber, true},
		{"ROUTER frames", pattern.ROUTER, pattern.DEALER, "inproc://a", framesID, tryID, true},
	}
}

// connect creates a socket for the method and a peer that is connected to it.
func (c *blockingSend) connect(w *st.World, hwm int) (s, far *st.Socket, to *msg.Peer) {
	s = w.Socket(c.typ, st.HWM(hwm, hwm), func(o *socket.Options) { o.Pattern.Mandatory = c.typ == pattern.ROUTER })
	s.MustBind(c.endpoint)
	if c.endpoint == airAt {
		return s, nil, nil
	}
	far = w.Socket(c.far, st.HWM(hwm, hwm))
	far.MustConnect(c.endpoint)
	s.WaitPeers(1)
	w.Settle()
	return s, far, s.Peers()[0]
}

// TestBlockedSendersProceedInOrder: blocked calls send in the order in which
// they began to wait, one for each message that is read from the full queue.
// Calls whose context has ended are skipped, the first one too.
func TestBlockedSendersProceedInOrder(t *testing.T) {
	const n = 30
	for _, c := range blockingSends() {
		if c.frames || c.typ == pattern.STREAM || c.typ == pattern.DGRAM {
			continue // one caller, no message boundaries, or no full queue
		}
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, far, to := c.connect(w, 3)
				full := 0
				for c.send(st.Ended(), s, to, "full") == nil {
					full++
				}
				ctx, cancel := context.WithCancel(context.Background())
				cancelled, cancelSome := context.WithCancel(context.Background())
				defer cancel()
				done := make(chan error, n)
				for i := range n {
					wait := ctx
					if i%3 == 0 {
						wait = cancelled
					}
					go func() { done <- c.send(wait, s, to, fmt.Sprint(i)) }()
					w.Settle()
				}
				cancelSome()
				w.Settle()
				var m msg.Msg
				next := func() string {
					w.Settle()
					if err := far.TryRecv(&m); err != nil {
						t.Fatal(err)
					}
					return string(m.Frame(m.Len() - 1))
				}
				for range full {
					if got := next(); got != "full" {
						t.Fatalf("received %q", got)
					}
				}
				for i := range n {
					if i%3 == 0 {
						continue
					}
					if got := next(); got != fmt.Sprint(i) {
						t.Fatalf("received %q, want %d", got, i)
					}
				}
				for range n {
					<-done
				}
				if err := c.send(st.Ended(), s, to, "room again"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestBlockedSenderIsPassedByBoundedNumberOfMessages: while the first blocked
// call is not scheduled, other calls use the capacity of the queue until the
// maximum number of messages has passed it. Then every other call blocks, in
// order. When the first call ends, the next one sends, although no further
// message is read from the queue.
func TestBlockedSenderIsPassedByBoundedNumberOfMessages(t *testing.T) {
	for _, c := range blockingSends() {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, _, to := c.connect(w, 2*socket.MaxPassed)
				cancel := socket.StallCalls(s.Socket, 1, to)
				n := 0
				for n <= socket.MaxPassed && c.send(st.Ended(), s, to, "past") == nil {
					n++
				}
				if n != socket.MaxPassed {
					t.Errorf("%d messages passed the blocked call, want %d", n, socket.MaxPassed)
				}
				for i, try := range c.try {
					if err := try(s, to, "past"); err != pattern.ErrWouldBlock {
						t.Errorf("try %d at the limit: %v", i, err)
					}
				}
				done := make(chan error, 1)
				go func() { done <- c.send(context.Background(), s, to, "next") }()
				w.Settle()
				if len(done) != 0 {
					t.Fatal("a call sent although the limit was reached")
				}
				cancel()
				wantSent(t, w, done)
				for i, try := range c.try {
					if err := try(s, to, "after"); err != nil {
						t.Errorf("try %d with no call waiting: %v", i, err)
					}
				}
			})
		})
	}
}

// wantSent checks that a call was woken and has sent; its result is in done.
func wantSent(t *testing.T, w *st.World, done chan error) {
	t.Helper()
	w.Settle()
	if len(done) == 0 {
		t.Fatal("the next call was not woken")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFewerMessagesPassWhenMoreSendersAreBlocked: the limit shrinks with the
// number of blocked calls, which bounds how long the last of them waits.
func TestFewerMessagesPassWhenMoreSendersAreBlocked(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for _, waiting := range []int{1, socket.ManyWaiting, 8 * socket.ManyWaiting} {
			s, _, to := (&blockingSend{typ: pattern.PUSH, far: pattern.PULL, endpoint: fmt.Sprintf("inproc://%d", waiting)}).connect(w, 2*socket.MaxPassed)
			socket.StallCalls(s.Socket, waiting, to)
			n := 0
			for s.TrySend(st.Of("past")) == nil {
				n++
			}
			if want := socket.MaxPassed * socket.ManyWaiting / max(waiting, socket.ManyWaiting); n != want {
				t.Errorf("%d calls blocked: %d messages passed them, want %d", waiting, n, want)
			}
		}
	})
}

// TestCancelledSenderWakesNext: the first blocked call is woken because the
// queue has capacity again, and ends without using it. The next call then sends.
func TestCancelledSenderWakesNext(t *testing.T) {
	for _, c := range blockingSends() {
		if c.typ == pattern.STREAM || c.typ == pattern.DGRAM {
			continue // no message boundaries, or no full queue
		}
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, far, to := c.connect(w, 2)
				for c.send(st.Ended(), s, to, "full") == nil {
					w.Settle()
				}
				cancel := socket.StallCalls(s.Socket, 1, to)
				done := make(chan error, 1)
				go func() { done <- c.send(context.Background(), s, to, "second") }()
				w.Settle()
				for far.TryRecv(new(msg.Msg)) == nil {
					w.Settle()
				}
				if len(done) != 0 {
					t.Fatal("the second call was woken before the first")
				}
				cancel()
				wantSent(t, w, done)
			})
		})
	}
}

// TestMessagesThatNeedNoQueueDoNotBlock: the empty message that ends a
// connection of a STREAM does not wait for blocked calls, nor does a message
// that a ROUTER may drop.
func TestMessagesThatNeedNoQueueDoNotBlock(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := blockingSend{typ: pattern.STREAM, far: pattern.STREAM, endpoint: "mem://a"}
		s, _, to := c.connect(w, 2*socket.MaxPassed)
		socket.StallCalls(s.Socket, 1, to)
		for s.TrySendTo(to.RoutingID, st.Of("past")) == nil {
		}
		if err := s.TrySend(st.Of(to.RoutingID, "")); err != nil {
			t.Errorf("ending the connection: %v", err)
		}
		router := w.Socket(pattern.ROUTER)
		far := w.Socket(pattern.DEALER)
		router.MustBind("inproc://a")
		far.MustConnect("inproc://a")
		router.WaitPeers(1)
		w.Settle()
		to = router.Peers()[0]
		socket.StallCalls(router.Socket, 1, to)
		for range 2 * socket.MaxPassed {
			if err := router.TrySend(st.Of(to.RoutingID, "dropped if the queue is full")); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRouterWakesSendersOfPeerWithRoom: when the queue to one peer of a ROUTER
// has room, the calls blocked on this peer are woken.
func TestRouterWakesSendersOfPeerWithRoom(t *testing.T) {
	st.Run(t, func(w *st.World) {
		r := w.Socket(pattern.ROUTER, st.HWM(1, 1), func(o *socket.Options) { o.Pattern.Mandatory = true })
		r.MustBind("inproc://a")
		var far [2]*st.Socket
		for i := range far {
			far[i] = w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID(fmt.Sprint(i)))
			far[i].MustConnect("inproc://a")
		}
		r.WaitPeers(2)
		done := [2]chan error{make(chan error, 10), make(chan error, 10)}
		for i := range far {
			for r.TrySendTo(fmt.Sprint(i), st.Of("full")) == nil {
			}
			for range 10 {
				go func() { done[i] <- r.SendTo(context.Background(), fmt.Sprint(i), st.Of("late")) }()
			}
		}
		w.Settle()
		for range 12 {
			far[1].MustRecv()
			w.Settle()
		}
		if len(done[0]) != 0 || len(done[1]) != 10 {
			t.Errorf("%d and %d of 10 calls have sent, want 0 and 10", len(done[0]), len(done[1]))
		}
		far[0].CloseIn(0)
		w.Settle()
		for range 10 {
			if err := <-done[0]; err != pattern.ErrNoRoute {
				t.Errorf("SendTo returned %v after the peer disconnected", err)
			}
		}
	})
}

// TestBlockedReceiversAllReceive: each of many blocked calls receives one
// message, although half of all calls were cancelled.
func TestBlockedReceiversAllReceive(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 1000
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		pull.MustBind("inproc://a")
		push.MustConnect("inproc://a")
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		cancelled, cancelHalf := context.WithCancel(ctx)
		done := make(chan error, 2*n)
		for i := range 2 * n {
			wait := ctx
			if i%2 == 0 {
				wait = cancelled
			}
			go func() { done <- pull.Recv(wait, new(msg.Msg)) }()
		}
		w.Settle()
		cancelHalf()
		for range n {
			<-done
		}
		for i := range n {
			push.MustSend(fmt.Sprint(i))
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
}
