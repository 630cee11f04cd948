package clone_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/binarystar"
	"github.com/zerobroker/zmq/patterns/clone"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at returns the endpoints of a server with a name.
func at(name string) clone.Endpoints {
	return clone.Endpoints{Snapshot: "sim://" + name, Publisher: "sim://" + name + "-pub", Collector: "sim://" + name + "-sub"}
}

func startServer(t *testing.T, n simnet.Network, name string, o clone.ServerOptions) *clone.Server {
	t.Helper()
	if o.Socket == nil {
		o.Socket = n.Options()
	}
	s, err := clone.NewServer(at(name), &o)
	must(t, err)
	go s.Run(context.Background())
	t.Cleanup(func() { s.Close() })
	return s
}

func startClient(t *testing.T, n simnet.Network, o clone.ClientOptions, servers ...string) *clone.Client {
	t.Helper()
	o.Socket = n.Options()
	var all []clone.Endpoints
	for _, name := range servers {
		all = append(all, at(name))
	}
	c, err := clone.NewClient(all, &o)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func set(t *testing.T, c *clone.Client, key, value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := c.Set(ctx, key, []byte(value), 0); err != nil {
		t.Fatalf("set %s: %v; %+v", key, err, c.Stats())
	}
}

// has checks the whole copy of a client.
func has(t *testing.T, c *clone.Client, want string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for _, key := range c.Keys("") {
		value, _ := c.Get(key)
		got = append(got, key+"="+string(value))
	}
	if text := strings.Join(got, " "); text != want {
		t.Errorf("the copy has %q, want %q", text, want)
	}
}

// RFC 12, State Synchronization and Updates.
func TestClientsShareHashmap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := startServer(t, n, "s", clone.ServerOptions{})
		a := startClient(t, n, clone.ClientOptions{}, "s")
		must(t, a.WaitSynced(t.Context()))
		set(t, a, "/x/1", "one")
		set(t, a, "/y/1", "two")
		b := startClient(t, n, clone.ClientOptions{}, "s")
		must(t, b.WaitSynced(t.Context()))
		has(t, b, "/x/1=one /y/1=two")
		set(t, b, "/x/1", "three")
		has(t, a, "/x/1=three /y/1=two")
		must(t, b.Delete(t.Context(), "/y/1"))
		has(t, a, "/x/1=three")
		if st := s.Stats(); st.Keys != 1 || st.Number != 4 || st.Snapshots != 2 || st.SnapshotValues != 2 || st.Bytes != 9 || !st.Active {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestClientOfSubtreeHasOnlySubtree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		startServer(t, n, "s", clone.ServerOptions{})
		all := startClient(t, n, clone.ClientOptions{}, "s")
		set(t, all, "/a/1", "1")
		set(t, all, "/b/1", "1")
		part := startClient(t, n, clone.ClientOptions{Subtree: "/a/"}, "s")
		must(t, part.WaitSynced(t.Context()))
		has(t, part, "/a/1=1")
		set(t, all, "/b/2", "2")
		set(t, all, "/a/2", "2")
		has(t, part, "/a/1=1 /a/2=2")
		set(t, part, "/a/3", "3")
		if err := part.Set(t.Context(), "/b/3", []byte("3"), 0); !errors.Is(err, clone.ErrInvalidKey) {
			t.Errorf("key outside of the subtree: %v", err)
		}
		time.Sleep(time.Minute) // HUGZ keep the server alive
		if st := part.Stats(); st.Failovers != 0 || st.Gaps != 0 || !st.Synced {
			t.Errorf("stats %+v", st)
		}
	})
}

