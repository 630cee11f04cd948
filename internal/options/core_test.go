package options_test

import (
	"errors"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// newCore returns a socket with the defaults of libzmq, except that it does not linger
// at the end of the test.
func newCore(w *st.World, typ pattern.Type) *options.Core { return newCoreAsking(w, typ, nil) }

func newCoreAsking(w *st.World, typ pattern.Type, ask options.Ask) *options.Core {
	c := options.NewContext().NewCore(typ, w.Options(), ask)
	w.Cleanup(func() {
		if s := c.Close(); s != nil {
			w.Wrap(s).CloseIn(0)
		}
	})
	return c
}

// set sets options, in pairs of a number and an int, bytes or a text.
func set(t testing.TB, c *options.Core, pairs ...any) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		n := pairs[i].(int)
		var value []byte
		switch v := pairs[i+1].(type) {
		case int:
			value = i32(v)
		case int64:
			value = i64(v)
		case string:
			value = []byte(v)
		case []byte:
			value = v
		}
		if err := c.Set(n, value); err != nil {
			t.Fatalf("option %d: %v", n, err)
		}
	}
}

// bind and connect make endpoints.
func bind(t testing.TB, c *options.Core, eps ...string) {
	t.Helper()
	for _, ep := range eps {
		if err := c.Bind(ep); err != nil {
			t.Fatal(err)
		}
	}
}

func connect(t testing.TB, c *options.Core, eps ...string) {
	t.Helper()
	for _, ep := range eps {
		if err := c.Connect(ep); err != nil {
			t.Fatal(err)
		}
	}
}

// open returns the socket, with the methods for tests.
func open(w *st.World, c *options.Core) *st.Socket {
	w.Helper()
	s, err := c.Socket()
	if err != nil {
		w.Fatal(err)
	}
	return w.Wrap(s)
}

func wantInt(t testing.TB, c *options.Core, n, want int) {
	t.Helper()
	value, err := c.Value(n)
	if err != nil || string(value) != string(i32(want)) {
		t.Errorf("option %d reads %x, %v, want %d", n, value, err, want)
	}
}

func wantText(t testing.TB, c *options.Core, n int, want string) {
	t.Helper()
	value, err := c.Value(n)
	if err != nil || string(value) != want {
		t.Errorf("option %d reads %q, %v, want %q", n, value, err, want)
	}
}

// coreOptions returns the options that the next endpoint of a socket gets, and those of
// its pattern, without functions.
func coreOptions(t testing.TB, s *socket.Socket) (o socket.Options, p pattern.Options) {
	t.Helper()
	if err := s.Change(func(have *socket.Options) { o = *have }); err != nil {
		t.Fatal(err)
	}
	s.ChangePattern(func(have *pattern.Options) { p = *have })
	o.Security, o.Transport.Lookup, o.Pattern = socket.Security{}, nil, pattern.Options{}
	if o.Accept != nil {
		o.Accept, o.RoutingID = nil, "filtered "+o.RoutingID
	}
	return o, p
}

// Every option with its least and its greatest value gives the next endpoint of a
// socket in use the options that it gives to the first endpoint of a new socket.
func TestOptionSetInUseReachesNextEndpoint(t *testing.T) {
	checked := 0
	for _, opt := range options.Socket {
		if !opt.Set || opt.Unknown || opt.Number == 6 || opt.Number == 7 || opt.Number == 41 || opt.Number == 61 {
			continue
		}
		for _, value := range someLegal(&opt) {
			checked++
			st.Run(t, func(w *st.World) {
				typ := pattern.DEALER
				if opt.Types != nil {
					typ = opt.Types[0]
				}
				before, after := newCore(w, typ), newCore(w, typ)
				set(t, before, opt.Number, value)
				open(w, after)
				set(t, after, opt.Number, value)
				for _, c := range []*options.Core{before, after} {
					c.Connect("mem://1") // an error of CURVE for keys that are incomplete
				}
				first, err1 := before.Socket()
				second, err2 := after.Socket()
				if err1 != nil || err2 != nil { // both have the same keys
					if strings.HasPrefix(opt.Name, "ZMQ_CURVE_") && err2 == nil {
						return
					}
					t.Fatalf("%s set to %.50q: %v, %v", opt.Name, value, err1, err2)
				}
				o1, p1 := coreOptions(t, first)
				o2, p2 := coreOptions(t, second)
				if opt.Number == 23 || opt.Number == 24 { // SetSendHWM and SetRecvHWM
					o1.SendHWM, o1.RecvHWM, o2.SendHWM, o2.RecvHWM = 0, 0, 0, 0
				}
				if !reflect.DeepEqual(o1, o2) || !reflect.DeepEqual(p1, p2) {
					t.Errorf("%s set to %.50q in use: %+v %+v\nbefore: %+v %+v", opt.Name, value, o2, p2, o1, p1)
				}
			})
		}
	}
	if checked < 120 {
		t.Errorf("only %d values", checked)
	}
}

