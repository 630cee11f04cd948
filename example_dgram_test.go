package zmq_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// A server that answers UDP datagrams, and a client that has never heard of
// ZeroMQ.
func ExampleDgram() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := zmq.NewDgram(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	endpoint, err := server.Bind("udp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	client, err := net.Dial("udp", strings.TrimPrefix(endpoint, "udp://"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("time?")); err != nil {
		log.Fatal(err)
	}

	d, err := server.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.String(), d.Addr.String() == client.LocalAddr().String())
	if err := server.Reply(ctx, d, []byte("noon")); err != nil {
		log.Fatal(err)
	}

	answer := make([]byte, 100)
	n, err := client.Read(answer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer[:n]))
	// Output:
	// time? true
	// noon
}
