package session

import (
	"errors"
	"io"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
)

// refuse sends the reason why the socket did not take the peer.
func (c *conn) refuse(err error) {
	var r *refusal
	if !errors.As(err, &r) {
		return
	}
	c.engine.Refuse(r.err.Error())
	out := c.engine.Output()
	if len(out) == 0 {
		return
	}
	// The connection is closed next, whatever comes of this.
	c.nc.Write(out)
	if c.pipe.Side != pipe.Dialed || !c.shutdownWrite() {
		return
	}
	c.discard(time.Now().Add(refuseWait)) // an accepting peer may have begun to send
}

// reject sends the peer an ERROR if err is that something which arrived cannot be
// received, and the peer accepts one: with the reason and the number of its
// messages that were received. Without it the peer learns that the connection is
// lost, but not that messages are. The caller closes the connection next.
func (c *conn) reject(err error) {
	command := c.engine.Rejection(err)
	c.mu.Lock()
	if command == nil || !c.beginRejectLocked(err) {
		c.mu.Unlock()
		return
	}
	c.control = append(c.control, command...)
	// Under the same lock: a running flusher must not rest before it has the ERROR.
	start := c.beginLocked()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	if start {
		c.launch(writers.Get().(*writer))
	}
	end := time.Now().Add(refuseWait)
	c.discard(end) // also because the peer may read only after it has written
	c.waitRejected(time.Until(end))
}

// waitRejected waits until the flusher has written the ERROR or the connection is
// closed, at most d.
func (c *conn) waitRejected(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		c.mu.Lock()
		over := c.state != stateRejecting
		c.mu.Unlock()
		if over {
			return
		}
		select {
		case <-t.C:
			return
		case <-c.room:
		}
	}
}

// discard reads until the peer has closed the connection. To close it with
// something unread would reset it, and the peer might not get to read what was
// written last.
func (c *conn) discard(end time.Time) {
	c.nc.SetReadDeadline(end)
	io.Copy(io.Discard, io.LimitReader(c.nc, maxRefused))
}

// refuseWait and maxRefused bound what is read of a peer that is refused or
// rejected until it has closed.
const (
	refuseWait = time.Second
	maxRefused = 16 << 20
)

// shutdownWrite ends our direction of the connection, and reports whether it can.
func (c *conn) shutdownWrite() bool {
	half, ok := c.nc.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// countRejected counts the messages that were written and that the peer reports as
// not received. The number that it reports may be wrong. The flusher has ended.
func (c *conn) countRejected() {
	received, ok := engine.Rejected(c.err)
	if !ok {
		return
	}
	if received > 0 && len(c.cfg.Hello) > 0 {
		received-- // the Hello, which is not among those written
	}
	n := c.msgsWritten - int(min(received, uint64(c.msgsWritten)))
	if c.partlyWritten {
		n = max(n, 1) // what was not written whole was not received
	}
	c.msgsLost += n
	c.cfg.Host.Drops().Add(pipe.DropRejected, n)
}
