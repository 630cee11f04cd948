package zmqstat_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func names(r *zmqstat.Registry) (list []string) {
	for _, s := range r.Sockets(0) {
		list = append(list, s.Name)
	}
	return list
}

func TestRegistryNamesAreUniqueAndClosedSocketsVanish(t *testing.T) {
	var r zmqstat.Registry
	if n := len(r.Sockets(1)); n != 0 {
		t.Errorf("an empty registry has %d sockets", n)
	}
	a, b, c := must(zmq.NewPush(nil)), must(zmq.NewPush(nil)), must(zmq.NewPull(nil))
	r.Add("", a.Socket, b.Socket)
	r.Add("orders", c.Socket)
	r.Add("again", c.Socket) // it keeps its name
	if got := names(&r); !slices.Equal(got, []string{"PUSH", "PUSH#2", "orders"}) {
		t.Errorf("names %q", got)
	}
	check(a.Close())
	if got := names(&r); !slices.Equal(got, []string{"PUSH#2", "orders"}) {
		t.Errorf("after Close: names %q", got)
	}
	d := must(zmq.NewPush(nil))
	r.Add("", d.Socket)
	r.Remove(c.Socket)
	if got := names(&r); !slices.Equal(got, []string{"PUSH#2", "PUSH"}) {
		t.Errorf("after Remove: names %q", got)
	}
	check(b.Close())
	check(c.Close())
	check(d.Close())
	if got := names(&r); got != nil {
		t.Errorf("after all are closed: names %q", got)
	}
}

func TestSocketsDescribesPeersWithTheFullestQueuesFirst(t *testing.T) {
	ctx := testContext(t)
	router := must(zmq.NewRouter(nil))
	defer router.Close()
	ep := must(router.Bind("tcp://127.0.0.1:*"))
	var r zmqstat.Registry
	r.Add("", router.Socket)
	const hostile = "<b>\x00"
	for i, id := range []string{"quiet", hostile, "busy"} {
		d := must(zmq.NewDealer(&zmq.Options{RoutingID: id}))
		defer d.Close()
		check(d.Connect(ep))
		for range i * 2 {
			check(d.Send(ctx, []byte("x")))
		}
	}
	for s := r.Sockets(0)[0]; s.PeerCount < 3 || s.QueuedRecv < 6; s = r.Sockets(0)[0] {
		if ctx.Err() != nil {
			t.Fatalf("%d of 3 peers and %d of 6 messages arrived", s.PeerCount, s.QueuedRecv)
		}
		time.Sleep(time.Millisecond)
	}
	s := r.Sockets(2)[0]
	if s.Type != "ROUTER" || s.PeerCount != 3 || len(s.Peers) != 2 || s.PeersOmitted != 1 {
		t.Fatalf("%d of %d peers, %d omitted, want 2 of 3, 1 omitted", len(s.Peers), s.PeerCount, s.PeersOmitted)
	}
	first, second := s.Peers[0], s.Peers[1]
	if first.RoutingID != "busy" || first.QueuedRecv != 4 || first.RecvHWM != 1000 || first.Mechanism != "NULL" ||
		first.Version != "3.1" || first.Type != "DEALER" || !strings.HasPrefix(first.Address, "127.0.0.1:") {
		t.Errorf("the first peer is %+v", first)
	}
	if second.RoutingID != "0x3c623e00" || second.QueuedRecv != 2 {
		t.Errorf("the second peer is %+v, want its routing ID in hexadecimal", second)
	}
	if len(s.Endpoints) != 1 || s.Endpoints[0].State != "listening" || s.Endpoints[0].Peers != 3 {
		t.Errorf("endpoints %+v", s.Endpoints)
	}
	var back zmqstat.Socket
	check(json.Unmarshal(must(json.Marshal(s)), &back))
	if back.Peers[0].QueuedRecv != 4 || back.Events["ready"] != 3 {
		t.Errorf("from JSON: %+v", back)
	}
	if s := r.Sockets(0)[0]; s.Peers != nil || s.PeersOmitted != 0 {
		t.Errorf("without peers: %+v", s)
	}
}

func TestSocketsReportsFailures(t *testing.T) {
	ctx := testContext(t)
	push := must(zmq.NewPush(&zmq.Options{Linger: zmq.NoLinger}))
	defer push.Close()
	pub := must(zmq.NewPub(nil))
	defer pub.Close()
	var r zmqstat.Registry
	r.Add("", push.Socket)
	check(push.Connect(must(pub.Bind("tcp://127.0.0.1:*")))) // a PUB is no peer of a PUSH
	for len(r.Sockets(0)[0].Failures) == 0 {
		if ctx.Err() != nil {
			t.Fatal("no failure")
		}
		time.Sleep(time.Millisecond)
	}
	s := r.Sockets(0)[0]
	f := s.Failures[0]
	if f.Kind != "handshake_failed" || f.Error == "" || f.Time.IsZero() || f.Endpoint != s.Endpoints[0].Endpoint {
		t.Errorf("failure %+v", f)
	}
	if s.Events["handshake_failed"] == 0 || len(s.CloseReasons) == 0 {
		t.Errorf("events %v, close reasons %v", s.Events, s.CloseReasons)
	}
	if len(push.Stats().Failures) > 8 {
		t.Errorf("%d failures, want at most 8", len(push.Stats().Failures))
	}
}

func TestZeroSocketIsNotAdded(t *testing.T) {
	var r zmqstat.Registry
	push := must(zmq.NewPush(nil))
	defer push.Close()
	r.Add("x", zmq.Socket{}, push.Socket, zmq.Socket{})
	r.Add("", zmq.Socket{})
	r.Remove(zmq.Socket{})
	if got := names(&r); !slices.Equal(got, []string{"x"}) {
		t.Errorf("names %q", got)
	}
}
