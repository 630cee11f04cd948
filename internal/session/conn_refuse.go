package session

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
)

// refuse sends the peer the reason why the socket refuses it.
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
	// An error does not matter: the connection is closed next.
	c.writeHandshake(out)
	c.awaitWrite()
	if c.pipe.Side != pipe.Dialed || !shutdownWrite(c.nc) {
		return
	}
	discard(c.nc, time.Now().Add(refuseWait)) // the accepting peer may have begun to send
}

// reject sends the peer an ERROR if err means that input cannot be received and the
// peer accepts an ERROR in traffic. It contains the reason and how many messages
// were received: without it the peer cannot detect that the others are lost. The
// caller closes the connection next.
func (c *conn) reject(err error) {
	command := c.engine.Rejection(err)
	c.mu.Lock()
	if command == nil || !c.beginRejectLocked(err) {
		c.mu.Unlock()
		return
	}
	c.control = append(c.control, command...)
	// Under the same lock: a running flusher must not end before it has the ERROR.
	start := c.becomeFlusherLocked()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	if start {
		c.launch(writers.Get().(*writer))
	}
	end := time.Now().Add(refuseWait)
	discard(c.nc, end) // the peer may read the ERROR only after it has written
	c.waitRejected(time.Until(end))
}

// waitRejected waits until the flusher has written the ERROR or has failed, or the
// connection is closed, at most d.
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
		case <-c.room.wait():
		}
	}
}

// discard reads and discards input until the peer has closed the connection. To
// close it with unread input would reset it, and the peer might not receive what
// was written last.
func discard(nc net.Conn, end time.Time) {
	nc.SetReadDeadline(end)
	io.Copy(io.Discard, io.LimitReader(nc, maxRefused))
}

// refuseWait and maxRefused limit how long and how much discard reads from a
// refused or rejected peer.
const (
	refuseWait = time.Second
	maxRefused = 16 << 20
)

// shutdownWrite ends our sending direction, and reports whether it succeeded.
func shutdownWrite(nc net.Conn) bool {
	half, ok := nc.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// countRejected counts the written messages that the peer reports as not received.
// Its number may be wrong. The flusher has ended.
func (c *conn) countRejected() {
	received, ok := engine.Rejected(c.err)
	if !ok {
		return
	}
	if received > 0 && len(c.cfg.Hello) > 0 {
		received-- // the Hello, which msgsWritten does not count
	}
	n := c.msgsWritten - int(min(received, uint64(c.msgsWritten)))
	if c.partlyWritten {
		n = max(n, 1) // a message that is not whole was not received
	}
	c.msgsLost += n
	c.pipe.Drop(c.cfg.Host.Drops(), pipe.DropRejected, n)
}
