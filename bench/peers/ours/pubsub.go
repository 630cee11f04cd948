package main

import (
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

// pub returns the command that publishes to many subscribers. If wait is false,
// it drops messages for full subscribers.
func pub(wait bool) peer.Command {
	return func(a peer.Args) (time.Duration, error) {
		o := &zmq.Options{}
		if wait {
			o.Overflow = zmq.OverflowBlock
		}
		s, err := zmq.NewPub(o)
		if err != nil {
			return 0, err
		}
		defer s.Close()
		endpoint, err := s.Bind(a.Endpoint)
		if err != nil {
			return 0, err
		}
		peer.Bound(endpoint)
		return peer.Publish(a, func(body []byte) error { return s.Send(background, body) })
	}
}

func subs(a peer.Args) (*peer.Tally, error) {
	t := peer.NewTally(a)
	done := make(chan error)
	for range peer.Subscribers {
		s, err := zmq.NewSub(nil)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		if err := s.Subscribe(""); err != nil {
			return nil, err
		}
		if err := s.Connect(a.Endpoint); err != nil {
			return nil, err
		}
		go func() {
			done <- t.Receive(func() ([]byte, error) {
				m, err := s.Recv(background)
				if err != nil {
					return nil, err
				}
				return m.Frame(0), nil
			})
		}()
	}
	for range peer.Subscribers {
		if err := <-done; err != nil {
			return nil, err
		}
	}
	return t, nil
}

// topicPub blocks while its subscriber is full, so that it measures only queued
// messages. It raises the subscription limits, and turns heartbeats off because
// the subscriber does not answer PING.
func topicPub(endpoint string, count int) error {
	s, err := zmq.NewPub(&zmq.Options{
		Overflow:  zmq.OverflowBlock,
		Limits:    zmq.Limits{MaxSubscriptions: zmq.Unlimited, MaxSubscriptionBytes: zmq.Unlimited},
		Heartbeat: zmq.HeartbeatOptions{Interval: zmq.Forever},
	})
	if err != nil {
		return err
	}
	defer s.Close()
	at, err := s.Bind(endpoint)
	if err != nil {
		return err
	}
	peer.Bound(at)
	p := peer.TopicPublisher{
		Send: func(topic []byte) error { return s.Send(background, topic) },
		Left: s.TopicCount,
	}
	var msgs []zmq.Message
	p.SendBatch = func(topics [][]byte) error {
		msgs = msgs[:0]
		for _, topic := range topics {
			msgs = append(msgs, zmq.NewMessage(topic))
		}
		_, err := s.SendBatch(background, msgs)
		return err
	}
	return p.Serve(count)
}
