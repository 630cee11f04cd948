package zmq4_test

import (
	"fmt"

	zmq "github.com/zerobroker/zmq/compat/pebbe"
)

// A program for github.com/pebbe/zmq4 needs another import, and no other change.
func Example() {
	server, _ := zmq.NewSocket(zmq.REP)
	defer server.Close()
	client, _ := zmq.NewSocket(zmq.REQ)
	defer client.Close()
	if err := server.Bind("inproc://example"); err != nil {
		fmt.Println(err)
	}
	if err := client.Connect("inproc://example"); err != nil {
		fmt.Println(err)
	}

	client.SendMessage("hello", 1)
	request, _ := server.RecvMessage(0)
	fmt.Println(request)
	server.Send("world", 0)
	reply, err := client.Recv(0)
	fmt.Println(reply, err)

	_, err = client.Recv(zmq.DONTWAIT)
	fmt.Println(err == zmq.EFSM)
	// Output:
	// [hello 1]
	// world <nil>
	// true
}
