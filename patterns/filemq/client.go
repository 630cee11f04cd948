package filemq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Change is a file of the inbox that was stored or deleted.
type Change struct {
	Name    string // relative to the inbox, with slashes
	Deleted bool
}

// ClientStats has the counters of a Client since it was made.
type ClientStats struct {
	Connected bool // OHAI-OK was received, and the session has not ended

	Sessions uint64 // times that OHAI was sent
	Files    uint64 // stored
	Deleted  uint64
	Bytes    uint64 // of chunks

	Invalid     uint64 // sessions that ended with RTFM
	Timeouts    uint64 // sessions that ended because the server was silent
	OutOfOrder  uint64 // sessions that ended because a chunk was missing or malformed
	StoreErrors uint64 // files that could not be stored or deleted; a later session requests them again
	OverLimit   uint64 // files above MaxFileSize or MaxFiles
	BadNames    uint64 // files whose name would leave the inbox
	Missed      uint64 // changes that were dropped because QueueSize was reached
}

// Client receives the files of a server. All methods may be called concurrently.
type Client struct {
	o        *ClientOptions
	endpoint string
	inbox    inbox // of run
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{}

	mu      sync.Mutex
	changes []Change
	changed chan struct{} // closed and replaced when changes or refused change
	refused error
	stats   ClientStats
}

// reconnectDelay is the time between two sessions.
const reconnectDelay = 500 * time.Millisecond

// NewClient starts a client, which connects to the endpoint of a server as often as
// necessary. The error matches ErrInvalidOption, is that of the directory, or one of
// zmq.Connector.Connect.
func NewClient(endpoint string, o *ClientOptions) (*Client, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(c.Inbox)
	if err != nil {
		return nil, fmt.Errorf("filemq: %w", err)
	}
	cl := &Client{
		o:        c,
		endpoint: endpoint,
		inbox:    inbox{root: root, maxSize: c.MaxFileSize, maxFile: c.MaxFiles},
		done:     make(chan struct{}),
		changed:  make(chan struct{}),
	}
	d, err := cl.dial()
	if err != nil {
		root.Close()
		return nil, err
	}
	cl.ctx, cl.cancel = context.WithCancel(context.Background())
	go cl.run(d)
	return cl, nil
}

// Recv returns the next change of the inbox. It waits until there is one, and returns the
// error of ctx if that ends first, one that matches ErrRefused if the server has refused
// the client, after which it does not connect again, or ErrClosed.
func (c *Client) Recv(ctx context.Context) (Change, error) {
	for {
		c.mu.Lock()
		changed, refused := c.changed, c.refused
		if len(c.changes) > 0 {
			next := c.changes[0]
			c.changes = c.changes[1:]
			c.mu.Unlock()
			return next, nil
		}
		c.mu.Unlock()
		if refused != nil {
			return Change{}, refused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Change{}, ctx.Err()
		case <-c.ctx.Done():
			return Change{}, fmt.Errorf("filemq: receive: %w", ErrClosed)
		}
	}
}

// Changes returns an iterator over the changes as Recv returns them. Its last pair has the
// error that ends it.
func (c *Client) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			ch, err := c.Recv(ctx)
			if !yield(ch, err) || err != nil {
				return
			}
		}
	}
}

// Stats returns the counters.
func (c *Client) Stats() ClientStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Close ends the session with KTHXBAI, and waits until all goroutines have ended. A file
// that has not arrived completely is removed.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	return nil
}

// count changes the counters.
func (c *Client) count(change func(*ClientStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

// report queues a change.
func (c *Client) report(ch Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.changes) >= c.o.QueueSize {
		c.changes = c.changes[1:]
		c.stats.Missed++
	}
	c.changes = append(c.changes, ch)
	if ch.Deleted {
		c.stats.Deleted++
	} else {
		c.stats.Files++
	}
	c.notify()
}

func (c *Client) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// dial returns a new socket, which connects to the server.
func (c *Client) dial() (*zmq.Dealer, error) {
	var so zmq.Options
	if c.o.Socket != nil {
		so = *c.o.Socket
	}
	d, err := zmq.NewDealer(&so)
	if err != nil {
		return nil, err
	}
	if err := d.Connect(c.endpoint); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// run has one session after the other, until the client is closed or refused.
func (c *Client) run(d *zmq.Dealer) {
	defer close(c.done)
	defer c.inbox.root.Close()
	for {
		if d != nil {
			c.inbox.inventory()
			err := c.session(d)
			c.inbox.abort()
			hangUp(d)
			if c.end(err) {
				return
			}
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(reconnectDelay):
		}
		d, _ = c.dial() // it succeeded in NewClient; otherwise it is tried again
	}
}

// hangUp says KTHXBAI and closes the socket.
func hangUp(d *zmq.Dealer) {
	d.TrySend((&command{id: cmdKthxbai}).encode())
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	d.Shutdown(ctx)
}

// Reasons for which a session ends.
var (
	errRtfm    = errors.New("the server rejected a command")
	errTimeout = errors.New("the server is silent")
	errStore   = errors.New("a file could not be stored")
)

// end counts why a session has ended. It reports whether it was the last one.
func (c *Client) end(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Connected = false
	switch {
	case errors.Is(err, ErrRefused):
		c.refused = err
		c.notify()
		return true
	case errors.Is(err, errRtfm):
		c.stats.Invalid++
	case errors.Is(err, errTimeout):
		c.stats.Timeouts++
	case errors.Is(err, errOrder):
		c.stats.OutOfOrder++
	}
	return c.ctx.Err() != nil
}

// subscription returns the ICANHAZ for a path, with the digests of the files below it.
func (c *Client) subscription(path string) *command {
	cache := make(map[string]string)
	for name, f := range c.inbox.known {
		if f.digest != "" && strings.HasPrefix("/"+name, path) {
			cache["/"+name] = f.digest
		}
	}
	return &command{id: cmdIcanhaz, path: path, options: map[string]string{"RESYNC": "1"}, cache: cache}
}
