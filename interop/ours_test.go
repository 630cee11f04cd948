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

// ours is a socket of the library.
type ours struct {
	harness.Socket
	t    *testing.T
	name string
	ctx  context.Context
}

// testOptions are those of most of our sockets: quick to come back, and closed
// without ceremony.
func testOptions() *zmq.Options {
	return &zmq.Options{
		Reconnect: zmq.ReconnectOptions{Interval: 10 * time.Millisecond, MaxInterval: 100 * time.Millisecond},
		Linger:    zmq.NoLinger,
		RoutingID: oursID,
	}
}

// datagramOptions are those of sockets for udp.
func datagramOptions() *zmq.Options {
	o := testOptions()
	o.RoutingID = ""
	return o
}

// newOurs makes a socket of a type, with testOptions if o is nil. It is closed
// with the test.
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
	return &ours{Socket: s, t: t, name: typ, ctx: patient(t)}
}

// patient is a context for everything a test waits for.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
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

// send copies single frames and hands longer messages over, so that both ways
// are taken.
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
			err = s.SendMessage(o.ctx, zmq.NewMessage(m.given()...))
		}
	default:
		o.t.Fatalf("%s cannot send", o.name)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// recv is the next message, with the sender's id before it at a ROUTER.
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

// expect gives the memory back, so that errors in its reuse show.
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

// connected waits for a peer.
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

// waitSubscribers waits until n peers want a topic.
func (o *ours) waitSubscribers(n int, topic string) {
	o.t.Helper()
	err := o.Socket.(interface {
		WaitSubscribers(context.Context, int, string) error
	}).WaitSubscribers(o.ctx, n, topic)
	if err != nil {
		o.t.Fatalf("%s.WaitSubscribers(%d, %q): %v", o.name, n, topic, err)
	}
}

// dropped compares what was lost with what must have been.
func (o *ours) dropped(want map[zmq.DropReason]uint64) {
	o.t.Helper()
	if got := o.Stats().Drops; !maps.Equal(got, want) {
		o.t.Errorf("%s dropped %v, want %v", o.name, got, want)
	}
}
