package mdp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// ClientOptions configure a client. In every field the zero value is the default, and
// negative values are errors that match [zmq.ErrInvalidOption].
type ClientOptions struct {
	// Socket are the options of the DEALERs, one after the other, that connect to the
	// broker. The client sets Immediate and AutoMessages.Hiccup. SendHWM is by default
	// MaxRequests. Reconnect also bounds the delay until a lost connection is replaced.
	// Default nil.
	Socket *zmq.Options

	// Version is the version of the protocol. Default [V02].
	Version Version

	// Timeout is how long a request that was sent waits for its reply, or for the next
	// one after a partial reply. It is checked with a precision of an eighth. Default
	// 30 s; [zmq.Forever] for no bound.
	Timeout time.Duration

	// Retries is how many times a request is sent again after Timeout or after the
	// connection was lost. The request may then be executed more than once, and
	// partial replies may be repeated. Default 0.
	Retries int

	// MaxRequests bounds the requests that wait for replies, sent or not. Further calls
	// wait. Default 10,000.
	MaxRequests int

	// MaxReplies bounds the replies to one request that a loop over Replies has not
	// reached. If there are more, the request fails with [ErrTooManyReplies].
	// Default 10,000.
	MaxReplies int

	// Sockets is a registry to which each DEALER is added as "mdp client". Default none.
	Sockets *zmqstat.Registry
}

// ClientStats are the counters of a client since it was made.
type ClientStats struct {
	Connected bool   // whether there is a connection to a broker now
	Pending   int    // requests that wait for replies, sent or not
	Requests  uint64 // requests of the application
	Replies   uint64 // final replies
	Partials  uint64 // partial replies
	Retries   uint64 // requests that were sent again
	Failed    uint64 // requests that ended without a final reply

	Malformed uint64 // messages that were dropped because they are not replies
	Stale     uint64 // replies that were dropped because no request waits for them
}

// Reply is a partial or final reply to a request: the frames that the worker has sent.
type Reply struct {
	zmq.Message
	Final bool
}

// Client sends requests to a broker. All methods may be called concurrently.
//
// With a [Broker] of this package any number of requests are in flight. Other brokers
// return nothing by which the reply to one of several requests is recognised: the
// client then sends one request at a time, and uses a new connection after one that had
// no reply.
type Client struct {
	endpoint string
	opt      ClientOptions
	socket   *zmq.Options

	closing context.Context
	end     context.CancelFunc
	done    chan struct{} // closed by the loop when it has ended
	room    chan struct{} // has a token for each request that may be added

	mu    sync.Mutex // guards the following
	calls calls
	link  *link              // nil without a connection
	build builder            // of requests
	renew context.CancelFunc // ends the use of link
	last  *zmq.Dealer        // the last socket, to explain why there is no connection
}

// NewClient starts a client of a broker, which need not exist yet. Nil options are all
// defaults. The error matches [zmq.ErrInvalidOption], or is as that of
// [zmq.Connector.Connect].
func NewClient(endpoint string, o *ClientOptions) (*Client, error) {
	c := &Client{endpoint: endpoint, done: make(chan struct{})}
	if o != nil {
		c.opt = *o
	}
	if err := c.configure(); err != nil {
		return nil, fmt.Errorf("mdp: new client: %w", err)
	}
	c.closing, c.end = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// configure checks the options and applies their defaults.
func (c *Client) configure() error {
	o := &c.opt
	for name, v := range map[string]int64{"Timeout": int64(o.Timeout), "Retries": int64(o.Retries), "MaxRequests": int64(o.MaxRequests), "MaxReplies": int64(o.MaxReplies)} {
		if v < 0 {
			return negative(name, v)
		}
	}
	if o.Version > V02 {
		return fmt.Errorf("%w: Version is %d", zmq.ErrInvalidOption, o.Version)
	}
	o.MaxRequests = min(cmp.Or(o.MaxRequests, 10_000), 1<<30)
	o.MaxReplies = cmp.Or(o.MaxReplies, 10_000)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	c.calls = calls{version: cmp.Or(o.Version, V02), timeout: o.Timeout, retries: o.Retries}
	c.room = make(chan struct{}, o.MaxRequests)
	c.socket = linkOptions(o.Socket)
	c.socket.SendHWM = cmp.Or(c.socket.SendHWM, o.MaxRequests)
	return checkEndpoint(c.endpoint, c.socket)
}

// Stats returns the counters.
func (c *Client) Stats() ClientStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.calls.stats
	s.Connected, s.Pending = c.calls.ready, c.calls.len()
	return s
}

// Do sends a request with a body of the frames, which it copies, and returns the body
// of the final reply; partial replies are dropped. Without frames the body is one empty
// frame.
//
// If ctx ends first, the error matches that of ctx and [context.Cause] of it; its text
// says why there is no connection. It matches [ErrTimeout] after ClientOptions.Timeout,
// and [zmq.ErrPeerLost] if the connection was lost. In these cases the request may have
// been executed, or may be executed later. Other errors match [zmq.ErrInvalidOption] if
// service cannot be the name of one, [zmq.ErrMessageTooLarge] or [zmq.ErrClosed].
func (c *Client) Do(ctx context.Context, service string, body ...[]byte) (m zmq.Message, err error) {
	in := newInbox(1)
	deliver := func(r Reply, err error) {
		if r.Final || err != nil {
			in.put(r, err)
		}
	}
	c.wait(ctx, service, body, in, deliver, func(r Reply, e error) bool {
		m, err = r.Message, e
		return false
	})
	return m, err
}

