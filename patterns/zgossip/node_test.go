package zgossip_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
	"github.com/zerobroker/zmq/patterns/zgossip"
)

func newNode(t *testing.T, o zgossip.Options) *zgossip.Node {
	t.Helper()
	n, err := zgossip.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// bound returns a Node that is bound to the endpoint.
func bound(t *testing.T, net simnet.Network, endpoint string) *zgossip.Node {
	t.Helper()
	n := newNode(t, zgossip.Options{Socket: net.Options()})
	if _, err := n.Bind(endpoint); err != nil {
		t.Fatal(err)
	}
	return n
}

func connect(t *testing.T, n *zgossip.Node, endpoints ...string) {
	t.Helper()
	for _, e := range endpoints {
		if err := n.Connect(e); err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t *testing.T, n *zgossip.Node, key, value string) {
	t.Helper()
	if err := n.Publish(key, value); err != nil {
		t.Fatal(err)
	}
}

func wantTuple(t *testing.T, n *zgossip.Node, key, value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if got, err := n.Recv(ctx); err != nil || got != (zgossip.Tuple{Key: key, Value: value}) {
		t.Fatalf("received %v, %v; want %s=%s; %+v", got, err, key, value, n.Stats())
	}
}

// The test of CZMQ's zgossip: tuples reach a base from two nodes, and each other through
// it.
func TestTuplesReachAllNodesThroughABase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		base := bound(t, net, "sim://base")
		alpha := newNode(t, zgossip.Options{Socket: net.Options()})
		connect(t, alpha, "sim://base")
		publish(t, alpha, "alpha-1", "service1")
		publish(t, alpha, "alpha-2", "service2")
		wantTuple(t, base, "alpha-1", "service1")
		wantTuple(t, base, "alpha-2", "service2")
		beta := newNode(t, zgossip.Options{Socket: net.Options()})
		publish(t, beta, "beta-1", "service1")
		connect(t, beta, "sim://base")
		wantTuple(t, beta, "alpha-1", "service1")
		wantTuple(t, beta, "alpha-2", "service2")
		wantTuple(t, alpha, "beta-1", "service1")
		publish(t, base, "base", "x")
		wantTuple(t, alpha, "base", "x")
		wantTuple(t, beta, "base", "x")
		for _, n := range []*zgossip.Node{base, alpha, beta} {
			if s := n.Stats(); s.Tuples != 4 {
				t.Errorf("%+v", s)
			}
		}
		if v, ok := beta.Get("beta-1"); !ok || v != "service1" {
			t.Error(v, ok)
		}
		if got := fmt.Sprint(alpha.Snapshot()); got != "[{alpha-1 service1} {alpha-2 service2} {beta-1 service1} {base x}]" {
			t.Error(got)
		}
	})
}

// A random script of publications, cut connections and restarted nodes in a ring, after
// which all nodes have the same tuples.
func TestNodesConvergeAfterFaults(t *testing.T) {
	t.Parallel()
	for range 2 {
		seed := rand.Uint64()
		synctest.Test(t, func(t *testing.T) { converge(t, seed) })
	}
}

func converge(t *testing.T, seed uint64) {
	const size = 5
	r := rand.New(rand.NewPCG(seed, 1))
	net := simnet.New(seed)
	nodes := make([]*zgossip.Node, size)
	open := func(i int) {
		nodes[i] = bound(t, net, fmt.Sprintf("sim://node%d", i))
		connect(t, nodes[i], fmt.Sprintf("sim://node%d", (i+1)%size))
	}
	for i := range nodes {
		open(i)
	}
	want := make(map[string]string)
	for step := range 150 {
		i := r.IntN(size)
		switch r.IntN(20) {
		case 0:
			net.Cut()
		case 1:
			// The tuples that the node alone has are lost with it: wait first.
			time.Sleep(30 * time.Second)
			nodes[i].Close()
			open(i)
		default:
			key := fmt.Sprintf("%d/%d", i, r.IntN(10))
			want[key] = fmt.Sprint(step)
			publish(t, nodes[i], key, want[key])
		}
		time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
	}
	time.Sleep(time.Minute)
	for i, n := range nodes {
		all := n.Snapshot()
		for _, tuple := range all {
			if want[tuple.Key] != tuple.Value {
				t.Errorf("seed %d: node %d has %v, want %q", seed, i, tuple, want[tuple.Key])
			}
		}
		if len(all) != len(want) {
			t.Errorf("seed %d: node %d has %d tuples of %d; %+v", seed, i, len(all), len(want), n.Stats())
		}
	}
}

