package session

import (
	"context"
	"errors"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// errFinished is the reason of a connection that ends because the socket has
// finished it.
var errFinished = errors.New("closed by this socket")

// close ends the connection. Only the first reason counts.
func (c *conn) close(err error) {
	c.mu.Lock()
	cut := c.state == stateWriteClosed && err != errFinished && err != errPeerClosed
	if !c.enterClosedLocked(err) {
		c.mu.Unlock()
		return
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	pongWaiters := c.pongWaiters
	c.pongWaiters = nil
	c.mu.Unlock()
	c.Room(nil)
	if cut {
		if done, known := transport.Delivered(c.nc); known && !done {
			c.markUnconfirmed(err)
		}
	}
	c.nc.Close()
	for _, p := range pongWaiters {
		p.done(false)
	}
}

// closed reports whether the connection is closed. A wait for room looks at it
// before it waits: one signal may stand for several events.
func (c *conn) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == stateClosed
}

// markUnconfirmed records that written messages may not have arrived. It
// reports this to the host if the linger time has ended.
func (c *conn) markUnconfirmed(why error) {
	c.mu.Lock()
	c.unconfirmed = true
	c.mu.Unlock()
	if why == context.Canceled {
		c.cfg.Host.Unconfirmed()
	}
}

// lossStats returns how many messages the connection has taken from the queue
// and lost, and whether written messages may not have arrived. The connection
// has ended.
func (c *conn) lossStats() (lost int, unconfirmed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.msgsLost, c.unconfirmed
}

// endLinger closes the connection because the linger time has ended.
func (c *conn) endLinger(why error) {
	c.mu.Lock()
	if c.state != stateClosed {
		c.lingerEnded = true
	}
	c.mu.Unlock()
	c.close(why)
}

// Finish ends an accepted connection when everything queued is written.
func (c *conn) Finish() {
	c.cfg.Host.Retire(c.pipe)
	c.finish()
}

// finish closes the connection when everything queued is written. The queue is
// closed already.
func (c *conn) finish() {
	c.mu.Lock()
	c.finishing = true
	state := c.state
	switch state {
	case stateRejecting, stateRejected, stateWriteFailed:
		c.closeSoonLocked()
	}
	c.mu.Unlock()
	c.Room(nil) // awaitFinish may wait for this
	switch state {
	case stateOpen, stateHalfClosed, stateWriteClosed:
		if c.flushed() && !c.readsRest() {
			c.close(errFinished)
			return
		}
		c.wakeFlusher()
	}
}

// flushed reports whether the peer has received every message: none is queued,
// and none was written that it may not have read. Subscriptions and PONGs do not
// count: a closing connection does not wait for a peer to read them. The queue
// is closed.
func (c *conn) flushed() bool {
	if c.pipe.Out != nil && !c.pipe.Out.Ended() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.Load() == c.readTo
}

// peerCloseWait is how long the peer may take to read to the end and close the
// connection, before we ask its system whether everything has arrived.
const peerCloseWait = time.Second

// closeWrite ends our sending direction. The reader continues until the peer closes
// the connection. To close it at once could make the system discard what we
// wrote: if anything of the peer's was unread, or if the peer sends something (a
// PING) before it has read everything. So the connection stays until the peer
// has closed it, its system has everything, or the linger time has ended. wait is
// the time until closeIfDelivered looks first.
func (c *conn) closeWrite(wait time.Duration) {
	if !shutdownWrite(c.nc) {
		c.close(errFinished)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state == stateClosed:
	case c.readRest:
		c.afterLocked(inputCheck, c.closeAfterInput)
	default:
		c.deliveryWait = wait
		c.afterLocked(wait, c.closeIfDelivered)
	}
}

// closeSoonLocked closes a connection that has failed after peerCloseWait, if
// its reader has not done so before. The caller holds mu.
func (c *conn) closeSoonLocked() {
	if c.state != stateClosed {
		c.afterLocked(peerCloseWait, func() { c.close(errFinished) })
	}
}

// afterLocked sets the timer for the end of the connection, instead of the
// heartbeat. The caller holds mu.
func (c *conn) afterLocked(d time.Duration, end func()) {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(d, end)
}

// closeIfDelivered closes a connection whose sending direction is ended when the
// peer's system has acknowledged everything, or if this system does not know.
func (c *conn) closeIfDelivered() {
	if done, known := transport.Delivered(c.nc); done || !known {
		c.close(errFinished)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateClosed {
		c.deliveryWait = min(2*c.deliveryWait, peerCloseWait)
		c.timer.Reset(c.deliveryWait)
	}
}
