package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/zerobroker/zmq"
)

// ppworker is a worker of the Paranoid Pirate pattern (chapter 4): it exchanges
// heartbeats with the queue (ppqueue), and connects again on a new socket if it has
// received none for three seconds, with delays that double from 1 to 32 seconds.
//
// It shows the protocol by hand. A real program uses the package ppp of the module
// patterns. The C program is overloaded and crashes at random; here flags say at which
// requests, and 0 is never.
func ppworker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("ppworker", flag.ContinueOnError)
	endpoint := flags.String("connect", "tcp://127.0.0.1:5556", "endpoint of the queue")
	overload := flags.Int("overload", 4, "request with which the worker is overloaded")
	crash := flags.Int("crash", 0, "request with which the worker crashes")
	if err := flags.Parse(args); err != nil {
		return err
	}

	worker, err := ppworkerConnect(out, *endpoint)
	if err != nil {
		return err
	}
	defer func() { worker.Close() }()
	liveness, delay := pppLiveness, time.Second
	heartbeat := time.Now().Add(pppInterval)
	for cycles := 0; ; {
		waiting, cancel := context.WithTimeout(ctx, pppInterval)
		m, err := worker.Recv(waiting)
		cancel()
		switch {
		case err == nil && m.NumFrames() == 3: // the client, an empty frame and the request
			cycles++
			work := time.Second
			if cycles == *crash {
				fmt.Fprintln(out, "I: simulating a crash")
				return nil
			}
			if cycles == *overload {
				fmt.Fprintln(out, "I: simulating CPU overload")
				work += 3 * time.Second
			}
			select {
			case <-time.After(work):
			case <-ctx.Done():
				return ctx.Err()
			}
			fmt.Fprintln(out, "I: normal reply")
			if err := ppworkerSend(worker, m); err != nil {
				return err
			}
			liveness, delay = pppLiveness, time.Second
		case err == nil && m.String() == pppHeartbeat:
			liveness, delay = pppLiveness, time.Second
		case err == nil:
			fmt.Fprintf(out, "E: invalid message: %q\n", m)
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			if liveness--; liveness > 0 {
				break
			}
			fmt.Fprintln(out, "W: heartbeat failure, can't reach queue")
			fmt.Fprintf(out, "W: reconnecting in %d msec...\n", delay.Milliseconds())
			select {
			case <-time.After(delay):
			case <-ctx.Done():
				return ctx.Err()
			}
			delay = min(2*delay, 32*time.Second)
			worker.Close()
			if worker, err = ppworkerConnect(out, *endpoint); err != nil {
				return err
			}
			liveness = pppLiveness
		}
		if time.Now().After(heartbeat) {
			heartbeat = time.Now().Add(pppInterval)
			fmt.Fprintln(out, "I: worker heartbeat")
			if err := ppworkerSend(worker, zmq.NewStringMessage(pppHeartbeat)); err != nil {
				return err
			}
		}
	}
}

// ppworkerConnect returns a socket on which the worker has reported that it is ready.
func ppworkerConnect(out io.Writer, endpoint string) (*zmq.Dealer, error) {
	worker, err := zmq.NewDealer(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return nil, err
	}
	if err := worker.Connect(endpoint); err != nil {
		return worker, err
	}
	fmt.Fprintln(out, "I: worker ready")
	return worker, ppworkerSend(worker, zmq.NewStringMessage(pppReady))
}

// ppworkerSend sends a message, or drops it if the queue is full or, over inproc, the
// peer is gone: the liveness detects a peer that does not process messages.
func ppworkerSend(worker *zmq.Dealer, m zmq.Message) error {
	err := worker.TrySendMessage(m)
	if errors.Is(err, zmq.ErrWouldBlock) {
		return nil
	}
	return err
}
