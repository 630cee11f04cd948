// Command chat exchanges lines with all other programs of this kind on the local network, without
// a server: the nodes find each other with UDP broadcasts.
//
//	go run ./chat alice    # and on another machine, or in another terminal
//	go run ./chat bob
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/zerobroker/zmq/patterns/zyre"
)

// room is the group of ZRE in which the lines are exchanged.
const room = "chat"

// chat sends the lines of r to the room, and writes what happens in the room to w, until ctx ends
// or r does.
func chat(ctx context.Context, o *zyre.Options, r io.Reader, w io.Writer) error {
	node, err := zyre.New(o)
	if err != nil {
		return err
	}
	defer node.Close()
	if err := node.Join(room); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if _, err := node.Shout(room, lines.Bytes()); err != nil {
				cancel(err)
				return
			}
		}
		cancel(io.EOF)
	}()
	for event, err := range node.Events(ctx) {
		if err != nil {
			if context.Cause(ctx) == io.EOF {
				return nil
			}
			return err
		}
		switch e := event.(type) {
		case zyre.Join:
			fmt.Fprintf(w, "%s has come\n", e.Peer.Name)
		case zyre.Shout:
			fmt.Fprintf(w, "%s: %v\n", e.Peer.Name, e.Content)
		case zyre.Exit:
			fmt.Fprintf(w, "%s has left\n", e.Peer.Name)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 2 {
		log.Fatal("usage: chat NAME")
	}
	if err := chat(ctx, &zyre.Options{Name: os.Args[1]}, os.Stdin, os.Stdout); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
