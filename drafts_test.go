package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// inTime is a context for what a test waits for.
func inTime(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// join makes two sockets peers at an endpoint, and closes them at the end.
func join(t *testing.T, endpoint string, binds, connects connector) {
	t.Helper()
	t.Cleanup(func() { connects.Close(); binds.Close() })
	bound := must(binds.Bind(endpoint))
	if err := connects.Connect(bound); err != nil {
		t.Fatal(err)
	}
}

// endpoints is one of each transport, for options with a namespace of their own.
func endpoints(t *testing.T, f func(t *testing.T, endpoint string, o *zmq.Options)) {
	for _, ep := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://x"} {
		t.Run(ep, func(t *testing.T) { f(t, ep, &zmq.Options{Namespace: zmq.NewNamespace()}) })
	}
}

// TestClientServer: small and large bodies both ways, from many goroutines at
// once, each answer to the client that asked.
func TestClientServer(t *testing.T) {
	endpoints(t, func(t *testing.T, ep string, o *zmq.Options) {
		const clients, each = 4, 50
		ctx := inTime(t)
		server := must(zmq.NewServer(o))
		defer server.Close()
		bound := must(server.Bind(ep))
		var serving sync.WaitGroup
		for range 2 {
			serving.Go(func() {
				for range clients * each / 2 {
					m, err := server.Recv(ctx)
					if err == nil {
						err = server.Reply(ctx, m, m.Bytes())
					}
					if err != nil || m.RoutingNumber() == 0 || m.From().RoutingNumber() != m.RoutingNumber() {
						t.Error(err, m.RoutingNumber())
						return
					}
				}
			})
		}
		var asking sync.WaitGroup
		for i := range clients {
			asking.Go(func() {
				client := must(zmq.NewClient(o))
				defer client.Close()
				client.Connect(bound)
				for j := range each {
					body := bytes.Repeat(fmt.Append(nil, i, " ", j, "\n"), 1+j%3*10_000)
					if err := client.Send(ctx, body); err != nil {
						t.Error(err)
						return
					}
					m, err := client.Recv(ctx)
					if err != nil || !bytes.Equal(m.Bytes(), body) || m.RoutingNumber() != 0 {
						t.Errorf("%d bytes, want %d: %v", m.Size(), len(body), err)
						return
					}
				}
			})
		}
		asking.Wait()
		serving.Wait()
	})
}

// TestOneFrame: types whose messages have one frame refuse others, and their
// Try methods do not wait.
func TestOneFrame(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace(), SendHWM: 1, RecvHWM: 1, Linger: zmq.NoLinger}
	two := zmq.NewStringMessage("two", "frames")
	ctx := inTime(t)
	client, server := must(zmq.NewClient(o)), must(zmq.NewServer(o))
	peer, radio := must(zmq.NewPeer(o)), must(zmq.NewRadio(o))
	join(t, "inproc://a", server, client)
	defer peer.Close()
	defer radio.Close()
	number := must(peer.ConnectPeer("inproc://nobody"))
	for i, err := range []error{
		client.SendMessage(ctx, two), client.TrySendMessage(two),
		peer.SendMessageTo(ctx, number, two), peer.TrySendMessageTo(number, two),
		radio.SendMessage(ctx, "g", two), radio.TrySendMessage("g", two),
	} {
		if !errors.Is(err, zmq.ErrInvalidMessage) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if err := peer.TrySendTo(number, []byte("x")); err != nil {
		t.Error(err)
	}
	if err := peer.TrySendTo(number, []byte("x")); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("to a full peer: %v", err)
	}
	if err := peer.SendTo(ctx, number+1, []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
		t.Errorf("to nobody: %v", err)
	}
	if err := peer.DisconnectPeer(number + 1); !errors.Is(err, zmq.ErrNoRoute) {
		t.Errorf("disconnecting nobody: %v", err)
	}
	if err := peer.DisconnectPeer(number); err != nil {
		t.Error(err)
	}
	if err := peer.Reply(ctx, zmq.Message{}, []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
		t.Errorf("answering nobody: %v", err)
	}
}

