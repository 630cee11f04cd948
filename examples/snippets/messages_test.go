package snippets_test

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

func Example_frames() {
	ctx := context.Background()
	push, pull := connected(nil, nil)
	defer push.Close()
	defer pull.Close()

	check(push.Send(ctx, []byte("order"), []byte(`{"tea": 10}`)))

	m := must(pull.Recv(ctx))
	fmt.Println(m.NumFrames(), "frames")
	fmt.Printf("%s: %s\n", m.Frame(0), m.Frame(1))
	// Output:
	// 2 frames
	// order: {"tea": 10}
}

func Example_large() {
	ctx := context.Background()
	push, pull := connected(nil, nil)
	defer push.Close()
	defer pull.Close()

	image := make([]byte, 4<<20)
	check(push.SendMessage(ctx, zmq.NewMessage(image))) // image belongs to the socket now

	m := must(pull.Recv(ctx))
	fmt.Println(m.Size(), "bytes")
	m.Release() // its memory may be used for the next message
	// Output:
	// 4194304 bytes
}

func Example_batch() {
	ctx := context.Background()
	push, pull := connected(nil, nil)
	defer push.Close()
	defer pull.Close()

	var readings []zmq.Message
	for i := range 100 {
		readings = append(readings, zmq.NewMessage(fmt.Append(nil, i)))
	}
	sent := must(push.SendBatch(ctx, readings))

	received := 0
	for m, err := range pull.Messages(ctx) { // takes several at once
		check(err)
		if received++; received == sent {
			fmt.Println("the last is", m)
			break
		}
	}
	// Output:
	// the last is 99
}

// connected returns two sockets that are connected over tcp.
func connected(sender, receiver *zmq.Options) (*zmq.Push, *zmq.Pull) {
	pull := must(zmq.NewPull(receiver))
	push := must(zmq.NewPush(sender))
	check(push.Connect(must(pull.Bind("tcp://127.0.0.1:*"))))
	return push, pull
}
