package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/transport/tlstest"
)

// memory is a transport in memory, over net.Pipe. Its listeners are also for
// BindListener.
type memory struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener
}

func newMemory() *memory { return &memory{listeners: map[string]*memoryListener{}} }

func (m *memory) Listen(_ context.Context, address string) (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := newMemoryListener(address)
	m.listeners[address] = l
	return l, nil
}

func (m *memory) Dial(ctx context.Context, address string) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	if l == nil {
		return nil, syscall.ECONNREFUSED
	}
	return l.dial(ctx)
}

// memoryListener is a net.Listener without a network.
type memoryListener struct {
	name   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemoryListener(name string) *memoryListener {
	return &memoryListener{name: name, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memoryListener) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr(l.name) }

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

// exchange sends a message from one socket to the other and compares it.
func exchange(t *testing.T, from *zmq.Push, to *zmq.Pull, text string) {
	t.Helper()
	if err := from.Send(testContext(t), []byte(text)); err != nil {
		t.Fatal(err)
	}
	m, err := to.Recv(testContext(t))
	if err != nil || string(m.Bytes()) != text {
		t.Fatalf("received %q, %v, want %q", m.Bytes(), err, text)
	}
}

// collectEvents returns a function that returns the events of a kind so far.
func collectEvents(s zmq.Socket) func(zmq.EventKind) []zmq.Event {
	var mu sync.Mutex
	var all []zmq.Event
	events := s.Events(context.Background())
	go func() {
		for e := range events {
			mu.Lock()
			all = append(all, e)
			mu.Unlock()
		}
	}()
	return func(k zmq.EventKind) []zmq.Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.DeleteFunc(slices.Clone(all), func(e zmq.Event) bool { return e.Kind != k })
	}
}

func TestTransportOfTheApplicationIsUsedForItsScheme(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := quickOptions()
		o.Network.Transports = map[string]zmq.Transport{"mem": newMemory()}
		pull, push := must(zmq.NewPull(o)), must(zmq.NewPush(o))
		defer pull.Close()
		defer push.Close()
		// Before it is bound: the dial is repeated.
		if err := push.Connect("mem://a/b"); err != nil {
			t.Fatal(err)
		}
		if ep, err := pull.Bind("mem://a/b"); err != nil || ep != "mem://a/b" {
			t.Fatal(ep, err)
		}
		exchange(t, push, pull, "over memory")
		exchange(t, push, pull, strings.Repeat("x", 1<<20))
		if a := pull.Peers()[0].RemoteAddr(); a.Network() != "pipe" {
			t.Errorf("remote address %v", a)
		}
		if err := pull.Unbind("mem://a/b"); err != nil {
			t.Error(err)
		}
		if err := push.Disconnect("mem://a/b"); err != nil {
			t.Error(err)
		}
	})
}

func TestNewRefusesInvalidTransports(t *testing.T) {
	for scheme, want := range map[string]string{
		"tcp": "a scheme of this library", "udp": "a scheme of this library", "inproc": "a scheme of this library",
		"": "not a scheme in lower case", "MEM": "not a scheme in lower case", "m/m": "not a scheme in lower case", "4": "not a scheme in lower case",
	} {
		o := &zmq.Options{Network: zmq.NetworkOptions{Transports: map[string]zmq.Transport{scheme: newMemory()}}}
		_, err := zmq.NewPush(o)
		wantInvalid(t, err, fmt.Sprintf("zmq: new PUSH: invalid option: Options.Network.Transports %q: %s", scheme, want))
	}
	_, err := zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{Transports: map[string]zmq.Transport{"mem": nil}}})
	wantInvalid(t, err, `zmq: new PUSH: invalid option: Options.Network.Transports "mem": nil`)
}

func TestBindListenerServesAListenerInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pull, push := must(zmq.NewPull(quickOptions())), must(zmq.NewPush(quickOptions()))
		defer pull.Close()
		defer push.Close()
		l := newMemoryListener("x")
		if ep, err := pull.BindListener(l, zmq.EndpointOptions{}); err != nil || ep != "memory://x" {
			t.Fatal(ep, err)
		}
		err := push.ConnectWith("tcp://db.example:5555", zmq.EndpointOptions{Network: &zmq.NetworkOptions{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if network != "tcp" || address != "db.example:5555" {
					t.Errorf("dialed %s, %s", network, address)
				}
				return l.dial(ctx)
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, push, pull, "hello")
		if err := pull.Unbind("memory://x"); err != nil {
			t.Error(err)
		}
		select {
		case <-l.closed:
		default:
			t.Error("Unbind has not closed the listener")
		}
	})
}

