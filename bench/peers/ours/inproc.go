package main

import (
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

const inprocEndpoint = "inproc://bench"

func inprocThr(a peer.Args) (time.Duration, error) {
	return overInproc(a, zmq.NewPull, zmq.NewPush, pullAll, pushAll)
}

func inprocLat(a peer.Args) (time.Duration, error) {
	return overInproc(a, zmq.NewReq, zmq.NewRep, requestAll, replyAll)
}

// endpoints are the methods of all sockets that overInproc calls.
type endpoints interface {
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Close() error
}

// overInproc connects a far socket to a near one, runs the far side in a goroutine,
// and returns what the near side has measured.
func overInproc[N, F endpoints](
	a peer.Args,
	newNear func(*zmq.Options) (N, error), newFar func(*zmq.Options) (F, error),
	near func(N, peer.Args) (time.Duration, error), far func(F, peer.Args) error,
) (time.Duration, error) {
	s, err := newNear(nil)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if _, err := s.Bind(inprocEndpoint); err != nil {
		return 0, err
	}
	o, err := newFar(nil)
	if err != nil {
		return 0, err
	}
	defer o.Close()
	if err := o.Connect(inprocEndpoint); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- far(o, a) }()
	d, err := near(s, a)
	if err != nil {
		return 0, err
	}
	return d, <-done
}

func idleRouter(endpoint string) error { return serveRouter(endpoint, nil) }

// serveRouter binds a ROUTER and receives until standard input ends.
func serveRouter(endpoint string, o *zmq.Options) error {
	s, err := zmq.NewRouter(o)
	if err != nil {
		return err
	}
	defer s.Close()
	at, err := s.Bind(endpoint)
	if err != nil {
		return err
	}
	peer.Bound(at)
	go func() { // like an application that waits for messages
		for {
			if _, err := s.Recv(background); err != nil {
				return
			}
		}
	}()
	return peer.Serve()
}
