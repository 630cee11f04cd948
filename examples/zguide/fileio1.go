package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/zerobroker/zmq"
)

// fileio1 transfers a file without flow control (chapter 7): a client sends one request,
// and the server sends all chunks, and an empty one at the end.
//
// The C program removes the high-water mark, so that the whole file is in memory if the
// client is slow. Here SendTo waits for the client, but the server serves no other client
// meanwhile. The C program reads the file testdata; this one sends 10 MB of zeros unless
// -file names a file.
func fileio1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("fileio1", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "tcp://127.0.0.1:6000", "endpoint of the server")
	name := flags.String("file", "", "file to transfer")
	if err := flags.Parse(args); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(fileio1Server(ctx, *endpoint, *name)) }()

	client, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(*endpoint); err != nil {
		return err
	}
	if err := client.Send(ctx, []byte("fetch")); err != nil {
		return err
	}
	total, chunks := 0, 0
	for m, err := range client.Messages(ctx) {
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		chunks++
		total += m.Size()
		if m.Size() == 0 {
			break // the whole file was received
		}
	}
	fmt.Fprintf(out, "%d chunks received, %d bytes\n", chunks, total)
	return nil
}

const fileioChunk = 250000

func fileio1Server(ctx context.Context, endpoint, name string) error {
	router, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer router.Close()
	if _, err := router.Bind(endpoint); err != nil {
		return err
	}
	for request, err := range router.Messages(ctx) {
		if err != nil {
			return err
		}
		if request.String() != "fetch" {
			return fmt.Errorf("bad request %q", request)
		}
		err := fileio1Send(ctx, router, request.RoutingID(), name)
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
	}
	return nil
}

// fileio1Send sends the file to one client.
func fileio1Send(ctx context.Context, router *zmq.Router, client, name string) error {
	var file io.Reader = bytes.NewReader(make([]byte, 10_000_000))
	if name != "" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		file = f
	}
	for {
		chunk := make([]byte, fileioChunk)
		n, err := io.ReadFull(file, chunk)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		// The socket owns the chunk from here on, and does not copy it.
		if err := router.SendMessageTo(ctx, client, zmq.NewMessage(chunk[:n])); err != nil || n == 0 {
			return err
		}
	}
}