// RFC 12, the property ttl.
func TestServerDeletesEphemeralValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := startServer(t, n, "s", clone.ServerOptions{})
		c := startClient(t, n, clone.ClientOptions{}, "s")
		must(t, c.Set(t.Context(), "/short", []byte("x"), 1500*time.Millisecond))
		must(t, c.Set(t.Context(), "/kept", []byte("x"), 5*time.Second))
		set(t, c, "/forever", "x")
		time.Sleep(1900 * time.Millisecond)
		has(t, c, "/forever=x /kept=x /short=x")
		time.Sleep(200 * time.Millisecond)
		has(t, c, "/forever=x /kept=x")
		must(t, c.Set(t.Context(), "/kept", []byte("y"), 5*time.Second))
		time.Sleep(4 * time.Second)
		has(t, c, "/forever=x /kept=y")
		time.Sleep(2 * time.Second)
		has(t, c, "/forever=x")
		if st := s.Stats(); st.Expired != 2 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestWatchYieldsValuesAndChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		startServer(t, n, "s", clone.ServerOptions{})
		c := startClient(t, n, clone.ClientOptions{}, "s")
		set(t, c, "/w/1", "one")
		set(t, c, "/v/1", "x")
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		var last error
		done := make(chan bool)
		go func() {
			defer close(done)
			for change, err := range c.Watch(ctx, "/w/") {
				if last = err; err == nil {
					got = append(got, fmt.Sprintf("%s=%s %v", change.Key, change.Value, change.Deleted))
				}
			}
		}()
		synctest.Wait()
		for _, value := range []string{"two", "two", "three"} {
			set(t, c, "/w/2", value)
			synctest.Wait()
		}
		must(t, c.Delete(t.Context(), "/w/1"))
		synctest.Wait()
		cancel()
		<-done
		if text := strings.Join(got, ", "); text != "/w/1=one false, /w/2=two false, /w/2=three false, /w/1= true" || !errors.Is(last, context.Canceled) {
			t.Errorf("got %q, %v", text, last)
		}
	})
}

func TestClientSynchronizesAgainAfterLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		startServer(t, n, "s", clone.ServerOptions{})
		a, b := startClient(t, n, clone.ClientOptions{}, "s"), startClient(t, n, clone.ClientOptions{}, "s")
		must(t, b.WaitSynced(t.Context()))
		for i := range 5 {
			set(t, a, "/k", fmt.Sprint(i))
			n.Cut()
			set(t, a, fmt.Sprint("/k", i), "x")
		}
		time.Sleep(30 * time.Second)
		has(t, b, "/k=4 /k0=x /k1=x /k2=x /k3=x /k4=x")
	})
}

// startPair starts one server of a pair.
func startPair(t *testing.T, n simnet.Network, role binarystar.Role) *clone.Server {
	names := [...]string{"", "p", "b"}
	return startServer(t, n, names[role], clone.ServerOptions{Pair: &clone.PairOptions{
		Role: role, Bind: "sim://star-" + names[role], Peer: "sim://star-" + names[3-role], Server: at(names[3-role]),
	}})
}

// RFC 12, Reliability, with the Binary Star of the Guide.
func TestBackupContinuesWhenPrimaryFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		p, b := startPair(t, n, binarystar.Primary), startPair(t, n, binarystar.Backup)
		a := startClient(t, n, clone.ClientOptions{}, "p", "b")
		set(t, a, "/1", "x")
		must(t, a.Set(t.Context(), "/ttl", []byte("x"), time.Minute))
		time.Sleep(10 * time.Second)
		set(t, a, "/2", "x")
		synctest.Wait()
		if st := b.Stats(); st.Active || st.Keys != 3 || st.Pending != 0 || st.Number != 3 {
			t.Errorf("stats of the backup %+v", st)
		}
		p.Close()
		set(t, a, "/3", "x") // waits for the failover
		has(t, a, "/1=x /2=x /3=x /ttl=x")
		if st := b.Stats(); !st.Active {
			t.Errorf("stats of the backup %+v", st)
		}
		p = startPair(t, n, binarystar.Primary)
		time.Sleep(10 * time.Second)
		if st := p.Stats(); st.Active || st.Keys != 4 || st.NotServed > 0 && a.Stats().Server == 0 {
			t.Errorf("stats of the primary %+v", st)
		}
		b.Close()
		set(t, a, "/4", "x")
		has(t, a, "/1=x /2=x /3=x /4=x /ttl=x")
		time.Sleep(time.Minute)
		has(t, a, "/1=x /2=x /3=x /4=x")
	})
}

func TestServerDropsMalformedAndOversizedCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := startServer(t, n, "s", clone.ServerOptions{MaxKeys: 2, MaxBytes: 60, MaxKeySize: 20, MaxValueSize: 40})
		c := startClient(t, n, clone.ClientOptions{}, "s")
		set(t, c, "/1", "x")
		pub, err := zmq.NewPub(n.Options())
		must(t, err)
		defer pub.Close()
		must(t, pub.Connect(at("s").Collector))
		must(t, pub.WaitSubscribers(t.Context(), 1, ""))
		zero, long := "\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("x", 50)
		for _, frames := range [][]string{
			{"k"}, {"k", zero, "", "", "v", ""}, {"k", "1", "", "", "v"}, {"k", zero, "short", "", "v"}, {"", zero, "", "", "v"},
			{"HUGZ", zero, "", "", "v"}, {"KTHXBAI", zero, "", "", "v"}, {"ICANHAZ?", zero, "", "", "v"},
			{"k", zero, "", "ttl=x\n", "v"}, {"k", zero, "", "ttl=1", "v"}, {"k", zero, "", "ttl\n", "v"}, {"k", zero, "", "ttl=99999999999\n", "v"},
			{long, zero, "", "", "v"}, {"k", zero, "", "", long}, {"k", zero, "", "a=" + long + "\n", "v"},
			{"/2", zero, "", "", long[:40]}, {"/2", zero, "", "", "x"}, {"/3", zero, "", "", "x"}, {"/1", zero, "", "", long[:35]},
			{"/2", zero, "", "", long[:40]},
		} {
			must(t, pub.SendMessage(t.Context(), zmq.NewStringMessage(frames...)))
		}
		has(t, c, "/1="+long[:35]+" /2=x")
		if st := s.Stats(); st.Malformed != 12 || st.TooLarge != 3 || st.StoreFull != 2 {
			t.Errorf("stats %+v", st)
		}
		d, err := zmq.NewDealer(n.Options())
		must(t, err)
		defer d.Close()
		must(t, d.Connect(at("s").Snapshot))
		for _, frames := range [][]string{{"ICANHAZ?"}, {"ICANHAZ?", "no slash"}, {"ICANHAZ?", "/x"}, {"WHAT", ""}, {"ICANHAZ?", "", ""}} {
			must(t, d.SendMessage(t.Context(), zmq.NewStringMessage(frames...)))
		}
		synctest.Wait()
		if st := s.Stats(); st.Malformed != 17 || st.Snapshots != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestServerBoundsSnapshotsOfClientsThatDoNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		so := n.Options()
		so.MaxQueuedBytes = 100_000
		s := startServer(t, n, "s", clone.ServerOptions{Socket: so, MaxSnapshots: 2, SnapshotTimeout: time.Minute})
		po := n.Options()
		po.Overflow = zmq.OverflowBlock
		pub, err := zmq.NewPub(po)
		must(t, err)
		defer pub.Close()
		must(t, pub.Connect(at("s").Collector))
		must(t, pub.WaitSubscribers(t.Context(), 1, ""))
		for i := range 5000 {
			must(t, pub.SendMessage(t.Context(), zmq.NewStringMessage(fmt.Sprint("/", i), strings.Repeat("\x00", 8), "", "", strings.Repeat("x", 300))))
		}
		synctest.Wait()
		c := startClient(t, n, clone.ClientOptions{}, "s")
		must(t, c.WaitSynced(t.Context()))
		for range 3 {
			o := n.Options()
			o.RecvHWM = 1
			d, err := zmq.NewDealer(o)
			must(t, err)
			defer d.Close()
			must(t, d.Connect(at("s").Snapshot))
			must(t, d.SendMessage(t.Context(), zmq.NewStringMessage("ICANHAZ?", "")))
			synctest.Wait()
		}
		if st := s.Stats(); st.SnapshotsRefused != 1 {
			t.Errorf("stats %+v", st)
		}
		set(t, c, "/live", "x") // is not delayed
		time.Sleep(2 * time.Minute)
		if st := s.Stats(); st.SnapshotsAborted != 2 {
			t.Errorf("stats %+v", st)
		}
		late := startClient(t, n, clone.ClientOptions{}, "s")
		must(t, late.WaitSynced(t.Context()))
		if st := late.Stats(); st.Keys != 5001 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestCloseEndsCallsWithErrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startClient(t, simnet.New(1), clone.ClientOptions{}, "nowhere")
		var g sync.WaitGroup
		g.Go(func() {
			if err := c.Set(t.Context(), "/k", []byte("v"), 0); !errors.Is(err, clone.ErrClosed) {
				t.Errorf("set: %v", err)
			}
		})
		g.Go(func() {
			for _, err := range c.Watch(t.Context(), "") {
				if !errors.Is(err, clone.ErrClosed) {
					t.Errorf("watch: %v", err)
				}
			}
		})
		synctest.Wait()
		must(t, c.Close())
		g.Wait()
		if err := c.WaitSynced(t.Context()); !errors.Is(err, clone.ErrClosed) {
			t.Errorf("wait: %v", err)
		}
	})
}

