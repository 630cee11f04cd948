package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/zerobroker/zmq"
)

// udpping3 discovers peers (chapter 8): it broadcasts its UUID each second, and reports
// the UUIDs of peers that join, and of those that leave because nothing was received from
// them for five seconds. This is the beginning of ZRE, https://rfc.zeromq.org/spec/36/.
//
// The C program has a class interface, with a thread that sends reports over a PAIR.
func udpping3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("udpping3", flag.ContinueOnError)
	bind := flags.String("bind", "udp://*:9999", "endpoint to receive at")
	to := flags.String("to", "255.255.255.255:9999", "address to send to")
	interval := flags.Duration("interval", time.Second, "time between two messages")
	expiry := flags.Duration("expiry", 5*time.Second, "time after which a silent peer has left")
	if err := flags.Parse(args); err != nil {
		return err
	}
	everyone, err := netip.ParseAddrPort(*to)
	if err != nil {
		return err
	}
	var self [16]byte
	rand.Read(self[:])

	udp, err := zmq.NewDgram(nil)
	if err != nil {
		return err
	}
	defer udp.Close()
	if _, err := udp.Bind(*bind); err != nil {
		return err
	}

	beacons := make(chan zmq.Datagram)
	go udp.Deliver(ctx, beacons)
	peers := map[[16]byte]time.Time{} // when each expires
	tick := time.NewTicker(*interval)
	defer tick.Stop()
	for {
		select {
		case d := <-beacons:
			if d.Size() != len(self) {
				break // not a beacon
			}
			uuid := [16]byte(d.Bytes())
			if uuid == self {
				break
			}
			if _, known := peers[uuid]; !known {
				fmt.Fprintf(out, "JOINED %X\n", uuid)
			}
			peers[uuid] = time.Now().Add(*expiry)
		case now := <-tick.C:
			if err := udp.SendTo(ctx, everyone, self[:]); err != nil {
				return err
			}
			for uuid, expires := range peers {
				if !now.Before(expires) {
					fmt.Fprintf(out, "LEFT %X\n", uuid)
					delete(peers, uuid)
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
