package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// fileio3 transfers a file with credit-based flow control (chapter 7): as fileio2, but
// the client has requested up to ten chunks that it has not received yet, so that the
// transfer does not wait for round trips. The server is that of fileio2.
func fileio3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("fileio3", flag.ContinueOnError)
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
	defer client.Close()
	if err := client.Connect(*endpoint); err != nil {
		return err
	}
	total, chunks, offset := 0, 0, 0
	for credit := 10; ; {
		for ; credit > 0; credit-- {
			err := client.Send(ctx, []byte("fetch"), fmt.Append(nil, offset), fmt.Append(nil, fileioChunk))
			if err != nil {
				return err
			}
			offset += fileioChunk
		}
		chunk, err := client.Recv(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		chunks++
		credit++
		total += chunk.Size()
		if chunk.Size() < fileioChunk {
			break // the last chunk
		}
	}
	fmt.Fprintf(out, "%d chunks received, %d bytes\n", chunks, total)
	return nil
}
