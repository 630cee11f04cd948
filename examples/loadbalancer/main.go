// Command loadbalancer is a broker that gives each request to a worker that is free.
// Workers and clients may be written in any language: worker.py and client.c are
// examples.
//
//	go run ./loadbalancer tcp://127.0.0.1:5555 tcp://127.0.0.1:5556
//	python3 loadbalancer/worker.py tcp://127.0.0.1:5556    # any number of these
//	cc -o /tmp/client loadbalancer/client/client.c -lzmq && /tmp/client tcp://127.0.0.1:5555 hello
//
// A client is a REQ, and a worker too. The worker sends READY, and then receives a request
// and sends its reply, again and again. The last frame of a request is its body. The
// frames before it are the first ones of the reply: they lead it to the client.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"slices"

	"github.com/zerobroker/zmq"
)

// maxQueued is how many requests wait in the broker. When it is reached, more requests
// wait in the queues of the clients.
const maxQueued = 10_000

// A broker passes requests from clients to workers.
type broker struct {
	clients, workers *zmq.Router
	free             []zmq.Message // the last message of each free worker; the first is free for the longest time
	queue            []zmq.Message // requests that wait for a worker
}

// run binds both sockets and passes messages until ctx ends.
func run(ctx context.Context, clients, workers string) error {
	var b broker
	var err error
	if b.clients, err = zmq.NewRouter(nil); err != nil {
		return err
	}
	defer b.clients.Close()
	// The broker receives a message when a worker disconnects.
	if b.workers, err = zmq.NewRouter(&zmq.Options{Router: zmq.RouterOptions{Notify: zmq.RouterNotifyDisconnect}}); err != nil {
		return err
	}
	defer b.workers.Close()
	if _, err := b.clients.Bind(clients); err != nil {
		return err
	}
	if _, err := b.workers.Bind(workers); err != nil {
		return err
	}
	for {
		requests := b.clients.Ready()
		if len(b.queue) >= maxQueued {
			requests = nil
		}
		select {
		case <-requests:
			if m, err := b.clients.TryRecv(); err == nil && len(m.Envelope()) > 0 {
				b.queue = append(b.queue, m)
			}
		case <-b.workers.Ready():
			if m, err := b.workers.TryRecv(); err == nil {
				b.receive(m)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := b.dispatch(); err != nil {
			return err
		}
	}
}

// receive takes a message of a worker: READY, a reply, or the notification that it has
// disconnected.
func (b *broker) receive(m zmq.Message) {
	b.free = slices.DeleteFunc(b.free, func(f zmq.Message) bool { return f.RoutingID() == m.RoutingID() })
	if m.IsDisconnect() {
		return
	}
	b.free = append(b.free, m)
	if frames := m.Body().Frames(); len(frames) > 1 { // not READY: the client, and what it receives
		b.clients.TrySendTo(string(frames[0]), frames[1:]...) // a client that has gone needs no reply
	}
}

// dispatch gives requests to free workers.
func (b *broker) dispatch() error {
	for len(b.queue) > 0 && len(b.free) > 0 {
		request, worker := b.queue[0], b.free[0]
		frames := slices.Concat(worker.Envelope(), [][]byte{[]byte(request.RoutingID())}, request.Frames())
		b.free = b.free[1:]
		err := b.workers.TrySendTo(worker.RoutingID(), frames...)
		if errors.Is(err, zmq.ErrClosed) {
			return err
		}
		if err == nil { // else the worker has gone: the next one gets the request
			b.queue = b.queue[1:]
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		log.Fatal("usage: loadbalancer CLIENTS WORKERS")
	}
	if err := run(ctx, os.Args[1], os.Args[2]); ctx.Err() == nil {
		log.Fatal(err)
	}
}