// TestRadioDish: groups, whole and of any bytes but NUL, and bodies of any size.
func TestRadioDish(t *testing.T) {
	endpoints(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := inTime(t)
		radio, dish := must(zmq.NewRadio(o)), must(zmq.NewDish(o))
		long := strings.Repeat("\xff", 255)
		if err := dish.Join("a", long, ""); err != nil {
			t.Fatal(err)
		}
		join(t, ep, radio, dish)
		if err := dish.WaitSubscribed(ctx); err != nil {
			t.Fatal(err)
		}
		if err := radio.WaitSubscribers(ctx, 1, long); err != nil {
			t.Fatal(err)
		}
		big := bytes.Repeat([]byte("big"), 100_000)
		for _, m := range []struct{ group, body string }{
			{"b", "nobody"}, {"a", "1"}, {long, ""}, {"", string(big)}, {"aa", "nobody"}, {"a", "end"},
		} {
			if err := radio.Send(ctx, m.group, []byte(m.body)); err != nil {
				t.Fatal(err)
			}
		}
		if err := radio.TrySendMessage("a", zmq.NewMessage(big)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct{ group, body string }{{"a", "1"}, {long, ""}, {"", string(big)}, {"a", "end"}, {"a", string(big)}} {
			m, err := dish.Recv(ctx)
			if err != nil || m.Group != want.group || m.NumFrames() != 1 || string(m.Bytes()) != want.body {
				t.Fatalf("%d bytes of %.10q, want %d of %.10q: %v", m.Size(), m.Group, len(want.body), want.group, err)
			}
		}
		if _, err := dish.TryRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("there is more: %v", err)
		}
	})
}

