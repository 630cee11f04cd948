package zmq_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// The application makes the connections, as through a tunnel of SSH.
func ExampleNetworkOptions_dialContext() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	_, bound, _ := strings.Cut(must(pull.Bind("tcp://127.0.0.1:*")), "://")

	tunnel := func(ctx context.Context, network, address string) (net.Conn, error) {
		fmt.Println("dial", network, address)
		return new(net.Dialer).DialContext(ctx, network, bound)
	}
	push := must(zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{DialContext: tunnel}}))
	defer push.Close()
	check(push.Connect("tcp://orders.internal:5555"))
	check(push.Send(ctx, []byte("hello")))
	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// dial tcp orders.internal:5555
	// hello
}

// startSOCKS5 starts a proxy for tests that connects every request to one address.
func startSOCKS5(target string) net.Listener {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	p := newSOCKSProxy(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", target)
	})
	p.username, p.password = "alice", "opensesame"
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return l
}

// The proxy resolves the name of the host.
func ExampleSOCKS5() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pull := must(zmq.NewPull(nil))
	defer pull.Close()
	_, bound, _ := strings.Cut(must(pull.Bind("tcp://127.0.0.1:*")), "://")
	proxy := startSOCKS5(bound)
	defer proxy.Close()

	push := must(zmq.NewPush(&zmq.Options{Network: zmq.NetworkOptions{SOCKS5: &zmq.SOCKS5{
		Address: proxy.Addr().String(), Username: "alice", Password: "opensesame",
	}}}))
	defer push.Close()
	check(push.Connect("tcp://orders.internal:5555"))
	check(push.Send(ctx, []byte("hello")))
	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// hello
}

// hostTable is a resolver that finds addresses in a table, as another finds them in
// etcd or Consul.
type hostTable map[string][]string

func (t hostTable) Resolve(_ context.Context, name string, update func(addresses []string)) error {
	update(t[name])
	return nil
}

// The publisher connects to all subscribers that the resolver knows.
func ExampleResolver() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	table := hostTable{}
	for range 2 {
		sub := must(zmq.NewSub(nil))
		defer sub.Close()
		check(sub.Subscribe("news"))
		_, address, _ := strings.Cut(must(sub.Bind("tcp://127.0.0.1:*")), "://")
		table["subscribers"] = append(table["subscribers"], address)
	}

	pub := must(zmq.NewPub(&zmq.Options{Network: zmq.NetworkOptions{Resolvers: map[string]zmq.Resolver{"table": table}}}))
	defer pub.Close()
	check(pub.Connect("table+tcp://subscribers"))
	check(pub.WaitSubscribers(ctx, 2, "news"))
	fmt.Println(pub.Stats().Peers, "subscribers")
	// Output:
	// 2 subscribers
}

// pipeTransport is a transport in memory.
type pipeTransport struct{ l *pipeListener }

func (t pipeTransport) Dial(ctx context.Context, address string) (net.Conn, error) {
	return t.l.DialContext(ctx, "pipe", address)
}

func (t pipeTransport) Listen(context.Context, string) (net.Listener, error) { return t.l, nil }

// Bind and Connect use the transport by its scheme, as others do with vsock or QUIC.
func ExampleTransport() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &zmq.Options{Network: zmq.NetworkOptions{
		Transports: map[string]zmq.Transport{"pipe": pipeTransport{newPipeListener()}},
	}}
	rep, req := must(zmq.NewRep(opts)), must(zmq.NewReq(opts))
	defer rep.Close()
	defer req.Close()
	endpoint := must(rep.Bind("pipe://memory"))
	check(req.Connect(endpoint))

	check(req.Send(ctx, []byte("question")))
	fmt.Println(endpoint, must(rep.Recv(ctx)))
	// Output:
	// pipe://memory question
}

// Both ends of an existing connection become connections of sockets.
func ExampleConnector_AttachConn() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	push, pull := must(zmq.NewPush(nil)), must(zmq.NewPull(nil))
	defer push.Close()
	defer pull.Close()
	one, other := net.Pipe() // or a channel of SSH, or a stream of QUIC

	fmt.Println(must(push.AttachConn(one, zmq.EndpointOptions{})))
	must(pull.AttachConn(other, zmq.EndpointOptions{}))
	check(push.Send(ctx, []byte("hello")))
	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// pipe://pipe
	// hello
}

// The queue of a slow receiver has the newest messages.
func ExampleOverflow() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ns := zmq.NewNamespace()
	push := must(zmq.NewPush(&zmq.Options{Namespace: ns, SendHWM: 2, Overflow: zmq.OverflowDropOldest}))
	pull := must(zmq.NewPull(&zmq.Options{Namespace: ns}))
	defer push.Close()
	defer pull.Close()
	check(push.Connect("inproc://prices")) // to which no socket is bound yet
	for _, price := range []string{"100", "101", "102"} {
		check(push.Send(ctx, []byte(price)))
	}
	must(pull.Bind("inproc://prices"))
	fmt.Println(must(pull.Recv(ctx)), must(pull.Recv(ctx)))
	fmt.Println("dropped:", push.Stats().Drops[zmq.DropHWM])
	// Output:
	// 101 102
	// dropped: 1
}
