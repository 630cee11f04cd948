package zmq4_test

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

const eagain = zmq.Errno(syscall.EAGAIN)

func TestRequestAndReplyOfSeveralParts(t *testing.T) {
	for _, at := range []string{"inproc://r", "tcp://127.0.0.1:*", "ipc://*"} {
		rep, req := pair(t, newContext(t), zmq.REP, zmq.REQ, at)
		n, err := req.SendMessage("a", []byte("bc"), []string{"d", "", "ef"}, [][]byte{[]byte("g"), nil}, 12, []string{})
		if err != nil || n != 9 {
			t.Fatalf("%s: SendMessage returned %d, %v", at, n, err)
		}
		want(t, rep, "a", "bc", "d", "", "ef", "g", "", "12")
		send(t, rep, "x", "y")
		part, err := req.Recv(0)
		check(t, err)
		more, err := req.GetRcvmore()
		if part != "x" || !more || err != nil {
			t.Fatalf("%s: first part %q, more %v, %v", at, part, more, err)
		}
		b, err := req.RecvBytes(0)
		check(t, err)
		if more, _ := req.GetRcvmore(); string(b) != "y" || more {
			t.Fatalf("%s: second part %q, more %v", at, b, more)
		}
	}
}

func TestSendMoreCollectsPartsOfOneMessage(t *testing.T) {
	pull, push := pair(t, newContext(t), zmq.PULL, zmq.PUSH, "tcp://127.0.0.1:*")
	for i, flags := range []zmq.Flag{zmq.SNDMORE, zmq.SNDMORE | zmq.DONTWAIT, zmq.DONTWAIT} {
		if n, err := push.SendBytes(fmt.Append(nil, "part", i), flags); n != 5 || err != nil {
			t.Fatalf("part %d: %d, %v", i, n, err)
		}
	}
	got, err := pull.RecvMessageBytes(0)
	if err != nil || !slices.EqualFunc(got, []string{"part0", "part1", "part2"}, func(a []byte, b string) bool { return string(a) == b }) {
		t.Fatalf("received %q, %v", got, err)
	}
}

func TestSendCopiesBytes(t *testing.T) {
	pull, push := pair(t, newContext(t), zmq.PULL, zmq.PUSH, "inproc://c")
	large := slices.Repeat([]byte("x"), 1<<20)
	_, err := push.SendBytes(large, 0)
	check(t, err)
	large[0] = 'y'
	got, err := pull.RecvBytes(0)
	check(t, err)
	if got[0] != 'x' || len(got) != len(large) {
		t.Fatalf("received %d bytes that begin with %q", len(got), got[0])
	}
}

func TestReceivedBytesAreNotShared(t *testing.T) {
	ctx := newContext(t)
	pub, one := pair(t, ctx, zmq.XPUB, zmq.SUB, "inproc://p")
	two := open(t, ctx, zmq.SUB)
	check(t, two.Connect("inproc://p"))
	check(t, one.SetSubscribe(""))
	want(t, pub, "\x01")
	check(t, pub.SetXpubVerbose(1))
	check(t, two.SetSubscribe(""))
	want(t, pub, "\x01")
	_, err := pub.SendBytes(slices.Repeat([]byte("x"), 1<<16), 0)
	check(t, err)
	a, err := one.RecvBytes(0)
	check(t, err)
	a[0] = 'y'
	if b, err := two.RecvBytes(0); err != nil || b[0] != 'x' {
		t.Fatalf("the other subscriber received %.3q, %v", b, err)
	}
}

func TestReceivingWithoutMessageReturnsEAGAIN(t *testing.T) {
	pull := open(t, newContext(t), zmq.PULL)
	bind(t, pull, "inproc://e")
	s, err := pull.Recv(zmq.DONTWAIT)
	wantError(t, err, eagain)
	if s != "" || zmq.AsErrno(err) != eagain || !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("received %q, %v", s, err)
	}
	check(t, pull.SetRcvtimeo(0))
	_, err = pull.Recv(0)
	wantError(t, err, eagain)
	check(t, pull.SetRcvtimeo(20*time.Millisecond))
	began := time.Now()
	parts, err := pull.RecvMessage(0)
	wantError(t, err, eagain)
	if d := time.Since(began); d < 20*time.Millisecond || len(parts) != 0 {
		t.Errorf("returned %q after %v", parts, d)
	}
}

func TestSendingWithoutPeerReturnsEAGAIN(t *testing.T) {
	push := open(t, newContext(t), zmq.PUSH)
	bind(t, push, "inproc://e")
	n, err := push.Send("x", zmq.DONTWAIT)
	wantError(t, err, eagain)
	if n != -1 {
		t.Errorf("Send returned %d", n)
	}
	_, err = push.SendMessageDontwait("x", "y")
	wantError(t, err, eagain)
	check(t, push.SetSndtimeo(10*time.Millisecond))
	_, err = push.Send("x", 0)
	wantError(t, err, eagain)
}

func TestCallsOutOfTurnReturnEFSM(t *testing.T) {
	rep, req := pair(t, newContext(t), zmq.REP, zmq.REQ, "inproc://f")
	_, err := req.Recv(0)
	wantError(t, err, zmq.EFSM)
	_, err = rep.Send("x", 0)
	wantError(t, err, zmq.EFSM)
	send(t, req, "x")
	_, err = req.Send("y", 0)
	wantError(t, err, zmq.EFSM)
}

