package main

import (
	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
	"github.com/zerobroker/zmq/curve"
)

// options returns the options of one side of a tcp connection. With -curve the
// binding side is the server.
func options(server bool) (*zmq.Options, error) {
	o := &zmq.Options{Latency: zmq.LatencyOptions{Spin: spin}}
	if !secured {
		return o, nil
	}
	secret := peer.CurveClientKey
	if server {
		secret = peer.CurveServerKey
	}
	key, err := curve.ParseKey(secret)
	if err != nil {
		return nil, err
	}
	if server {
		o.Security = zmq.Security{Mechanism: zmq.Curve{Key: key, Server: true}, Authenticator: zmq.AllowAny}
		return o, nil
	}
	serverKey, err := curve.ParseKey(peer.CurveServerKey)
	if err != nil {
		return nil, err
	}
	o.Security.Mechanism = zmq.Curve{Key: key, ServerKey: serverKey.Public()}
	return o, nil
}
