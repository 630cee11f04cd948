package freelance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// reqs is a client with the strategy [Failover] or [Shotgun]. It has a REQ for each
// server, whose Do distinguishes the replies to concurrent requests.
type reqs struct {
	strategy  Strategy
	endpoints []string
	sockets   []*zmq.Req
	timeout   time.Duration
	attempts  int
	max       int

	mu       sync.Mutex
	active   int // requests in progress
	current  int // server that has answered last
	sequence uint64
	counters ClientStats
}

func newReqs(endpoints []string, v *ClientOptions) (*reqs, error) {
	c := &reqs{strategy: v.Strategy, endpoints: endpoints, timeout: v.Timeout, attempts: v.Attempts, max: v.MaxRequests}
	for _, e := range endpoints {
		s, err := zmq.NewReq(v.Socket)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("freelance: socket of a client: %w", err)
		}
		c.sockets = append(c.sockets, s)
		if err := s.Connect(e); err != nil {
			c.close()
			return nil, fmt.Errorf("freelance: %w", err)
		}
		if v.Sockets != nil {
			v.Sockets.Add("freelance client", s.Socket)
		}
	}
	return c, nil
}

func (c *reqs) request(ctx context.Context, frames [][]byte) (zmq.Message, error) {
	sequence, err := c.begin()
	if err != nil {
		return zmq.Message{}, err
	}
	reply, err := c.attempt(ctx, sequence, frames)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
	if err != nil {
		c.counters.Failures++
	} else {
		c.counters.Replies++
	}
	return reply, err
}

func (c *reqs) begin() (sequence uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Requests++
	if c.active >= c.max {
		c.counters.Failures++
		return 0, ErrBusy
	}
	c.active++
	c.sequence++
	return c.sequence, nil
}

// attempt makes the attempts of a request.
func (c *reqs) attempt(ctx context.Context, sequence uint64, frames [][]byte) (zmq.Message, error) {
	first := c.preferred()
	for n := range c.attempts {
		if n > 0 {
			c.count(func(s *ClientStats) { s.Retries++ })
		}
		var reply zmq.Message
		var err error
		if c.strategy == Shotgun {
			reply, err = c.blast(ctx, sequence, frames)
		} else {
			reply, err = c.try(ctx, (first+n)%len(c.sockets), frames)
		}
		switch {
		case err == nil:
			return reply, nil
		case ctx.Err() != nil || !repeatable(err):
			return zmq.Message{}, fmt.Errorf("freelance: %w", err)
		case n == c.attempts-1:
			return zmq.Message{}, fmt.Errorf("%w after %d attempts: %s", ErrNoReply, c.attempts, err)
		}
	}
	panic("freelance: internal: no attempts")
}

// repeatable reports whether another attempt may succeed after this error.
func repeatable(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, zmq.ErrPeerLost) || errors.Is(err, errMalformed)
}

// errMalformed is the error of an attempt whose reply has not the sequence number.
var errMalformed = errors.New("malformed reply")

func (c *reqs) preferred() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (c *reqs) count(f func(*ClientStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.counters)
}

// try sends a request to one server. The server that has answered is the first of the
// next request.
func (c *reqs) try(ctx context.Context, server int, frames [][]byte) (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	reply, err := c.sockets[server].Do(ctx, frames...)
	if err == nil {
		c.mu.Lock()
		c.current = server
		c.mu.Unlock()
	}
	return reply, err
}

// blast sends a request to all servers and returns the first reply. It has a goroutine
// for each server, which end before it returns.
func (c *reqs) blast(ctx context.Context, sequence uint64, frames [][]byte) (zmq.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	results := make(chan result, len(c.sockets))
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, s := range c.sockets {
		running.Go(func() {
			m, err := s.Do(ctx, encodeRequest(sequence, frames)...)
			results <- c.check(sequence, m, err)
		})
	}
	// An error that ends the request, such as that of a message that is too large, is
	// the same for all servers.
	var last error
	for range c.sockets {
		r := <-results
		if r.err == nil {
			return r.reply, nil
		}
		last = r.err
	}
	return zmq.Message{}, last
}

// check removes the sequence number from a reply.
func (c *reqs) check(sequence uint64, m zmq.Message, err error) result {
	if err != nil {
		return result{err: err}
	}
	k, got, body := decodeReply(m)
	if k != kindBody || got != sequence {
		c.count(func(s *ClientStats) { s.Drops.Malformed++ })
		return result{err: fmt.Errorf("%w: no sequence number %s", errMalformed, strconv.FormatUint(sequence, 10))}
	}
	return result{reply: body}
}

// close closes all sockets at the same time, so that each lingers as long as the others.
func (c *reqs) close() error {
	errs := make([]error, len(c.sockets))
	var closing sync.WaitGroup
	for i, s := range c.sockets {
		closing.Go(func() { errs[i] = s.Close() })
	}
	closing.Wait()
	return errors.Join(errs...)
}

func (c *reqs) stats() ClientStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counters
}

func (c *reqs) servers() []ServerInfo {
	var infos []ServerInfo
	for i, s := range c.sockets {
		infos = append(infos, ServerInfo{Endpoint: c.endpoints[i], Alive: s.Socket.Stats().Peers > 0})
	}
	return infos
}
