package session_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestBackoffDoublesUpToLimitWithJitter connects to an address without a listener.
// The delays double up to a tenth of ReconnectMax, each with a jitter of half to
// either side, and the attempts continue.
func TestBackoffDoublesUpToLimitWithJitter(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const first, most = 100 * time.Millisecond, 500 * time.Millisecond
		push := w.Socket(pattern.PUSH, st.Reconnect(first, 10*most))
		push.MustConnect("mem://a")
		time.Sleep(5 * time.Minute)
		retries := push.EventsOf(session.Retrying)
		if n := len(retries); n < 400 {
			t.Fatalf("%d attempts in five minutes", n)
		}
		nominal := first
		different := make(map[time.Duration]bool)
		for i, ev := range retries {
			if ev.Delay < nominal/2 || ev.Delay >= nominal+nominal/2 {
				t.Errorf("delay %d is %v, want %v ± half", i, ev.Delay, nominal)
			}
			if i > 0 && ev.Time.Sub(retries[i-1].Time) != retries[i-1].Delay {
				t.Errorf("attempt %d followed after %v, the event had %v", i, ev.Time.Sub(retries[i-1].Time), retries[i-1].Delay)
			}
			different[ev.Delay] = true
			nominal = min(2*nominal, most)
		}
		if len(different) < len(retries)*9/10 {
			t.Errorf("%d attempts have only %d different delays", len(retries), len(different))
		}
		// A later listener is found.
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		if d := st.After(func() { push.WaitPeers(1) }); d > most+most/2 {
			t.Errorf("connected %v after the bind", d)
		}
	})
}

// TestBackoffRestartsAfterStableConnection: after a connection of a second the
// first delay is ReconnectInterval again.
func TestBackoffRestartsAfterStableConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		const first, most = 100 * time.Millisecond, 5 * time.Second
		push := w.Socket(pattern.PUSH, st.Reconnect(first, most))
		push.MustConnect("mem://a")
		time.Sleep(time.Minute)
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		push.WaitPeers(1)
		time.Sleep(time.Second)
		before := len(push.EventsOf(session.Retrying))
		for _, l := range w.Net.Links() {
			l.Cut(memnet.RST)
		}
		w.Settle()
		retries := push.EventsOf(session.Retrying)[before:]
		if len(retries) != 1 || retries[0].Delay >= first+first/2 {
			t.Errorf("after a connection: %+v", retries)
		}
		push.WaitPeers(1)
	})
}

// TestRefusedPeerBacksOff: a peer that is refused because another has its routing
// ID does not try again at once.
func TestRefusedPeerBacksOff(t *testing.T) {
	st.Run(t, func(w *st.World) {
		router := w.Socket(pattern.ROUTER)
		router.MustBind("mem://a")
		named := func(o *socket.Options) { o.RoutingID = "id" }
		first, second := w.Socket(pattern.DEALER, named), w.Socket(pattern.DEALER, named)
		first.MustConnect("mem://a")
		first.WaitPeers(1)
		router.WaitPeers(1) // or the second might be the first
		second.MustConnect("mem://a")
		time.Sleep(time.Minute)
		if n := len(second.EventsOf(session.Retrying)); n < 10 || n > 40 {
			t.Errorf("tried again %d times within a minute", n)
		}
		first.CloseIn(0)
		second.WaitPeers(1)
	})
}

// TestDialerBacksOffFromListenerThatClosesAtOnce has a listener that accepts and
// closes.
func TestDialerBacksOffFromListenerThatClosesAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH, st.Reconnect(100*time.Millisecond, time.Second))
		push.MustConnect("mem://a")
		start := time.Now()
		for range 20 {
			l.Accept().Close()
		}
		if d := time.Since(start); d < 8*time.Second {
			t.Errorf("20 attempts within %v", d)
		}
	})
}

// TestReconnectIntervalZeroMakesOneAttempt: without reconnecting Close is immediate.
func TestReconnectIntervalZeroMakesOneAttempt(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH, st.Reconnect(0, 0))
		push.MustConnect("mem://a")
		time.Sleep(time.Minute)
		if n := len(push.EventsOf(session.Retrying)); n != 0 {
			t.Errorf("%d retries", n)
		}
		if d := st.After(func() { push.CloseIn(time.Minute) }); d != 0 {
			t.Errorf("Close took %v", d)
		}
	})
}

// TestConnectTimeoutEndsUnansweredAttempt has dials without an answer. They end
// after 30 s, not before.
func TestConnectTimeoutEndsUnansweredAttempt(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.Hang("a", true)
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		time.Sleep(30*time.Second - 1)
		w.Settle()
		if n := len(push.EventsOf(session.Retrying)); n != 0 {
			t.Errorf("the attempt ended before the timeout")
		}
		time.Sleep(time.Nanosecond)
		w.Settle()
		if n := len(push.EventsOf(session.Retrying)); n != 1 {
			t.Errorf("%d retries after the timeout", n)
		}
		push.MustSend("x")
		if d := st.After(func() { push.CloseIn(time.Second) }); d != time.Second {
			t.Errorf("Close took %v", d)
		}
	})
}
