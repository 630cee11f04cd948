package zyre_test

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

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/patterns/zgossip"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// 36/ZRE: nodes find each other by beacons, greet each other with HELLO, and send messages
// to single peers and to groups.
func TestNodesEnterWhisperShoutAndLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.node(1, "a", zyre.Options{Headers: map[string]string{"X-HELLO": "World"}})
		must(t, a.Join("before"))
		b := w.node(2, "b", zyre.Options{})
		want(t, b, "enter a", "join a before")
		want(t, a, "enter b")
		if p := b.Peers(); len(p) != 1 || p[0].UUID != a.UUID() || p[0].Headers["X-HELLO"] != "World" || p[0].Endpoint != a.Endpoint() {
			t.Fatalf("%+v", p)
		}
		must(t, b.Join("g"))
		want(t, a, "join b g")
		if n, err := a.Shout("g", []byte("one"), []byte("two")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		want(t, b, "shout a g one,two")
		must(t, a.Whisper(b.UUID(), []byte("hi"), nil))
		want(t, b, "whisper a hi,")
		must(t, b.Join("g")) // no change
		must(t, b.Leave("g"))
		want(t, a, "leave b g")
		if n, _ := a.Shout("g", []byte("none")); n != 0 {
			t.Fatal(n)
		}
		if got := fmt.Sprint(a.Groups(), b.PeerGroups(), len(b.Members("before"))); got != "[before] [before] 1" {
			t.Fatal(got)
		}
		must(t, b.Close())
		want(t, a, "exit b left")
		if s := a.Stats(); s.StatusErrors+s.Lost+s.Drops.Malformed+s.Drops.BeforeHello != 0 {
			t.Fatalf("%+v", s)
		}
	})
}

// 36/ZRE, The PING Command: a peer that sends nothing receives a PING, and is dead some time
// later.
func TestPeerBecomesEvasiveSilentAndExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.air.setOff(true)
		// PINGs keep the peers alive without beacons.
		want(t, a, "evasive b", "evasive b", "evasive b")
		want(t, b, "evasive a", "evasive a")
		w.stall(true)
		start := time.Now()
		until(t, a, "silent b")
		if d := time.Since(start); d > 8*time.Second {
			t.Fatal(d)
		}
		want(t, a, "exit b expired")
		if d := time.Since(start); d < 22*time.Second || d > 33*time.Second {
			t.Fatalf("expired after %s", d)
		}
	})
}

// With beacons no PINGs are needed, except one in each half of ExpiredTimeout, because
// beacons can be forged.
func TestBeaconsMakePingsRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		before := a.Stats()
		wantNone(t, a, 10*time.Minute)
		if sent := a.Stats().Sent - before.Sent; sent < 40 || sent > 85 {
			t.Fatalf("%d commands in 10 minutes", sent)
		}
	})
}

// Forged beacons do not keep a dead peer.
func TestBeaconsAloneDoNotKeepAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.stall(true)
		until(t, a, "exit b expired")
	})
}

// A node that has gone without a last beacon, and comes back with another UUID at the same
// endpoint, takes the place of the previous one.
func TestRestartedNodeTakesThePlaceOfItsPredecessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.air.setOff(true)
		must(t, b.Close())
		w.air.setOff(false)
		c := w.node(2, "c", zyre.Options{})
		want(t, a, "exit b replaced", "enter c")
		want(t, c, "enter a")
		must(t, a.Whisper(c.UUID(), []byte("x")))
		want(t, c, "whisper a x")
	})
}

// A node with the same UUID that has restarted is greeted again.
func TestRestartedNodeWithTheSameUUIDEntersAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := zyre.NewUUID()
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{UUID: id})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.air.setOff(true)
		must(t, b.Close())
		w.air.setOff(false)
		b = w.node(2, "b2", zyre.Options{UUID: id})
		want(t, a, "exit b replaced", "enter b2")
		want(t, b, "enter a")
		must(t, a.Whisper(id, []byte("x")))
		want(t, b, "whisper a x")
	})
}

