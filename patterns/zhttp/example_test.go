package zhttp_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/zerobroker/zmq/patterns/zhttp"
)

// A transport and a server can be connected directly, without zurl and a proxy.
func Example() {
	server, err := zhttp.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s", r.URL.Path)
	}), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	endpoint, err := server.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	transport, err := zhttp.NewTransport([]string{endpoint}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer transport.Close()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	response, err := client.Get("http://service.internal/path")
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, string(body))
	// Output: 200 OK hello from /path
}
