package freelance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// ClientOptions configure a [Client]. In every field the zero value is the default.
type ClientOptions struct {
	// Strategy selects how the client uses the servers. Default [Tracked].
	Strategy Strategy

	// Socket has the options of the sockets, such as their security: one ROUTER with
	// Tracked, whose Immediate, RoutingID and Router.Notify are replaced, otherwise one
	// REQ for each server. Default all defaults.
	Socket *zmq.Options

	// Timeout is how long one attempt waits for the reply, and for a server if none is
	// connected. Default 2.5 s.
	Timeout time.Duration

	// Attempts is how often a request is sent at most: to one server, or with Shotgun to
	// all of them. An attempt whose server disconnects ends before the timeout.
	// Default 3, or the number of servers if that is greater.
	Attempts int

	// PingInterval is the time without a message from a server before PING is sent to
	// it, and the time between PINGs. For Tracked. Default 2 s.
	PingInterval time.Duration

	// Liveness is after how many ping intervals without a message a server is
	// considered dead. RFC 10 recommends 2 to 3. For Tracked. Default 3.
	Liveness int

	// MaxRequests bounds the requests in progress. Default 10000.
	MaxRequests int

	// Sockets is a registry to which the client adds its sockets, as "freelance
	// client". Default none.
	Sockets *zmqstat.Registry
}

// Client sends requests to servers that can replace each other. All methods may be called
// concurrently, and requests are sent concurrently.
type Client struct{ impl impl }

// impl is a client with one of the strategies.
type impl interface {
	request(ctx context.Context, frames [][]byte) (zmq.Message, error)
	servers() []ServerInfo
	stats() ClientStats
	close() error
}

// NewClient returns a client that is connected to the endpoints of one or more servers.
// The error matches [ErrInvalidOption], [zmq.ErrInvalidEndpoint] or
// [zmq.ErrUnsupportedTransport].
func NewClient(endpoints []string, o *ClientOptions) (*Client, error) {
	var v ClientOptions
	if o != nil {
		v = *o
	}
	endpoints = slices.Clone(endpoints)
	if err := errors.Join(
		positive("Timeout", &v.Timeout, defaultTimeout),
		positive("Attempts", &v.Attempts, max(defaultAttempts, len(endpoints))),
		positive("PingInterval", &v.PingInterval, defaultPing),
		positive("Liveness", &v.Liveness, defaultLiveness),
		positive("MaxRequests", &v.MaxRequests, defaultMaxRequests),
		checkEndpoints(endpoints),
	); err != nil {
		return nil, err
	}
	var c Client
	var err error
	switch v.Strategy {
	case Tracked:
		c.impl, err = newTrack(endpoints, &v)
	case Failover, Shotgun:
		c.impl, err = newReqs(endpoints, &v)
	default:
		err = fmt.Errorf("freelance: strategy %d: %w", v.Strategy, ErrInvalidOption)
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func checkEndpoints(endpoints []string) error {
	if len(endpoints) == 0 {
		return fmt.Errorf("freelance: a client without servers: %w", ErrInvalidOption)
	}
	for i, e := range endpoints {
		if slices.Contains(endpoints[:i], e) {
			return fmt.Errorf("freelance: the server %s occurs twice: %w", e, ErrInvalidOption)
		}
	}
	return nil
}

// Request sends a request of the frames, which it copies, and returns the reply to it. It
// makes up to [ClientOptions].Attempts attempts, so the request may be carried out
// several times, also after Request has returned.
//
// After the last attempt the error matches [ErrNoReply]. If ctx ends before, it matches
// the error of the context. Other errors match [ErrBusy], [zmq.ErrMessageTooLarge] or
// [ErrClosed].
func (c *Client) Request(ctx context.Context, frames ...[]byte) (zmq.Message, error) {
	return c.impl.request(ctx, frames)
}

// Servers describes the servers, in the order in which NewClient was given them.
func (c *Client) Servers() []ServerInfo { return c.impl.servers() }

// ServerInfo describes a server of a [Client].
type ServerInfo struct {
	Endpoint string
	Alive    bool // connected and, with Tracked, not silent for too long
}

// Close closes the client. Requests in progress end with [ErrClosed]. Close waits until
// the sockets have written their messages, at most [zmq.Options.Linger], and until all
// goroutines have ended. Its error is that of [zmq.Socket.Close].
func (c *Client) Close() error { return c.impl.close() }

// ClientStats has the counters of a [Client].
type ClientStats struct {
	Requests uint64 // calls of Request
	Replies  uint64 // calls that returned a reply
	Retries  uint64 // attempts after the first of a call
	Failures uint64 // calls that returned an error
	Expired  uint64 // servers considered dead because they were silent, with Tracked

	Drops ClientDrops
}

// ClientDrops counts the messages that a [Client] has received and dropped. The sockets
// of Failover and Shotgun count late replies under [zmq.DropStaleReply].
type ClientDrops struct {
	StaleReply uint64 // replies to a request that has ended, such as the second one
	Malformed  uint64 // messages that are no reply of the strategy
}

// Stats returns the counters.
func (c *Client) Stats() ClientStats { return c.impl.stats() }