func TestBindListenerLeavesTheListenerOpenAfterAnError(t *testing.T) {
	pull := must(zmq.NewPull(nil))
	pull.Close()
	l := newMemoryListener("x")
	if _, err := pull.BindListener(l, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrClosed) {
		t.Error(err)
	}
	select {
	case <-l.closed:
		t.Error("the listener is closed")
	default:
	}
	dgram := must(zmq.NewDgram(nil))
	defer dgram.Close()
	if _, err := dgram.BindListener(l, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrUnsupportedTransport) {
		t.Error(err)
	}
	for _, o := range []zmq.EndpointOptions{{PeerID: "x"}, {Network: &zmq.NetworkOptions{}}} {
		router := must(zmq.NewRouter(nil))
		defer router.Close()
		if _, err := router.BindListener(l, o); !errors.Is(err, zmq.ErrInvalidOption) {
			t.Error(err)
		}
	}
}

// failingListener fails in every Accept: with err, by a panic, or by returning nil.
type failingListener struct {
	*memoryListener
	err error
}

func (l failingListener) Accept() (net.Conn, error) {
	if l.err == io.ErrUnexpectedEOF {
		panic("broken listener")
	}
	return nil, l.err
}

func TestListenerThatAlwaysFailsIsRetriedWithBackoffAndReported(t *testing.T) {
	for _, failure := range []error{syscall.EMFILE, net.ErrClosed, io.ErrUnexpectedEOF, nil} {
		synctest.Test(t, func(t *testing.T) {
			pull := must(zmq.NewPull(quickOptions()))
			events := collectEvents(pull.Socket)
			if _, err := pull.BindListener(failingListener{newMemoryListener("x"), failure}, zmq.EndpointOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			failed := events(zmq.EventAcceptFailed)
			// 5 ms doubles to 640 ms in 8 attempts, which take 1.275 s; then 1 s each.
			if n := len(failed); n != 8+59 {
				t.Errorf("%v: %d events in a minute, want 67", failure, n)
			}
			if d := failed[len(failed)-1].Delay; d != time.Second {
				t.Errorf("the delay is %v", d)
			}
			if err := failed[0].Err; err == nil || failure == syscall.EMFILE && !errors.Is(err, failure) {
				t.Errorf("event with %v", err)
			}
			if e := pull.Endpoints()[0]; e.State != zmq.EndpointListening || e.Err == nil {
				t.Errorf("endpoint %+v", e)
			}
			pull.Close()
		})
	}
}

func TestAttachedConnectionsOfTwoSocketsExchangeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pull, push := must(zmq.NewPull(quickOptions())), must(zmq.NewPush(quickOptions()))
		defer pull.Close()
		defer push.Close()
		a, b := net.Pipe()
		if ep, err := pull.AttachConn(a, zmq.EndpointOptions{}); err != nil || ep != "pipe://pipe" {
			t.Fatal(ep, err)
		}
		must(push.AttachConn(b, zmq.EndpointOptions{}))
		exchange(t, push, pull, "hello")
		if err := pull.Disconnect("pipe://pipe"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if e := push.Endpoints()[0]; e.State != zmq.EndpointClosed {
			t.Errorf("endpoint %+v", e)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection is not closed: %v", err)
		}
	})
}

func TestAttachConnTakesOverOnlyWithoutError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pair := must(zmq.NewPair(quickOptions()))
		a, far := net.Pipe()
		defer far.Close()
		must(pair.AttachConn(a, zmq.EndpointOptions{}))
		b, _ := net.Pipe()
		if _, err := pair.AttachConn(b, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrPeerExists) {
			t.Error(err)
		}
		if err := b.SetDeadline(time.Now()); err != nil {
			t.Errorf("the refused connection is closed: %v", err)
		}
		pair.Close()
		if err := a.SetDeadline(time.Now()); err == nil {
			t.Error("Close has left the connection open")
		}
		if _, err := pair.AttachConn(b, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrClosed) {
			t.Error(err)
		}
	})
}

// An application may attach any number of connections, one after another.
func TestEndedAttachedConnectionsAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dealer := must(zmq.NewDealer(quickOptions()))
		defer dealer.Close()
		kept, far := net.Pipe()
		defer far.Close()
		must(dealer.AttachConn(kept, zmq.EndpointOptions{}))
		for range 1000 {
			a, b := net.Pipe()
			must(dealer.AttachConn(a, zmq.EndpointOptions{}))
			b.Close()
			synctest.Wait()
		}
		if n := len(dealer.Endpoints()); n > 65 {
			t.Errorf("%d endpoints", n)
		}
		if !slices.ContainsFunc(dealer.Endpoints(), func(e zmq.EndpointInfo) bool { return e.State != zmq.EndpointClosed }) {
			t.Error("the connection that has not ended is removed")
		}
	})
}

