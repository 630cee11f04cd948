package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// mdbroker is the broker of the Majordomo pattern (chapter 4): workers (mdworker) offer
// services by name, and clients (mdclient) send requests to a service. It implements MDP,
// https://rfc.zeromq.org/spec/7/, and the request mmi.service of MMI.
//
// It shows the protocol by hand, and does not bound what peers can make it hold. A real
// program uses the package mdp of the module patterns.
func mdbroker(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mdbroker", flag.ContinueOnError)
	endpoint := flags.String("bind", "tcp://127.0.0.1:5555", "endpoint for clients and workers")
	if err := flags.Parse(args); err != nil {
		return err
	}

	router, err := zmq.NewRouter(nil)
	if err != nil {
		return err
	}
	defer router.Close()
	if _, err := router.Bind(*endpoint); err != nil {
		return err
	}
	fmt.Fprintf(out, "I: MDP broker is active at %s\n", *endpoint)

	b := &mdBroker{router, map[string]*mdBrokerService{}, map[string]*mdBrokerWorker{}}
	messages := make(chan zmq.Message)
	go router.Deliver(ctx, messages)
	heartbeat := time.NewTicker(mdpInterval)
	defer heartbeat.Stop()
	for {
		var err error
		select {
		case m := <-messages:
			frames := m.Frames() // an empty frame, the header and the rest
			switch {
			case len(frames) >= 4 && string(frames[1]) == mdpClient:
				err = b.clientMessage(ctx, m.RoutingID(), string(frames[2]), frames[3:])
			case len(frames) >= 3 && string(frames[1]) == mdpWorker:
				err = b.workerMessage(ctx, m.RoutingID(), string(frames[2]), frames[3:])
			default:
				fmt.Fprintf(out, "E: invalid message: %q\n", m)
			}
		case now := <-heartbeat.C:
			err = b.heartbeat(ctx, now)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) { // the peer has disconnected
			return err
		}
	}
}

type mdBroker struct {
	router   *zmq.Router
	services map[string]*mdBrokerService
	workers  map[string]*mdBrokerWorker // by routing ID
}

type mdBrokerService struct {
	name     string
	requests [][][]byte // the frames of each: the client, an empty frame and the body
	waiting  []*mdBrokerWorker
}

type mdBrokerWorker struct {
	id      string
	service *mdBrokerService
	expiry  time.Time
}

func (b *mdBroker) service(name string) *mdBrokerService {
	s := b.services[name]
	if s == nil {
		s = &mdBrokerService{name: name}
		b.services[name] = s
	}
	return s
}

// clientMessage queues a request for a service, or answers one to the broker.
func (b *mdBroker) clientMessage(ctx context.Context, client, service string, body [][]byte) error {
	if strings.HasPrefix(service, "mmi.") {
		code := "501"
		if service == "mmi.service" {
			code = "404"
			for _, w := range b.workers {
				if w.service.name == string(body[len(body)-1]) {
					code = "200"
				}
			}
		}
		return b.router.SendTo(ctx, client, nil, []byte(mdpClient), []byte(service), []byte(code))
	}
	s := b.service(service)
	s.requests = append(s.requests, append([][]byte{[]byte(client), nil}, body...))
	return b.dispatch(ctx, s)
}

// workerMessage processes a command of a worker.
func (b *mdBroker) workerMessage(ctx context.Context, id, command string, frames [][]byte) error {
	w := b.workers[id]
	switch {
	case command == mdpReady && w == nil && len(frames) == 1 && !strings.HasPrefix(string(frames[0]), "mmi."):
		w = &mdBrokerWorker{id: id, service: b.service(string(frames[0]))}
		b.workers[id] = w
		return b.wait(ctx, w)
	case command == mdpReply && w != nil && len(frames) >= 3:
		reply := append([][]byte{nil, []byte(mdpClient), []byte(w.service.name)}, frames[2:]...)
		err := b.router.SendTo(ctx, string(frames[0]), reply...)
		if err != nil && !errors.Is(err, zmq.ErrNoRoute) { // the client has disconnected
			return err
		}
		return b.wait(ctx, w)
	case command == mdpHeartbeat && w != nil:
		w.expiry = time.Now().Add(mdpLiveness * mdpInterval)
		return nil
	case command == mdpDisconnect:
		b.remove(w)
		return nil
	default: // a command out of turn: the worker shall register again
		b.remove(w)
		return b.sendToWorker(ctx, id, mdpDisconnect)
	}
}

// wait makes a worker the last of those that wait for a request.
func (b *mdBroker) wait(ctx context.Context, w *mdBrokerWorker) error {
	w.expiry = time.Now().Add(mdpLiveness * mdpInterval)
	w.service.waiting = append(w.service.waiting, w)
	return b.dispatch(ctx, w.service)
}

// dispatch sends requests of a service to workers, while there are both.
func (b *mdBroker) dispatch(ctx context.Context, s *mdBrokerService) error {
	for len(s.requests) > 0 && len(s.waiting) > 0 {
		w := s.waiting[0]
		s.waiting = s.waiting[1:]
		err := b.sendToWorker(ctx, w.id, mdpRequest, s.requests[0]...)
		if errors.Is(err, zmq.ErrNoRoute) {
			b.remove(w) // the request goes to the next worker
			continue
		}
		if err != nil {
			return err
		}
		s.requests = s.requests[1:]
	}
	return nil
}

func (b *mdBroker) sendToWorker(ctx context.Context, id, command string, frames ...[]byte) error {
	message := append([][]byte{nil, []byte(mdpWorker), []byte(command)}, frames...)
	return b.router.SendTo(ctx, id, message...)
}

// heartbeat removes waiting workers that have expired, and sends heartbeats to the
// others.
func (b *mdBroker) heartbeat(ctx context.Context, now time.Time) error {
	for _, s := range b.services {
		for _, w := range slices.Clone(s.waiting) {
			if !now.Before(w.expiry) {
				b.remove(w)
				continue
			}
			err := b.sendToWorker(ctx, w.id, mdpHeartbeat)
			if err != nil && !errors.Is(err, zmq.ErrNoRoute) {
				return err
			}
		}
	}
	return nil
}

func (b *mdBroker) remove(w *mdBrokerWorker) {
	if w == nil {
		return
	}
	delete(b.workers, w.id)
	w.service.waiting = slices.DeleteFunc(w.service.waiting, func(other *mdBrokerWorker) bool { return other == w })
}
