package main

import (
	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

func beatRouter(endpoint string) error {
	return serveRouter(endpoint, &zmq.Options{Heartbeat: zmq.HeartbeatOptions{Interval: peer.HeartbeatInterval}})
}

func crowd(endpoint string, count int) error {
	dealers := make([]*zmq.Dealer, count)
	for i := range dealers {
		s, err := zmq.NewDealer(nil)
		if err != nil {
			return err
		}
		if err := s.Connect(endpoint); err != nil {
			return err
		}
		dealers[i] = s
	}
	return peer.Crowd(func() (n int) {
		for _, s := range dealers {
			n += s.Stats().Peers
		}
		return n
	})
}
