package socket_test

import (
	"context"
	"errors"
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

// batchOf returns the messages first to last, each of one frame.
func batchOf(first, last int) (msgs []msg.Msg) {
	for i := first; i <= last; i++ {
		msgs = append(msgs, st.Of(fmt.Sprint(i)))
	}
	return msgs
}

// wantBatch receives messages first to last.
func wantBatch(t *testing.T, s *st.Socket, first, last int) {
	t.Helper()
	for i := first; i <= last; i++ {
		got, _ := s.MustRecv()
		if got[len(got)-1] != fmt.Sprint(i) {
			t.Fatalf("received %q, want %d", got, i)
		}
	}
}

// TestBatchIsSentInOrder: all messages of a batch arrive in order, with messages of
// other sizes between short ones, over pipes and connections.
func TestBatchIsSentInOrder(t *testing.T) {
	for _, pair := range append([]socketPair{
		{"inproc://a", pattern.PUB, pattern.SUB}, {"mem://a", pattern.PUB, pattern.SUB}, {"mem://a", pattern.PUSH, pattern.PULL},
	}, queuedPairs...) {
		st.Run(t, func(w *st.World) {
			from, to := pair.connect(w)
			if pair.to == pattern.SUB {
				to.Subscribe("", true)
				w.Settle()
			}
			const n = 700
			var msgs []msg.Msg
			var want []string
			for i := range n {
				m := fmt.Sprint(i, " ")
				switch i % 50 {
				case 7:
					m += strings.Repeat("x", 300)
				case 9:
					m += strings.Repeat("x", 20_000)
				}
				msgs, want = append(msgs, st.Of(m)), append(want, m)
			}
			if sent, err := from.Transfer().SendAll(st.Ended(), msgs); sent != n || err != nil {
				t.Fatalf("%v: %d of %d messages sent, %v", pair, sent, n, err)
			}
			w.Settle()
			var got []string
			buf := make([]msg.Msg, 100)
			for len(got) < n {
				k, err := to.Transfer().Recv(st.Ended(), buf)
				if k == 0 || err != nil {
					t.Fatalf("%v: received %d of %d messages, %v", pair, len(got), n, err)
				}
				for i := range buf[:k] {
					got = append(got, string(buf[i].First))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v: not received in order", pair)
			}
			size := 0
			for _, m := range want {
				size += len(m)
			}
			if s, r := from.Stats(), to.Stats(); s.MsgsSent != n || s.BytesSent != uint64(size) || r.MsgsReceived != n || r.BytesReceived != uint64(size) {
				t.Errorf("%v: counted %d and %d messages of %d and %d bytes, want %d of %d", pair, s.MsgsSent, r.MsgsReceived, s.BytesSent, r.BytesReceived, n, size)
			}
		})
	}
}

// TestBatchStopsAtTheMessageThatCannotBeSent: the messages before it are sent, and it
// and those after it are not.
func TestBatchStopsAtTheMessageThatCannotBeSent(t *testing.T) {
	large := st.Of(string(make([]byte, 1001)))
	for _, c := range []struct {
		from, to pattern.Type
		bad      msg.Msg
		want     error
	}{
		{pattern.PUSH, pattern.PULL, large, pattern.ErrMessageTooLarge},
		{pattern.PUSH, pattern.PULL, st.Of(string(make([]byte, 600)), string(make([]byte, 600))), pattern.ErrMessageTooLarge},
		{pattern.PAIR, pattern.PAIR, large, pattern.ErrMessageTooLarge},
		{pattern.SCATTER, pattern.GATHER, large, pattern.ErrMessageTooLarge},
		{pattern.SCATTER, pattern.GATHER, st.Of("two", "frames"), pattern.ErrInvalidMessage},
		{pattern.CLIENT, pattern.SERVER, st.Of("two", "frames"), pattern.ErrInvalidMessage},
		{pattern.CHANNEL, pattern.CHANNEL, st.Of("two", "frames"), pattern.ErrInvalidMessage},
	} {
		st.Run(t, func(w *st.World) {
			limit := func(o *socket.Options) { o.Limits.Frame, o.Limits.Message = 1000, 1000 }
			from, to := w.Socket(c.from, limit), w.Socket(c.to)
			from.MustConnect(to.MustBind("inproc://a"))
			from.WaitPeers(1)
			msgs := slices.Insert(batchOf(1, 6), 3, c.bad)
			n, err := from.Transfer().SendAll(context.Background(), msgs)
			if n != 3 || !errors.Is(err, c.want) {
				t.Errorf("%v: %d messages sent, %v, want 3 and %v", c.from, n, err, c.want)
			}
			wantBatch(t, to, 1, 3)
			to.WantNone()
			if s := from.Stats(); s.MsgsSent != 3 {
				t.Errorf("%v: %d messages counted as sent", c.from, s.MsgsSent)
			}
		})
	}
	st.Run(t, func(w *st.World) { // a DEALER and a PUSH send any number of frames
		push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
		push.MustConnect(pull.MustBind("inproc://a"))
		if n, err := push.Transfer().SendAll(st.Ended(), []msg.Msg{st.Of("1"), st.Of("2", "tail"), {}, st.Of("4")}); n != 4 || err != nil {
			t.Fatal(n, err)
		}
		pull.WantRecv("1")
		pull.WantRecv("2", "tail")
		pull.WantRecv("")
		pull.WantRecv("4")
	})
}

// TestBatchWaitsForCapacity: a batch is sent as the peer reads. If its context ends,
// the number that it returns is that of the messages that the peer receives.
func TestBatchWaitsForCapacity(t *testing.T) {
	sendTo := map[pattern.Type]func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error){
		pattern.PUSH: func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error) {
			return s.Transfer().SendAll(ctx, msgs)
		},
		pattern.ROUTER: func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error) {
			return s.SendAllTo(ctx, s.Peers()[0].RoutingID, msgs)
		},
		pattern.SERVER: func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error) {
			return s.SendAllToNumber(ctx, s.Peers()[0].Number, msgs)
		},
		pattern.RADIO: func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error) {
			return s.SendAllToGroup(ctx, "group", msgs)
		},
		pattern.PUB: func(ctx context.Context, s *st.Socket, msgs []msg.Msg) (int, error) {
			return s.Transfer().SendAll(ctx, msgs)
		},
	}
	for _, c := range [][2]pattern.Type{
		{pattern.PUSH, pattern.PULL}, {pattern.ROUTER, pattern.DEALER}, {pattern.SERVER, pattern.CLIENT}, {pattern.RADIO, pattern.DISH}, {pattern.PUB, pattern.SUB},
	} {
		for _, limit := range []time.Duration{time.Hour, 10*time.Second + time.Millisecond} {
			st.Run(t, func(w *st.World) {
				block := func(o *socket.Options) { o.Overflow = socket.OverflowBlock }
				from, to := w.Socket(c[0], st.HWM(2, 2), block), w.Socket(c[1], st.HWM(2, 2))
				from.MustBind("inproc://a")
				to.MustConnect("inproc://a")
				switch c[1] {
				case pattern.SUB:
					to.Subscribe("", true)
				case pattern.DISH:
					to.Join("group", true)
				}
				w.Settle()
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				defer cancel()
				type result struct {
					n    int
					err  error
					took time.Duration
				}
				done := make(chan result, 1)
				go func() {
					var r result
					r.took = st.After(func() { r.n, r.err = sendTo[c[0]](ctx, from, batchOf(1, 30)) })
					done <- r
				}()
				for i := 1; i <= 30; i++ {
					time.Sleep(time.Second)
					if i <= 10 || limit == time.Hour {
						wantBatch(t, to, i, i)
					}
				}
				r := <-done
				if limit == time.Hour {
					if r.n != 30 || r.err != nil || r.took < 20*time.Second {
						t.Errorf("%v: %d messages sent in %v, %v", c[0], r.n, r.took, r.err)
					}
					return
				}
				if r.err != context.DeadlineExceeded || r.took != limit || r.n < 11 || r.n == 30 {
					t.Errorf("%v: %d messages sent in %v, %v", c[0], r.n, r.took, r.err)
				}
				wantBatch(t, to, 11, r.n)
				to.WantNone()
			})
		}
	}
}

