package socket_test

import (
	"context"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestRepConcurrentRecvReturnsErrInvalidState: two calls of Recv wait on one
// REP. One receives the first request. The other fails, at the latest when a
// second request arrives before the first is answered. The second request stays
// for a later Recv.
func TestRepConcurrentRecvReturnsErrInvalidState(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep := w.Socket(pattern.REP)
		ep := rep.MustBind("mem://a")
		got := make(chan error, 2)
		for range 2 {
			go func() {
				var m msg.Msg
				got <- rep.Recv(context.Background(), &m)
			}()
		}
		w.Settle()
		first, second := w.Socket(pattern.REQ), w.Socket(pattern.REQ)
		first.MustConnect(ep)
		first.MustSend("1")
		w.Settle()
		second.MustConnect(ep)
		second.MustSend("2")
		w.Settle()
		a, b := <-got, <-got
		if a != nil {
			a, b = b, a
		}
		if a != nil || !errors.Is(b, pattern.ErrInvalidState) {
			t.Fatalf("two calls of Recv returned %v and %v", a, b)
		}
		rep.MustSend("one")
		first.WantRecv("one")
		rep.WantRecv("2")
	})
}
