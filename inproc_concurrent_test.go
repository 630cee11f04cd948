package zmq_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// meshOptions returns options with which a socket does most work when a peer
// connects or disconnects. The sockets share one routing ID, which they take
// over from each other.
func meshOptions() *zmq.Options {
	return &zmq.Options{
		Namespace: zmq.NewNamespace(), Linger: zmq.NoLinger, RoutingID: "A", SendHWM: 2, RecvHWM: 2,
		AutoMessages: zmq.AutoMessages{
			Hello: []byte("hello"), Disconnect: []byte("disconnect"), Hiccup: []byte("hiccup"), ProbeRouter: true,
		},
		Router: zmq.RouterOptions{Handover: zmq.RouterHandoverAny, Notify: zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect},
		Pub:    zmq.PubOptions{Welcome: []byte("welcome")},
		XPub:   zmq.XPubOptions{Notify: zmq.XPubNotifyEveryChange},
		XSub:   zmq.XSubOptions{VerboseUnsubscribe: true},
	}
}

// returns runs f. If f does not return, it fails the test with all stacks.
func returns(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(callBound):
		t.Fatalf("%s does not return\n%s", what, stacks())
	}
}

// concurrently runs all of f at the same time.
func concurrently(f ...func()) func() {
	return func() {
		var wg sync.WaitGroup
		for _, g := range f {
			wg.Go(g)
		}
		wg.Wait()
	}
}

// subscribe makes a subscriber of any type subscribe.
func subscribe(s anySocket) {
	switch s := s.(type) {
	case interface{ Subscribe(...string) error }:
		s.Subscribe("a", "b")
	case *zmq.Dish:
		s.Join("a", "b")
	}
}

// No type hangs.
func TestSocketConnectsToItselfOverInproc(t *testing.T) {
	for _, typ := range socketTypes {
		s, err := typ.make(meshOptions())
		if err != nil {
			t.Fatal(err)
		}
		returns(t, typ.name+" connecting to itself", func() {
			subscribe(s)
			s.Bind("inproc://self")
			connect(s, "inproc://self")
			connect(s, "inproc://self")
			setHWM(s, 3, 3)
			disconnect(s, "inproc://self")
			connect(s, "inproc://self")
		})
		returns(t, typ.name+" that is connected to itself closing", func() { s.Close() })
	}
}

// No pair of types hangs when both sockets connect, disconnect or close at the
// same time.
func TestSocketsConnectToEachOtherOverInproc(t *testing.T) {
	const rounds = 10
	for i, typ := range socketTypes {
		for _, other := range socketTypes[i:] {
			for range rounds {
				o := meshOptions()
				a, _ := typ.make(o)
				b, _ := other.make(o)
				subscribe(a)
				subscribe(b)
				a.Bind("inproc://a")
				b.Bind("inproc://b")
				what := fmt.Sprintf("%s and %s", typ.name, other.name)
				returns(t, what+" connecting", concurrently(
					func() { connect(a, "inproc://b") }, func() { connect(b, "inproc://a") },
					func() { connect(a, "inproc://b") }, func() { setHWM(b, 1, 1) },
				))
				returns(t, what+" disconnecting", concurrently(
					func() { disconnect(a, "inproc://b") }, func() { disconnect(b, "inproc://a") },
					func() { connect(b, "inproc://a") },
				))
				returns(t, what+" closing", concurrently(func() { a.Close() }, func() { b.Close() }))
			}
		}
	}
}

// Each ROUTER ends the link that the other one is making. Many rounds are
// needed to reach the critical order.
func TestRoutersTakeOverEachOthersRoutingID(t *testing.T) {
	for range 500 {
		o := meshOptions()
		a, _ := typeOf["ROUTER"].make(o)
		b, _ := typeOf["ROUTER"].make(o)
		a.Bind("inproc://a")
		b.Bind("inproc://b")
		returns(t, "connecting", concurrently(
			func() { connect(a, "inproc://b") }, func() { connect(b, "inproc://a") },
			func() { connect(a, "inproc://b") }, func() { connect(b, "inproc://a") },
		))
		// All peers have the same ID, so each handover leaves one peer.
		for name, s := range map[string]anySocket{"a": a, "b": b} {
			if n := len(s.Peers()); n > 1 {
				t.Fatalf("%s has %d peers of one routing ID", name, n)
			}
		}
		returns(t, "closing", concurrently(func() { a.Close() }, func() { b.Close() }))
	}
}

// A link that is made while the bound socket closes ends with that socket.
func TestConnectDuringCloseLeavesNoPeer(t *testing.T) {
	const rounds = 100
	for _, pair := range [][2]string{
		{"PUSH", "PULL"}, {"PULL", "PUSH"}, {"DEALER", "ROUTER"}, {"ROUTER", "ROUTER"}, {"REQ", "REP"}, {"SUB", "XPUB"},
		{"XPUB", "SUB"}, {"PAIR", "PAIR"}, {"PEER", "PEER"}, {"CLIENT", "SERVER"}, {"DISH", "RADIO"},
	} {
		for range rounds {
			o := meshOptions()
			a, _ := typeOf[pair[0]].make(o)
			b, _ := typeOf[pair[1]].make(o)
			b.Bind("inproc://b")
			returns(t, pair[0]+" connecting to "+pair[1]+", which closes", concurrently(
				func() { connect(a, "inproc://b") }, func() { b.Close() },
			))
			if n := len(a.Peers()); n != 0 {
				t.Fatalf("%s has %d peers when %s is closed", pair[0], n, pair[1])
			}
			a.Close()
		}
	}
}
