package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// listResolver is a resolver that answers at once and records when it was asked.
type listResolver struct {
	mu        sync.Mutex
	addresses []string
	err       error
	panics    bool
	silent    bool // update is not called
	asked     []time.Time
	late      func([]string) // the update of the last call
}

func (r *listResolver) Resolve(_ context.Context, name string, update func([]string)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, time.Now())
	r.late = update
	if r.panics {
		panic("broken resolver")
	}
	if r.err != nil {
		return r.err
	}
	if !r.silent {
		update(r.addresses)
	}
	return nil
}

func (r *listResolver) set(f func(r *listResolver)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
}

func (r *listResolver) times() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// watchResolver is a resolver that calls update for each set that it receives.
type watchResolver struct{ sets chan []string }

func (r watchResolver) Resolve(ctx context.Context, name string, update func([]string)) error {
	for {
		select {
		case s := <-r.sets:
			update(s)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resolverOptions returns options with a transport in memory and a resolver with the
// prefix "list".
func resolverOptions(m *memory, r zmq.Resolver) *zmq.Options {
	o := inprocOptions()
	o.Network.Transports = map[string]zmq.Transport{"mem": m}
	o.Network.Resolvers = map[string]zmq.Resolver{"list": r}
	return o
}

// boundPulls returns PULLs that are bound to mem://NAME, by name.
func boundPulls(t *testing.T, o *zmq.Options, names ...string) map[string]*zmq.Pull {
	pulls := map[string]*zmq.Pull{}
	for _, n := range names {
		p := must(zmq.NewPull(o))
		t.Cleanup(func() { p.Close() })
		must(p.Bind("mem://" + n))
		pulls[n] = p
	}
	return pulls
}

// wantPeers checks which of the sockets have a peer.
func wantPeers(t *testing.T, pulls map[string]*zmq.Pull, want string) {
	t.Helper()
	synctest.Wait()
	var with []string
	for name, p := range pulls {
		if len(p.Peers()) > 0 {
			with = append(with, name)
		}
	}
	slices.Sort(with)
	if got := strings.Join(with, " "); got != want {
		t.Errorf("sockets with a peer: %q, want %q", got, want)
	}
}

func TestResolvedEndpointFollowsTheSetOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watchResolver{make(chan []string)}
		o := resolverOptions(newMemory(), r)
		pulls := boundPulls(t, o, "a", "b", "c")
		push := must(zmq.NewPush(o))
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		wantPeers(t, pulls, "")
		r.sets <- []string{"a", "b", "a"}
		wantPeers(t, pulls, "a b")
		if e := push.Endpoints(); len(e) != 1 || e[0].Endpoint != "list+mem://service" || e[0].State != zmq.EndpointConnected || e[0].Peers != 2 {
			t.Errorf("endpoints %+v", e)
		}
		r.sets <- []string{"c", "b"}
		wantPeers(t, pulls, "b c")
		for range 10 { // to b and c in turn
			if err := push.Send(t.Context(), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for _, name := range []string{"b", "c"} {
			for range 5 {
				if _, err := pulls[name].TryRecv(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		r.sets <- []string{}
		wantPeers(t, pulls, "b c")
		if err := push.Disconnect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		wantPeers(t, pulls, "")
		if err := push.Disconnect("list+mem://service"); !errors.Is(err, zmq.ErrEndpointNotFound) {
			t.Error(err)
		}
		push.Close()
	})
}

func TestMessagesForARemovedAddressLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watchResolver{make(chan []string)}
		o := resolverOptions(newMemory(), r)
		o.Linger = 10 * time.Second
		push := must(zmq.NewPush(o))
		defer push.Close()
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		r.sets <- []string{"late"}
		synctest.Wait()
		if err := push.Send(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		r.sets <- []string{"other"}
		time.Sleep(9 * time.Second)
		pulls := boundPulls(t, o, "late")
		if m, err := pulls["late"].Recv(testContext(t)); err != nil || m.String() != "x" {
			t.Errorf("received %v, %v", m, err)
		}
	})
}

func TestResolverIsCalledAgainAfterRefreshInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &listResolver{addresses: []string{"a"}}
		o := resolverOptions(newMemory(), r)
		o.Network.RefreshInterval = time.Minute
		push := must(zmq.NewPush(o))
		defer push.Close()
		start := time.Now()
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Second)
		synctest.Wait()
		var at []time.Duration
		for _, when := range r.times() {
			at = append(at, when.Sub(start))
		}
		if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("asked after %v, want %v", at, want)
		}
	})
}

