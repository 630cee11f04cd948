package zmq4_test

import (
	"fmt"
	"strings"
	"testing"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

// monitored returns the PAIR that receives the events of a socket.
func monitored(t *testing.T, ctx *zmq.Context, soc *zmq.Socket, events zmq.Event) *zmq.Socket {
	t.Helper()
	at := fmt.Sprintf("inproc://monitor-%p", soc)
	check(t, soc.Monitor(at, events))
	watcher := open(t, ctx, zmq.PAIR)
	check(t, watcher.Connect(at))
	return watcher
}

func wantEvent(t *testing.T, watcher *zmq.Socket, want zmq.Event, at string) {
	t.Helper()
	event, addr, _, err := watcher.RecvEvent(0)
	if event != want || addr != at || err != nil {
		t.Fatalf("event %v %s, %v; want %v %s", event, addr, err, want, at)
	}
}

func TestMonitorReportsBindAndClose(t *testing.T) {
	ctx := newContext(t)
	rep := open(t, ctx, zmq.REP)
	watcher := monitored(t, ctx, rep, zmq.EVENT_ALL)
	at := bind(t, rep, "tcp://*:*")
	wantEvent(t, watcher, zmq.EVENT_LISTENING, at)
	check(t, rep.Close())
	wantEvent(t, watcher, zmq.EVENT_CLOSED, at)
	wantEvent(t, watcher, zmq.EVENT_MONITOR_STOPPED, "")
}

func TestMonitorReportsConnections(t *testing.T) {
	ctx := newContext(t)
	rep, req := open(t, ctx, zmq.REP), open(t, ctx, zmq.REQ)
	server := monitored(t, ctx, rep, zmq.EVENT_ALL&^zmq.EVENT_LISTENING)
	client := monitored(t, ctx, req, zmq.EVENT_CONNECTED|zmq.EVENT_HANDSHAKE_SUCCEEDED|zmq.EVENT_DISCONNECTED)
	at := bind(t, rep, "tcp://127.0.0.1:*")
	check(t, req.Connect(at))
	wantEvent(t, client, zmq.EVENT_CONNECTED, at)
	wantEvent(t, client, zmq.EVENT_HANDSHAKE_SUCCEEDED, at)
	wantEvent(t, server, zmq.EVENT_ACCEPTED, at)
	check(t, rep.Close())
	wantEvent(t, client, zmq.EVENT_DISCONNECTED, at)
}

func TestMonitorReportsFailedBind(t *testing.T) {
	ctx := newContext(t)
	soc, other := open(t, ctx, zmq.PULL), open(t, ctx, zmq.PULL)
	at := bind(t, other, "tcp://127.0.0.1:*")
	watcher := monitored(t, ctx, soc, zmq.EVENT_ALL)
	wantError(t, soc.Bind(at), zmq.EADDRINUSE)
	event, addr, value, err := watcher.RecvEvent(0)
	if event != zmq.EVENT_BIND_FAILED || addr != at || zmq.Errno(value) != zmq.EADDRINUSE || err != nil {
		t.Errorf("event %v %s %d, %v", event, addr, value, err)
	}
}

func TestMonitorIsReplacedAndStopped(t *testing.T) {
	ctx := newContext(t)
	soc := open(t, ctx, zmq.PULL)
	first := monitored(t, ctx, soc, zmq.EVENT_ALL)
	check(t, soc.Monitor("inproc://second", zmq.EVENT_ALL))
	wantEvent(t, first, zmq.EVENT_MONITOR_STOPPED, "")
	second := open(t, ctx, zmq.PAIR)
	check(t, second.Connect("inproc://second"))
	check(t, soc.Monitor("", 0))
	wantEvent(t, second, zmq.EVENT_MONITOR_STOPPED, "")
	wantError(t, soc.Monitor("tcp://127.0.0.1:*", zmq.EVENT_ALL), zmq.EPROTONOSUPPORT)
	bind(t, second, "inproc://taken")
	wantError(t, soc.Monitor("inproc://taken", zmq.EVENT_ALL), zmq.EADDRINUSE)
}

// A monitor without a receiver does not keep the socket, or Term, waiting.
func TestMonitorWithoutReceiverEndsWithSocket(t *testing.T) {
	ctx := newContext(t)
	soc := open(t, ctx, zmq.PULL)
	check(t, soc.Monitor("inproc://nobody", zmq.EVENT_ALL))
	for range 10 {
		at := bind(t, soc, "tcp://127.0.0.1:*")
		check(t, soc.Unbind(at))
	}
	check(t, soc.Close())
}

func TestRecvEventRefusesOtherMessages(t *testing.T) {
	a, b := pair(t, newContext(t), zmq.PAIR, zmq.PAIR, "inproc://other")
	for _, parts := range [][]string{{"short", "x"}, {strings.Repeat("x", 6)}} {
		send(t, a, parts)
		_, _, _, err := b.RecvEvent(0)
		wantError(t, err, zmq.ErrorMoreExpected)
		for more, _ := b.GetRcvmore(); more; more, _ = b.GetRcvmore() {
			if _, err := b.Recv(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _, _, err := b.RecvEvent(zmq.DONTWAIT)
	wantError(t, err, eagain)
}
