package endpoint_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
)

var errFailed = errors.New("failed")

// paths lead to each state.
var paths = map[endpoint.State]func() *endpoint.Lifetime{
	endpoint.Listening:   func() *endpoint.Lifetime { return endpoint.New(endpoint.Listening) },
	endpoint.Connecting:  func() *endpoint.Lifetime { return endpoint.New(endpoint.Connecting) },
	endpoint.Handshaking: func() *endpoint.Lifetime { return connecting((*endpoint.Lifetime).Handshake) },
	endpoint.Connected:   func() *endpoint.Lifetime { return connecting((*endpoint.Lifetime).Connect) },
	endpoint.Waiting:     func() *endpoint.Lifetime { return connecting(retry) },
	endpoint.Finishing:   func() *endpoint.Lifetime { return connecting(finish) },
	endpoint.Closing:     func() *endpoint.Lifetime { return connecting(abort) },
	endpoint.Closed:      func() *endpoint.Lifetime { return connecting((*endpoint.Lifetime).Close) },
}

func connecting(then func(*endpoint.Lifetime)) *endpoint.Lifetime {
	l := endpoint.New(endpoint.Connecting)
	then(l)
	return l
}

func retry(l *endpoint.Lifetime)  { l.Retry(errFailed) }
func finish(l *endpoint.Lifetime) { l.Finish() }
func abort(l *endpoint.Lifetime)  { l.Abort() }

// Each transition from each state either leads to its own state or has no
// effect.
func TestTransitionsHappenFromTheirStatesOnly(t *testing.T) {
	const (
		listening, connecting, handshaking = endpoint.Listening, endpoint.Connecting, endpoint.Handshaking
		connected, waiting                 = endpoint.Connected, endpoint.Waiting
		finishing, closing, closed         = endpoint.Finishing, endpoint.Closing, endpoint.Closed
	)
	for _, tr := range []struct {
		name string
		make func(l *endpoint.Lifetime)
		to   endpoint.State
		from []endpoint.State
	}{
		{"attempt", (*endpoint.Lifetime).Attempt, connecting, []endpoint.State{connecting, waiting}},
		{"handshake", (*endpoint.Lifetime).Handshake, handshaking, []endpoint.State{connecting}},
		{"connect", (*endpoint.Lifetime).Connect, connected, []endpoint.State{connecting, handshaking}},
		{"retry", retry, waiting, []endpoint.State{connecting, handshaking, connected}},
		{"finish", finish, finishing, []endpoint.State{listening, connecting, handshaking, connected, waiting}},
		{"abort", abort, closing, []endpoint.State{listening, connecting, handshaking, connected, waiting, finishing}},
		{"close", (*endpoint.Lifetime).Close, closed, []endpoint.State{listening, connecting, handshaking, connected, waiting, finishing, closing}},
	} {
		allowed := map[endpoint.State]bool{}
		for _, from := range tr.from {
			allowed[from] = true
		}
		for from, reach := range paths {
			l := reach()
			if l.State() != from {
				t.Fatalf("the path to %v leads to %v", from, l.State())
			}
			before := l.Status()
			tr.make(l)
			want := from
			if allowed[from] {
				want = tr.to
			} else if after := l.Status(); after != before {
				t.Errorf("%s changes %+v to %+v", tr.name, before, after)
			}
			if got := l.State(); got != want {
				t.Errorf("%s in state %v leads to %v, want %v", tr.name, from, got, want)
			}
		}
	}
}

func TestStatusCountsAttemptsUntilConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := endpoint.New(endpoint.Connecting)
		want := func(want endpoint.Status) {
			t.Helper()
			want.Since = start.Add(want.Since.Sub(time.Time{}))
			if got := l.Status(); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		at := func(d time.Duration) time.Time { return time.Time{}.Add(d) }
		want(endpoint.Status{State: endpoint.Connecting})
		time.Sleep(time.Second)
		l.Attempt()
		want(endpoint.Status{State: endpoint.Connecting, Since: at(time.Second), Attempts: 1})
		time.Sleep(time.Second)
		l.Retry(errFailed)
		want(endpoint.Status{State: endpoint.Waiting, Since: at(2 * time.Second), Attempts: 1, Err: errFailed})
		time.Sleep(time.Second)
		l.Attempt()
		l.Handshake()
		want(endpoint.Status{State: endpoint.Handshaking, Since: at(3 * time.Second), Attempts: 2, Err: errFailed})
		l.Connect()
		want(endpoint.Status{State: endpoint.Connected, Since: at(3 * time.Second), Peers: 1})
		l.Fail(errFailed)
		l.Abort()
		want(endpoint.Status{State: endpoint.Closed, Since: at(3 * time.Second), Err: errFailed})
	})
}

func TestRecoverRemovesTheFailureOfABoundEndpoint(t *testing.T) {
	l := endpoint.New(endpoint.Listening)
	l.Fail(errFailed)
	l.Fail(nil)
	if s := l.Status(); s.Err != errFailed || s.State != endpoint.Listening {
		t.Errorf("after a failure: %+v", s)
	}
	l.Recover()
	if s := l.Status(); s.Err != nil || s.State != endpoint.Listening {
		t.Errorf("after a new peer: %+v", s)
	}
}

func TestWaitReturnsWhenClosed(t *testing.T) {
	for _, limit := range []time.Duration{time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			start := time.Now()
			l := endpoint.New(endpoint.Listening)
			time.AfterFunc(time.Minute, l.Close)
			l.Wait(ctx, func() { time.AfterFunc(time.Second, l.Close) })
			want := time.Minute
			if limit < want {
				want = limit + time.Second
			}
			if d := time.Since(start); d != want || l.State() != endpoint.Closed {
				t.Errorf("returns in state %v after %v, want %v", l.State(), d, want)
			}
		})
	}
}