// The delays double from Reconnect.Interval to MaxInterval, each varied by half.
func TestFailedResolutionKeepsTheAddressesAndBacksOff(t *testing.T) {
	for name, breaks := range map[string]func(*listResolver){
		"error":     func(r *listResolver) { r.err = errors.New("no such service") },
		"empty":     func(r *listResolver) { r.addresses = nil },
		"panic":     func(r *listResolver) { r.panics = true },
		"no update": func(r *listResolver) { r.silent = true },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &listResolver{addresses: []string{"a"}}
			o := resolverOptions(newMemory(), r)
			pulls := boundPulls(t, o, "a")
			push := must(zmq.NewPush(o))
			defer push.Close()
			events := collectEvents(push.Socket)
			if err := push.Connect("list+mem://service"); err != nil {
				t.Fatal(err)
			}
			wantPeers(t, pulls, "a")
			r.set(breaks)
			time.Sleep(5 * time.Minute)
			wantPeers(t, pulls, "a")
			asked := r.times()[1:]
			for i := range asked[1:] {
				base := min(100*time.Millisecond<<min(i, 10), 5*time.Second)
				if d := asked[i+1].Sub(asked[i]); d < base/2 || d > base*3/2 {
					t.Errorf("%s: delay %d is %v, want %v varied by half", name, i, d, base)
				}
			}
			if n := len(asked); n < 40 || n > 130 {
				t.Errorf("%s: asked %d times", name, n)
			}
			failed := events(zmq.EventResolveFailed)
			if len(failed) < len(asked) || failed[0].Endpoint != "list+mem://service" || failed[0].Err == nil {
				t.Errorf("%s: %d events, the first is %+v", name, len(failed), failed[0])
			}
			if e := push.Endpoints()[0]; e.State != zmq.EndpointConnected || e.Err == nil {
				t.Errorf("%s: endpoint %+v", name, e)
			}
			r.set(func(r *listResolver) {
				r.addresses, r.err, r.panics, r.silent = []string{"a"}, nil, false, false
			})
			time.Sleep(time.Minute)
			if e := push.Endpoints()[0]; e.Err != nil {
				t.Errorf("%s: endpoint %+v after the resolver works again", name, e)
			}
		})
	}
}

func TestAddressesAboveTheLimitAreNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watchResolver{make(chan []string)}
		o := resolverOptions(newMemory(), r)
		o.Linger = zmq.NoLinger
		o.Network.MaxAddresses = 3
		pulls := boundPulls(t, o, "a", "b", "c", "d")
		push := must(zmq.NewPush(o))
		defer push.Close()
		events := collectEvents(push.Socket)
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		r.sets <- []string{"d", "c"}
		var many []string
		for i := range 5000 {
			many = append(many, fmt.Sprint("x", i))
		}
		r.sets <- slices.Concat([]string{"a", "b"}, many, []string{"c", "d"})
		wantPeers(t, pulls, "a c d") // the present ones first
		failed := events(zmq.EventResolveFailed)
		if len(failed) != 1 || !strings.Contains(failed[0].Err.Error(), "too many addresses") || !strings.Contains(failed[0].Err.Error(), "5004, the limit is 3") {
			t.Errorf("events %+v", failed)
		}
		r.sets <- []string{"b"}
		wantPeers(t, pulls, "b")
	})
}

func TestCloseEndsAnEndpointWithThousandsOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &listResolver{}
		for i := range 5000 {
			r.addresses = append(r.addresses, fmt.Sprint("x", i))
		}
		o := resolverOptions(newMemory(), r)
		push := must(zmq.NewPush(o))
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := push.Close(); err != nil {
			t.Error(err)
		}
		// A resolver that calls update after it has returned has no effect.
		r.late([]string{"late"})
		if n := len(push.Endpoints()); n != 0 {
			t.Errorf("%d endpoints", n)
		}
	})
}

func TestSecondConnectToAResolvedEndpointIsIgnoredByFourTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := resolverOptions(newMemory(), &listResolver{addresses: []string{"a"}})
		sub, push := must(zmq.NewSub(o)), must(zmq.NewPush(o))
		defer sub.Close()
		defer push.Close()
		for range 2 {
			if err := errors.Join(sub.Connect("list+mem://s"), push.Connect("list+mem://s")); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := len(sub.Endpoints()), len(push.Endpoints()); a != 1 || b != 2 {
			t.Errorf("%d and %d endpoints", a, b)
		}
	})
}