func TestWrongDirectionReturnsENOTSUP(t *testing.T) {
	ctx := newContext(t)
	push, pull := open(t, ctx, zmq.PUSH), open(t, ctx, zmq.PULL)
	_, err := push.Recv(0)
	wantError(t, err, zmq.ENOTSUP)
	_, err = pull.Send("x", 0)
	wantError(t, err, zmq.ENOTSUP)
	_, err = push.Send("x", 64)
	wantError(t, err, zmq.Errno(syscall.EINVAL))
}

func TestRouterDropsOrRefusesMessageToUnknownPeer(t *testing.T) {
	router, dealer := pair(t, newContext(t), zmq.ROUTER, zmq.DEALER, "tcp://127.0.0.1:*")
	send(t, dealer, "hello")
	got, err := router.RecvMessage(0)
	if err != nil || len(got) != 2 || len(got[0]) != 5 || got[1] != "hello" {
		t.Fatalf("received %q, %v", got, err)
	}
	send(t, router, "nobody", "dropped")
	check(t, router.SetRouterMandatory(1))
	_, err = router.SendMessage("nobody", "x")
	wantError(t, err, zmq.EHOSTUNREACH)
	send(t, router, got[0], "reply")
	want(t, dealer, "reply")
}

func TestRouterReturnsIdentityOfPeer(t *testing.T) {
	ctx := newContext(t)
	router, dealer := open(t, ctx, zmq.ROUTER), open(t, ctx, zmq.DEALER)
	check(t, dealer.SetIdentity("PEER2"))
	check(t, dealer.Connect(bind(t, router, "tcp://127.0.0.1:*")))
	send(t, dealer, "hello")
	want(t, router, "PEER2", "hello")
}

func TestSubscriberReceivesPrefixes(t *testing.T) {
	pub, sub := pair(t, newContext(t), zmq.XPUB, zmq.SUB, "tcp://127.0.0.1:*")
	check(t, sub.SetSubscribe("b"))
	want(t, pub, "\x01b")
	send(t, pub, "a", "1")
	send(t, pub, "b", "2")
	want(t, sub, "b", "2")
	check(t, sub.SetUnsubscribe("b"))
	want(t, pub, "\x00b")
}

func TestStreamExchangesBytesWithIdentity(t *testing.T) {
	server, client := pair(t, newContext(t), zmq.STREAM, zmq.STREAM, "tcp://127.0.0.1:*")
	got, err := client.RecvMessage(0)
	if err != nil || len(got) != 2 || got[1] != "" {
		t.Fatalf("received %q, %v", got, err)
	}
	send(t, client, got[0], "GET")
	connected, err := server.RecvMessage(0)
	check(t, err)
	want(t, server, connected[0], "GET")
}

func TestConflateKeepsNewestMessage(t *testing.T) {
	ctx := newContext(t)
	pull, push := open(t, ctx, zmq.PULL), open(t, ctx, zmq.PUSH)
	check(t, pull.SetConflate(true))
	check(t, push.SetConflate(true))
	check(t, push.Connect("inproc://n"))
	for i := range 20 {
		send(t, push, i)
	}
	bind(t, pull, "inproc://n")
	want(t, pull, "19")
}

func TestHighWaterMarkBoundsMessagesWithoutReceiver(t *testing.T) {
	ctx := newContext(t)
	push := open(t, ctx, zmq.PUSH)
	check(t, push.SetSndhwm(3))
	check(t, push.Connect("tcp://127.0.0.1:1"))
	n := 0
	for ; n < 10; n++ {
		if _, err := push.Send("x", zmq.DONTWAIT); err != nil {
			wantError(t, err, eagain)
			break
		}
	}
	if n != 3 {
		t.Errorf("sent %d messages, want 3", n)
	}
}

func TestMetadataOfMessage(t *testing.T) {
	ctx := newContext(t)
	rep, req := open(t, ctx, zmq.REP), open(t, ctx, zmq.REQ)
	check(t, req.SetIdentity("me"))
	check(t, req.Connect(bind(t, rep, "tcp://127.0.0.1:*")))
	send(t, req, "test", "2")
	names := []string{"Peer-Address", "Socket-Type", "Identity", "User-Id", "Nothing"}
	m, props, err := rep.RecvMessageWithMetadata(0, names...)
	check(t, err)
	if !slices.Equal(m, []string{"test", "2"}) || fmt.Sprint(props) != "map[Identity:me Peer-Address:127.0.0.1 Socket-Type:REQ]" {
		t.Errorf("received %q with %v", m, props)
	}
	send(t, rep, "x")
	part, props, err := req.RecvWithMetadata(0, names...)
	if err != nil || part != "x" || fmt.Sprint(props) != "map[Peer-Address:127.0.0.1 Socket-Type:REP]" {
		t.Errorf("received %q with %v, %v", part, props, err)
	}
	pull, push := pair(t, ctx, zmq.PULL, zmq.PUSH, "inproc://m")
	send(t, push, "x")
	b, props, err := pull.RecvBytesWithMetadata(0, names...)
	if err != nil || string(b) != "x" || len(props) != 0 {
		t.Errorf("over inproc received %q with %v, %v", b, props, err)
	}
}
