package mdp

import (
	"context"
	"errors"
	"time"

	"github.com/zerobroker/zmq"
)

// run uses one link after the other, until the client closes.
func (c *Client) run() {
	defer close(c.done)
	delay := newBackoff(c.socket)
	for {
		c.converse(&delay)
		if c.closing.Err() != nil || !delay.wait(c.closing) {
			break
		}
	}
	c.deliver(func(time.Time) []outcome { return c.calls.fail(zmq.ErrClosed) })
}

// converse connects to the broker and processes replies until the link is lost or has to
// be replaced.
func (c *Client) converse(delay *backoff) {
	l, err := dial(c.closing, c.endpoint, c.socket, func(d *zmq.Dealer) {
		register(c.opt.Sockets, "mdp client", d.Socket)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = d
	})
	if err != nil {
		return
	}
	use, renew := context.WithCancel(c.closing)
	defer renew()
	_, envelope := l.broker.Property(propertyEnvelope)
	c.deliver(func(time.Time) []outcome {
		c.link, c.renew = l, renew
		c.calls.connected(envelope)
		return nil
	})
	err = c.receive(use, l, delay)
	if !errors.Is(err, errLinkLost) && c.closing.Err() == nil {
		delay.reset() // the broker is there
	}
	c.deliver(func(time.Time) []outcome {
		c.link, c.renew = nil, nil
		if c.closing.Err() != nil {
			return nil // run fails all
		}
		return c.calls.lost()
	})
	l.Shutdown(noWait)
}

// receive processes messages until the link is lost or use ends.
func (c *Client) receive(use context.Context, l *link, delay *backoff) error {
	msgs := make([]zmq.Message, 256)
	var out []outcome
	for use.Err() == nil {
		tick, cancel := context.WithTimeout(use, tickInterval(c.opt.Timeout))
		for tick.Err() == nil {
			n, err := l.RecvBatch(tick, msgs)
			if err != nil && tick.Err() == nil {
				cancel()
				return err
			}
			lost := false
			c.deliver(func(now time.Time) []outcome {
				out, lost = c.handleLocked(now, msgs[:n], out[:0])
				return out
			})
			clear(msgs[:n])
			clear(out)
			if lost {
				cancel()
				return errLinkLost
			}
			if n > 0 {
				delay.reset()
			}
		}
		cancel()
		renew := false
		c.deliver(func(now time.Time) (failed []outcome) {
			failed, renew = c.calls.tick(now)
			return failed
		})
		if renew {
			return nil
		}
	}
	return nil
}

// handleLocked processes messages, and adds what is to be delivered to out.
func (c *Client) handleLocked(now time.Time, msgs []zmq.Message, out []outcome) (all []outcome, lost bool) {
	for _, m := range msgs {
		if isLost(m) {
			return out, true
		}
		if o, ok := c.calls.handle(now, m); ok {
			out = append(out, o)
		}
	}
	return out, false
}

// deliver runs a step of the state machine under the lock, sends the calls that may be sent
// after it, and calls the functions of the outcomes without the lock.
func (c *Client) deliver(step func(now time.Time) []outcome) {
	c.mu.Lock()
	now := time.Now()
	before := c.calls.len()
	out := step(now)
	for err := c.flushLocked(now); err != nil; err = c.flushLocked(now) {
		k := c.calls.next()
		c.calls.cancel(k)
		out = append(out, outcome{deliver: k.deliver, err: requestError(string(k.service), err)})
	}
	freed := before - c.calls.len()
	c.mu.Unlock()
	c.freeRoom(freed)
	for _, o := range out {
		o.deliver(o.reply, o.err)
	}
}
