package zmq_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// A service of systemd that is started by its socket. The unit feed.socket has
// ListenStream=5555, or the path of an ipc endpoint; systemd passes the listener as
// descriptor 3 and closes it in no other process.
func ExampleSocket_BindListener_socketActivation() {
	if pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID")); pid != os.Getpid() || os.Getenv("LISTEN_FDS") != "1" {
		fmt.Println("not started by its socket")
		return
	}
	file := os.NewFile(3, "feed.socket")
	l := must(net.FileListener(file)) // a copy of the descriptor
	file.Close()

	pull := must(zmq.NewPull(nil))
	defer pull.Close()                                             // closes l
	fmt.Println(must(pull.BindListener(l, zmq.EndpointOptions{}))) // as in tcp://[::]:5555
	// Output:
	// not started by its socket
}

// pipeListener is a listener in memory: each dial makes a net.Pipe.
type pipeListener struct {
	conns  chan net.Conn
	ctx    context.Context
	cancel context.CancelFunc
}

func newPipeListener() *pipeListener {
	ctx, cancel := context.WithCancel(context.Background())
	return &pipeListener{make(chan net.Conn), ctx, cancel}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.cancel()
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }

// DialContext is a dialer for zmq.NetworkOptions.
func (l *pipeListener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Two sockets over a listener in memory, as in a test that must not use the network.
func ExampleSocket_BindListener_memory() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l := newPipeListener()

	rep := must(zmq.NewRep(nil))
	defer rep.Close()
	fmt.Println(must(rep.BindListener(l, zmq.EndpointOptions{})))

	req := must(zmq.NewReq(&zmq.Options{Network: zmq.NetworkOptions{DialContext: l.DialContext}}))
	defer req.Close()
	check(req.Connect("tcp://any.example:5555")) // l makes the connection

	check(req.Send(ctx, []byte("question")))
	fmt.Println(must(rep.Recv(ctx)))
	check(rep.Send(ctx, []byte("answer")))
	fmt.Println(must(req.Recv(ctx)))
	// Output:
	// pipe://memory
	// question
	// answer
}
