package session_test

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// counted is a transport that notes when it dials, and fails with an error while
// it has one.
type counted struct {
	transport.Transport
	mu    sync.Mutex
	dials []time.Time
	fails error
}

func (c *counted) Dial(ctx context.Context, addr string, o *transport.Options) (net.Conn, error) {
	c.mu.Lock()
	c.dials = append(c.dials, time.Now())
	err := c.fails
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.Transport.Dial(ctx, addr, o)
}

// fail sets the error and returns the dials since it was last called.
func (c *counted) fail(err error) (dials []time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	dials, c.dials, c.fails = c.dials, nil, err
	return dials
}

// TestClientsReconnectSoonAfterServerReturns has many clients lose their server for
// a while. Each is connected again within 750 ms, half of them within 350 ms. In
// the meantime their attempts are neither too frequent nor simultaneous.
func TestClientsReconnectSoonAfterServerReturns(t *testing.T) {
	const clients = 100
	for _, outage := range []time.Duration{time.Second, 12 * time.Second, 120 * time.Second} {
		t.Run(outage.String(), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				dials := &counted{Transport: w.Net}
				w.Transport = dials
				server := w.Socket(pattern.PULL)
				server.MustBind("mem://a")
				for range clients {
					w.Socket(pattern.PUSH).MustConnect("mem://a")
				}
				server.WaitPeers(clients)
				time.Sleep(2 * time.Second)
				dials.fail(nil)

				lost := time.Now()
				w.Net.RefuseFor("a", outage)
				for _, l := range w.Net.Links() {
					l.Cut(memnet.RST)
				}
				w.Settle()
				time.Sleep(outage - 1)
				rates(t, dials.fail(nil), lost, clients)
				if n := server.Stats().Peers; n != 0 {
					t.Fatalf("%d clients are connected during the outage", n)
				}

				back := time.Now()
				server.WaitPeers(clients)
				var late []time.Duration
				for _, ev := range server.EventsOf(session.Ready)[clients:] {
					late = append(late, ev.Time.Sub(back))
				}
				slices.Sort(late)
				half, last := late[clients/2], late[clients-1]
				t.Logf("half of the clients were back after %v, all after %v", half, last)
				if half > 350*time.Millisecond || last > 751*time.Millisecond {
					t.Errorf("half of the clients were back after %v, all after %v", half, last)
				}
			})
		})
	}
}

// rates checks how often clients dialled while there was no listener.
func rates(t *testing.T, dials []time.Time, from time.Time, clients int) {
	t.Helper()
	seconds := make(map[int]int)
	moments := make(map[int]int)
	for _, d := range dials {
		seconds[int(d.Sub(from)/time.Second)]++
		moments[int(d.Sub(from)/(10*time.Millisecond))]++
	}
	for s, n := range seconds {
		if most := map[bool]int{true: 5, false: 3}[s == 0] * clients; n > most {
			t.Errorf("%d attempts of %d clients in second %d, want at most %d", n, clients, s, most)
		}
	}
	for m, n := range moments {
		// The first attempts, spread over 100 ms, are the densest.
		if n > clients/4 {
			t.Errorf("%d attempts of %d clients within 10 ms, %v after the loss", n, clients, time.Duration(m)*10*time.Millisecond)
		}
	}
}

// TestLongestBackoffDependsOnErrorOfAttempt: an attempt that makes no connection is
// repeated soon. One that costs a server more, such as a lookup, is not.
func TestLongestBackoffDependsOnErrorOfAttempt(t *testing.T) {
	opError := func(err error) error { return &net.OpError{Op: "dial", Err: err} }
	for _, c := range []struct {
		name string
		err  error
		want time.Duration // nominal
	}{
		{"refused", opError(syscall.ECONNREFUSED), 500 * time.Millisecond},
		{"no ipc file", opError(fs.ErrNotExist), 500 * time.Millisecond},
		{"no route", opError(syscall.EHOSTUNREACH), 500 * time.Millisecond},
		{"no network", opError(syscall.ENETUNREACH), 500 * time.Millisecond},
		{"system timeout", opError(syscall.ETIMEDOUT), 500 * time.Millisecond},
		{"timeout", context.DeadlineExceeded, 500 * time.Millisecond},
		{"unknown name", opError(&net.DNSError{Err: "no such host", IsNotFound: true}), 5 * time.Second},
		{"name of udp", &transport.HostError{Host: "x", Err: &net.DNSError{Err: "no such host"}}, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				w.Transport = &counted{Transport: w.Net, fails: c.err}
				push := w.Socket(pattern.PUSH)
				push.MustConnect("mem://a")
				time.Sleep(time.Minute)
				wantDelays(t, push, c.want)
			})
		})
	}
}

// wantDelays compares the delays after the sixth with a nominal one.
func wantDelays(t *testing.T, s *st.Socket, nominal time.Duration) {
	t.Helper()
	retries := s.EventsOf(session.Retrying, session.ResolveFailed)
	if len(retries) < 8 {
		t.Fatalf("%d attempts", len(retries))
	}
	for _, ev := range retries[6:] {
		if ev.Delay < nominal/2 || ev.Delay >= nominal+nominal/2 {
			t.Errorf("delay of %v, want %v ± half", ev.Delay, nominal)
		}
	}
}

// TestBackoffIsLongerAfterConnectionThanAfterRefusal: the backoff from a listener
// that accepts and closes grows to ReconnectMax; without a listener it is a tenth.
func TestBackoffIsLongerAfterConnectionThanAfterRefusal(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		for range 10 {
			l.Accept().Close()
		}
		w.Settle()
		wantDelays(t, push, 5*time.Second)
		before := len(push.EventsOf(session.Retrying))
		l.Close()
		time.Sleep(10 * time.Second)
		for _, ev := range push.EventsOf(session.Retrying)[before:] {
			if ev.Delay > 750*time.Millisecond {
				t.Errorf("%v after %v", ev.Delay, ev.Err)
			}
		}
	})
}

// TestReconnectOptionsApplyToRefusedConnections: both options have their effect, also
// a ReconnectInterval above a tenth of ReconnectMax.
func TestReconnectOptionsApplyToRefusedConnections(t *testing.T) {
	for _, c := range []struct{ interval, most, want time.Duration }{
		{100 * time.Millisecond, time.Minute, 6 * time.Second},
		{time.Second, 5 * time.Second, time.Second},
		{10 * time.Second, 5 * time.Second, 10 * time.Second},
		{10 * time.Millisecond, 20 * time.Millisecond, 10 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(c.interval, c.most), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				push := w.Socket(pattern.PUSH, st.Reconnect(c.interval, c.most))
				push.MustConnect("mem://a")
				time.Sleep(20 * c.want)
				wantDelays(t, push, c.want)
			})
		})
	}
}
