package session

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/arena"
	"github.com/zerobroker/zmq/internal/pipe"
)

// readSize is how much is read at a time, and maxRead how much of a peer that
// fills such buffers.
const (
	readSize = 64 << 10
	maxRead  = 256 << 10
)

// A read buffer belongs to a connection only between the arrival of bytes and
// their decoding, so there are about as many as connections busy at once.
var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// maxDecode is how many messages are decoded at a time: as many as there are.
const maxDecode = 1 << 20

// maxLeft is the largest part of a frame for which a waiting connection gives
// its read buffer back.
const maxLeft = 4 << 10

// headerRead is how much is read behind a frame that was read straight into
// place: enough for the header of the next, which is often as large.
const headerRead = 256

// reader is the memory of a connection's reading half. A buffer belongs to it
// only between the arrival of bytes and their decoding.
type reader struct {
	pooled *[readSize]byte // the buffer, if it is to be given back
	buf    []byte          // the buffer: pooled, or given away with the messages in it
	left   []byte          // bytes of a frame that is not whole; they begin the next buffer
	given  bool            // the buffer is of the arena
	size   int             // of the next buffer, if that is to be given away; else 0
	header bool            // only the header of a large frame is expected
	throttle
	get func() []byte // r.take, made once
	put func([]byte)  // r.drop, made once
}

// take opens a buffer, begins it with what is left, and returns the room in
// it.
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

// drop closes a buffer that nothing was read into.
func (r *reader) drop([]byte) {
	if r.pooled == nil {
		arena.Put(r.buf)
	}
	r.close()
}

// learn chooses the next buffer by how much of this one is filled: a pooled one
// while there is little to read, and what is in it will be copied; otherwise
// one to give away, larger while peers fill it.
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

// keep notes the first n bytes of the buffer that are not used up and closes
// it, unless so much is left that reading had better go on behind it. kept says
// that messages lie in the buffer.
func (r *reader) keep(used, n int, kept bool) {
	left := r.buf[used:n]
	switch {
	case r.given && !kept:
		r.left = append([]byte(nil), left...)
		arena.Put(r.buf)
		r.close()
	case r.pooled == nil:
		r.left = left
		r.close()
	case len(left) == 0:
		r.left = nil
		r.close()
	case len(left) <= maxLeft:
		r.left = append([]byte(nil), left...)
		r.close()
	default:
		r.left = r.buf[:copy(r.buf, left)]
	}
}

// receive is the reading half of a connection in traffic:
//
//	wait for bytes, read, decode, hand on, wait for room
//
// until the connection fails or ends. rest is what came behind the handshake.
func (c *conn) receive(rest []byte) error {
	r := &reader{}
	r.get, r.put = r.take, r.drop
	defer r.close()
	defer c.countPartial(r)
	r.buf = rest
	n := len(rest)
	for {
		used, kept, err := c.decode(r.buf[:n], r.pooled == nil)
		if err != nil {
			return err
		}
		r.keep(used, n, kept)
		c.throttle(r)
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

// read brings more bytes, into r.buf or where the engine wants them. n is how
// many r.buf holds.
func (c *conn) read(r *reader) (n int, err error) {
	if want := c.engine.BodyBuffer(); want != nil {
		n, err := c.rd.ReadInto(want)
		if n == 0 && err != nil {
			return 0, eof(err)
		}
		c.heard()
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
	c.heard()
	r.learn(len(r.left) + n)
	r.header = false
	return len(r.left) + n, nil
}

// countPartial counts the message that a lost connection has cut.
func (c *conn) countPartial(r *reader) {
	if _, incomplete := c.engine.Partial(); incomplete || c.engine.BeginsMessage(r.left) {
		c.cfg.Host.Drops().Add(pipe.DropPartial, 1)
	}
	c.engine.Discard() // others may hold on to us for a while
}

// countRefused counts the messages that a peer sent right behind its handshake
// and that nobody will read, for it is not let in.
func (c *conn) countRefused(rest []byte) {
	if c.cfg.Engine.Publishes {
		return // what comes in are subscriptions
	}
	c.engine.Decode(rest, false, maxDecode, &c.in)
	c.cfg.Host.Drops().Add(pipe.DropRefused, c.in.Msgs)
	c.in.Recycle()
	c.engine.Discard()
}

// decode hands on everything whole in b and returns how much of it is used
// up. If keep is set b is given away, and kept tells whether it is needed.
func (c *conn) decode(b []byte, keep bool) (used int, kept bool, err error) {
	for {
		c.waitRoom()
		k, err := c.engine.Decode(b[used:], keep, maxDecode, &c.in)
		used += k
		kept = kept || c.engine.BufferRetained()
		if c.in.Msgs > 0 {
			switch herr := c.cfg.Host.Intake(c.pipe, &c.in); herr {
			case nil:
			case ErrClosed:
				c.awaitFinish()
			default:
				return used, kept, herr
			}
		}
		// Only now: a PONG says that all before the PING has been seen to.
		c.answer()
		if err != nil || used == len(b) || k == 0 {
			return used, kept, err
		}
	}
}

// waitRoom waits until the pipe takes another message. What one read brought
// then goes in whole: it is in our memory anyway, and the fewer changes
// between this goroutine and those that receive, the better.
func (c *conn) waitRoom() {
	if c.pipe.In == nil {
		return
	}
	for paused := false; ; paused = true {
		c.pipe.In.Lock()
		full := c.pipe.In.Full() && !c.pipe.In.ReadClosed()
		c.pipe.In.Unlock()
		if !full {
			if paused {
				c.pause(false)
			}
			return
		}
		if !paused {
			c.pause(true)
		}
		<-c.room
		c.mu.Lock()
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return // what is in hand was received: it goes in
		}
	}
}

// awaitFinish waits until the closing socket has finished this connection, or
// closed it. Readers that went on would only keep the processors from Close.
func (c *conn) awaitFinish() {
	for {
		c.mu.Lock()
		finished := c.finishing || c.closed
		c.mu.Unlock()
		if finished {
			return
		}
		<-c.room
	}
}

// Room is called by pipe.In under its lock, when the connection is finished, and
// when the connection is closed.
func (c *conn) Room(*pipe.Queue) {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

// pause stops the heartbeat while the connection does not read.
func (c *conn) pause(on bool) {
	now := time.Now()
	c.mu.Lock()
	if on {
		c.heartbeat.Pause()
	} else {
		c.heartbeat.Resume(now)
		c.armLocked(now)
	}
	c.mu.Unlock()
}

// heard reports received bytes to the heartbeat.
func (c *conn) heard() {
	now := time.Now()
	c.mu.Lock()
	c.heartbeat.Received(now)
	c.mu.Unlock()
}

// answer sees to what the engine found between the messages: PINGs to answer,
// PONGs somebody waits for.
func (c *conn) answer() {
	if out := c.engine.Output(); len(out) > 0 {
		c.mu.Lock()
		c.pong = out
		if ttl := c.engine.PeerTTL(); ttl > 0 {
			c.heartbeat.SetPeerTTL(ttl)
			c.armLocked(time.Now())
		}
		c.mu.Unlock()
		c.kick()
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
	for n < len(c.probes) && c.probes[n].ping <= pongs {
		n++
	}
	answered := c.probes[:n:n]
	c.probes = c.probes[n:]
	c.mu.Unlock()
	for _, p := range answered {
		p.done(true)
	}
}