// Two nodes that publish different values for one key do not exchange them without end.
func TestConflictingValuesDoNotCauseAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		a, b, c := bound(t, net, "sim://a"), bound(t, net, "sim://b"), bound(t, net, "sim://c")
		connect(t, a, "sim://b")
		connect(t, b, "sim://c")
		connect(t, c, "sim://a")
		time.Sleep(time.Second)
		for i := range 20 {
			publish(t, a, "key", fmt.Sprint("a", i))
			publish(t, b, "key", fmt.Sprint("b", i))
			publish(t, c, "key", fmt.Sprint("c", i))
		}
		time.Sleep(time.Minute)
		for _, n := range []*zgossip.Node{a, b, c} {
			if s := n.Stats(); s.Sent > 60*10*2+100 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestLimitsRefuseTuples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		small := newNode(t, zgossip.Options{Socket: net.Options(), MaxTuples: 10, MaxValueSize: 100})
		if _, err := small.Bind("sim://small"); err != nil {
			t.Fatal(err)
		}
		big := newNode(t, zgossip.Options{Socket: net.Options()})
		for i := range 50 {
			publish(t, big, fmt.Sprint(i), "v")
		}
		connect(t, big, "sim://small")
		time.Sleep(time.Second)
		if s := small.Stats(); s.Tuples != 10 || s.Refused < 40 {
			t.Errorf("%+v", s)
		}
		for want, err := range map[error]error{
			zgossip.ErrLimit:        small.Publish("one more", "v"),
			zgossip.ErrInvalidTuple: small.Publish("", "v"),
			zgossip.ErrConnected:    big.Connect("sim://small"),
		} {
			if !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		for _, bad := range []zgossip.Tuple{{Key: strings.Repeat("k", 256)}, {Key: "k\x00"}, {Key: "k", Value: "\x00"}} {
			if err := small.Publish(bad.Key, bad.Value); !errors.Is(err, zgossip.ErrInvalidTuple) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestRemoveAndDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		a, b := bound(t, net, "sim://a"), newNode(t, zgossip.Options{Socket: net.Options()})
		connect(t, b, "sim://a")
		publish(t, a, "k", "v")
		wantTuple(t, b, "k", "v")
		if !b.Remove("k") || b.Remove("k") {
			t.Fatal("Remove reported a wrong result")
		}
		if _, ok := b.Get("k"); ok {
			t.Fatal("the tuple is still there")
		}
		if err := b.Disconnect("sim://a"); err != nil {
			t.Fatal(err)
		}
		if err := b.Disconnect("sim://a"); !errors.Is(err, zmq.ErrEndpointNotFound) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if s := a.Stats(); s.Clients != 0 {
			t.Fatalf("%+v", s)
		}
	})
}

func TestCloseEndsCallsAndGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, zgossip.Options{Socket: simnet.New(1).Options()})
		connect(t, n, "sim://nowhere")
		publish(t, n, "k", "v")
		errs := make(chan error)
		go func() {
			_, err := n.Recv(context.Background())
			errs <- err
		}()
		synctest.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := <-errs; !errors.Is(err, zgossip.ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if err := n.Publish("k", "w"); !errors.Is(err, zgossip.ErrClosed) {
			t.Error(err)
		}
		if err := n.Connect("sim://x"); !errors.Is(err, zgossip.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestNewRefusesNegativeOptions(t *testing.T) {
	for _, o := range []zgossip.Options{{MaxTuples: -1}, {PingInterval: -1}} {
		if _, err := zgossip.New(&o); !errors.Is(err, zgossip.ErrInvalidOption) {
			t.Error(err)
		}
	}
}
