package session

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/arena"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// readSize is how many bytes are read at a time, and maxRead how many from a peer
// that fills such buffers.
const (
	readSize = 64 << 10
	maxRead  = 256 << 10
)

// readBuffers holds read buffers. A connection has one only between the arrival of
// bytes and their decoding, so there are about as many as busy connections.
var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// maxDecode is the limit of messages decoded at a time. No buffer has as many.
const maxDecode = 1 << 20

// maxLeft is the largest part of a frame that is copied, so that a waiting
// connection can release its read buffer.
const maxLeft = 4 << 10

// headerRead is how many bytes are read after a frame that was read directly into
// its own memory: enough for the header of the next, which is often as large.
const headerRead = 256

// reader is the memory of a connection's reader. It has a buffer only between the
// arrival of bytes and their decoding.
type reader struct {
	pooled *[readSize]byte // the buffer, if it returns to readBuffers
	buf    []byte          // the buffer: pooled, or kept by the messages in it
	left   []byte          // the start of an incomplete frame; it begins the next buffer
	given  bool            // the buffer is from the arena
	size   int             // of the next buffer, if that is from the arena; else 0
	header bool            // only the header of a large frame is expected
	large  bool            // the messages that were decoded last are large
	throttle
	get func() []byte // r.take, made once
	put func([]byte)  // r.drop, made once
}

// take gets a buffer, copies r.left to its start, and returns the free part.
func (r *reader) take() []byte {
	if r.size > 0 {
		r.buf, r.given = arena.Get(r.size), true
	} else {
		r.pooled = readBuffers.Get().(*[readSize]byte)
		r.buf = r.pooled[:]
	}
	n := copy(r.buf, r.left)
	switch {
	case r.header:
		return r.buf[n:min(n+headerRead, readSize)]
	case r.throttle.on:
		return r.buf[n:min(n+throttledRead, len(r.buf))]
	}
	return r.buf[n:]
}

// drop releases a buffer into which nothing was read.
func (r *reader) drop([]byte) {
	if r.pooled == nil {
		arena.Put(r.buf)
	}
	r.close()
}

// learn chooses the next buffer by how much of this one is filled. While there is
// little to read it is a pooled one, and messages are copied from it. Otherwise it
// is one of the arena that the messages keep, larger while the peer fills it.
func (r *reader) learn(filled int) {
	switch size := len(r.buf); {
	case filled == size:
		r.size = min(2*size, maxRead)
	case filled >= size/2:
		r.size = size
	case size > readSize:
		r.size = size / 2
	default:
		r.size = 0
	}
}

func (r *reader) close() {
	if r.pooled != nil {
		readBuffers.Put(r.pooled)
	}
	r.pooled, r.buf, r.given = nil, nil, false
}

// keep saves the undecoded bytes of the buffer, from used to n, and releases it. If
// many bytes are undecoded it keeps the buffer, and the next read appends to them.
// kept means that messages refer to the buffer.
func (r *reader) keep(used, n int, kept bool) {
	left := r.buf[used:n]
	switch {
	case r.given && !kept:
		r.left = append([]byte(nil), left...)
		arena.Put(r.buf)
		r.close()
	case len(left) == 0:
		r.left = nil
		r.close()
	case r.pooled == nil:
		r.left = left
		r.close()
	case len(left) <= maxLeft:
		r.left = append([]byte(nil), left...)
		r.close()
	default:
		r.left = r.buf[:copy(r.buf, left)]
	}
}

