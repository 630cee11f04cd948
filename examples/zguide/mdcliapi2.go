package main

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

// mdClient2 is an asynchronous client of the Majordomo protocol, the Guide's mdcliapi2:
// any number of requests may be sent before their replies are received. A real program
// uses the package mdp of the module patterns.
type mdClient2 struct{ socket *zmq.Dealer }

func newMDClient2(broker string) (*mdClient2, error) {
	socket, err := zmq.NewDealer(&zmq.Options{Linger: zmq.NoLinger})
	if err != nil {
		return nil, err
	}
	return &mdClient2{socket}, socket.Connect(broker)
}

func (c *mdClient2) close() { c.socket.Close() }

func (c *mdClient2) send(ctx context.Context, service string, body ...[]byte) error {
	request := append([][]byte{nil, []byte(mdpClient), []byte(service)}, body...)
	return c.socket.Send(ctx, request...)
}

// recv returns the frames of the next reply.
func (c *mdClient2) recv(ctx context.Context) ([][]byte, error) {
	m, err := c.socket.Recv(ctx)
	if err != nil {
		return nil, err
	}
	reply := m.Frames()
	if len(reply) < 4 || len(reply[0]) > 0 || string(reply[1]) != mdpClient {
		return nil, fmt.Errorf("malformed reply of broker: %q", m)
	}
	return reply[3:], nil
}
