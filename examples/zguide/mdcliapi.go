package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// The constants of the Majordomo protocol, https://rfc.zeromq.org/spec/7/
const (
	mdpClient = "MDPC01"
	mdpWorker = "MDPW01"

	mdpReady      = "\x01"
	mdpRequest    = "\x02"
	mdpReply      = "\x03"
	mdpHeartbeat  = "\x04"
	mdpDisconnect = "\x05"

	mdpInterval = 2500 * time.Millisecond
	mdpLiveness = 3 // intervals without a message after which a peer is dead
)

// mdClient is a synchronous client of the Majordomo protocol, the Guide's mdcliapi. A
// real program uses the package mdp of the module patterns.
type mdClient struct {
	broker  string
	timeout time.Duration
	retries int
	socket  *zmq.Req
}

// newMDClient returns a client that waits 2.5 seconds for a reply and sends a request up
// to three times.
func newMDClient(broker string) (*mdClient, error) {
	c := &mdClient{broker: broker, timeout: 2500 * time.Millisecond, retries: 3}
	return c, c.connect()
}

func (c *mdClient) connect() (err error) {
	if c.socket, err = zmq.NewReq(&zmq.Options{Linger: zmq.NoLinger}); err != nil {
		return err
	}
	return c.socket.Connect(c.broker)
}

func (c *mdClient) close() { c.socket.Close() }

// send sends a request to a service and returns the frames of its reply. Each attempt
// after the first is made on a new socket.
func (c *mdClient) send(ctx context.Context, service string, body ...[]byte) ([][]byte, error) {
	request := append([][]byte{[]byte(mdpClient), []byte(service)}, body...)
	for range c.retries {
		waiting, cancel := context.WithTimeout(ctx, c.timeout)
		m, err := c.try(waiting, request)
		cancel()
		switch {
		case err == nil:
			reply := m.Frames()
			if len(reply) < 3 || string(reply[0]) != mdpClient || string(reply[1]) != service {
				return nil, fmt.Errorf("malformed reply of broker: %q", m)
			}
			return reply[2:], nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return nil, err
		}
		c.socket.Close()
		if err := c.connect(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("service %s: no reply of broker %s", service, c.broker)
}

func (c *mdClient) try(ctx context.Context, request [][]byte) (zmq.Message, error) {
	if err := c.socket.Send(ctx, request...); err != nil {
		return zmq.Message{}, err
	}
	return c.socket.Recv(ctx)
}
