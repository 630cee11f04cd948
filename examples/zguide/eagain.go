package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/zerobroker/zmq"
)

// eagain shows a send that does not wait (chapter 8): a DEALER whose peer does not exist
// queues a few messages, and then TrySend fails.
//
// The C program sets a send timeout of 0 and reports EAGAIN. Here each call decides
// whether it waits: Send until its context ends, TrySend not at all.
func eagain(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("eagain", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:9876", "endpoint at which no peer is")
	if err := flags.Parse(args); err != nil {
		return err
	}

	mailbox, err := zmq.NewDealer(&zmq.Options{SendHWM: 4, Linger: zmq.NoLinger})
	if err != nil {
		return err
	}
	defer mailbox.Close()
	if err := mailbox.Connect(*endpoint); err != nil {
		return err
	}
	for i := range 10 {
		fmt.Fprintf(out, "Sending message %d\n", i)
		err := mailbox.TrySend(fmt.Appendf(nil, "message %d", i))
		if errors.Is(err, zmq.ErrWouldBlock) {
			fmt.Fprintln(out, err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errors.New("no message was refused")
}
