package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// The commands of the Paranoid Pirate protocol, https://rfc.zeromq.org/spec/6/
const (
	pppReady     = "\x01"
	pppHeartbeat = "\x02"

	pppInterval = time.Second
	pppLiveness = 3 // intervals without a message after which a peer is dead
)

// ppqueue is the queue of the Paranoid Pirate pattern (chapter 4): it exchanges
// heartbeats with its workers (ppworker), and sends requests only to workers that have
// sent one lately. Its clients are lpclient.
//
// It shows the protocol by hand. A real program uses the package ppp of the module
// patterns. The heartbeats of ZMTP, which the sockets exchange by themselves, detect a
// dead host or process; those of PPP detect a worker that does not process messages.
func ppqueue(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("ppqueue", flag.ContinueOnError)
	front := flags.String("front", "tcp://127.0.0.1:5555", "endpoint for clients")
	back := flags.String("back", "tcp://127.0.0.1:5556", "endpoint for workers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	frontend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer frontend.Close()
	if _, err := frontend.Bind(*front); err != nil {
		return err
	}
	backend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer backend.Close()
	if _, err := backend.Bind(*back); err != nil {
		return err
	}

	requests, replies := make(chan zmq.Message), make(chan zmq.Message)
	go frontend.Deliver(ctx, requests)
	go backend.Deliver(ctx, replies)
	heartbeat := time.NewTicker(pppInterval)
	defer heartbeat.Stop()
	var ready ppqueueWorkers
	for {
		next := requests
		if len(ready) == 0 {
			next = nil
		}
		var err error
		select {
		case m := <-replies:
			ready.add(m.RoutingID())
			switch command := m.String(); {
			case m.NumFrames() >= 3: // the client, an empty frame and the reply
				err = frontend.SendTo(ctx, string(m.Frame(0)), m.Frames()[1:]...)
			case command != pppReady && command != pppHeartbeat:
				fmt.Fprintf(out, "E: invalid message from worker: %q\n", command)
			}
		case m := <-next:
			request := append([][]byte{[]byte(m.RoutingID())}, m.Frames()...)
			err = backend.SendTo(ctx, ready.next(), request...)
		case now := <-heartbeat.C:
			ready.purge(now)
			for _, w := range ready {
				if err = backend.SendTo(ctx, w.id, []byte(pppHeartbeat)); err != nil {
					break
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) { // without a route the client repeats its request
			return err
		}
	}
}

// ppqueueWorkers are the workers that are ready, the one that has waited for longest
// first.
type ppqueueWorkers []ppqueueWorker

type ppqueueWorker struct {
	id     string
	expiry time.Time
}

func (ws *ppqueueWorkers) add(id string) {
	*ws = slices.DeleteFunc(*ws, func(w ppqueueWorker) bool { return w.id == id })
	*ws = append(*ws, ppqueueWorker{id, time.Now().Add(pppLiveness * pppInterval)})
}

func (ws *ppqueueWorkers) next() string {
	w := (*ws)[0]
	*ws = (*ws)[1:]
	return w.id
}

func (ws *ppqueueWorkers) purge(now time.Time) {
	*ws = slices.DeleteFunc(*ws, func(w ppqueueWorker) bool { return !now.Before(w.expiry) })
}
