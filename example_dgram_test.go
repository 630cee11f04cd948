package zmq_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// A server that answers UDP datagrams of programs that do not use ZeroMQ.
func ExampleDgram() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server := must(zmq.NewDgram(nil))
	defer server.Close()
	endpoint := must(server.Bind("udp://127.0.0.1:*"))

	client := must(net.Dial("udp", strings.TrimPrefix(endpoint, "udp://")))
	defer client.Close()
	must(client.Write([]byte("time?")))

	d := must(server.Recv(ctx))
	fmt.Println(d.String(), d.Addr.String() == client.LocalAddr().String())
	check(server.Reply(ctx, d, []byte("noon")))

	answer := make([]byte, 100)
	n := must(client.Read(answer))
	fmt.Println(string(answer[:n]))
	// Output:
	// time? true
	// noon
}
