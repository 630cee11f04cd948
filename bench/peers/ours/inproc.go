package main

import (
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

const inprocEndpoint = "inproc://bench"

func inprocThr(a peer.Args) (time.Duration, error) {
	s, err := zmq.NewPull(nil)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if _, err := s.Bind(inprocEndpoint); err != nil {
		return 0, err
	}
	o, err := zmq.NewPush(nil)
	if err != nil {
		return 0, err
	}
	defer o.Close()
	if err := o.Connect(inprocEndpoint); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- pushAll(o, a) }()
	d, err := pullAll(s, a)
	if err != nil {
		return 0, err
	}
	return d, <-done
}

func inprocLat(a peer.Args) (time.Duration, error) {
	s, err := zmq.NewReq(nil)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if _, err := s.Bind(inprocEndpoint); err != nil {
		return 0, err
	}
	o, err := zmq.NewRep(nil)
	if err != nil {
		return 0, err
	}
	defer o.Close()
	if err := o.Connect(inprocEndpoint); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- replyAll(o, a) }()
	d, err := requestAll(s, a)
	if err != nil {
		return 0, err
	}
	return d, <-done
}

func idleRouter(endpoint string) error {
	s, err := zmq.NewRouter(nil)
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
