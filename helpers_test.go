package zmq_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// testBound is the time after which a test in real time counts as hung. It is
// far longer than any test takes on a machine under load.
const testBound = 3 * time.Minute

// testContext returns a context that ends with the test, or after testBound.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testBound)
	t.Cleanup(cancel)
	return ctx
}

// ended returns a context that is cancelled.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// inprocOptions returns options with a namespace of their own.
func inprocOptions() *zmq.Options { return &zmq.Options{Namespace: zmq.NewNamespace()} }

// quickOptions returns inprocOptions of a socket that connects again within
// milliseconds and does not linger.
func quickOptions() *zmq.Options {
	o := inprocOptions()
	o.Linger = zmq.NoLinger
	o.Reconnect = zmq.ReconnectOptions{Interval: time.Millisecond, MaxInterval: 10 * time.Millisecond}
	return o
}

// eachTransport runs f as a subtest for an endpoint of each transport.
func eachTransport(t *testing.T, f func(t *testing.T, endpoint string, o *zmq.Options)) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://x"} {
		t.Run(ep, func(t *testing.T) { f(t, ep, inprocOptions()) })
	}
}

// closeAtEnd closes sockets at the end of the test.
func closeAtEnd(t *testing.T, sockets ...interface{ Close() error }) {
	t.Cleanup(func() {
		for _, s := range sockets {
			s.Close()
		}
	})
}

// join makes two sockets peers at an endpoint, and closes them at the end of
// the test.
func join(t *testing.T, endpoint string, binds, connects connector) {
	t.Helper()
	closeAtEnd(t, connects, binds)
	bound := must(binds.Bind(endpoint))
	if err := connects.Connect(bound); err != nil {
		t.Fatal(err)
	}
}

// unusedEndpoint returns a TCP endpoint at which no socket listens.
func unusedEndpoint() string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	return "tcp://" + l.Addr().String()
}

// await polls a condition, and fails the test if it is not met within a minute.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within a minute: " + what)
		}
	}
}

// wantError checks the error of a call. A want of nil means no error.
func wantError(t *testing.T, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", call, err, want)
	}
}
