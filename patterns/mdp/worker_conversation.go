package mdp

import (
	"context"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// conversation is a session over a link.
type conversation struct {
	w    *Worker
	link *link
	ctx  context.Context // of handlers; ends with the conversation
	end  context.CancelCauseFunc

	mu      sync.Mutex // guards session
	session session
	ended   bool // replies are dropped; guarded by Worker.mu
	panics  bool // a handler has panicked; guarded by Worker.mu
}

// receive processes messages until the conversation ends, and returns why: nil if the worker
// closes and all handlers have returned.
func (c *conversation) receive(delay *backoff) error {
	msgs := make([]zmq.Message, 64)
	until := c.w.closing
	for {
		ended, err := c.receiveUntil(until, delay, msgs)
		switch {
		case err != nil:
			return err
		case ended && until == c.w.drained:
			return nil
		case ended:
			c.w.drain()
			until = c.w.drained
		}
	}
}

// receiveUntil processes messages until a time has passed, or a context ends.
func (c *conversation) receiveUntil(until context.Context, delay *backoff, msgs []zmq.Message) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(until, tickInterval(c.session.heartbeat))
	defer cancel()
	for ctx.Err() == nil {
		n, err := c.link.RecvBatch(ctx, msgs)
		if err != nil && ctx.Err() == nil {
			return false, err
		}
		now := time.Now()
		for _, m := range msgs[:n] {
			if isLost(m) || !c.handle(now, m, delay) {
				return false, errLinkLost
			}
		}
		clear(msgs[:n])
	}
	if !c.tick(time.Now()) {
		return false, errLinkLost
	}
	return until.Err() != nil, nil
}

// handle processes a message. It returns false if the conversation has to end.
func (c *conversation) handle(now time.Time, m zmq.Message, delay *backoff) bool {
	c.mu.Lock()
	k, do, ok := c.session.handle(now, m)
	c.mu.Unlock()
	if !ok {
		c.w.count(func(s *WorkerStats) { s.Malformed++ })
		return true
	}
	switch do {
	case doEnd:
		return false
	case doServe:
		body := m.Body()
		if k.envelope > 0 {
			body = body.Body()
		}
		c.w.begin(&Request{Body: body, Version: k.version, c: c, address: k.address})
	}
	delay.reset()
	return true
}

// tick sends a heartbeat if it is due. It returns false if the conversation has to end.
func (c *conversation) tick(now time.Time) bool {
	c.w.mu.Lock()
	panics := c.panics
	c.w.mu.Unlock()
	c.mu.Lock()
	do := c.session.tick(now)
	c.mu.Unlock()
	if do == doBeat && c.send(noWait, cmdHeartbeat) != nil {
		do = doNothing // the queue is full, so the broker has other commands to read
	}
	return do != doEnd && !panics
}

// send sends a command.
func (c *conversation) send(ctx context.Context, cmd command, frames ...[]byte) error {
	b := builder{frames: make([][]byte, 0, 4)}
	return c.sendMessage(ctx, b.workerCommand(c.session.version, cmd, frames...))
}

// sendMessage sends a message to the broker.
func (c *conversation) sendMessage(ctx context.Context, m zmq.Message) error {
	if err := c.link.SendMessage(ctx, m); err != nil {
		return err
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.sent = now
	return nil
}

// finish ends the conversation because of err, or politely if that is nil.
func (c *conversation) finish(err error) {
	w := c.w
	w.mu.Lock()
	polite := err == nil && !c.panics
	c.ended = true
	w.stats.Connected = false
	w.stats.Stale += uint64(len(w.pending))
	w.pending = nil
	w.mu.Unlock()
	c.end(zmq.ErrPeerLost)
	if polite {
		c.send(noWait, cmdDisconnect)
		c.discardRequests()
		c.link.Close()
		return
	}
	c.link.Shutdown(noWait)
}

// discardTime is how long a worker reads after DISCONNECT.
const discardTime = 100 * time.Millisecond

// discardRequests receives what the broker has sent before it has received DISCONNECT, to
// which it sends no answer. Without that, TCP would reset the connection when it is
// closed, and the broker might not receive DISCONNECT.
func (c *conversation) discardRequests() {
	ctx, cancel := context.WithTimeout(context.Background(), discardTime)
	defer cancel()
	for ctx.Err() == nil {
		if m, err := c.link.Recv(ctx); err != nil || isLost(m) {
			return
		}
	}
}
