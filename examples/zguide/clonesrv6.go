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

// clonesrv6 is the sixth model of the Clone pattern (chapter 5): two servers, of which
// one is active (see bstar.go). The passive one stores the updates of the active one, and
// keeps the updates of clients that the active one has not published. Start it with -p as
// the primary server and with -b as the backup server; clonecli6 is the client.
//
// A real program uses the packages clone and binarystar of the module patterns.
func clonesrv6(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("clonesrv6", flag.ContinueOnError)
	primary := flags.Bool("p", false, "primary server")
	backup := flags.Bool("b", false, "backup server")
	at := flags.String("at", "tcp://127.0.0.1:", "prefix of the endpoints, before a port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	local, remote, port, peer, state := "5003", "5004", 5556, 5566, bstarPrimary
	switch {
	case *primary == *backup:
		return errors.New("usage: clonesrv6 -p | -b")
	case *primary:
		fmt.Fprintln(out, "I: primary active, waiting for backup (passive)")
	case *backup:
		fmt.Fprintln(out, "I: backup passive, waiting for primary (active)")
		local, remote, port, peer, state = "5004", "5003", 5566, 5556, bstarBackup
	}

	b, err := newBStar(out, state, *at+local, *at+remote)
	if err != nil {
		return err
	}
	defer b.close()
	s := &cloneServer{out: out, bstar: b, store: kvStore{}, peer: fmt.Sprint(*at, peer)}
	defer s.close()
	if err := s.open(*at, port, peer); err != nil {
		return err
	}
	return s.serve(ctx)
}

type cloneServer struct {
	out      io.Writer
	bstar    *bstar
	store    kvStore
	synced   bool // whether store has the keys of the active server
	sequence int64
	pending  []kvMsg // updates of clients that the active server has not published

	peer       string      // endpoint of the peer for snapshots
	snapshot   *zmq.Router // requests of snapshots
	publisher  *zmq.Pub    // updates, and a HUGZ each second
	collector  *zmq.Sub    // updates of clients
	subscriber *zmq.Sub    // updates of the peer
}

func (s *cloneServer) open(at string, port, peer int) (err error) {
	if s.snapshot, err = zmq.NewRouter(nil); err != nil {
		return err
	}
	if s.publisher, err = zmq.NewPub(&zmq.Options{Linger: time.Second}); err != nil {
		return err
	}
	if s.collector, err = zmq.NewSub(nil); err != nil {
		return err
	}
	if s.subscriber, err = zmq.NewSub(nil); err != nil {
		return err
	}
	if err := errors.Join(s.collector.Subscribe(""), s.subscriber.Subscribe("")); err != nil {
		return err
	}
	for i, socket := range []zmq.Socket{s.snapshot.Socket, s.publisher.Socket, s.collector.Socket} {
		if _, err := socket.Bind(fmt.Sprint(at, port+i)); err != nil {
			return err
		}
	}
	return s.subscriber.Connect(fmt.Sprint(at, peer+1))
}

func (s *cloneServer) close() {
	if s.snapshot != nil {
		s.snapshot.Close()
	}
	if s.publisher != nil {
		s.publisher.Close()
	}
	if s.collector != nil {
		s.collector.Close()
	}
	if s.subscriber != nil {
		s.subscriber.Close()
	}
}

func (s *cloneServer) serve(ctx context.Context) error {
	requests, states := make(chan zmq.Message), make(chan zmq.Message)
	collected, replicated := make(chan zmq.Message), make(chan zmq.Message)
	go s.snapshot.Deliver(ctx, requests)
	go s.bstar.statesub.Deliver(ctx, states)
	go s.collector.Deliver(ctx, collected)
	go s.subscriber.Deliver(ctx, replicated)
	tick := time.NewTicker(bstarInterval)
	defer tick.Stop()
	for {
		before := s.bstar.state
		var err error
		select {
		case m := <-requests:
			if s.bstar.clientRequest() {
				if err = s.becomeActive(ctx, before); err == nil { // so that the snapshot has the pending updates
					err = s.sendSnapshot(ctx, m)
				}
				before = s.bstar.state
			}
		case m := <-states:
			err = s.bstar.peerState(m)
		case m := <-collected:
			err = s.clientUpdate(ctx, m)
		case m := <-replicated:
			err = s.peerUpdate(ctx, m)
		case now := <-tick.C:
			err = s.tick(ctx, now)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := s.becomeActive(ctx, before); err != nil {
			return err
		}
		if s.bstar.state == bstarPassive && before != bstarPassive {
			s.store, s.synced = kvStore{}, false
		}
	}
}

// becomeActive publishes the pending updates if the server was not active before.
func (s *cloneServer) becomeActive(ctx context.Context, before bstarState) error {
	if s.bstar.state != bstarActive || before == bstarActive {
		return nil
	}
	pending := s.pending
	s.pending = nil
	for _, kv := range pending {
		if err := s.publish(ctx, kv, "pending"); err != nil {
			return err
		}
	}
	return nil
}

// publish numbers, stores and publishes an update.
func (s *cloneServer) publish(ctx context.Context, kv kvMsg, what string) error {
	s.sequence++
	kv.sequence = s.sequence
	s.store.set(kv, time.Duration(kv.ttl())*time.Second)
	fmt.Fprintf(s.out, "I: publishing %s=%d\n", what, s.sequence)
	return s.publisher.Send(ctx, kv.frames()...)
}

// sendSnapshot sends the keys of a subtree to a client or the peer.
func (s *cloneServer) sendSnapshot(ctx context.Context, request zmq.Message) error {
	if request.NumFrames() != 2 || string(request.Frame(0)) != "ICANHAZ?" {
		fmt.Fprintf(s.out, "E: bad request %q\n", request)
		return nil
	}
	fmt.Fprintf(s.out, "I: sending snapshot=%d\n", s.sequence)
	err := clonesrv5Send(ctx, s.snapshot, request.RoutingID(), s.store, string(request.Frame(1)), s.sequence)
	if errors.Is(err, zmq.ErrNoRoute) {
		return nil
	}
	return err
}

// clientUpdate publishes an update of a client, or keeps it until the active server has
// published it.
func (s *cloneServer) clientUpdate(ctx context.Context, m zmq.Message) error {
	kv, err := parseKVMsg(m)
	if err != nil {
		fmt.Fprintf(s.out, "E: %v\n", err)
		return nil
	}
	if s.bstar.state == bstarActive {
		return s.publish(ctx, kv, "update")
	}
	if !s.removePending(kv.uuid) {
		s.pending = append(s.pending, kv)
	}
	return nil
}

// peerUpdate stores an update of the active server. It first requests a snapshot if the
// server has none.
func (s *cloneServer) peerUpdate(ctx context.Context, m zmq.Message) error {
	if s.bstar.state != bstarPassive {
		return nil
	}
	if !s.synced {
		fmt.Fprintln(s.out, "I: asking peer for snapshot")
		waiting, cancel := context.WithTimeout(ctx, time.Second)
		sequence, err := cloneRequest(waiting, s.peer, s.store, "")
		cancel()
		if err != nil {
			return nil // the next message of the peer repeats it
		}
		s.sequence, s.synced = sequence, true
		fmt.Fprintf(s.out, "I: received snapshot=%d\n", sequence)
	}
	kv, err := parseKVMsg(m)
	if err != nil || kv.key == "HUGZ" {
		return err
	}
	if !s.removePending(kv.uuid) {
		s.pending = append(s.pending, kv) // the client's copy is yet to come
	}
	if kv.sequence > s.sequence {
		s.sequence = kv.sequence
		s.store.set(kv, time.Duration(kv.ttl())*time.Second)
		fmt.Fprintf(s.out, "I: received update=%d\n", s.sequence)
	}
	return nil
}

// removePending reports whether an update was pending.
func (s *cloneServer) removePending(uuid string) bool {
	for i, kv := range s.pending {
		if kv.uuid == uuid {
			s.pending = append(s.pending[:i], s.pending[i+1:]...)
			return true
		}
	}
	return false
}

// tick publishes the state, a HUGZ, and the deletion of keys that have expired.
func (s *cloneServer) tick(ctx context.Context, now time.Time) error {
	if err := s.bstar.publish(ctx); err != nil {
		return err
	}
	if s.bstar.state == bstarActive {
		for _, key := range s.store.expired(now) {
			if err := s.publish(ctx, newKVMsg(key, nil, 0), "delete"); err != nil {
				return err
			}
		}
	}
	hugz := kvMsg{key: "HUGZ", sequence: s.sequence}
	return s.publisher.Send(ctx, hugz.frames()...)
}