// Replies is like Do but returns an iterator over all replies: the partial ones and then
// the final one, or the error. The request is sent when the loop begins. A loop that
// ends early drops the further replies. The error may also match [ErrTooManyReplies].
func (c *Client) Replies(ctx context.Context, service string, body ...[]byte) iter.Seq2[Reply, error] {
	return func(yield func(Reply, error) bool) {
		in := newInbox(c.opt.MaxReplies)
		c.wait(ctx, service, body, in, in.put, yield)
	}
}

// wait sends a request, and passes the contents of the inbox to yield until the last one,
// the end of ctx or until yield returns false.
func (c *Client) wait(ctx context.Context, service string, body [][]byte, in *inbox, deliver func(Reply, error), yield func(Reply, error) bool) {
	call, err := c.start(ctx, service, zmq.NewMessage(body...).Clone(), deliver)
	if err != nil {
		yield(Reply{}, err)
		return
	}
	defer c.cancel(call)
	for {
		select {
		case <-in.wake:
		case <-ctx.Done():
			yield(Reply{}, c.contextError(ctx, service))
			return
		}
		for out, ok := in.take(); ok; out, ok = in.take() {
			if !yield(out.reply, out.err) || out.err != nil || out.reply.Final {
				return
			}
		}
	}
}

// Start sends a request and returns without waiting for its replies: the asynchronous
// form of Do, for programs that keep many requests in flight. It transfers ownership of
// the body, as [zmq.Sender.SendMessage] does. deliver is called by a goroutine of the
// client with each reply in order, the last of which is final, or with an error as that
// of Do. It delays all other replies, so it must not wait, and it may call Start only
// with an ended context.
//
// Start waits while MaxRequests other requests wait for replies. If ctx ends first,
// nothing was sent, and the error is as that of Do. ctx has no effect on a request that
// was started.
func (c *Client) Start(ctx context.Context, service string, body zmq.Message, deliver func(r Reply, err error)) error {
	_, err := c.start(ctx, service, body, deliver)
	return err
}

// start adds a call and sends it if that is possible now.
func (c *Client) start(ctx context.Context, service string, body zmq.Message, deliver func(Reply, error)) (*call, error) {
	name := []byte(service)
	if !validService(name) {
		return nil, fmt.Errorf("mdp: request: %w: %q cannot be the name of a service", zmq.ErrInvalidOption, service)
	}
	select {
	case c.room <- struct{}{}:
	default:
		select {
		case c.room <- struct{}{}:
		case <-c.closing.Done():
			return nil, requestError(service, zmq.ErrClosed)
		case <-ctx.Done():
			return nil, c.contextError(ctx, service)
		}
	}
	k := &call{service: name, body: body, deliver: deliver}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Err() != nil {
		<-c.room
		return nil, requestError(service, zmq.ErrClosed)
	}
	c.calls.add(k)
	if err := c.flushLocked(time.Now()); err != nil && c.calls.next() == k {
		c.calls.cancel(k)
		<-c.room
		return nil, requestError(service, err)
	}
	return k, nil
}

// flushLocked sends the calls that wait. An error is that of the call that next returns,
// which cannot be sent.
func (c *Client) flushLocked(now time.Time) error {
	defer c.build.reset()
	for k := c.calls.next(); k != nil && c.link != nil; k = c.calls.next() {
		err := c.link.TrySendMessage(c.calls.encode(&c.build, k))
		switch {
		case err == nil:
			c.calls.markSent(now, k)
		case errors.Is(err, zmq.ErrWouldBlock), errors.Is(err, zmq.ErrClosed):
			return nil
		default:
			return err
		}
	}
	return nil
}

// cancel removes a call, if it has no final reply yet.
func (c *Client) cancel(k *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.calls.len()
	if c.calls.cancel(k) && c.renew != nil {
		c.renew()
	}
	c.freeRoom(before - c.calls.len())
	c.flushLocked(time.Now())
}

// freeRoom permits n further requests.
func (c *Client) freeRoom(n int) {
	for range n {
		<-c.room
	}
}

// contextError is the error of a request whose context has ended.
func (c *Client) contextError(ctx context.Context, service string) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	c.mu.Lock()
	ready, last := c.calls.ready, c.last
	c.mu.Unlock()
	if !ready && last != nil {
		if why := last.WaitConnected(ctx); why != nil && !errors.Is(why, zmq.ErrClosed) {
			err = why
		}
	}
	return requestError(service, err)
}

// Close ends the client: requests without a final reply fail with [zmq.ErrClosed]. It
// returns when all goroutines have ended, so deliver functions must not call it.
func (c *Client) Close() error {
	c.end()
	<-c.done
	return nil
}
