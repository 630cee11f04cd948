package zmq4_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

// steered starts a proxy of two sockets, and returns its control and the result.
func steered(t *testing.T, ctx *zmq.Context, front, back, capture *zmq.Socket) (control *zmq.Socket, result chan error) {
	server, control := pair(t, ctx, zmq.REP, zmq.REQ, "inproc://control")
	check(t, server.SetRcvtimeo(-1))
	result = make(chan error, 1)
	go func() { result <- zmq.ProxySteerable(front, back, capture, server) }()
	return control, result
}

func command(t *testing.T, control *zmq.Socket, name string) []string {
	t.Helper()
	send(t, control, name)
	reply, err := control.RecvMessage(0)
	check(t, err)
	return reply
}

func TestProxyForwardsRequestsAndReplies(t *testing.T) {
	ctx := newContext(t)
	front, req := pair(t, ctx, zmq.ROUTER, zmq.REQ, "tcp://127.0.0.1:*")
	back, rep := pair(t, ctx, zmq.DEALER, zmq.REP, "tcp://127.0.0.1:*")
	capture, watcher := pair(t, ctx, zmq.PUSH, zmq.PULL, "inproc://capture")
	control, result := steered(t, ctx, front, back, capture)
	send(t, req, "a", "b")
	want(t, rep, "a", "b")
	send(t, rep, "c")
	want(t, req, "c")
	for _, last := range []string{"b", "c"} {
		m, err := watcher.RecvMessage(0)
		if err != nil || len(m) < 3 || m[1] != "" || m[len(m)-1] != last {
			t.Errorf("captured %q, %v", m, err)
		}
	}
	reply := command(t, control, "STATISTICS")
	var numbers []uint64
	for _, part := range reply {
		numbers = append(numbers, binary.NativeEndian.Uint64([]byte(part)))
	}
	// A request has the routing ID of 5 bytes, an empty part and its parts.
	if len(numbers) != 8 || numbers[0] != 4 || numbers[1] != 7 || numbers[2] != 3 || numbers[3] != 6 || numbers[4] != 3 || numbers[6] != 4 || numbers[7] != 7 {
		t.Errorf("statistics %v", numbers)
	}
	command(t, control, "TERMINATE")
	check(t, <-result)
}

func TestPausedProxyForwardsNothing(t *testing.T) {
	ctx := newContext(t)
	front, push := pair(t, ctx, zmq.PULL, zmq.PUSH, "inproc://front")
	back, pull := pair(t, ctx, zmq.PUSH, zmq.PULL, "inproc://back")
	control, result := steered(t, ctx, front, back, nil)
	send(t, push, "1")
	want(t, pull, "1")
	command(t, control, "PAUSE")
	command(t, control, "PAUSE")
	send(t, push, "2")
	check(t, pull.SetRcvtimeo(20*time.Millisecond))
	_, err := pull.Recv(0)
	wantError(t, err, eagain)
	check(t, pull.SetRcvtimeo(waitLimit))
	command(t, control, "RESUME")
	want(t, pull, "2")
	command(t, control, "unknown")
	command(t, control, "PAUSE")
	command(t, control, "TERMINATE")
	check(t, <-result)
	send(t, push, "3") // the next proxy receives it
	want(t, front, "3")
}

func TestProxyOfPublishersPassesSubscriptions(t *testing.T) {
	ctx := newContext(t)
	front, pub := pair(t, ctx, zmq.XSUB, zmq.XPUB, "inproc://front")
	back, sub := pair(t, ctx, zmq.XPUB, zmq.SUB, "inproc://back")
	control, result := steered(t, ctx, front, back, nil)
	check(t, sub.SetSubscribe("t"))
	want(t, pub, "\x01t")
	send(t, pub, "topic", "x")
	want(t, sub, "topic", "x")
	command(t, control, "TERMINATE")
	check(t, <-result)
}

func TestProxyReturnsErrors(t *testing.T) {
	ctx := newContext(t)
	rep, pull := open(t, ctx, zmq.REP), open(t, ctx, zmq.PULL)
	if err := zmq.Proxy(rep, pull, nil); !errors.Is(err, zmq.ENOTSUP) || err == zmq.ENOTSUP {
		t.Errorf("REP and PULL: %v", err)
	}
	if err := zmq.Proxy(pull, open(t, ctx, zmq.PULL), nil); !errors.Is(err, zmq.ENOTSUP) {
		t.Errorf("PULL and PULL: %v", err)
	}
	result := make(chan error)
	front := open(t, ctx, zmq.ROUTER)
	go func() { result <- zmq.Proxy(front, open(t, ctx, zmq.DEALER), nil) }()
	check(t, front.Close())
	wantError(t, <-result, zmq.ErrorSocketClosed)
}
