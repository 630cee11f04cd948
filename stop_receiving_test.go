package zmq_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq"
)

// A PULL that stops receives exactly the messages that its peer has written, while
// the peer sends as fast as it can. The peer keeps the others.
func TestStopReceivingReadsAllThatPeersHaveWritten(t *testing.T) {
	for _, transport := range []string{"tcp", "ipc", "tls+tcp"} {
		for _, pullBinds := range []bool{true, false} {
			t.Run(transport+map[bool]string{true: ", bound", false: ", connected"}[pullBinds], func(t *testing.T) {
				t.Parallel()
				ctx := testContext(t)
				server, client := quickOptions(), quickOptions()
				endpoint := "tcp://127.0.0.1:*"
				switch transport {
				case "ipc":
					endpoint = "ipc://" + t.TempDir() + "/s"
				case "tls+tcp":
					server, client = tlsPair()
					endpoint = tlsEndpoint
				}
				server.Linger, client.Linger = zmq.NoLinger, zmq.NoLinger
				var pull *zmq.Pull
				var push *zmq.Push
				if pullBinds {
					pull, push = must(zmq.NewPull(server)), must(zmq.NewPush(client))
					join(t, endpoint, pull, push)
				} else {
					push, pull = must(zmq.NewPush(server)), must(zmq.NewPull(client))
					join(t, endpoint, push, pull)
				}
				sending, stopSending := context.WithCancel(ctx)
				var background sync.WaitGroup
				background.Go(func() {
					for body := make([]byte, 1000); push.Send(sending, body) == nil; {
					}
				})
				received := 0
				for range 1000 { // the queues are full, and the connection is in use
					must(pull.Recv(ctx))
					received++
				}
				background.Go(func() {
					defer stopSending()
					if err := pull.StopReceiving(ctx); err != nil {
						t.Error(err)
					}
				})
				for _, err := range pull.Messages(sending) {
					if err != nil {
						break
					}
					received++
				}
				for {
					if _, err := pull.TryRecv(); err != nil {
						break
					}
					received++
				}
				background.Wait()
				push.Close()
				st := push.Stats()
				// A message that is partly written may have arrived in whole.
				if n := uint64(received); n < st.MessagesWritten || n > st.MessagesWritten+st.Drops[zmq.DropInFlight] {
					t.Errorf("%d received, %d written; %d queued, dropped %v", received, st.MessagesWritten, st.QueuedSend, st.Drops)
				}
				if eps := pull.Endpoints(); len(eps) > 0 {
					t.Errorf("endpoints %v", eps)
				}
			})
		}
	}
}

// rawPush connects to a bound PULL as a PUSH that does not close its connection.
func rawPush(t *testing.T, pull *zmq.Pull) net.Conn {
	conn := must(net.Dial("tcp", strings.TrimPrefix(must(pull.Bind("tcp://127.0.0.1:*")), "tcp://")))
	t.Cleanup(func() { conn.Close() })
	must(conn.Write([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48) +
		"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH\x00\x01a")))
	return conn
}

// A peer that does not close its connection is read until the context ends.
func TestStopReceivingEndsWithContext(t *testing.T) {
	ctx := testContext(t)
	pull := must(zmq.NewPull(quickOptions()))
	closeAtEnd(t, pull)
	conn := rawPush(t, pull)
	must(pull.Recv(ctx))
	stopping, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- pull.StopReceiving(stopping) }()
	io.Copy(io.Discard, conn) // until the PULL ends its sending direction
	must(conn.Write([]byte("\x00\x01b")))
	if m := must(pull.Recv(ctx)); string(m.Bytes()) != "b" {
		t.Errorf("received %q", m.Bytes())
	}
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("StopReceiving: %v", err)
	}
	if n := len(pull.Peers()); n != 0 {
		t.Errorf("%d peers", n)
	}
	must(pull.Bind("tcp://127.0.0.1:*")) // it remains usable
}

// Close does not wait for such a peer.
func TestCloseEndsStopReceiving(t *testing.T) {
	ctx := testContext(t)
	pull := must(zmq.NewPull(&zmq.Options{Linger: zmq.Forever}))
	conn := rawPush(t, pull)
	must(pull.Recv(ctx))
	done := make(chan error)
	go func() { done <- pull.StopReceiving(ctx) }()
	io.Copy(io.Discard, conn)
	if err := pull.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("StopReceiving: %v", err)
	}
	if err := pull.StopReceiving(ctx); !errors.Is(err, zmq.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestStopReceivingIsForTypesThatOnlyReceive(t *testing.T) {
	push, sub := must(zmq.NewPush(nil)), must(zmq.NewSub(nil))
	closeAtEnd(t, push)
	closeAtEnd(t, sub)
	if err := push.StopReceiving(t.Context()); !errors.Is(err, zmq.ErrInvalidOption) {
		t.Errorf("PUSH: %v", err)
	}
	if err := sub.StopReceiving(t.Context()); err != nil {
		t.Errorf("SUB: %v", err)
	}
}