func TestListenersAndConnectionsOfTheApplicationUseTLS(t *testing.T) {
	authority := tlstest.NewAuthority()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	pull, push := must(zmq.NewPull(quickOptions())), must(zmq.NewPush(quickOptions()))
	closeAtEnd(t, pull, push)
	ep := must(pull.BindListener(l, zmq.EndpointOptions{Security: &zmq.Security{TLS: authority.Server()}}))
	if want := "tls+tcp://" + l.Addr().String(); ep != want {
		t.Errorf("endpoint %s, want %s", ep, want)
	}
	conn := must(net.Dial("tcp", l.Addr().String()))
	must(push.AttachConn(conn, zmq.EndpointOptions{Security: &zmq.Security{TLS: authority.Client()}}))
	exchange(t, push, pull, "encrypted")
	if s := pull.Peers()[0].TLS(); s == nil || !s.HandshakeComplete {
		t.Errorf("TLS state %+v", s)
	}
}

func TestDialContextMakesTheConnectionsOfTCPAndIPC(t *testing.T) {
	for _, bind := range []string{"tcp://127.0.0.1:*", "ipc://*", tlsEndpoint} {
		server, client := tlsPair()
		var calls atomic.Int32
		client.Network.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			switch calls.Add(1) {
			case 1:
				return nil, nil
			case 2:
				panic("broken dialer")
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		pull, push := must(zmq.NewPull(server)), must(zmq.NewPush(client))
		closeAtEnd(t, push, pull)
		events := collectEvents(push.Socket)
		if err := push.Connect(must(pull.Bind(bind))); err != nil {
			t.Fatal(err)
		}
		exchange(t, push, pull, "hello")
		await(t, "events", func() bool { return len(events(zmq.EventRetrying)) >= 2 })
		failed := events(zmq.EventRetrying)
		if text := failed[0].Err.Error(); !strings.Contains(text, "no connection") {
			t.Error(text)
		}
		if text := failed[1].Err.Error(); !strings.Contains(text, "panicked: broken dialer at") {
			t.Error(text)
		}
		// An endpoint can have package net back.
		pull2, push2 := must(zmq.NewPull(server)), must(zmq.NewPush(client))
		closeAtEnd(t, push2, pull2)
		before := calls.Load()
		if err := push2.ConnectWith(must(pull2.Bind(bind)), zmq.EndpointOptions{Network: &zmq.NetworkOptions{}}); err != nil {
			t.Fatal(err)
		}
		exchange(t, push2, pull2, "hello")
		if n := calls.Load(); n != before {
			t.Error("the dialer of the socket was called for an endpoint with a network of its own")
		}
	}
}

func TestControlIsCalledBeforeBindAndConnect(t *testing.T) {
	for _, bind := range []string{"tcp://127.0.0.1:*", "ipc://*", tlsEndpoint} {
		server, client := tlsPair()
		var mu sync.Mutex
		var seen []string
		control := func(who string) func(string, string, syscall.RawConn) error {
			return func(network, _ string, c syscall.RawConn) error {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, who+" "+network)
				return c.Control(func(fd uintptr) {
					if fd == 0 {
						t.Error("no descriptor")
					}
				})
			}
		}
		server.Network.Control, client.Network.Control = control("bind"), control("connect")
		pull, push := must(zmq.NewPull(server)), must(zmq.NewPush(client))
		closeAtEnd(t, push, pull)
		if err := push.Connect(must(pull.Bind(bind))); err != nil {
			t.Fatal(err)
		}
		exchange(t, push, pull, "hello")
		network := "tcp4"
		if bind == "ipc://*" {
			network = "unix"
		}
		mu.Lock()
		if want := []string{"bind " + network, "connect " + network}; !slices.Equal(seen, want) {
			t.Errorf("%s: Control was called for %q, want %q", bind, seen, want)
		}
		mu.Unlock()

		refuse := &zmq.NetworkOptions{Control: func(string, string, syscall.RawConn) error { return syscall.EPERM }}
		if _, err := pull.BindWith(bind, zmq.EndpointOptions{Network: refuse}); !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s: Bind returned %v", bind, err)
		}
	}
}

func TestNetworkOptionsThatHaveNoEffectAreRefused(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	push := must(zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{DialContext: dial}}))
	defer push.Close()
	if err := push.Connect("tcp://127.0.0.1:0;127.0.0.1:1"); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	own := &zmq.NetworkOptions{Transports: map[string]zmq.Transport{"mem": newMemory()}}
	if err := push.ConnectWith("tcp://127.0.0.1:1", zmq.EndpointOptions{Network: own}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	if _, err := push.AttachConn(nil, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	if _, err := push.BindListener(nil, zmq.EndpointOptions{}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	radio := must(zmq.NewRadio(nil))
	defer radio.Close()
	if err := radio.ConnectWith("udp://127.0.0.1:1", zmq.EndpointOptions{Network: &zmq.NetworkOptions{}}); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Error(err)
	}
	if n := len(push.Endpoints()) + len(radio.Endpoints()); n != 0 {
		t.Errorf("%d endpoints", n)
	}
}
