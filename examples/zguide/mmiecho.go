package main

import (
	"context"
	"flag"
	"fmt"
	"io"
)

// mmiecho asks mdbroker whether there is a worker for the service echo (chapter 4), with
// the management interface of the Majordomo protocol, https://rfc.zeromq.org/spec/8/
func mmiecho(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mmiecho", flag.ContinueOnError)
	broker := flags.String("broker", "tcp://127.0.0.1:5555", "endpoint of the broker")
	if err := flags.Parse(args); err != nil {
		return err
	}

	client, err := newMDClient(*broker)
	if err != nil {
		return err
	}
	defer client.close()
	reply, err := client.send(ctx, "mmi.service", []byte("echo"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Lookup echo service: %s\n", reply[0])
	return nil
}
