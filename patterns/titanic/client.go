package titanic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/mdp"
)

// Client uses a Titanic server through a Majordomo client. It has no state of its own.
// Its methods may be called concurrently. Their errors match those of [mdp.Client.Do], or
// ErrServer; the call may then be repeated.
type Client struct{ broker *mdp.Client }

// NewClient returns a client that uses the connection of a Majordomo client.
func NewClient(broker *mdp.Client) *Client { return &Client{broker} }

// Request stores a request to a service and returns its ID, which is needed to fetch
// the reply. After an error the request may be stored all the same, and is then executed.
// The error matches ErrUnknown if the server refuses the name of the service.
func (c *Client) Request(ctx context.Context, service string, body ...[]byte) (id ID, err error) {
	if len(body) == 0 {
		body = [][]byte{nil}
	}
	m, err := c.do(ctx, serviceRequest, append([][]byte{[]byte(service)}, body...)...)
	if err != nil {
		return id, err
	}
	if m.NumFrames() < 2 {
		return id, fmt.Errorf("%w: reply without an ID", ErrServer)
	}
	return ParseID(string(m.Frame(1)))
}

// Reply returns the reply to a request, and keeps it. The error matches ErrPending or
// ErrUnknown.
func (c *Client) Reply(ctx context.Context, id ID) (zmq.Message, error) {
	m, err := c.do(ctx, serviceReply, []byte(id.String()))
	if err != nil {
		return zmq.Message{}, err
	}
	return zmq.NewMessage(m.Frames()[1:]...), nil
}

// Wait calls Reply until it does not return ErrPending, at intervals that grow from 10 ms
// to a second.
func (c *Client) Wait(ctx context.Context, id ID) (zmq.Message, error) {
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		m, err := c.Reply(ctx, id)
		if !errors.Is(err, ErrPending) {
			return m, err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return m, fmt.Errorf("titanic: reply to %s: %w", id, ctx.Err())
		}
	}
}

// Close removes a request and its reply. A request that is being executed is not stopped.
// An unknown ID is not an error.
func (c *Client) Close(ctx context.Context, id ID) error {
	_, err := c.do(ctx, serviceClose, []byte(id.String()))
	return err
}

// do sends a request to a service of the server.
func (c *Client) do(ctx context.Context, service string, frames ...[]byte) (zmq.Message, error) {
	m, err := c.broker.Do(ctx, service, frames...)
	if err == nil {
		err = statusOf(m)
	}
	return m, err
}