// TestBatchFollowsTheOverflowPolicy: each message by itself.
func TestBatchFollowsTheOverflowPolicy(t *testing.T) {
	for _, c := range []struct {
		policy      socket.Overflow
		sent, drops int
		err         error
		first, last int // what the peer receives
	}{
		{socket.OverflowBlock, 8, 0, context.Canceled, 1, 8},
		{socket.OverflowError, 8, 0, pattern.ErrWouldBlock, 1, 8},
		{socket.OverflowDropNewest, 20, 12, nil, 1, 8},
		{socket.OverflowDropOldest, 20, 12, nil, 13, 20},
	} {
		for _, types := range [][2]pattern.Type{{pattern.PUSH, pattern.PULL}, {pattern.PAIR, pattern.PAIR}} {
			st.Run(t, func(w *st.World) {
				from := w.Socket(types[0], st.HWM(4, 4), func(o *socket.Options) { o.Overflow = c.policy })
				to := w.Socket(types[1], st.HWM(4, 4))
				from.MustConnect(to.MustBind("inproc://a"))
				from.WaitPeers(1)
				n, err := from.Transfer().SendAll(st.Ended(), batchOf(1, 20))
				if n != c.sent || err != c.err {
					t.Errorf("policy %d of %v: %d messages sent, %v, want %d, %v", c.policy, types[0], n, err, c.sent, c.err)
				}
				wantBatch(t, to, c.first, c.last)
				to.WantNone()
				if s := from.Stats(); s.MsgsSent != uint64(c.sent) || s.Drops[pipe.DropHWM] != uint64(c.drops) {
					t.Errorf("policy %d of %v: %d counted as sent and %d as dropped, want %d and %d", c.policy, types[0], s.MsgsSent, s.Drops[pipe.DropHWM], c.sent, c.drops)
				}
			})
		}
	}
}

