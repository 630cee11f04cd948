package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
)

// peering2 is the prototype of the flow of requests between brokers (chapter 3): each
// broker has ten clients and three workers, and sends one in five requests of its clients
// to a peer.
//
//	go run ./zguide peering2 DC1 DC2     and DC2 DC1
//
// The C program asks the user to press Enter when all brokers run, because a ROUTER
// cannot send to a peer that it does not know. Here [zmq.SenderToID.ConnectAs] names the
// peer of each endpoint, so that messages wait for its connection.
func peering2(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("peering2", flag.ContinueOnError)
	at := flags.String("at", "ipc://", "prefix of the endpoints")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: peering2 ME [PEER ...]")
	}
	self, peers := flags.Arg(0), flags.Args()[1:]

	fmt.Fprintf(out, "I: preparing broker at %s...\n", self)
	b, err := newPeeringBroker(*at, self, peers)
	if err != nil {
		return err
	}
	defer b.close()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range 10 {
		go func() { cancel(peering2Client(ctx, out, *at+self+"-localfe.ipc")) }()
	}
	for range 3 {
		go func() { cancel(peering2Worker(ctx, out, *at+self+"-localbe.ipc")) }()
	}
	localfe, localbe := make(chan zmq.Message), make(chan zmq.Message)
	cloudfe, cloudbe := make(chan zmq.Message), make(chan zmq.Message)
	go b.localfe.Deliver(ctx, localfe)
	go b.localbe.Deliver(ctx, localbe)
	go b.cloudfe.Deliver(ctx, cloudfe)
	go b.cloudbe.Deliver(ctx, cloudbe)
	for {
		clients, cloud := localfe, cloudfe
		if len(b.workers) == 0 {
			clients, cloud = nil, nil
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
			if len(peers) > 0 && rand.IntN(5) == 0 {
				err = b.toPeer(ctx, m)
			} else {
				err = b.toWorker(ctx, m)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// peeringBroker has the sockets of a broker: ROUTERs for its clients, its workers, the
// brokers that send requests to it, and the brokers that it sends requests to.
//
// A request is passed on as the routing ID of its sender and the frames received from it:
// the ID of the client, an empty frame and the request, and before them, if it has come
// from a peer, the name of that broker.
type peeringBroker struct {
	peers                              []string
	localfe, localbe, cloudfe, cloudbe *zmq.Router
	workers                            []string // routing IDs of those that are ready
}

func newPeeringBroker(at, self string, peers []string) (b *peeringBroker, err error) {
	b = &peeringBroker{peers: peers}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	named := &zmq.Options{RoutingID: self, Linger: zmq.NoLinger}
	local := &zmq.Options{Linger: zmq.NoLinger}
	if b.cloudfe, err = zmq.NewRouter(named); err != nil {
		return b, err
	}
	if b.cloudbe, err = zmq.NewRouter(named); err != nil {
		return b, err
	}
	if b.localfe, err = zmq.NewRouter(local); err != nil {
		return b, err
	}
	if b.localbe, err = zmq.NewRouter(local); err != nil {
		return b, err
	}
	for name, s := range map[string]*zmq.Router{"cloud": b.cloudfe, "localfe": b.localfe, "localbe": b.localbe} {
		if _, err := s.Bind(at + self + "-" + name + ".ipc"); err != nil {
			return b, err
		}
	}
	for _, peer := range peers {
		if err := b.cloudbe.ConnectAs(at+peer+"-cloud.ipc", peer); err != nil {
			return b, err
		}
	}
	return b, nil
}

func (b *peeringBroker) close() {
	for _, s := range []*zmq.Router{b.cloudfe, b.cloudbe, b.localfe, b.localbe} {
		if s != nil {
			s.Close()
		}
	}
}

// toWorker sends a request to the worker that has been ready for longest.
func (b *peeringBroker) toWorker(ctx context.Context, m zmq.Message) error {
	worker := b.workers[0]
	b.workers = b.workers[1:]
	request := append([][]byte{nil, []byte(m.RoutingID())}, m.Frames()...)
	return b.localbe.SendTo(ctx, worker, request...)
}

// toPeer sends a request to a random peer.
func (b *peeringBroker) toPeer(ctx context.Context, m zmq.Message) error {
	peer := b.peers[rand.IntN(len(b.peers))]
	request := append([][]byte{[]byte(m.RoutingID())}, m.Frames()...)
	return b.cloudbe.SendTo(ctx, peer, request...)
}

// workerReply notes that a worker is ready and sends its reply, if it is one.
func (b *peeringBroker) workerReply(ctx context.Context, m zmq.Message) error {
	b.workers = append(b.workers, m.RoutingID())
	reply := m.Body().Frames()
	if len(reply) < 3 {
		return nil // the worker has reported that it is ready
	}
	return b.sendReply(ctx, reply)
}

// sendReply sends a reply to the peer or the client that its first frame names.
func (b *peeringBroker) sendReply(ctx context.Context, reply [][]byte) error {
	s, to := b.localfe, string(reply[0])
	if slices.Contains(b.peers, to) {
		s = b.cloudfe
	}
	err := s.SendTo(ctx, to, reply[1:]...)
	if errors.Is(err, zmq.ErrNoRoute) {
		return nil // it has disconnected
	}
	return err
}

// peering2Client sends a request each second.
func peering2Client(ctx context.Context, out io.Writer, endpoint string) error {
	client, err := zmq.NewReq(nil)
	if err != nil {
		return err
	}
	defer client.Shutdown(ctx)
	if err := client.Connect(endpoint); err != nil {
		return err
	}
	for {
		if err := client.Send(ctx, []byte("HELLO")); err != nil {
			return err
		}
		reply, err := client.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Client: %s\n", reply)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// peering2Worker reports that it is ready with a byte 1, and answers requests.
func peering2Worker(ctx context.Context, out io.Writer, endpoint string) error {
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
		fmt.Fprintf(out, "Worker: %s\n", request.Body())
		reply := append(request.Envelope(), []byte("OK"))
		if err := worker.Send(ctx, reply...); err != nil {
			return err
		}
	}
	return nil
}
