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

// checked is a context that runs a function each time it is asked for its
// error. A call that drops unwanted messages asks between two batches.
type checked struct {
	context.Context
	err func() error
}

func (c checked) Err() error { return c.err() }

// flood is how many unwanted messages are more than one call drops that does not
// wait.
const flood = 40000

// flooded is a SUB with a peer that has sent it flood messages that it has not
// subscribed to, and one that it has.
func flooded(w *st.World) *st.Socket {
	sub := w.Socket(pattern.SUB, st.HWM(0, 0))
	sub.MustBind("mem://a")
	if err := sub.Subscribe("good", true); err != nil {
		w.Fatal(err)
	}
	return sub
}

func sendFlood(w *st.World) {
	p := w.Dial("a")
	p.Shake("PUB")
	go func() {
		p.Must(bytes.Repeat(st.Message("bad"), flood), st.Message("good"))
	}()
	w.Settle()
}

func filtered(s *st.Socket) int { return int(s.Stats().Drops[pipe.DropFiltered]) }

// TestTryRecvDropsABoundedNumberOfUnwantedMessages: it returns ErrWouldBlock though
// there is a message behind them, which further calls return. Readable is true
// meanwhile.
func TestTryRecvDropsABoundedNumberOfUnwantedMessages(t *testing.T) {
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
					t.Error("not readable after a call that has not seen all")
				}
				if n := filtered(sub) - before; n == 0 || n > flood/2 {
					t.Errorf("Readable dropped %d", n)
				}
				calls := 0
				for call(sub) == pattern.ErrWouldBlock {
					if calls++; calls > flood {
						t.Fatal("never found")
					}
				}
				sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: flood})
			})
		})
	}
}

// TestRecvOfUnwantedMessagesEndsWithItsContext: not only when all of them are
// dropped. Another call that waits then goes on in its place.
func TestRecvOfUnwantedMessagesEndsWithItsContext(t *testing.T) {
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
						if asked++; asked > 2 { // before it waits, and after the first batch
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
					t.Errorf("the call that was woken: %v", err)
				}
				if err := <-second; err != nil {
					t.Errorf("the call that waited behind it: %v", err)
				}
				sub.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: flood})
			})
		})
	}
}

// TestCloseInterruptsTheDroppingOfUnwantedMessages: Close has the locks between
// two batches, and drops the rest itself.
func TestCloseInterruptsTheDroppingOfUnwantedMessages(t *testing.T) {
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
			t.Errorf("%d dropped before Close", n)
		}
		stats := sub.Stats()
		if n := stats.Drops[pipe.DropFiltered] + stats.Drops[pipe.DropUnread]; n != flood+1 {
			t.Errorf("%d of %d messages are accounted for", n, flood+1)
		}
	})
}

// TestReqDropsUnwantedRepliesBeforeTheyAreQueued: also while a call waits for
// another, and in one batch with the reply that is wanted.
func TestReqDropsUnwantedRepliesBeforeTheyAreQueued(t *testing.T) {
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
			p.Must(append(append(bytes.Clone(stale), st.Message(id, "", "reply")...), st.Message(id, "", "again")...))
			if err := <-result; err != nil {
				t.Error(err)
			}
			w.Settle()
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: uint64(i+1) * (n + 1)})
		}
		// The strict exchange takes the first reply to its own request.
		req.MustSend("y")
		p.Message()
		p.Must(append(st.Message("", "reply"), bytes.Repeat(st.Message("", "again"), n)...))
		w.Settle()
		req.WantRecv("reply")
		req.MustSend("z")
		p.Message()
		req.WantNone()
		p.Must(st.Message("", "reply to z"))
		w.Settle()
		req.WantRecv("reply to z")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 3*(n+1) + n})
	})
}