// TestGroupErrors say what is wrong with a group.
func TestGroupErrors(t *testing.T) {
	dish, radio := must(zmq.NewDish(nil)), must(zmq.NewRadio(nil))
	defer dish.Close()
	defer radio.Close()
	long := strings.Repeat("g", 256)
	if err := dish.Join("g"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{dish.Join("new", "g", "not reached"), `zmq: join: group cannot be used: "g" is joined already`},
		{dish.Leave("not reached"), `zmq: leave: group cannot be used: "not reached" is not joined`},
		{dish.Leave("new"), ""},
		{dish.Join(long), "zmq: join: group cannot be used: its name has 256 bytes, of at most 255"},
		{dish.Join("a\x00b"), "zmq: join: group cannot be used: its name has a NUL"},
		{radio.Send(t.Context(), long, nil), "zmq: send: group cannot be used: its name has 256 bytes, of at most 255"},
	} {
		got := ""
		if c.err != nil {
			got = c.err.Error()
			if !errors.Is(c.err, zmq.ErrInvalidGroup) {
				t.Errorf("%v is no ErrInvalidGroup", c.err)
			}
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestDishMessages ends when its context does or when the socket is closed, and
// a message of a group that was left meanwhile still knows its name.
func TestDishMessages(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	radio, dish := must(zmq.NewRadio(o)), must(zmq.NewDish(o))
	dish.Join("g")
	join(t, "inproc://a", radio, dish)
	if err := radio.Send(t.Context(), "g", []byte("1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for m, err := range dish.Messages(ctx) {
		if n++; n == 2 {
			if err != context.Canceled || m.Group != "" {
				t.Errorf("ended with %v, %v", m, err)
			}
			continue
		}
		if err != nil || m.Group != "g" || m.String() != "1" {
			t.Error(m, err)
		}
		cancel()
	}
	if n != 2 {
		t.Errorf("%d iterations", n)
	}
	dish.Close()
	n = 0
	for m, err := range dish.Messages(t.Context()) {
		if n++; !errors.Is(err, zmq.ErrClosed) || m.Size() != 0 {
			t.Error(m, err)
		}
	}
	if n != 1 {
		t.Errorf("%d iterations of a closed socket", n)
	}
	if err := dish.Join("h"); !errors.Is(err, zmq.ErrClosed) {
		t.Error(err)
	}
}

// TestErrorsName what they are about.
func TestErrorsName(t *testing.T) {
	ctx := t.Context()
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	router, server, stream := must(zmq.NewRouter(o)), must(zmq.NewServer(o)), must(zmq.NewStream(o))
	client, dgram, dish := must(zmq.NewClient(o)), must(zmq.NewDgram(o)), must(zmq.NewDish(o))
	xpub := must(zmq.NewXPub(o))
	manual := must(zmq.NewXPub(&zmq.Options{Namespace: o.Namespace, XPub: zmq.XPubOptions{Manual: true}}))
	for _, s := range []anySocket{router, server, stream, client, dgram, dish, xpub, manual} {
		defer s.Close()
	}
	must(dgram.Bind("udp://127.0.0.1:*"))
	_, again := dgram.Bind("udp://127.0.0.1:*")
	for _, c := range []struct {
		err  error
		is   error
		want string
	}{
		{router.SendTo(ctx, "a\x01", nil), zmq.ErrNoRoute, `zmq: send: no route to peer: no peer has the routing ID "a\x01"`},
		{stream.TrySendTo("b", []byte("x")), zmq.ErrNoRoute, `zmq: send: no route to peer: no peer has the routing ID "b"`},
		{server.SendTo(ctx, 7, nil), zmq.ErrNoRoute, "zmq: send: no route to peer: no peer has the routing number 7"},
		{client.TrySendMessage(zmq.NewStringMessage("a", "b")), zmq.ErrInvalidMessage, "zmq: send: message not allowed on this socket type: it sends messages of one frame"},
		{dgram.TrySendTo(netip.MustParseAddrPort("127.0.0.1:9"), make([]byte, 8193)), zmq.ErrMessageTooLarge, "zmq: send: message too large: a body of 8193 bytes, of at most 8192"},
		{dgram.TrySendTo(netip.AddrPort{}, nil), zmq.ErrInvalidEndpoint, "zmq: send: invalid endpoint: no address"},
		{dgram.TrySendTo(netip.MustParseAddrPort("127.0.0.1:0"), nil), zmq.ErrInvalidEndpoint, "zmq: send: invalid endpoint: 127.0.0.1:0: port 0 cannot be sent to"},
		{again, zmq.ErrAlreadyBound, "zmq: bind udp://127.0.0.1:*: socket is bound already: a DGRAM is bound to one endpoint"},
		{dish.Connect("udp://127.0.0.1:9"), zmq.ErrUnsupportedTransport, "zmq: connect udp://127.0.0.1:9: transport not for this socket type: DISH does not connect to udp"},
		{stream.Connect("inproc://x"), zmq.ErrUnsupportedTransport, "zmq: connect inproc://x: transport not for this socket type: the peers of STREAM are not sockets"},
		{xpub.SubscribePeer(zmq.Message{}, "x"), zmq.ErrNoRoute, "zmq: subscribe peer: no route to peer: the message was not received"},
		{manual.UnsubscribePeer(zmq.Message{}, "x"), zmq.ErrNoRoute, "zmq: unsubscribe peer: no route to peer: the message was not received"},
	} {
		if c.err == nil || c.err.Error() != c.want || !errors.Is(c.err, c.is) {
			t.Errorf("%v (%v: %v), want %s", c.err, c.is, errors.Is(c.err, c.is), c.want)
		}
	}
}

// TestSubscribePeerWantsManual: without the option the peers subscribe for
// themselves, and the call would do nothing.
func TestSubscribePeerWantsManual(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	xpub, sub := must(zmq.NewXPub(o)), must(zmq.NewSub(o))
	join(t, "inproc://a", xpub, sub)
	sub.Subscribe("x")
	m := must(xpub.Recv(inTime(t)))
	if err := xpub.SubscribePeer(m, "y"); !errors.Is(err, zmq.ErrInvalidState) {
		t.Errorf("error %v", err)
	}
}

// TestPeerInfoString says who it is.
func TestPeerInfoString(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace(), RoutingID: "me"}
	router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
	join(t, "tcp://127.0.0.1:*", router, dealer)
	if err := router.WaitConnected(inTime(t)); err != nil {
		t.Fatal(err)
	}
	p := router.Peers()[0]
	if got, want := p.String(), fmt.Sprintf(`DEALER %s "me"`, p.RemoteAddr()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := (zmq.PeerInfo{}).String(); got != "no peer" {
		t.Errorf("the zero PeerInfo is %s", got)
	}
}

// TestReadyOverUDP: nobody is there to be asked.
func TestReadyOverUDP(t *testing.T) {
	dish := must(zmq.NewDish(nil))
	defer dish.Close()
	dish.Join("g")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dish.WaitSubscribed(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("unbound: %v", err)
	}
	must(dish.Bind("udp://127.0.0.1:*"))
	if err := dish.WaitSubscribed(ended); err != nil {
		t.Errorf("bound to udp: %v", err)
	}
	must(dish.Bind("tcp://127.0.0.1:*"))
	if err := dish.WaitSubscribed(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("bound to tcp too: %v", err)
	}
}
