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

	"github.com/zerobroker/zmq"
)

// Many goroutines serve and send, small frames and large ones.
func TestServerRepliesToTheClientOfEachRequest(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		const clients, each = 4, 50
		ctx := testContext(t)
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

func TestTypesOfSingleFramesRefuseTwoFrames(t *testing.T) {
	ctx, o := testContext(t), inprocOptions()
	o.Linger = zmq.NoLinger
	two := zmq.NewStringMessage("two", "frames")
	client, scatter, channel := must(zmq.NewClient(o)), must(zmq.NewScatter(o)), must(zmq.NewChannel(o))
	peer, radio := must(zmq.NewPeer(o)), must(zmq.NewRadio(o))
	closeAtEnd(t, client, scatter, channel, peer, radio)
	number := must(peer.ConnectPeer("inproc://unbound"))
	for name, s := range map[string]zmq.FrameSender{
		"CLIENT": client.FrameSender, "SCATTER": scatter.FrameSender, "CHANNEL": channel.FrameSender,
	} {
		check(s.Connect("inproc://unbound-" + name))
		wantError(t, name+".SendMessage", s.SendMessage(ctx, two), zmq.ErrInvalidMessage)
		wantError(t, name+".TrySendMessage", s.TrySendMessage(two), zmq.ErrInvalidMessage)
	}
	wantError(t, "PEER.SendMessageTo", peer.SendMessageTo(ctx, number, two), zmq.ErrInvalidMessage)
	wantError(t, "PEER.TrySendMessageTo", peer.TrySendMessageTo(number, two), zmq.ErrInvalidMessage)
	wantError(t, "RADIO.SendMessage", radio.SendMessage(ctx, "g", two), zmq.ErrInvalidMessage)
	wantError(t, "RADIO.TrySendMessage", radio.TrySendMessage("g", two), zmq.ErrInvalidMessage)
}

func TestPeerSendsOnlyToAssignedNumbers(t *testing.T) {
	ctx, o := testContext(t), inprocOptions()
	o.SendHWM, o.RecvHWM, o.Linger = 1, 1, zmq.NoLinger
	peer := must(zmq.NewPeer(o))
	closeAtEnd(t, peer)
	number := must(peer.ConnectPeer("inproc://unbound"))
	check(peer.TrySendTo(number, []byte("x")))
	wantError(t, "TrySendTo a full queue", peer.TrySendTo(number, []byte("x")), zmq.ErrWouldBlock)
	wantError(t, "SendTo an unknown number", peer.SendTo(ctx, number+1, []byte("x")), zmq.ErrNoRoute)
	wantError(t, "DisconnectPeer of an unknown number", peer.DisconnectPeer(number+1), zmq.ErrNoRoute)
	check(peer.DisconnectPeer(number))
	wantError(t, "SendTo after DisconnectPeer", peer.SendTo(ctx, number, []byte("x")), zmq.ErrNoRoute)
	wantError(t, "Reply to a message that was not received", peer.Reply(ctx, zmq.Message{}, []byte("x")), zmq.ErrNoRoute)
}

// Names of groups are compared as a whole and have any bytes but NUL.
func TestDishReceivesOnlyJoinedGroups(t *testing.T) {
	eachTransport(t, func(t *testing.T, ep string, o *zmq.Options) {
		ctx := testContext(t)
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
			{"b", "not joined"}, {"a", "1"}, {long, ""}, {"", string(big)}, {"aa", "not joined"}, {"a", "end"},
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
			t.Errorf("TryRecv after the last message: %v", err)
		}
	})
}

func TestGroupErrorsNameTheGroup(t *testing.T) {
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
				t.Errorf("%v does not match ErrInvalidGroup", c.err)
			}
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestDishMessagesYieldsTheErrorThatEndsIt(t *testing.T) {
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

func TestErrorsNameTheirCause(t *testing.T) {
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
		{dish.Connect("udp://127.0.0.1:9"), zmq.ErrUnsupportedTransport, "zmq: connect udp://127.0.0.1:9: unsupported transport: DISH does not connect to udp"},
		{stream.Connect("inproc://x"), zmq.ErrUnsupportedTransport, "zmq: connect inproc://x: unsupported transport: the peers of STREAM are not sockets"},
		{router.Reply(ctx, zmq.Message{}, nil), zmq.ErrNoRoute, "zmq: send: no route to peer: the message was not received"},
		{stream.Reply(ctx, zmq.Message{}, nil), zmq.ErrNoRoute, "zmq: send: no route to peer: the message was not received"},
		{server.Reply(ctx, zmq.Message{}, nil), zmq.ErrNoRoute, "zmq: send: no route to peer: the message was not received"},
		{xpub.SubscribePeer(zmq.Message{}, "x"), zmq.ErrInvalidState, "zmq: subscribe peer: operation not allowed in this state: its peers subscribe for themselves"},
		{manual.UnsubscribePeer(zmq.Message{}, "x"), zmq.ErrNoRoute, "zmq: unsubscribe peer: no route to peer: the message was not received"},
	} {
		if c.err == nil || c.err.Error() != c.want || !errors.Is(c.err, c.is) {
			t.Errorf("%v (%v: %v), want %s", c.err, c.is, errors.Is(c.err, c.is), c.want)
		}
	}
}

// Without the option the subscriptions of the peers have an effect by
// themselves.
func TestSubscribePeerRequiresManual(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace()}
	xpub, sub := must(zmq.NewXPub(o)), must(zmq.NewSub(o))
	join(t, "inproc://a", xpub, sub)
	sub.Subscribe("x")
	m := must(xpub.Recv(testContext(t)))
	if err := xpub.SubscribePeer(m, "y"); !errors.Is(err, zmq.ErrInvalidState) {
		t.Errorf("error %v", err)
	}
}

func TestPeerInfoStringHasTypeAddressAndID(t *testing.T) {
	o := &zmq.Options{Namespace: zmq.NewNamespace(), RoutingID: "me"}
	router, dealer := must(zmq.NewRouter(o)), must(zmq.NewDealer(o))
	join(t, "tcp://127.0.0.1:*", router, dealer)
	if err := router.WaitConnected(testContext(t)); err != nil {
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

// Over udp a DISH filters the groups itself, so no peer has to confirm them.
func TestDishWaitSubscribedReturnsAtOnceOverUDP(t *testing.T) {
	dish := must(zmq.NewDish(nil))
	closeAtEnd(t, dish)
	check(dish.Join("g"))
	wantError(t, "WaitSubscribed of an unbound socket", dish.WaitSubscribed(ended()), context.Canceled)
	must(dish.Bind("udp://127.0.0.1:*"))
	wantError(t, "WaitSubscribed of a socket bound to udp", dish.WaitSubscribed(ended()), nil)
	must(dish.Bind("tcp://127.0.0.1:*"))
	wantError(t, "WaitSubscribed of a socket bound to udp and tcp", dish.WaitSubscribed(ended()), context.Canceled)
}