// TestBatchDoesNotPassWaitingCallsBeyondTheLimit: like the messages of single calls.
func TestBatchDoesNotPassWaitingCallsBeyondTheLimit(t *testing.T) {
	for _, types := range [][2]pattern.Type{{pattern.PUSH, pattern.PULL}, {pattern.PAIR, pattern.PAIR}} {
		st.Run(t, func(w *st.World) {
			c := blockingSend{typ: types[0], far: types[1], endpoint: "inproc://a"}
			s, far, to := c.connect(w, 10*socket.MaxPassed)
			cancel := socket.StallCalls(s.Socket, 1, to)
			n, err := s.Transfer().SendAll(st.Ended(), batchOf(1, 2*socket.MaxPassed))
			if n != socket.MaxPassed || err != context.Canceled {
				t.Errorf("%v: %d messages passed the waiting call, %v, want %d", types[0], n, err, socket.MaxPassed)
			}
			done := make(chan error, 1)
			go func() {
				n, err := s.Transfer().SendAll(context.Background(), batchOf(n+1, 2*socket.MaxPassed))
				if n != socket.MaxPassed {
					t.Errorf("%d messages of the waiting batch sent", n)
				}
				done <- err
			}()
			w.Settle()
			if len(done) != 0 {
				t.Fatal("a batch was sent although the limit was reached")
			}
			cancel()
			wantSent(t, w, done)
			wantBatch(t, far, 1, 2*socket.MaxPassed)
		})
	}
}

// TestBatchOfRequests: a REQ sends one request and gets an error for the next.
func TestBatchOfRequests(t *testing.T) {
	st.Run(t, func(w *st.World) {
		req, rep := w.Socket(pattern.REQ), w.Socket(pattern.REP)
		req.MustConnect(rep.MustBind("inproc://a"))
		req.WaitPeers(1)
		if n, err := req.Transfer().SendAll(context.Background(), batchOf(1, 3)); n != 1 || !errors.Is(err, pattern.ErrInvalidState) {
			t.Errorf("%d requests sent, %v", n, err)
		}
		rep.WantRecv("1")
		if n, err := rep.Transfer().SendAll(context.Background(), batchOf(1, 3)); n != 1 || !errors.Is(err, pattern.ErrInvalidState) {
			t.Errorf("%d replies sent, %v", n, err)
		}
		req.WantRecv("1")
	})
}

// TestReceivedBatchIsBounded: by the caller's slice, the number of messages and their
// size. An empty slice receives nothing and does not wait.
func TestReceivedBatchIsBounded(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push, pull := w.Socket(pattern.PUSH, st.HWM(0, 0)), w.Socket(pattern.PULL, st.HWM(0, 0))
		push.MustConnect(pull.MustBind("inproc://a"))
		recv := func(n int) int {
			n, err := pull.Transfer().Recv(st.Ended(), make([]msg.Msg, n))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := recv(0); n != 0 {
			t.Errorf("received %d messages into an empty slice", n)
		}
		if n, err := push.Transfer().SendAll(st.Ended(), nil); n != 0 || err != nil {
			t.Errorf("sending no message: %d, %v", n, err)
		}
		for range 1000 {
			push.MustSend("")
		}
		if n := recv(7); n != 7 {
			t.Errorf("received %d messages into a slice of 7", n)
		}
		if n := recv(1000); n != 256 {
			t.Errorf("received %d messages, want 256", n)
		}
		recv(256)
		recv(256)
		recv(256)
		for range 100 {
			push.MustSend(string(make([]byte, 10<<10)))
		}
		if n := recv(1000); n != 26 {
			t.Errorf("received %d messages of 10 KiB, want 26, which have 256 KiB", n)
		}
		if n, err := push.Transfer().Recv(st.Ended(), make([]msg.Msg, 1)); n != 0 || err != socket.ErrDirection {
			t.Errorf("a PUSH received %d messages, %v", n, err)
		}
		if n, err := pull.Transfer().SendAll(st.Ended(), batchOf(1, 2)); n != 0 || err != socket.ErrDirection {
			t.Errorf("a PULL sent %d messages, %v", n, err)
		}
	})
}
