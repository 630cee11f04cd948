package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/zerobroker/zmq"
)

// peering3 is the whole cluster (chapter 3): brokers that publish how many of their
// workers are free (peering1), and send requests to a peer with free workers while they
// have none (peering2). Clients send bursts of requests and report to a monitor.
//
//	go run ./zguide peering3 DC1 DC2     and DC2 DC1
//
// The clients and workers end with ctx. A client whose request has no reply after ten
// seconds ends, as in the C program.
func peering3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("peering3", flag.ContinueOnError)
	at := flags.String("at", "ipc://", "prefix of the endpoints")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: peering3 ME [PEER ...]")
	}
	self, peers := flags.Arg(0), flags.Args()[1:]

	fmt.Fprintf(out, "I: preparing broker at %s...\n", self)
	b, err := newPeeringBroker(*at, self, peers)
	if err != nil {
		return err
	}
	defer b.close()
	statebe, err := zmq.NewPub(nil)
	if err != nil {
		return err
	}
	defer statebe.Close()
	if _, err := statebe.Bind(*at + self + "-state.ipc"); err != nil {
		return err
	}
	statefe, err := zmq.NewSub(nil)
	if err != nil {
		return err
	}
	defer statefe.Close()
	if err := statefe.Subscribe(""); err != nil {
		return err
	}
	for _, peer := range peers {
		if err := statefe.Connect(*at + peer + "-state.ipc"); err != nil {
			return err
		}
	}
	monitor, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer monitor.Close()
	if _, err := monitor.Bind(*at + self + "-monitor.ipc"); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range 10 {
		go func() {
			if err := peering3Client(ctx, *at+self); err != nil {
				cancel(err)
			}
		}()
	}
	for range 5 {
		go func() { cancel(peering3Worker(ctx, *at+self+"-localbe.ipc")) }()
	}
	localfe, localbe := make(chan zmq.Message), make(chan zmq.Message)
	cloudfe, cloudbe := make(chan zmq.Message), make(chan zmq.Message)
	states, reports := make(chan zmq.Message), make(chan zmq.Message)
	go b.localfe.Deliver(ctx, localfe)
	go b.localbe.Deliver(ctx, localbe)
	go b.cloudfe.Deliver(ctx, cloudfe)
	go b.cloudbe.Deliver(ctx, cloudbe)
	go statefe.Deliver(ctx, states)
	go monitor.Deliver(ctx, reports)

	cloudCapacity := 0 // free workers of the peer whose state was received last
	for {
		clients, cloud := localfe, cloudfe
		free := len(b.workers)
		if free == 0 {
			cloud = nil // a request of a peer is not sent to another peer
		}
		if free+cloudCapacity == 0 {
			clients = nil
		}
		var err error
		select {
		case m := <-localbe:
			err = b.workerReply(ctx, m)
		case m := <-cloudbe:
			err = b.sendReply(ctx, m.Frames())
		case m := <-cloud:
			err = b.toWorker(ctx, m)
		case m := <-clients:
			if free > 0 {
				err = b.toWorker(ctx, m)
			} else {
				err = b.toPeer(ctx, m)
			}
		case m := <-states:
			if m.NumFrames() == 2 {
				cloudCapacity, err = strconv.Atoi(string(m.Frame(1)))
			}
		case m := <-reports:
			fmt.Fprintln(out, m)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if len(b.workers) != free {
			state := strconv.Itoa(len(b.workers))
			if err := statebe.Send(ctx, []byte(self), []byte(state)); err != nil {
				return err
			}
		}
	}
}

// peering3Client sends bursts of requests, each with the number of a task.
func peering3Client(ctx context.Context, broker string) error {
	client, err := zmq.NewReq(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Connect(broker + "-localfe.ipc"); err != nil {
		return err
	}
	monitor, err := zmq.NewPush(nil)
	if err != nil {
		return err
	}
	defer monitor.Shutdown(ctx)
	if err := monitor.Connect(broker + "-monitor.ipc"); err != nil {
		return err
	}
	for {
		select {
		case <-time.After(rand.N(5 * time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		}
		for range rand.IntN(15) {
			task := fmt.Sprintf("%04X", rand.IntN(0x10000))
			if err := client.Send(ctx, []byte(task)); err != nil {
				return err
			}
			waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
			reply, err := client.Recv(waiting)
			cancel()
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return monitor.Send(ctx, []byte("E: CLIENT EXIT - lost task "+task))
			}
			if reply.String() != task {
				return fmt.Errorf("reply %s to task %s", reply, task)
			}
			if err := monitor.Send(ctx, []byte(task)); err != nil {
				return err
			}
		}
	}
}

// peering3Worker reports that it is ready with a byte 1, and sends requests back.
func peering3Worker(ctx context.Context, endpoint string) error {
	worker, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer worker.Shutdown(ctx)
	if err := worker.Connect(endpoint); err != nil {
		return err
	}
	if err := worker.Send(ctx, []byte{1}); err != nil {
		return err
	}
	for request, err := range worker.Messages(ctx) {
		if err != nil {
			return err
		}
		select {
		case <-time.After(rand.N(2 * time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := worker.SendMessage(ctx, request); err != nil {
			return err
		}
	}
	return nil
}
