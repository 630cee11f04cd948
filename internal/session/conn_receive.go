package session

import (
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// readSize is how much is read at a time.
const readSize = 64 << 10

// A read buffer belongs to a connection only between the arrival of bytes and
// their decoding, so there are about as many as connections busy at once.
var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// maxDecode is how many messages are decoded at a time: as many as there are.
const maxDecode = 1 << 20

// maxLeft is the largest part of a frame for which a waiting connection gives
// its read buffer back.
const maxLeft = 4 << 10

// receive is the reading half of a connection in traffic:
//
//	wait for bytes, read, decode, hand on, wait for room
//
// until the connection fails or ends. rest is what came behind the handshake.
func (c *conn) receive(rest []byte) error {
	var buf *[readSize]byte
	have := 0 // bytes in buf
	get := func() []byte {
		buf = readBuffers.Get().(*[readSize]byte)
		return buf[copy(buf[:], c.left):]
	}
	put := func([]byte) {
		readBuffers.Put(buf)
		buf = nil
	}
	defer func() {
		if buf != nil {
			put(nil)
		}
		if _, unfinished := c.engine.Held(); unfinished {
			c.cfg.Host.Drops().Add(pipe.DropPartial, 1)
		}
	}()
	if len(rest) > 0 {
		buf = readBuffers.Get().(*[readSize]byte)
		have = copy(buf[:], rest)
	}
	for {
		k, err := c.decode(buf, have)
		if err != nil {
			return err
		}
		if left := have - k; buf != nil && left <= maxLeft {
			c.left = append(c.left[:0], buf[k:have]...)
			if left == 0 {
				c.left = nil
			}
			put(nil)
		} else if buf != nil {
			have = copy(buf[:], buf[k:have])
		}
		var n int
		switch want := c.engine.Want(); {
		case want != nil:
			if n, err = c.rd.ReadInto(want); n > 0 {
				c.heard()
				if err := c.engine.Filled(n, &c.in); err != nil {
					return err
				}
			}
			have = 0
		case buf != nil:
			n, err = c.rd.ReadInto(buf[have:])
			have += n
		default:
			_, n, err = c.rd.Read(get, put)
			have = len(c.left) + n
		}
		if n == 0 && err != nil {
			return eof(err)
		}
		c.heard()
	}
}

// decode hands on everything whole in the first n bytes of buf, which is nil
// for none, and returns how much of it is used up.
func (c *conn) decode(buf *[readSize]byte, n int) (used int, err error) {
	for {
		if err := c.waitRoom(); err != nil {
			return used, err
		}
		var k int
		if buf != nil {
			k, err = c.engine.Decode(buf[used:n], maxDecode, &c.in)
		} else {
			_, err = c.engine.Decode(nil, maxDecode, &c.in)
		}
		used += k
		c.answer()
		if c.in.Msgs > 0 {
			if herr := c.cfg.Host.Intake(c.pipe, &c.in); herr != nil {
				return used, herr
			}
		}
		if err != nil || used == n || k == 0 {
			return used, err
		}
	}
}

// waitRoom waits until the pipe takes another message. What one read brought
// then goes in whole: it is in our memory anyway, and the fewer changes
// between this goroutine and those that receive, the better.
func (c *conn) waitRoom() error {
	if c.pipe.In == nil {
		return nil
	}
	for paused := false; ; paused = true {
		c.pipe.In.Lock()
		full := c.pipe.In.Full() && !c.pipe.In.Dead()
		c.pipe.In.Unlock()
		if !full {
			if paused {
				c.pause(false)
			}
			return nil
		}
		if !paused {
			c.pause(true)
		}
		select {
		case <-c.room:
		case <-c.gone:
			return errPeerClosed
		}
	}
}

// Room is called by pipe.In under its lock.
func (c *conn) Room(*pipe.Queue) {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

// pause tells the heart that nobody reads for now.
func (c *conn) pause(on bool) {
	now := time.Now()
	c.mu.Lock()
	if on {
		c.heart.Pause()
	} else {
		c.heart.Resume(now)
	}
	c.mu.Unlock()
}

// heard tells the heart that bytes arrived.
func (c *conn) heard() {
	now := time.Now()
	c.mu.Lock()
	c.heart.Heard(now)
	c.mu.Unlock()
}

// answer sees to what the engine found between the messages: PINGs to answer,
// PONGs somebody waits for.
func (c *conn) answer() {
	if out := c.engine.Output(); len(out) > 0 {
		c.mu.Lock()
		c.pong = out
		if lease := c.engine.Lease(); lease > 0 {
			c.heart.Lease(lease)
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

// Enqueue is the Intake of most sockets: everything goes into p.In. It returns
// how many messages were dropped because nobody reads there any more.
func Enqueue(p *pipe.Pipe, b *msg.Batch) (dropped int) {
	p.In.Lock()
	defer p.In.Unlock()
	if p.In.Dead() {
		dropped = b.Msgs
		b.Recycle()
		return dropped
	}
	p.In.PutBatch(b)
	return 0
}
