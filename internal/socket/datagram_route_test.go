package socket_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// TestDatagramWithoutRouteIsRetried: while the system has no route to an
// endpoint, each attempt is an event with its error. The endpoint counts as
// connected when there is a route.
func TestDatagramWithoutRouteIsRetried(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var route atomic.Bool
		w.Air.OnDial(func(string) error {
			if !route.Load() {
				return &net.OpError{Op: "dial", Net: "udp6", Err: syscall.ENETUNREACH}
			}
			return nil
		})
		radio := w.Socket(pattern.RADIO)
		radio.MustConnect(airAt)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := radio.WaitConnected(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connected without a route: %v", err)
		}
		w.Settle()
		retries := radio.EventsOf(session.Retrying)
		if len(retries) == 0 || len(radio.EventsOf(session.Ready)) > 0 {
			t.Fatalf("events %v", radio.History())
		}
		for _, ev := range retries {
			if !errors.Is(ev.Err, syscall.ENETUNREACH) || ev.Delay > 750*time.Millisecond {
				t.Errorf("retried after %v because of %v", ev.Delay, ev.Err)
			}
		}
		route.Store(true)
		radio.WaitPeers(1)
	})
}
