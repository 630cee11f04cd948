package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// udpping1 is a UDP ping without ZeroMQ (chapter 8): it broadcasts a byte each second,
// and prints the address of each program from which it receives one, including itself.
//
// Package net permits broadcasts without an option, and a goroutine that reads takes the
// place of the poll.
func udpping1(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("udpping1", flag.ContinueOnError)
	listen := flags.String("listen", ":9999", "address to receive at")
	to := flags.String("to", "255.255.255.255:9999", "address to send to")
	if err := flags.Parse(args); err != nil {
		return err
	}

	conn, err := net.ListenPacket("udp4", *listen)
	if err != nil {
		return err
	}
	defer conn.Close()
	peers, err := net.ResolveUDPAddr("udp4", *to)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	go func() {
		buffer := make([]byte, 1)
		for {
			_, from, err := conn.ReadFrom(buffer)
			if err != nil {
				cancel(err)
				return
			}
			fmt.Fprintf(out, "Found peer %s\n", from)
		}
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		fmt.Fprintln(out, "Pinging peers...")
		if _, err := conn.WriteTo([]byte("!"), peers); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
