package ppp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// ClientOptions configure a [Client]. In every field the zero value is the default.
type ClientOptions struct {
	// Socket has the options of the REQ socket, such as its security. Default all
	// defaults.
	Socket *zmq.Options

	// Timeout is how long one attempt waits for a connected queue and the reply.
	// Default 2.5 s.
	Timeout time.Duration

	// Attempts is how often a request is sent at most. Default 3.
	Attempts int

	// Sockets is a registry to which the client adds its socket, as "ppp client".
	// Default none.
	Sockets *zmqstat.Registry
}

// Client sends requests and repeats those that are not answered in time. It is the
// Guide's Lazy Pirate client. Its peers are queues, or REP and ROUTER sockets that serve
// the requests themselves. All methods may be called concurrently, and requests are sent
// concurrently.
//
// The client has one REQ socket and sends with [zmq.Req.Do]: each request carries an ID,
// so that the reply to an earlier attempt is not taken for that to another request, and
// a lost connection ends no other request. The ID is a frame before the empty one. A
// [Queue] does not pass it to workers. Through the queue of the Guide's examples their
// workers would receive it, and refuse it.
type Client struct {
	socket   *zmq.Req
	timeout  time.Duration
	attempts int

	requests, replies, retries, failures atomic.Uint64
}

// NewClient returns a client that is connected to one or more endpoints, of which it
// uses one after the other. The error matches [ErrInvalidOption],
// [zmq.ErrInvalidEndpoint] or [zmq.ErrUnsupportedTransport].
func NewClient(endpoints []string, o *ClientOptions) (*Client, error) {
	var v ClientOptions
	if o != nil {
		v = *o
	}
	if err := errors.Join(
		positive("Timeout", &v.Timeout, defaultTimeout),
		positive("Attempts", &v.Attempts, defaultClientTries),
	); err != nil {
		return nil, err
	}
	if len(endpoints) == 0 {
		return nil, fmt.Errorf("ppp: a client without endpoints: %w", ErrInvalidOption)
	}
	s, err := zmq.NewReq(v.Socket)
	if err != nil {
		return nil, fmt.Errorf("ppp: socket of a client: %w", err)
	}
	for _, e := range endpoints {
		if err := s.Connect(e); err != nil {
			s.Close()
			return nil, fmt.Errorf("ppp: %w", err)
		}
	}
	if v.Sockets != nil {
		v.Sockets.Add("ppp client", s.Socket)
	}
	return &Client{socket: s, timeout: v.Timeout, attempts: v.Attempts}, nil
}

// Request sends a request of the frames and returns its reply. If an attempt is not
// answered within [ClientOptions].Timeout, or its connection is lost, Request sends the
// request again. So the request is carried out at least once if Request returns a reply;
// it may be carried out several times, also after Request has returned.
//
// After the last attempt the error matches [ErrNoReply] and that of the attempt, whose
// text says why no queue is connected if that is the cause. If no byte of any attempt
// was sent, it also matches [zmq.ErrWithdrawn]: the request is not carried out. If ctx
// ends, the error matches that of the context. Other errors match
// [zmq.ErrMessageTooLarge] or [ErrClosed].
func (c *Client) Request(ctx context.Context, frames ...[]byte) (zmq.Message, error) {
	c.requests.Add(1)
	sent := false // part of the request may have reached a queue
	for attempt := 1; ; attempt++ {
		reply, err := c.try(ctx, frames)
		if err == nil {
			c.replies.Add(1)
			return reply, nil
		}
		sent = sent || !errors.Is(err, zmq.ErrWithdrawn)
		switch {
		case ctx.Err() != nil:
		case !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, zmq.ErrPeerLost):
		case attempt < c.attempts:
			c.retries.Add(1)
			continue
		default:
			err = fmt.Errorf("%w after %d attempts: %w", ErrNoReply, attempt, err)
		}
		c.failures.Add(1)
		if sent && errors.Is(err, zmq.ErrWithdrawn) {
			err = uncertain{err}
		}
		return zmq.Message{}, err
	}
}

// try makes one attempt.
func (c *Client) try(ctx context.Context, frames [][]byte) (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.socket.Do(ctx, frames...)
}

// uncertain is an error that does not match [zmq.ErrWithdrawn]: the last attempt was
// withdrawn, but an earlier one was not.
type uncertain struct{ err error }

func (u uncertain) Error() string { return u.err.Error() }

func (u uncertain) Is(target error) bool {
	return target != zmq.ErrWithdrawn && errors.Is(u.err, target)
}

// Close closes the client. Requests in progress end with [ErrClosed]. Its error is that
// of [zmq.Socket.Close].
func (c *Client) Close() error { return c.socket.Close() }

// ClientStats has the counters of a [Client].
type ClientStats struct {
	Requests uint64 // calls of Request
	Replies  uint64 // calls that returned a reply
	Retries  uint64 // attempts after the first of a call
	Failures uint64 // calls that returned an error
}

// Stats returns the counters. Replies that no call waits for any longer are counted by
// the socket, under [zmq.DropStaleReply].
func (c *Client) Stats() ClientStats {
	return ClientStats{
		Requests: c.requests.Load(), Replies: c.replies.Load(),
		Retries: c.retries.Load(), Failures: c.failures.Load(),
	}
}
