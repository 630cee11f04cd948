package zmq_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// A server for a protocol of lines.
func ExampleStream() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream := must(zmq.NewStream(nil))
	defer stream.Close()
	endpoint := must(stream.Bind("tcp://127.0.0.1:*"))

	client := must(net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://")))
	defer client.Close()
	lines := bufio.NewReader(client)

	hello := must(stream.Recv(ctx)) // the empty message of a new connection
	fmt.Println("connected:", hello.IsConnect())
	check(stream.Reply(ctx, hello, []byte("welcome\n")))
	fmt.Print(must(lines.ReadString('\n')))

	fmt.Fprint(client, "quit\n")
	m := must(stream.Recv(ctx)) // in general a part of a line, or several lines
	fmt.Printf("%q\n", m.Bytes())
	check(stream.Reply(ctx, m, []byte("goodbye\n")))
	check(stream.Reply(ctx, m)) // an empty message ends the connection
	fmt.Printf("%q\n", must(io.ReadAll(lines)))
	// Output:
	// connected: true
	// welcome
	// "quit\n"
	// "goodbye\n"
}

// A client of an HTTP server.
func ExampleStream_connect() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello from ", r.URL.Path)
	}))
	defer l.Close()

	stream := must(zmq.NewStream(nil))
	defer stream.Close()
	endpoint := "tcp://" + l.Addr().String()
	check(stream.ConnectAs(endpoint, "web"))
	check(stream.SendTo(ctx, "web", []byte("GET /there HTTP/1.0\r\n\r\n")))

	var answer []byte
	for m, err := range stream.Messages(ctx) {
		check(err)
		if m.IsDisconnect() {
			break // an HTTP/1.0 server closes the connection after its answer
		}
		answer = append(answer, m.Bytes()...)
	}
	check(stream.Disconnect(endpoint)) // otherwise it connects again
	text := string(answer)
	fmt.Println(text[:strings.Index(text, "\r\n")])
	fmt.Println(text[strings.Index(text, "\r\n\r\n")+4:])
	// Output:
	// HTTP/1.0 200 OK
	// hello from /there
}
