package clone

import (
	"context"
	"errors"
	"time"

	"github.com/zerobroker/zmq"
)

// session is the connection of a client to one server. A new one is made for each snapshot,
// so that no message of an earlier one can be taken for one of it.
type session struct {
	sub    *zmq.Sub
	dealer *zmq.Dealer
	conn   uint64 // generation of the connection that carries the updates, 0 before the first one
}

// open makes the sockets of a session.
func (c *Client) open(at Endpoints) (s *session, err error) {
	s = new(session)
	so := socketOptions(c.o.Socket)
	so.Linger = zmq.NoLinger
	if s.dealer, err = zmq.NewDealer(&so); err != nil {
		return s, err
	}
	setDefault(&so.RecvHWM, 100_000)
	if s.sub, err = zmq.NewSub(&so); err != nil {
		return s, errors.Join(err, s.dealer.Close())
	}
	topics := []string{c.o.Subtree}
	if c.o.Subtree != "" {
		topics = append(topics, keyBeat)
	}
	err = errors.Join(s.sub.Subscribe(topics...), s.sub.Connect(at.Publisher), s.dealer.Connect(at.Snapshot))
	if err != nil {
		s.close()
		return s, err
	}
	if c.o.Sockets != nil {
		c.o.Sockets.Add("", s.sub.Socket, s.dealer.Socket)
	}
	return s, nil
}

func (s *session) close() {
	s.sub.Close()
	s.dealer.Close()
}

// run has one session after the other, until the client is closed.
func (c *Client) run(s *session) {
	defer close(c.done)
	for {
		failed := c.serve(s)
		s.close()
		c.mu.Lock()
		c.active = false
		if failed {
			c.stats.Failovers++
			c.server = (c.server + 1) % len(c.servers)
		}
		at := c.servers[c.server]
		c.mu.Unlock()
		for {
			if c.ctx.Err() != nil {
				return
			}
			var err error
			if s, err = c.open(at); err == nil {
				break
			}
			c.sleep(c.o.RetryInterval) // the endpoint was valid before: the system has no resources
		}
	}
}

// sleep waits, unless the client is closed.
func (c *Client) sleep(d time.Duration) {
	ctx, cancel := context.WithTimeout(c.ctx, d)
	defer cancel()
	<-ctx.Done()
}

// serve receives a snapshot and updates, until the server fails, updates were missed or the
// client is closed.
func (c *Client) serve(s *session) (failed bool) {
	ctx, cancel := context.WithTimeout(c.ctx, c.o.ServerTimeout)
	defer cancel()
	// Updates that are published after the snapshot must not be missed.
	if err := s.sub.WaitSubscribed(ctx); err != nil {
		return true
	}
	c.mu.Lock()
	c.replica.begin()
	c.mu.Unlock()
	if err := s.dealer.SendMessage(ctx, encodeRequest(c.o.Subtree)); err != nil {
		return true
	}
	poller := zmq.NewPoller()
	if err := poller.Add(s.sub.Socket, s.dealer.Socket); err != nil {
		return true
	}
	buf := make([]zmq.Message, 256)
	now := time.Now()
	expiry, retry := now.Add(c.o.ServerTimeout), now.Add(c.o.RetryInterval)
	for {
		heard, lost := c.receive(s, buf)
		if now = time.Now(); !now.Before(retry) {
			retry = now.Add(c.o.RetryInterval)
			c.retry(now)
		}
		switch {
		case c.ctx.Err() != nil || lost:
			return false
		case heard:
			expiry = now.Add(c.o.ServerTimeout)
			continue
		case !now.Before(expiry):
			return true
		case retry.Before(expiry):
			c.wait(poller, retry)
		default:
			c.wait(poller, expiry)
		}
	}
}

// wait waits for messages.
func (c *Client) wait(poller *zmq.Poller, until time.Time) {
	ctx, cancel := context.WithDeadline(c.ctx, until)
	defer cancel()
	poller.Wait(ctx)
}

// retry sends updates again that are not confirmed.
func (c *Client) retry(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pending {
		if c.active && now.Sub(p.sent) >= c.o.RetryInterval {
			c.transmit(p, now)
		}
	}
}

// receive processes the messages that have arrived. heard reports that there was one that
// shows that the server is alive, lost that updates were missed.
func (c *Client) receive(s *session, buf []zmq.Message) (heard, lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &c.replica
	syncing := r.incoming != nil
	process := func(f func(u *update)) func(zmq.Message) {
		return func(m zmq.Message) {
			u, ok := decode(m)
			if !ok {
				r.stats.malformed++
				return
			}
			f(&u)
		}
	}
	done := false
	n := take(s.dealer.Receiver, buf, process(func(u *update) {
		d, l := r.snapshot(u)
		done, lost = done || d, lost || l
	}))
	apply := process(func(u *update) { lost = r.live(u) || lost })
	live := take(s.sub.Receiver, buf, func(m zmq.Message) {
		if conn := m.From().Generation(); conn != s.conn {
			lost = lost || s.conn != 0 // updates between two connections were missed
			s.conn = conn
		}
		apply(m)
	})
	if done && !lost {
		c.synced()
	}
	// A server that does not answer the request is not alive for this client, though it may
	// publish: it is passive.
	return n > 0 || live > 0 && !syncing, lost
}

// synced is called when a snapshot is complete.
func (c *Client) synced() {
	c.active = true
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
	now := time.Now()
	for _, p := range c.pending {
		c.transmit(p, now)
	}
}
