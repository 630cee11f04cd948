package zmq_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerobroker/zmq"
)

// A peer with an unread message is disconnected by heartbeats if its system acknowledges
// nothing, as when its machine is gone. Here its system drops every packet that arrives.
func TestHeartbeatsNoticePeerWhoseSystemDoesNotAnswer(t *testing.T) {
	ctx := testContext(t)
	push := must(zmq.NewPush(&zmq.Options{Linger: zmq.NoLinger, Heartbeat: zmq.HeartbeatOptions{
		Interval: 100 * time.Millisecond, Timeout: 500 * time.Millisecond,
	}}))
	dialed := make(chan net.Conn, 1)
	pull := must(zmq.NewPull(&zmq.Options{
		Heartbeat: zmq.HeartbeatOptions{Interval: zmq.Forever},
		Network: zmq.NetworkOptions{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil {
				select {
				case dialed <- c:
				default: // connected again
				}
			}
			return c, err
		}},
	}))
	closeAtEnd(t, push, pull)
	events := push.Events(ctx)
	check(pull.Connect(must(push.Bind("tcp://127.0.0.1:*"))))
	check(push.Send(ctx, []byte("read")))
	must(pull.Recv(ctx))

	c := must((<-dialed).(syscall.Conn).SyscallConn())
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	var err error
	check(c.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
	}))
	check(err)
	check(push.Send(ctx, []byte("unread")))
	for e := range events {
		if e.Kind == zmq.EventDisconnected {
			if e.Reason != zmq.CloseHeartbeatTimeout {
				t.Errorf("disconnected for the reason %v (%v)", e.Reason, e.Err)
			}
			return
		}
	}
	t.Error("the peer was not disconnected")
}
