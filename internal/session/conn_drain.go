package session

import (
	"maps"
	"slices"
	"time"
)

// FinishReading is like Finish, but each connection is read until its peer has
// closed it, so that everything that the peer has written is received. The socket
// only receives.
func (l *Listener) FinishReading() {
	l.mu.Lock()
	conns := slices.Collect(maps.Keys(l.conns))
	l.mu.Unlock()
	for _, c := range conns {
		c.setReadRest()
	}
	l.Finish()
}

// FinishReading is like that of a Listener.
func (d *Dialer) FinishReading() {
	d.mu.Lock()
	c := d.current
	d.mu.Unlock()
	if c != nil {
		c.setReadRest()
	}
	d.Finish()
}

func (c *conn) setReadRest() {
	c.mu.Lock()
	c.readRest = true
	c.mu.Unlock()
}

// readsRest reports whether the connection ends by closeWrite, after which the reader
// continues: FinishReading has asked for that, and the socket has not been closed.
func (c *conn) readsRest() bool {
	c.mu.Lock()
	asked := c.readRest
	c.mu.Unlock()
	return asked && !c.inputEnded()
}

// inputCheck is the time between two looks whether the socket was closed while a
// connection is read to its end.
const inputCheck = 100 * time.Millisecond

// closeAfterInput closes a connection from which the socket receives nothing any
// more, because it was closed.
func (c *conn) closeAfterInput() {
	if c.inputEnded() {
		c.close(errFinished)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateClosed {
		c.timer.Reset(inputCheck)
	}
}

// inputEnded reports whether the socket receives nothing from the pipe any more.
func (c *conn) inputEnded() bool {
	if c.pipe.In == nil {
		return true
	}
	c.pipe.In.Lock()
	defer c.pipe.In.Unlock()
	return c.pipe.In.ReadClosed()
}
