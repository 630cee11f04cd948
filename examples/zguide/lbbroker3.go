package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"sync"

	"github.com/zerobroker/zmq"
)

// lbbroker3 is lbbroker as a reactor (chapter 3): one goroutine waits for all sockets
// and calls the handler of each that has a message. The clients and the workers are
// those of lbbroker.
//
// CZMQ's zloop is a [zmq.Poller] and a map of handlers here. As in the C program, the
// frontend is part of the poller only while a worker is ready.
func lbbroker3(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("lbbroker3", flag.ContinueOnError)
	front := flags.String("front", "ipc://frontend.ipc", "endpoint for clients")
	back := flags.String("back", "ipc://backend.ipc", "endpoint for workers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const clients, workers = 10, 3

	frontend, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer frontend.Shutdown(ctx)
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

	tasks, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var served sync.WaitGroup
	for range clients {
		served.Go(func() {
			if err := lbbrokerClient(tasks, out, *front); err != nil {
				cancel(err)
			}
		})
	}
	for range workers {
		go func() { cancel(lbbrokerWorker(tasks, out, *back)) }()
	}

	b := &lbbroker3State{frontend: frontend, backend: backend, poller: zmq.NewPoller()}
	handlers := map[zmq.Socket]func(context.Context) error{
		frontend.Socket: b.handleFrontend,
		backend.Socket:  b.handleBackend,
	}
	if err := b.poller.Add(backend.Socket); err != nil {
		return err
	}
	for b.replied < clients {
		sockets, err := b.poller.Wait(tasks)
		if err != nil {
			return cmp.Or(context.Cause(tasks), err)
		}
		for _, s := range sockets {
			if err := handlers[s](tasks); err != nil && !errors.Is(err, zmq.ErrWouldBlock) {
				return err
			}
		}
	}
	served.Wait()
	return nil
}

type lbbroker3State struct {
	frontend, backend *zmq.Router
	poller            *zmq.Poller
	ready             []string // routing IDs of workers
	replied           int
}

func (b *lbbroker3State) handleFrontend(ctx context.Context) error {
	if len(b.ready) == 0 {
		return nil
	}
	m, err := b.frontend.TryRecv()
	if err != nil {
		return err
	}
	worker := b.ready[0]
	b.ready = b.ready[1:]
	if len(b.ready) == 0 {
		b.poller.Remove(b.frontend.Socket)
	}
	request := append([][]byte{nil, []byte(m.RoutingID())}, m.Frames()...)
	return b.backend.SendTo(ctx, worker, request...)
}

func (b *lbbroker3State) handleBackend(ctx context.Context) error {
	m, err := b.backend.TryRecv()
	if err != nil {
		return err
	}
	b.ready = append(b.ready, m.RoutingID())
	if err := b.poller.Add(b.frontend.Socket); err != nil {
		return err
	}
	reply := m.Body().Frames()
	if len(reply) < 3 {
		return nil // READY
	}
	b.replied++
	return b.frontend.SendTo(ctx, string(reply[0]), reply[1:]...)
}
