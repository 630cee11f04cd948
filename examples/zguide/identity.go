package main

import (
	"context"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// identity shows the routing IDs of the peers of a ROUTER (chapter 3): one that the
// ROUTER has assigned, and one that the peer has announced.
//
// The C program receives the ID as the first frame. Here it is [zmq.Message.RoutingID],
// and the empty frame of the REQ is the first frame.
func identity(ctx context.Context, out io.Writer, args []string) error {
	names := zmq.NewNamespace()
	sink, err := zmq.NewRouter(&zmq.Options{Namespace: names})
	if err != nil {
		return err
	}
	defer sink.Close()
	if _, err := sink.Bind("inproc://example"); err != nil {
		return err
	}

	for _, peer := range []struct{ id, text string }{
		{"", "ROUTER assigns an ID of five bytes"},
		{"PEER2", "ROUTER uses the ID of the REQ"},
	} {
		client, err := zmq.NewReq(&zmq.Options{Namespace: names, RoutingID: peer.id})
		if err != nil {
			return err
		}
		defer client.Close()
		if err := client.Connect("inproc://example"); err != nil {
			return err
		}
		if err := client.Send(ctx, []byte(peer.text)); err != nil {
			return err
		}
		m, err := sink.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "----------------------------------------")
		fmt.Fprintf(out, "ID [%03d] %q\n", len(m.RoutingID()), m.RoutingID())
		for _, frame := range m.Frames() {
			fmt.Fprintf(out, "[%03d] %s\n", len(frame), frame)
		}
	}
	return nil
}