// The connection of a peer that has disappeared is still open here when the peer connects
// again: the new connection takes its place.
func TestNewConnectionReplacesAHalfOpenOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := zyre.NewUUID()
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{UUID: id})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.stall(true)
		w.air.setOff(true)
		must(t, b.Close())
		w.air.setOff(false)
		w.stalled.Store(false) // for new connections
		start := time.Now()
		w.node(2, "b2", zyre.Options{UUID: id})
		want(t, a, "exit b replaced", "enter b2")
		if d := time.Since(start); d > 2*time.Second {
			t.Fatalf("after %s", d)
		}
	})
}

// A peer that does not read fills its queue, and is removed (36/ZRE, Interconnection Model).
func TestFullQueueRemovesThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o := w.net.Options()
		o.SendHWM = 10
		a, b := w.node(1, "a", zyre.Options{Socket: o}), w.node(2, "b", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		w.stall(true)
		var err error
		for i := 0; err == nil && i < 10_000; i++ {
			err = a.Whisper(b.UUID(), make([]byte, 100_000))
		}
		if !errors.Is(err, zyre.ErrNoPeer) {
			t.Fatal(err)
		}
		want(t, a, "exit b queue_full")
	})
}

// A program that does not read its events stops its node from reading; nothing is dropped,
// and no peer expires for that.
func TestUnreadEventsStopReadingAndLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o := w.net.Options()
		o.SendHWM = 100_000
		a, b := w.node(1, "a", zyre.Options{Socket: o, ExpiredTimeout: time.Hour}), w.node(2, "b", zyre.Options{QueueSize: 10})
		want(t, a, "enter b")
		const count = 5000
		for i := range count {
			must(t, a.Whisper(b.UUID(), fmt.Append(nil, i)))
		}
		time.Sleep(5 * time.Minute)
		if s := b.Stats(); s.Unread > 10 {
			t.Fatalf("%+v", s)
		}
		want(t, b, "enter a")
		for i := range count {
			want(t, b, fmt.Sprint("whisper a ", i))
		}
		wantNone(t, b, 3*time.Second)
	})
}

// A script of cut connections, lost beacons and restarted nodes. Messages of each peer are
// in order and without a gap between its Enter and its Exit, and at the end all nodes know
// each other and their groups.
func TestMessagesHaveNoGapBetweenEnterAndExit(t *testing.T) {
	t.Parallel()
	for range 2 {
		seed := rand.Uint64()
		synctest.Test(t, func(t *testing.T) { faults(t, seed) })
	}
}

func faults(t *testing.T, seed uint64) {
	const size = 4
	r := rand.New(rand.NewPCG(seed, 2))
	w := newWorld(t)
	nodes := make([]*zyre.Node, size)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	lives := 0
	open := func(i int) {
		lives++
		nodes[i] = w.node(i+1, fmt.Sprint("n", lives), zyre.Options{})
		must(t, nodes[i].Join("all"))
		go verifyOrder(t, ctx, nodes[i], seed)
	}
	for i := range nodes {
		open(i)
	}
	time.Sleep(5 * time.Second)
	counter := 0
	for range 300 {
		i := r.IntN(size)
		switch r.IntN(30) {
		case 0:
			w.net.Cut()
		case 1:
			w.air.setOff(r.IntN(2) == 0)
		case 2:
			nodes[i].Close()
			open(i)
		default:
			counter++
			nodes[i].Shout("all", fmt.Append(nil, counter))
		}
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
	}
	w.air.setOff(false)
	time.Sleep(2 * time.Minute)
	for _, n := range nodes {
		if p, m := len(n.Peers()), len(n.Members("all")); p != size-1 || m != size-1 {
			t.Errorf("seed %d: %s has %d peers and %d members: %+v", seed, n.Name(), p, m, n.Stats())
		}
		if s := n.Stats(); s.StatusErrors+s.Drops.Malformed != 0 {
			t.Errorf("seed %d: %+v", seed, s)
		}
	}
}