func TestInvalidOptionsAndParametersAreRefused(t *testing.T) {
	if _, err := clone.NewServer(at("x"), &clone.ServerOptions{MaxKeys: -1}); !errors.Is(err, clone.ErrInvalidOption) {
		t.Errorf("server: %v", err)
	}
	if _, err := clone.NewServer(at("x"), &clone.ServerOptions{Pair: &clone.PairOptions{}}); !errors.Is(err, clone.ErrInvalidOption) {
		t.Errorf("pair: %v", err)
	}
	if _, err := clone.NewClient(nil, nil); !errors.Is(err, clone.ErrInvalidOption) {
		t.Errorf("client without a server: %v", err)
	}
	if _, err := clone.NewClient([]clone.Endpoints{clone.TCP("h", 1)}, &clone.ClientOptions{Subtree: "x"}); !errors.Is(err, clone.ErrInvalidOption) {
		t.Errorf("subtree: %v", err)
	}
	c, err := clone.NewClient([]clone.Endpoints{clone.TCP("127.0.0.1", 1)}, nil)
	must(t, err)
	defer c.Close()
	for _, key := range []string{"", "HUGZ", "KTHXBAI", "ICANHAZ?", strings.Repeat("x", 256)} {
		if err := c.Delete(t.Context(), key); !errors.Is(err, clone.ErrInvalidKey) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if err := c.Set(t.Context(), "/k", nil, 0); !errors.Is(err, clone.ErrInvalidValue) {
		t.Errorf("empty value: %v", err)
	}
}

// TestCopiesAreEqualAfterFaults cuts connections and restarts the servers of a pair at
// random times. Every change that was confirmed while the pair was intact must remain, and
// at the end all clients have the same copy.
func TestCopiesAreEqualAfterFaults(t *testing.T) {
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) { testFaults(t, seed) })
	}
}

func testFaults(t *testing.T, seed uint64) {
	t.Log("seed", seed)
	r, n := rand.New(rand.NewPCG(seed, 5)), simnet.New(seed)
	servers := []*clone.Server{nil, startPair(t, n, binarystar.Primary), startPair(t, n, binarystar.Backup)}
	var clients []*clone.Client
	for i := range 3 {
		o := clone.ClientOptions{}
		if i == 2 {
			o.Subtree = "/a/"
		}
		clients = append(clients, startClient(t, n, o, "p", "b"))
	}
	newest := make(map[string]string)
	for i := range 150 {
		key, value := fmt.Sprintf("/%c/%d", 'a'+r.IntN(2), r.IntN(10)), fmt.Sprint(i)
		set(t, clients[r.IntN(2)], key, value)
		newest[key] = value
		switch r.IntN(15) {
		case 0:
			n.Cut()
		case 1:
			time.Sleep(20 * time.Second) // the passive server has all changes
			role := binarystar.Role(1 + r.IntN(2))
			servers[role].Close() // drops what is not written
			time.Sleep(time.Duration(r.IntN(20)) * time.Second)
			servers[role] = startPair(t, n, role)
		}
	}
	time.Sleep(time.Minute)
	for i, c := range clients {
		for key, value := range newest {
			if got, _ := c.Get(key); string(got) != value && (i < 2 || strings.HasPrefix(key, "/a/")) {
				t.Errorf("client %d has %s=%s, want %s", i, key, got, value)
			}
		}
	}
}