func TestResolversAreChecked(t *testing.T) {
	for prefix, want := range map[string]string{
		"srv": "a prefix of this library", "tls": "a prefix of this library",
		"": "not a prefix of lower-case letters and digits", "a+b": "not a prefix of lower-case letters and digits",
	} {
		_, err := zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{Resolvers: map[string]zmq.Resolver{prefix: &listResolver{}}}})
		wantInvalid(t, err, fmt.Sprintf("zmq: new PUSH: invalid option: Options.Network.Resolvers %q: %s", prefix, want))
	}
	o := resolverOptions(newMemory(), &listResolver{})
	peer, router := must(zmq.NewPeer(o)), must(zmq.NewRouter(o))
	closeAtEnd(t, peer, router)
	if _, err := peer.ConnectPeer("list+mem://s"); !errors.Is(err, zmq.ErrUnsupportedTransport) || len(peer.Endpoints()) != 0 {
		t.Error(err, peer.Endpoints())
	}
	if err := router.ConnectAs("list+mem://s", "id"); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	for endpoint, want := range map[string]error{
		"list+nothing://s": zmq.ErrUnsupportedTransport, "list+udp://s": zmq.ErrUnsupportedTransport,
		"srv+tcp://a:5": zmq.ErrInvalidEndpoint, "none+tcp://s": zmq.ErrUnsupportedTransport, "list+tls+tcp://s": zmq.ErrInvalidOption,
	} {
		if err := router.Connect(endpoint); !errors.Is(err, want) {
			t.Errorf("%s: %v", endpoint, err)
		}
		if _, err := router.Bind(endpoint); err == nil {
			t.Errorf("bound %s", endpoint)
		}
	}
}

func TestMessagesForResolvedAddressesCountAsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := resolverOptions(newMemory(), &listResolver{addresses: []string{"a", "b"}})
		o.Linger = time.Second
		push := must(zmq.NewPush(o))
		if err := push.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for range 3 {
			if err := push.Send(t.Context(), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		var unsent *zmq.UnsentError
		if err := push.Close(); !errors.As(err, &unsent) || unsent.Messages != 3 {
			t.Errorf("Close returned %v", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("Close took %v", d)
		}
		if n := push.Stats().Drops[zmq.DropLinger]; n != 3 {
			t.Errorf("%d messages dropped for linger", n)
		}
	})
}

func TestDisconnectPeerOfAResolvedEndpointIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := resolverOptions(newMemory(), &listResolver{addresses: []string{"a", "b"}})
		server := must(zmq.NewServer(o))
		defer server.Close()
		var clients []*zmq.Client
		for _, name := range []string{"a", "b"} {
			c := must(zmq.NewClient(o))
			defer c.Close()
			must(c.Bind("mem://" + name))
			clients = append(clients, c)
		}
		if err := server.Connect("list+mem://service"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := server.DisconnectPeer(server.Peers()[0].RoutingNumber()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if a, b := len(clients[0].Peers()), len(clients[1].Peers()); a+b != 1 {
			t.Errorf("%d and %d peers", a, b)
		}
		if e := server.Endpoints(); len(e) != 1 || e[0].Peers != 1 {
			t.Errorf("endpoints %+v", e)
		}
	})
}

func TestResolvedPublishersGetSubscriptionsWithImmediateToo(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := watchResolver{make(chan []string)}
			o := resolverOptions(newMemory(), r)
			o.Immediate = immediate
			sub := must(zmq.NewSub(o))
			defer sub.Close()
			if err := errors.Join(sub.Subscribe("x"), sub.Connect("list+mem://service")); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"a", "b"} {
				pub := must(zmq.NewPub(o))
				defer pub.Close()
				must(pub.Bind("mem://" + name))
				r.sets <- []string{name}
				if err := pub.WaitSubscribers(testContext(t), 1, "x"); err != nil {
					t.Fatal(err)
				}
				if err := pub.Send(t.Context(), []byte("x"+name)); err != nil {
					t.Fatal(err)
				}
				if m, err := sub.Recv(testContext(t)); err != nil || m.String() != "x"+name {
					t.Errorf("received %v, %v", m, err)
				}
			}
		})
	}
}

func TestEachFailureOfAResolverIsOneEvent(t *testing.T) {
	for want, addresses := range map[string][]string{
		"the resolver has found no address":                                       nil,
		`the resolver has found invalid addresses: 7 of 7, the first is "bad0": `: {"bad0", "bad1", "bad2", "bad3", "bad4", "bad5", "bad6"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &listResolver{addresses: addresses}
			o := inprocOptions()
			o.Network.Resolvers = map[string]zmq.Resolver{"list": r}
			push := must(zmq.NewPush(o))
			defer push.Close()
			events := collectEvents(push.Socket)
			check(push.Connect("list+tcp://service"))
			time.Sleep(time.Minute)
			synctest.Wait()
			failed := events(zmq.EventResolveFailed)
			if len(failed) == 0 || len(failed) != len(r.times()) {
				t.Fatalf("%d events for %d failures", len(failed), len(r.times()))
			}
			for _, e := range failed {
				if text := e.Err.Error(); !strings.HasPrefix(text, want) || strings.Contains(text, "kept") {
					t.Errorf("event with %q, want %q", text, want)
				}
			}
		})
	}
}