// someLegal returns a small and a large value that an option accepts.
func someLegal(o *options.Option) (list [][]byte) {
	for _, value := range badValues() {
		if legal(o, value) && value != nil {
			list = append(list, value)
		}
	}
	if len(list) > 2 {
		list = [][]byte{list[0], list[len(list)-1]}
	}
	return list
}

func TestEndpointsKeepTheOptionsThatTheyBeganWith(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.DEALER)
		one, two := w.Socket(pattern.ROUTER), w.Socket(pattern.ROUTER)
		one.MustBind("mem://one:1")
		two.MustBind("mem://two:1")
		set(t, c, 5, "first")
		connect(t, c, "mem://one:1")
		set(t, c, 5, "second")
		connect(t, c, "mem://two:1")
		one.WaitPeers(1)
		two.WaitPeers(1)
		one.Peers()
		for _, x := range []struct {
			s    *st.Socket
			want string
		}{{one, "first"}, {two, "second"}} {
			if id := x.s.Peers()[0].RoutingID; id != x.want {
				t.Errorf("peer has the ID %q, want %q", id, x.want)
			}
		}
		// The next connection of the first endpoint has its ID too.
		one.DisconnectPeers(func(*msg.Peer) bool { return true })
		w.Settle()
		one.WaitPeers(1)
		if id := one.Peers()[0].RoutingID; id != "first" {
			t.Errorf("the next connection has the ID %q", id)
		}
	})
}

func TestImmediateAppliesToLaterEndpointsOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.PUSH)
		set(t, c, 39, 1)
		connect(t, c, "mem://nothing:1")
		s := open(w, c)
		if err := s.TrySend(st.Of("x")); err != pattern.ErrWouldBlock {
			t.Errorf("sent to an endpoint without a peer: %v", err)
		}
		set(t, c, 39, 0)
		connect(t, c, "mem://nothing:2")
		s.MustSend("x")
	})
}

func TestConflateAppliesToLaterEndpointsOnly(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.PULL)
		set(t, c, 54, 1)
		bind(t, c, "mem://newest:1")
		set(t, c, 54, 0)
		bind(t, c, "mem://all:1")
		for _, ep := range []string{"mem://newest:1", "mem://all:1"} {
			push := w.Socket(pattern.PUSH)
			push.MustConnect(ep)
			push.WaitPeers(1)
			push.MustSend("1")
			push.MustSend("2")
			w.Settle()
		}
		got := make(map[string]int)
		s := open(w, c)
		for range 3 {
			frames, _ := s.MustRecv()
			got[frames[0]]++
		}
		s.WantNone()
		if got["1"] != 1 || got["2"] != 2 {
			t.Errorf("received %v, want 2 of the first endpoint, 1 and 2 of the second", got)
		}
	})
}

// The options that take effect at once.
func TestLiveOptionsChangeTheSocket(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.XPUB)
		bind(t, c, "mem://a:1")
		xpub := open(w, c)
		if err := c.Set(6, nil); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("ZMQ_SUBSCRIBE of an XPUB that is not manual: %v", err)
		}
		set(t, c, 71, 1, 69, 1, 72, "welcome")
		sub := newCore(w, pattern.SUB)
		set(t, sub, 6, "", 6, "asked", 6, "b", 7, "b")
		wantInt(t, sub, 116, 2)
		connect(t, sub, "mem://a:1")
		subscriber := open(w, sub)
		subscriber.WantRecv("welcome")
		for range 2 { // the subscriptions, in any order
			xpub.MustRecv()
		}
		set(t, c, 6, "assigned")
		xpub.MustSend("asked")
		xpub.MustSend("assigned")
		subscriber.WantRecv("assigned")
		set(t, c, 7, "assigned")
		xpub.MustSend("assigned")
		subscriber.WantNone()

		if xpub.Linger() >= 0 || subscriber.Linger() != 0 {
			t.Errorf("linger %v and %v, want no limit and none", xpub.Linger(), subscriber.Linger())
		}
		set(t, c, 17, 1500)
		if xpub.Linger() != 1500*time.Millisecond {
			t.Errorf("linger %v", xpub.Linger())
		}
	})
}

// High-water marks apply to the queues that exist.
func TestHWMAppliesToExistingQueues(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.PUSH)
		set(t, c, 23, 2)
		connect(t, c, "mem://nothing:1")
		s := open(w, c)
		if n := s.Fill(); n != 2 {
			t.Errorf("%d messages fit, want 2", n)
		}
		set(t, c, 23, 5)
		if n := s.Fill(); n != 3 {
			t.Errorf("%d more messages fit, want 3", n)
		}
	})
}

func TestTimeoutsTakeEffectAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.PUSH)
		if s, r := c.SendTimeout(), c.RecvTimeout(); s >= 0 || r >= 0 {
			t.Errorf("timeouts %v and %v, want none", s, r)
		}
		set(t, c, 28, 0, 27, 250)
		if s, r := c.SendTimeout(), c.RecvTimeout(); s != 0 || r != 250*time.Millisecond {
			t.Errorf("timeouts %v and %v", s, r)
		}
	})
}

func TestReadOnlyOptionsDescribeTheSocket(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull, push := newCore(w, pattern.PULL), newCore(w, pattern.PUSH)
		wantText(t, pull, 32, "\x00")
		bind(t, pull, "mem://a:*")
		bound, _ := pull.Value(32)
		ep := strings.TrimSuffix(string(bound), "\x00")
		if ep == "mem://a:*" || !strings.HasPrefix(ep, "mem://a:") {
			t.Errorf("last endpoint %q", ep)
		}
		wantInt(t, push, 15, 0)
		connect(t, push, ep)
		wantText(t, push, 32, ep+"\x00")
		wantInt(t, push, 15, 2)
		wantInt(t, pull, 15, 0)
		wantInt(t, pull, 13, 0)
		s := open(w, push)
		s.MustSend("1", "2")
		w.Settle()
		wantInt(t, pull, 15, 1)
		receiver := open(w, pull)
		for _, more := range []int{1, 0} {
			if err := receiver.TryRecvFrame(new(msg.Frame)); err != nil {
				t.Fatal(err)
			}
			wantInt(t, pull, 13, more)
		}
		for typ := range pattern.Types {
			c := newCore(w, typ)
			wantInt(t, c, 16, int(typ))
			wantInt(t, c, 43, 0)
			if _, err := c.Value(14); !errors.Is(err, syscall.EINVAL) {
				t.Errorf("ZMQ_FD without a descriptor: %v", err)
			}
			c.SetFD(func() (int, error) { return 7, nil })
			switch value, err := c.Value(81); {
			case err != nil:
				t.Error(err)
			case string(value) == string(i32(1)):
				if _, err := c.Value(14); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("ZMQ_FD of a thread-safe type: %v", err)
				}
			default:
				wantInt(t, c, 14, 7)
			}
		}
	})
}

func TestConnectRoutingIDAppliesToOneConnect(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.ROUTER)
		set(t, c, 33, 1, 61, "peer")
		connect(t, c, "mem://a:1", "mem://b:1")
		s := open(w, c)
		if err := s.TrySendTo("peer", st.Of("x")); err != nil {
			t.Error(err)
		}
		if n := s.Stats().QueuedSend; n != 1 {
			t.Errorf("%d messages queued", n)
		}
		dealer := w.Socket(pattern.DEALER, st.ID("other"))
		dealer.MustBind("mem://b:1")
		w.Settle()
		dealer.WaitPeers(1)
		s.WaitPeers(1)
		if id := s.Peers()[0].RoutingID; id != "other" {
			t.Errorf("the second endpoint has the ID %q", id)
		}
	})
}

func TestMaxMsgSizeDoesNotLimitSending(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c, pull := newCore(w, pattern.PUSH), w.Socket(pattern.PULL)
		set(t, c, 22, int64(100))
		pull.MustBind("mem://a:1")
		connect(t, c, "mem://a:1")
		open(w, c).MustSend(strings.Repeat("x", 101))
		pull.WantRecv(strings.Repeat("x", 101))
	})
}

func TestRouterRawIsSetBeforeFirstUse(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.ROUTER)
		set(t, c, 41, 1)
		bind(t, c, "mem://raw:1")
		s := open(w, c)
		peer := w.Dial("raw:1")
		if _, err := peer.Write([]byte("bytes")); err != nil {
			t.Fatal(err)
		}
		s.WantRecv("bytes")
		err := c.Set(41, i32(0))
		if e, ok := errors.AsType[*options.Error](err); !ok || e.Problem != options.InUse {
			t.Errorf("in use: %v", err)
		}
	})
}

func TestSocksOptionsReachTheCore(t *testing.T) {
	st.Run(t, func(w *st.World) {
		c := newCore(w, pattern.PUSH)
		s := open(w, c)
		set(t, c, 68, "proxy:1080", 99, "user", 100, "secret")
		connect(t, c, "mem://a:1")
		o, _ := coreOptions(t, s.Socket)
		if p := o.Transport.Network.Proxy; p == nil || p.Address != "proxy:1080" || p.Username != "user" || p.Password != "secret" {
			t.Errorf("proxy %+v", p)
		}
		set(t, c, 68, []byte(nil))
		connect(t, c, "mem://b:1")
		if o, _ = coreOptions(t, s.Socket); o.Transport.Network.Proxy != nil {
			t.Error("the proxy is not cleared")
		}
	})
}
