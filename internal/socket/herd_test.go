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

// TestWaitingSendersGoInOrder: for every way to send that waits for room, calls
// send in the order in which they began to wait, one for each place, and those
// that have given up are passed over.
func TestWaitingSendersGoInOrder(t *testing.T) {
	const n = 30
	type way struct {
		name     string
		typ, far pattern.Type
		send     func(ctx context.Context, s *st.Socket, body string) error
	}
	send := func(ctx context.Context, s *st.Socket, body string) error { return s.Send(ctx, st.Of(body)) }
	ways := []way{
		{"PUSH", pattern.PUSH, pattern.PULL, send},
		{"DEALER", pattern.DEALER, pattern.DEALER, send},
		{"PAIR", pattern.PAIR, pattern.PAIR, send},
		{"SCATTER", pattern.SCATTER, pattern.GATHER, send},
		{"CLIENT", pattern.CLIENT, pattern.SERVER, send},
		{"CHANNEL", pattern.CHANNEL, pattern.CHANNEL, send},
		{"ROUTER", pattern.ROUTER, pattern.DEALER, func(ctx context.Context, s *st.Socket, body string) error {
			return s.SendTo(ctx, "far", st.Of(body))
		}},
	}
	for _, c := range ways {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				s := w.Socket(c.typ, st.HWM(3, 3), func(o *socket.Options) { o.Pattern.Mandatory = true })
				far := w.Socket(c.far, st.HWM(3, 3), st.ID("far"))
				s.MustBind("inproc://a")
				far.MustConnect("inproc://a")
				s.MustMeet(1)
				full := 0
				for c.send(st.Ended(), s, "full") == nil {
					full++
				}
				ctx, cancel := context.WithCancel(context.Background())
				left, leave := context.WithCancel(context.Background())
				defer cancel()
				done := make(chan error, n)
				for i := range n {
					wait := ctx
					if i%3 == 1 {
						wait = left
					}
					go func() { done <- c.send(wait, s, fmt.Sprint(i)) }()
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
					return string(m.First)
				}
				for range full {
					if got := next(); got != "full" {
						t.Fatalf("received %q", got)
					}
				}
				for i := range n {
					if i%3 == 1 {
						continue
					}
					if got := next(); got != fmt.Sprint(i) {
						t.Fatalf("received %q, want %d", got, i)
					}
				}
				for range n {
					<-done
				}
				if err := c.send(st.Ended(), s, "room again"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSendersPastWaitingOnesWait: a message sent without waiting does not take
// the place of calls that wait.
func TestSendersPastWaitingOnesWait(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.HWM(1, 1))
		pull := w.Socket(pattern.PULL, st.HWM(1, 1))
		push.MustBind("inproc://a")
		pull.MustConnect("inproc://a")
		push.MustMeet(1)
		push.Fill()
		for i := range 5 {
			go push.Send(context.Background(), st.Of(fmt.Sprint(i)))
			w.Settle()
		}
		if err := push.TrySend(st.Of("past")); err != pattern.ErrWouldBlock {
			t.Errorf("sent past those that wait: %v", err)
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