// receive is the reader's part of traffic:
//
//	wait for bytes, read, wait for capacity, decode, give to the host
//
// until the connection fails or ends. early is what arrived after the handshake.
func (c *conn) receive(early []byte) error {
	r := &reader{}
	r.get, r.put = r.take, r.drop
	defer r.close()
	defer c.countPartial(r)
	r.buf = early
	n := len(early)
	for {
		used, kept, err := c.decode(r, n)
		if err != nil {
			return err
		}
		r.keep(used, n, kept)
		c.throttle(r)
		if r.large {
			c.pace()
		}
		for {
			if n, err = c.read(r); !errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err := c.confirmSilence(); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// read reads more bytes, into r.buf or into the memory of a large frame. n is how
// many bytes r.buf has.
func (c *conn) read(r *reader) (n int, err error) {
	if want := c.engine.BodyBuffer(); want != nil {
		n, err := c.rd.ReadInto(want)
		if n == 0 && err != nil {
			return 0, eof(err)
		}
		c.noteArrival()
		r.header = true
		return 0, c.engine.BodyRead(n, &c.in)
	}
	if r.buf != nil {
		n, err = c.rd.ReadInto(r.buf[len(r.left):])
	} else {
		_, n, err = c.rd.Read(r.get, r.put)
	}
	if n == 0 && err != nil {
		return 0, eof(err)
	}
	c.noteArrival()
	r.learn(len(r.left) + n)
	r.header = false
	return len(r.left) + n, nil
}

// countPartial counts the incomplete message at the end of a connection.
func (c *conn) countPartial(r *reader) {
	if _, incomplete := c.engine.Partial(); incomplete || c.engine.BeginsMessage(r.left) {
		c.pipe.Drop(c.cfg.Host.Drops(), pipe.DropPartial, 1)
	}
	c.engine.Discard() // others may keep a reference to c for a while
}

// countRefused counts the messages that a refused peer sent directly after its
// handshake. They are dropped, and PINGs are not answered.
func (c *conn) countRefused(early []byte) {
	if c.cfg.Engine.Publishes {
		return // the input is subscriptions
	}
	c.engine.Decode(early, false, maxDecode, &c.in)
	c.cfg.Host.Drops().Add(pipe.DropRefused, c.in.Msgs)
	c.in.Recycle()
	c.engine.Discard()
	c.engine.Output() // a PONG, which must not precede the ERROR of refuse
}

// decode gives all complete messages in the first n bytes of the buffer to the host, and
// returns how many bytes are decoded. kept reports whether messages refer to the buffer.
func (c *conn) decode(r *reader, n int) (used int, kept bool, err error) {
	b, keep := r.buf[:n], r.pooled == nil
	r.large = false
	for {
		c.waitRoom()
		k, err := c.engine.Decode(b[used:], keep, maxDecode, &c.in)
		used += k
		kept = kept || c.engine.BufferRetained()
		if c.in.Msgs > 0 {
			r.large = r.large || c.in.Bytes >= c.in.Msgs*msg.LargeFrame
			switch herr := c.cfg.Host.Received(c.pipe, &c.in); herr {
			case nil:
			case ErrClosed:
				c.awaitFinish()
			default:
				return used, kept, herr
			}
		}
		// Answer PINGs after Received: a PONG confirms that everything before the
		// PING is processed.
		c.answer()
		if err != nil || used == len(b) || k == 0 {
			return used, kept, err
		}
	}
}

// waitRoom waits until the pipe has capacity. Then all messages of one read are
// queued: they are in memory anyway, and this saves switches to the goroutines
// that receive.
func (c *conn) waitRoom() {
	if c.pipe.In == nil {
		return
	}
	for paused := false; ; paused = true {
		// The messages of a connection that is closed have been received: they are queued.
		if c.pipe.In.HasRoom() || c.closed() {
			if paused {
				c.pause(false)
			}
			return
		}
		if !paused {
			c.pause(true)
		}
		<-c.room.wait()
	}
}

// paceWait is how long the reader waits until large messages are taken. It is longer
// than an application that is not busy needs for them.
const paceWait = 250 * time.Microsecond

// pace waits briefly while large messages that were received before are not taken.
func (c *conn) pace() {
	q := c.pipe.In
	if q == nil {
		return
	}
	q.Lock()
	taken := q.Pace()
	q.Unlock()
	if taken == nil {
		return
	}
	t := time.NewTimer(paceWait)
	defer t.Stop()
	select {
	case <-taken:
	case <-t.C:
		q.Lock()
		q.Stall(taken)
		q.Unlock()
	}
}

// awaitFinish waits until the closing socket has finished this connection, or
// closed it. Readers that continued would take processor time from Close.
func (c *conn) awaitFinish() {
	for {
		c.mu.Lock()
		finished := c.finishing || c.state == stateClosed
		c.mu.Unlock()
		if finished {
			return
		}
		<-c.room.wait()
	}
}

// Room wakes the reader. It is called by pipe.In, under its lock, after it gets
// capacity, and by this connection when its state changes.
func (c *conn) Room(*pipe.Queue) { c.room.set() }

// pause suspends the heartbeat while the reader does not read, or resumes it.
func (c *conn) pause(on bool) {
	now := time.Now()
	c.mu.Lock()
	c.heardLocked() // before Resume, which is later
	if on {
		c.heartbeat.Pause()
	} else {
		c.heartbeat.Resume(now)
		c.armLocked(now)
	}
	c.mu.Unlock()
}

// noteArrival notes for the heartbeat that bytes have arrived.
func (c *conn) noteArrival() { c.arrived.Store(int64(time.Since(c.began))) }

// heardLocked passes to the heartbeat when the last bytes have arrived. The caller holds mu.
func (c *conn) heardLocked() {
	if at := c.arrived.Swap(0); at > 0 {
		c.heartbeat.Received(c.began.Add(time.Duration(at)))
	}
}

// answer handles the commands between the messages: it answers PINGs, and calls
// the waiters of PONGs.
func (c *conn) answer() {
	if out := c.engine.Output(); len(out) > 0 {
		c.mu.Lock()
		c.pong = out
		if ttl := c.engine.PeerTTL(); ttl > 0 {
			c.heartbeat.SetPeerTTL(ttl)
			c.armLocked(time.Now())
		}
		c.mu.Unlock()
		c.flushControl()
	}
	pongs := c.engine.Pongs()
	if pongs == c.seenPongs {
		return
	}
	c.seenPongs = pongs
	c.mu.Lock()
	if c.asked.ping > 0 && pongs >= c.asked.ping {
		c.readTo = c.asked.sent
	}
	n := 0
	for n < len(c.pongWaiters) && c.pongWaiters[n].ping <= pongs {
		n++
	}
	answered := c.pongWaiters[:n:n]
	c.pongWaiters = c.pongWaiters[n:]
	c.mu.Unlock()
	for _, p := range answered {
		p.done(true)
	}
}
