package interop

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// ours is a socket of this library.
type ours struct {
	harness.Socket
	t    *testing.T
	name string
	ctx  context.Context
}

// testOptions returns the default options of our sockets in these tests: short
// reconnect intervals and no linger.
func testOptions() *zmq.Options {
	return &zmq.Options{
		Reconnect: zmq.ReconnectOptions{Interval: 10 * time.Millisecond, MaxInterval: 100 * time.Millisecond},
		Linger:    zmq.NoLinger,
		RoutingID: oursID,
	}
}

// datagramOptions are the options of sockets for udp.
func datagramOptions() *zmq.Options {
	return &zmq.Options{Linger: zmq.NoLinger}
}

// newOurs creates a socket, with testOptions if o is nil. The socket is closed
// at the end of the test.
func newOurs(t *testing.T, typ string, o *zmq.Options) *ours {
	t.Helper()
	if o == nil {
		o = testOptions()
	}
	if typ != "REQ" && typ != "DEALER" && typ != "ROUTER" {
		o.RoutingID = "" // which the type does not have
	}
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := harness.Open(typ, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &ours{Socket: s, t: t, name: typ, ctx: testContext(t)}
}

// testContext returns a context that ends after waitLimit.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	t.Cleanup(cancel)
	return ctx
}

func (o *ours) typ() string { return o.name }

func (o *ours) bind(endpoint string) string {
	o.t.Helper()
	bound, err := o.Bind(endpoint)
	if err != nil {
		o.t.Fatal(err)
	}
	return bound
}

func (o *ours) connect(endpoint string) {
	o.t.Helper()
	if err := o.Connect(endpoint); err != nil {
		o.t.Fatal(err)
	}
}

func (o *ours) subscribe(topics ...string) {
	o.t.Helper()
	if err := o.Socket.(interface{ Subscribe(...string) error }).Subscribe(topics...); err != nil {
		o.t.Fatal(err)
	}
}

func (o *ours) unsubscribe(topics ...string) {
	o.t.Helper()
	if err := o.Socket.(interface{ Unsubscribe(...string) error }).Unsubscribe(topics...); err != nil {
		o.t.Fatal(err)
	}
}

// send uses Send for a single frame, which copies it, and SendMessage for
// several frames, which transfers them, so that the tests cover both.
func (o *ours) send(m message) {
	o.t.Helper()
	var err error
	switch s := o.Socket.(type) {
	case *zmq.Router:
		err = s.SendTo(o.ctx, m[0].text, m[1:].frames()...)
	case harness.Sender:
		if len(m) == 1 {
			err = s.Send(o.ctx, m[0].bytes())
		} else {
			err = s.SendMessage(o.ctx, zmq.NewMessage(m.copies()...))
		}
	default:
		o.t.Fatalf("%s cannot send", o.name)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// recv returns the next message. At a ROUTER its first frame is the routing ID
// of the sender.
func (o *ours) recv() [][]byte {
	o.t.Helper()
	m := o.recvMessage()
	if o.name == "ROUTER" {
		return append([][]byte{[]byte(m.RoutingID())}, m.Frames()...)
	}
	return m.Frames()
}

func (o *ours) recvMessage() zmq.Message {
	o.t.Helper()
	m, err := o.Socket.(harness.Receiver).Recv(o.ctx)
	if err != nil {
		o.t.Fatalf("%s.Recv: %v", o.name, err)
	}
	return m
}

// expect receives a message and compares it with want. It releases the memory
// of the message, so that the tests detect errors in its reuse.
func (o *ours) expect(want message) {
	o.t.Helper()
	m := o.recvMessage()
	got := m.Frames()
	if o.name == "ROUTER" {
		got = append([][]byte{[]byte(m.RoutingID())}, got...)
	}
	if diff := want.difference(got); diff != "" {
		o.t.Fatalf("our %s received: %s", o.name, diff)
	}
	m.Release()
}

// connected waits until the socket has a peer.
func (o *ours) connected() {
	o.t.Helper()
	if err := o.WaitConnected(o.ctx); err != nil {
		o.t.Fatalf("%s.WaitConnected: %v", o.name, err)
	}
}

// subscribed waits until our subscriptions are in effect.
func (o *ours) subscribed() {
	o.t.Helper()
	if err := o.Socket.(interface{ WaitSubscribed(context.Context) error }).WaitSubscribed(o.ctx); err != nil {
		o.t.Fatalf("%s.WaitSubscribed: %v", o.name, err)
	}
}

// waitSubscribers waits until n peers have subscribed to the topic.
func (o *ours) waitSubscribers(n int, topic string) {
	o.t.Helper()
	err := o.Socket.(interface {
		WaitSubscribers(context.Context, int, string, ...string) error
	}).WaitSubscribers(o.ctx, n, topic)
	if err != nil {
		o.t.Fatalf("%s.WaitSubscribers(%d, %q): %v", o.name, n, topic, err)
	}
}

// dropped compares the counters of dropped messages with want.
func (o *ours) dropped(want map[zmq.DropReason]uint64) {
	o.t.Helper()
	if got := o.Stats().Drops; !maps.Equal(got, want) {
		o.t.Errorf("%s dropped %v, want %v", o.name, got, want)
	}
}

func (o *ours) tryRecv() (zmq.Message, error) { return o.Socket.(harness.Receiver).TryRecv() }
