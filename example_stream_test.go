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

// A server of lines: it greets who comes, and says goodbye on demand.
func ExampleStream() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream := must(zmq.NewStream(nil))
	defer stream.Close()
	endpoint := must(stream.Bind("tcp://127.0.0.1:*"))

	client := must(net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://")))
	defer client.Close()
	lines := bufio.NewReader(client)

	hello := must(stream.Recv(ctx))
	fmt.Println("connected:", hello.IsConnect())
	stream.Reply(ctx, hello, []byte("welcome\n"))
	fmt.Print(must(lines.ReadString('\n')))

	fmt.Fprint(client, "quit\n")
	m := must(stream.Recv(ctx)) // a piece: part of a line, or several
	fmt.Printf("%q\n", m.Bytes())
	stream.Reply(ctx, m, []byte("goodbye\n"))
	stream.Reply(ctx, m) // nothing ends the connection, behind the goodbye
	rest := must(io.ReadAll(lines))
	fmt.Printf("%q, and the end\n", rest)
	// Output:
	// connected: true
	// welcome
	// "quit\n"
	// "goodbye\n", and the end
}

// A client of a server that knows nothing of ZeroMQ.
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
	if err := stream.ConnectAs("tcp://"+l.Addr().String(), "web"); err != nil {
		panic(err)
	}
	stream.SendTo(ctx, "web", []byte("GET /there HTTP/1.0\r\n\r\n"))

	var answer []byte
	for m, err := range stream.Messages(ctx) {
		if err != nil {
			panic(err)
		}
		if m.IsDisconnect() {
			break // a server of HTTP/1.0 hangs up
		}
		answer = append(answer, m.Bytes()...)
	}
	// Or it would be connected again.
	if err := stream.Disconnect("tcp://" + l.Addr().String()); err != nil {
		panic(err)
	}
	text := string(answer)
	fmt.Println(text[:strings.Index(text, "\r\n")])
	fmt.Println(text[strings.Index(text, "\r\n\r\n")+4:])
	// Output:
	// HTTP/1.0 200 OK
	// hello from /there
}