// verifyOrder reads the events of a node. Each peer sends increasing numbers; the sequence
// numbers of the protocol prevent gaps, so that this verifies the order alone, and that
// events of a peer are between its Enter and its Exit.
func verifyOrder(t *testing.T, ctx context.Context, n *zyre.Node, seed uint64) {
	last := make(map[zyre.UUID]int)
	for e, err := range n.Events(ctx) {
		if err != nil {
			return
		}
		id := e.From().UUID
		_, present := last[id]
		switch e := e.(type) {
		case zyre.Enter:
			if present {
				t.Errorf("seed %d: second enter", seed)
			}
			last[id] = 0
			continue
		case zyre.Exit:
			delete(last, id)
		case zyre.Shout:
			var i int
			fmt.Sscan(string(e.Content.Bytes()), &i)
			if i <= last[id] {
				t.Errorf("seed %d: %d after %d", seed, i, last[id])
			}
			last[id] = i
		}
		if !present {
			t.Errorf("seed %d: %s of a peer that has not entered", seed, text(e))
		}
	}
}

func TestGossipDiscoveryConnectsNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var nodes []*zyre.Node
		for i, name := range []string{"a", "b", "c"} {
			g := zyre.GossipOptions{Gossip: zgossip.Options{Socket: w.net.Options()}}
			if i == 0 {
				g.Bind = []string{"sim://hub:1"}
			} else {
				g.Connect = []string{"sim://hub:1"}
			}
			d, err := zyre.NewGossipDiscovery(&g)
			must(t, err)
			n, err := zyre.New(&zyre.Options{Name: name, Discovery: d, Bind: "sim://" + name + ":1", Socket: w.net.Options()})
			must(t, err)
			t.Cleanup(func() { n.Close() })
			nodes = append(nodes, n)
			time.Sleep(time.Second)
		}
		want(t, nodes[0], "enter b", "enter c")
		want(t, nodes[1], "enter a", "enter c")
		must(t, nodes[2].Close()) // GOODBYE
		until(t, nodes[0], "exit c left")
		until(t, nodes[1], "exit c left")
		// The tuple of c stays: its endpoint is tried now and then, without an event. a
		// and b connect again after a long partition.
		w.stall(true)
		time.Sleep(2 * time.Minute)
		w.stall(false)
		time.Sleep(2 * time.Minute)
		for _, n := range nodes[:2] {
			if p := n.Peers(); len(p) != 1 {
				t.Errorf("%s has %d peers: %+v", n.Name(), len(p), n.Stats())
			}
		}
	})
}

// A node can be connected to without being discovered.
func TestConnectToAKnownNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.air.setOff(true)
		a, b := w.node(1, "a", zyre.Options{}), w.node(2, "b", zyre.Options{})
		must(t, a.Connect(zyre.Announcement{UUID: b.UUID(), Endpoint: b.Endpoint()}))
		want(t, a, "enter b")
		want(t, b, "enter a")
		key, err := curve.GenerateKey()
		must(t, err)
		for _, bad := range []zyre.Announcement{
			{Endpoint: b.Endpoint()},
			{UUID: b.UUID()},
			{UUID: b.UUID(), Endpoint: "ipc:///x"},
			{UUID: b.UUID(), Endpoint: b.Endpoint(), PublicKey: key.Public()},
		} {
			if err := a.Connect(bad); !errors.Is(err, zyre.ErrInvalidOption) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

func TestCallsReportErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.node(1, "a", zyre.Options{})
		for _, g := range []string{"", "\x00", strings.Repeat("g", 256)} {
			if err := a.Join(g); !errors.Is(err, zyre.ErrInvalidGroup) {
				t.Error(err)
			}
			if _, err := a.Shout(g); !errors.Is(err, zyre.ErrInvalidGroup) {
				t.Error(err)
			}
		}
		if err := a.Whisper(zyre.NewUUID()); !errors.Is(err, zyre.ErrNoPeer) {
			t.Error(err)
		}
		errs := make(chan error)
		go func() {
			_, err := a.Recv(context.Background())
			errs <- err
		}()
		synctest.Wait()
		must(t, a.Close())
		must(t, a.Close())
		if err := <-errs; !errors.Is(err, zyre.ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		_, err := a.Shout("g")
		for _, err := range []error{err, a.Join("g"), a.Whisper(zyre.NewUUID())} {
			if !errors.Is(err, zyre.ErrClosed) {
				t.Error(err)
			}
		}
		for _, o := range []zyre.Options{{MaxPeers: -1}, {EvasiveTimeout: -1}, {Name: "\x00"}, {Headers: map[string]string{"": "x"}}} {
			if _, err := zyre.New(&o); !errors.Is(err, zyre.ErrInvalidOption) {
				t.Error(err)
			}
		}
	})
}
