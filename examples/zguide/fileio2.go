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
	"strconv"

	"github.com/zerobroker/zmq"
)

// fileio2 transfers a file with flow control by the client (chapter 7): the client
// requests each chunk when it has received the one before. A request is "fetch", the
// offset and the size.
//
// The C program reads the file testdata; this one sends 10 MB of zeros unless -file names
// a file.
func fileio2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("fileio2", flag.ContinueOnError)
	endpoint := flags.String("endpoint", "tcp://127.0.0.1:6000", "endpoint of the server")
	name := flags.String("file", "", "file to transfer")
	if err := flags.Parse(args); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(fileio2Server(ctx, *endpoint, *name)) }()

	client, err := zmq.NewDealer(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(*endpoint); err != nil {
		return err
	}
	total, chunks := 0, 0
	for {
		err := client.Send(ctx, []byte("fetch"), fmt.Append(nil, total), fmt.Append(nil, fileioChunk))
		if err != nil {
			return err
		}
		chunk, err := client.Recv(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		chunks++
		total += chunk.Size()
		if chunk.Size() < fileioChunk {
			break // the last chunk
		}
	}
	fmt.Fprintf(out, "%d chunks received, %d bytes\n", chunks, total)
	return nil
}

// fileio2Server sends the chunks that clients request.
func fileio2Server(ctx context.Context, endpoint, name string) error {
	var file io.ReaderAt = bytes.NewReader(make([]byte, 10_000_000))
	if name != "" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		file = f
	}
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
		chunk, err := fileio2Read(file, request)
		if err != nil {
			return err
		}
		err = router.SendMessageTo(ctx, request.RoutingID(), zmq.NewMessage(chunk))
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
	}
	return nil
}

// fileio2Read reads the chunk for a request. After the end of the file it is empty.
func fileio2Read(file io.ReaderAt, request zmq.Message) ([]byte, error) {
	if request.NumFrames() != 3 || string(request.Frame(0)) != "fetch" {
		return nil, fmt.Errorf("bad request %q", request)
	}
	offset, err := strconv.ParseInt(string(request.Frame(1)), 10, 64)
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(string(request.Frame(2)))
	if err != nil {
		return nil, err
	}
	chunk := make([]byte, min(max(size, 0), fileioChunk)) // a client does not decide how much is allocated
	n, err := file.ReadAt(chunk, offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return chunk[:n], nil
}
