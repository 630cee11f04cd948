package socket_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// checked is a context whose Err method calls a function. A call that drops
// unwanted messages calls Err between two batches.
type checked struct {
	context.Context
	err func() error
}

func (c checked) Err() error { return c.err() }

// flood is the number of unwanted messages, more than a non-blocking call
// drops.
const flood = 40000

// flooded returns a bound SUB that is subscribed to "good".
func flooded(w *st.World) *st.Socket {
	sub := w.Socket(pattern.SUB, st.HWM(0, 0))
	sub.MustBind("mem://a")
	if err := sub.Subscribe("good", true); err != nil {
		w.Fatal(err)
	}
	return sub
}

// sendFlood sends the flood to the SUB, and then one message to which it is
// subscribed.
func sendFlood(w *st.World) {
	p := w.Dial("a")
	p.Handshake("PUB")
	go func() {
		p.MustWrite(bytes.Repeat(st.Message("bad"), flood), st.Message("good"))
	}()
	w.Settle()
}

func filtered(s *st.Socket) int { return int(s.Stats().Drops[pipe.DropFiltered]) }

// TestTryRecvDropsBoundedNumberOfUnwantedMessages: after a bounded number of
// drops TryRecv returns ErrWouldBlock, although a wanted message follows.
// Further calls return it, and until then Readable returns true.
func TestTryRecvDropsBoundedNumberOfUnwantedMessages(t *testing.T) {
	calls := map[string]func(s *st.Socket) error{
		"TryRecv":      func(s *st.Socket) error { var m msg.Msg; return s.TryRecv(&m) },
		"TryRecvFrame": func(s *st.Socket) error { var f msg.Frame; return s.TryRecvFrame(&f) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				sub := flooded(w)
				sendFlood(w)
				if err := call(sub); err != pattern.ErrWouldBlock || filtered(sub) == 0 || filtered(sub) > flood/2 {
					t.Fatalf("the first call: %v after %d drops", err, filtered(sub))
				}
				before := filtered(sub)
				if !sub.Readable() {
					t.Error("not readable although unwanted messages are left")
				}
				if n := filtered(sub) - before; n == 0 || n > flood/2 {
					t.Errorf("Readable dropped %d", n)
				}
				calls := 0
				for call(sub) == pattern.ErrWouldBlock {
					if calls++; calls > flood {
						t.Fatal("the wanted message was not received")
					}
				}
				sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: flood})
			})
		})
	}
}

// TestRecvEndsWithItsContextWhileDropping: a call whose context ends returns
// before all unwanted messages are dropped. Another blocked call is woken and
// continues.
func TestRecvEndsWithItsContextWhileDropping(t *testing.T) {
	calls := map[string]func(s *st.Socket, ctx context.Context) error{
		"Recv":      func(s *st.Socket, ctx context.Context) error { var m msg.Msg; return s.Recv(ctx, &m) },
		"RecvFrame": func(s *st.Socket, ctx context.Context) error { var f msg.Frame; return s.RecvFrame(ctx, &f) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				sub := flooded(w)
				first, second := make(chan error, 1), make(chan error, 1)
				asked := 0
				go func() {
					first <- call(sub, checked{context.Background(), func() error {
						if asked++; asked > 2 { // once before it blocks, once after the first batch
							return context.Canceled
						}
						return nil
					}})
				}()
				w.Settle()
				go func() {
					ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
					defer cancel()
					second <- call(sub, ctx)
				}()
				w.Settle()
				sendFlood(w)
				if err := <-first; err != context.Canceled {
					t.Errorf("the first call: %v", err)
				}
				if err := <-second; err != nil {
					t.Errorf("the second call: %v", err)
				}
				sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: flood})
			})
		})
	}
}

// TestCloseInterruptsDroppingOfUnwantedMessages: Close takes the locks between
// two batches, and drops the remaining messages itself.
func TestCloseInterruptsDroppingOfUnwantedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		sub := flooded(w)
		sendFlood(w)
		closed := false
		ctx := checked{context.Background(), func() error {
			if !closed {
				closed = true
				sub.CloseIn(0)
			}
			return nil
		}}
		var m msg.Msg
		if err := sub.Recv(ctx, &m); !errors.Is(err, socket.ErrClosed) {
			t.Error(err)
		}
		if n := filtered(sub); n == 0 || n > flood/2 {
			t.Errorf("%d messages dropped before Close", n)
		}
		stats := sub.Stats()
		if n := stats.Drops[pipe.DropFiltered] + stats.Drops[pipe.DropUnread]; n != flood+1 {
			t.Errorf("%d of %d messages are accounted for", n, flood+1)
		}
	})
}

// TestReqDropsStaleRepliesBeforeQueueing: stale replies are dropped also while
// a call waits for its reply, and in one batch with this reply.
func TestReqDropsStaleRepliesBeforeQueueing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		_, req, p := reqWithPeer(w, "ROUTER")
		const n = 3000
		stale := bytes.Repeat(st.Message("none", "", "stale"), n)
		for i := range 3 {
			result := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				m, err := req.Call(ctx, st.Of("x"))
				if err == nil && string(m.First) != "reply" {
					err = errors.New("received " + string(m.First))
				}
				result <- err
			}()
			id := p.Message()[0]
			p.MustWrite(append(append(bytes.Clone(stale), st.Message(id, "", "reply")...), st.Message(id, "", "again")...))
			if err := <-result; err != nil {
				t.Error(err)
			}
			w.Settle()
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: uint64(i+1) * (n + 1)})
		}
		// Send and Recv accept only the first reply to the last request.
		req.MustSend("y")
		p.Message()
		p.MustWrite(append(st.Message("", "reply"), bytes.Repeat(st.Message("", "again"), n)...))
		w.Settle()
		req.WantRecv("reply")
		req.MustSend("z")
		p.Message()
		req.WantNone()
		p.MustWrite(st.Message("", "reply to z"))
		w.Settle()
		req.WantRecv("reply to z")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 3*(n+1) + n})
	})
}
