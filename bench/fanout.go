package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// doFanout measures the messages that a publisher process delivers to a process
// with many subscribers, which may use another library. internal/peer/fanout.go
// documents the protocol. With pub the publisher blocks while a subscriber is
// full, so every message must arrive. With pub_drop it drops messages, and only
// received messages count.
func doFanout(publish string) func(context.Context, Library, Row) (Sample, error) {
	return func(ctx context.Context, lib Library, row Row) (Sample, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		size, count := strconv.Itoa(row.Size), strconv.Itoa(row.Count)
		pub, err := start(ctx, lib, publish, anyPort, size, count)
		if err != nil {
			return Sample{}, err
		}
		subs, err := deliver(ctx, lib, pub, size, count)
		if err != nil {
			cancel()
		}
		o, end := pub.measured()
		if err := errors.Join(err, end); err != nil {
			return Sample{}, err
		}
		if want := row.Count * peer.Subscribers; publish == "pub" && subs.Messages != want {
			return Sample{}, fmt.Errorf("%d messages were delivered, want %d", subs.Messages, want)
		}
		return throughput(subs, o), nil
	}
}

// deliver starts the subscribers, lets pub publish when all are ready, and ends
// pub when they have received its end messages.
func deliver(ctx context.Context, lib Library, pub *process, size, count string) (outcome, error) {
	endpoint, err := pub.line()
	if err != nil {
		return outcome{}, errors.New("the peer printed no endpoint")
	}
	subs, err := start(ctx, lib.far(), "subs", endpoint, size, count)
	if err != nil {
		return outcome{}, err
	}
	if line, err := subs.line(); err != nil {
		_, end := subs.wait()
		return outcome{}, errors.Join(fmt.Errorf("subscribers not ready: %q", line), end)
	}
	if _, err := io.WriteString(pub.stdin, "go\n"); err != nil {
		return outcome{}, err
	}
	o, err := subs.measured()
	pub.stdin.Close()
	return o, err
}
