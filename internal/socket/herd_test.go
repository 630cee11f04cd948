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

// sendWay is a way to send that waits for room.
type sendWay struct {
	name     string
	typ, far pattern.Type // far is unset if the socket needs no peer
	endpoint string
	send     func(ctx context.Context, s *st.Socket, to *msg.Peer, body string) error
	try      []func(s *st.Socket, to *msg.Peer, body string) error // the same without waiting
	frames   bool                                                  // only one goroutine may send
}

type tryFunc = func(s *st.Socket, to *msg.Peer, body string) error

// sendWays are all ways to send that wait for room in some order.
func sendWays() []sendWay {
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
	return []sendWay{
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

// meet makes a socket for a way to send, and its peer.
func (c *sendWay) meet(w *st.World, hwm int) (s, far *st.Socket, to *msg.Peer) {
	s = w.Socket(c.typ, st.HWM(hwm, hwm), func(o *socket.Options) { o.Pattern.Mandatory = c.typ == pattern.ROUTER })
	s.MustBind(c.endpoint)
	if c.endpoint == airAt {
		return s, nil, nil
	}
	far = w.Socket(c.far, st.HWM(hwm, hwm))
	far.MustConnect(c.endpoint)
	s.MustMeet(1)
	w.Settle()
	return s, far, s.Peers()[0]
}

// TestWaitingSendersGoInOrder: for every way to send that waits for room, calls
// send in the order in which they began to wait, one for each place, and those
// that have given up are passed over, the first too.
func TestWaitingSendersGoInOrder(t *testing.T) {
	const n = 30
	for _, c := range sendWays() {
		if c.frames || c.typ == pattern.STREAM || c.typ == pattern.DGRAM {
			continue // a single caller, or no message boundaries, or no full queue
		}
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, far, to := c.meet(w, 3)
				full := 0
				for c.send(st.Ended(), s, to, "full") == nil {
					full++
				}
				ctx, cancel := context.WithCancel(context.Background())
				left, leave := context.WithCancel(context.Background())
				defer cancel()
				done := make(chan error, n)
				for i := range n {
					wait := ctx
					if i%3 == 0 {
						wait = left
					}
					go func() { done <- c.send(wait, s, to, fmt.Sprint(i)) }()
					w.Settle()
				}
				leave()
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

// TestBoundedNumberOfMessagesPassesWaitingSender: while the first call that waits
// is not run, others take the room that there is until as many messages as may
// have passed it. Then all others wait, in order, and send when it is gone,
// although nothing tells them of room.
func TestBoundedNumberOfMessagesPassesWaitingSender(t *testing.T) {
	for _, c := range sendWays() {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, _, to := c.meet(w, 2*socket.MaxPassed)
				leave := socket.StallCalls(s.Socket, 1, to)
				n := 0
				for n <= socket.MaxPassed && c.send(st.Ended(), s, to, "past") == nil {
					n++
				}
				if n != socket.MaxPassed {
					t.Errorf("%d messages have passed, want %d", n, socket.MaxPassed)
				}
				for i, try := range c.try {
					if err := try(s, to, "past"); err != pattern.ErrWouldBlock {
						t.Errorf("try %d at the limit: %v", i, err)
					}
				}
				done := make(chan error, 1)
				go func() { done <- c.send(context.Background(), s, to, "behind") }()
				w.Settle()
				if len(done) != 0 {
					t.Fatal("a call has passed at the limit")
				}
				leave()
				w.Settle()
				if len(done) == 0 {
					t.Fatal("the call behind was not woken")
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				for i, try := range c.try {
					if err := try(s, to, "after"); err != nil {
						t.Errorf("try %d with no call waiting: %v", i, err)
					}
				}
			})
		})
	}
}

// TestFewerMessagesPassTheMoreSendersWait: the time for which the last of many
// calls waits is bounded.
func TestFewerMessagesPassTheMoreSendersWait(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for _, waiting := range []int{1, socket.ManyWaiting, 8 * socket.ManyWaiting} {
			s, _, to := (&sendWay{typ: pattern.PUSH, far: pattern.PULL, endpoint: fmt.Sprintf("inproc://%d", waiting)}).meet(w, 2*socket.MaxPassed)
			socket.StallCalls(s.Socket, waiting, to)
			n := 0
			for s.TrySend(st.Of("past")) == nil {
				n++
			}
			if want := socket.MaxPassed * socket.ManyWaiting / max(waiting, socket.ManyWaiting); n != want {
				t.Errorf("%d calls waiting: %d messages have passed, want %d", waiting, n, want)
			}
		}
	})
}

// TestSenderThatGivesUpPassesRoomOn: the first call that waits is woken for room
// and ends without using it; the next one then sends.
func TestSenderThatGivesUpPassesRoomOn(t *testing.T) {
	for _, c := range sendWays() {
		if c.typ == pattern.STREAM || c.typ == pattern.DGRAM {
			continue // no message boundaries, or no full queue
		}
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s, far, to := c.meet(w, 2)
				for c.send(st.Ended(), s, to, "full") == nil {
					w.Settle()
				}
				leave := socket.StallCalls(s.Socket, 1, to)
				done := make(chan error, 1)
				go func() { done <- c.send(context.Background(), s, to, "second") }()
				w.Settle()
				for far.TryRecv(new(msg.Msg)) == nil {
					w.Settle()
				}
				if len(done) != 0 {
					t.Fatal("the second call was woken before the first")
				}
				leave()
				w.Settle()
				if len(done) == 0 {
					t.Fatal("the room was lost")
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestMessagesThatNeedNoRoomDoNotWait: neither what ends a connection of a
// STREAM nor what a ROUTER may drop stands in line.
func TestMessagesThatNeedNoRoomDoNotWait(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := sendWay{typ: pattern.STREAM, far: pattern.STREAM, endpoint: "mem://a"}
		s, _, to := c.meet(w, 2*socket.MaxPassed)
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
		router.MustMeet(1)
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

// TestWaitingSendersOfOnePeerAreServed: room at one peer of a ROUTER
// wakes those that wait for this peer.
func TestWaitingSendersOfOnePeerAreServed(t *testing.T) {
	st.Run(t, func(w *st.World) {
		r := w.Socket(pattern.ROUTER, st.HWM(1, 1), func(o *socket.Options) { o.Pattern.Mandatory = true })
		r.MustBind("inproc://a")
		var far [2]*st.Socket
		for i := range far {
			far[i] = w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID(fmt.Sprint(i)))
			far[i].MustConnect("inproc://a")
		}
		r.MustMeet(2)
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
			t.Errorf("%d and %d of 10 have sent", len(done[0]), len(done[1]))
		}
		far[0].CloseIn(0)
		w.Settle()
		for range 10 {
			if err := <-done[0]; err != pattern.ErrNoRoute {
				t.Errorf("the peer gone, SendTo returns %v", err)
			}
		}
	})
}

// TestWaitingReceiversAllReceive: each of many calls that wait gets one message.
func TestWaitingReceiversAllReceive(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const n = 1000
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		pull.MustBind("inproc://a")
		push.MustConnect("inproc://a")
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		left, leave := context.WithCancel(ctx)
		done := make(chan error, 2*n)
		for i := range 2 * n {
			wait := ctx
			if i%2 == 0 {
				wait = left
			}
			go func() { done <- pull.Recv(wait, new(msg.Msg)) }()
		}
		w.Settle()
		leave()
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
