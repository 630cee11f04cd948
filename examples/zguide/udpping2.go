package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/zerobroker/zmq"
)

// udpping2 is udpping1 with a library for UDP (chapter 8). The C program has functions of
// its own; here the library is a DGRAM socket.
func udpping2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("udpping2", flag.ContinueOnError)
	bind := flags.String("bind", "udp://*:9999", "endpoint to receive at")
	to := flags.String("to", "255.255.255.255:9999", "address to send to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	peers, err := netip.ParseAddrPort(*to)
	if err != nil {
		return err
	}

	udp, err := zmq.NewDgram(nil)
	if err != nil {
		return err
	}
	defer udp.Close()
	if _, err := udp.Bind(*bind); err != nil {
		return err
	}

	pings := make(chan zmq.Datagram)
	go udp.Deliver(ctx, pings)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ping := true; ; {
		if ping {
			fmt.Fprintln(out, "Pinging peers...")
			if err := udp.SendTo(ctx, peers, []byte("!")); err != nil {
				return err
			}
			ping = false
		}
		select {
		case d := <-pings:
			fmt.Fprintf(out, "Found peer %s\n", d.Addr)
		case <-tick.C:
			ping = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
