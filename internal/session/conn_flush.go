package session

import (
	"errors"
	"math"
	"net"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// A message leaves in these steps: a socket's Send appends it to pipe.Out; if
// that was asleep it kicks the connection; kick starts a flusher unless one is
// at work; the flusher takes all that is queued, writes it in one call and
// takes again, until it finds nothing and ends. Under load batches grow by
// themselves, and an idle connection has no writer at all.

// writeSize is about how much is written at a time: large enough to make a
// system call cheap, small enough that the sender need not wait long for room.
const writeSize = 256 << 10

// kick has everything queued written.
func (c *conn) kick() {
	if c.begin() {
		c.launch(writers.Get().(*writer))
	}
}

// begin notes that there may be something to write, and reports whether the
// caller is now the flusher.
func (c *conn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = true
	if !c.live || c.flushing || c.err != nil {
		return false // or nothing may be written any more, as behind our last word
	}
	c.flushing = true
	c.flushers.Add(1)
	return true
}

// launch leaves the rest to a goroutine. The caller is the flusher.
func (c *conn) launch(w *writer) { go c.flush(w) }

// Flush is kick for a caller that holds no lock and will wait for an answer,
// as a REQ does, so that nothing can be gained by collecting messages: if
// everything queued is small and goes without waiting, it is written here, and
// no other goroutine need run.
func (c *conn) Flush() {
	if c.try == nil {
		c.kick()
		return
	}
	if !c.begin() {
		return
	}
	w := writers.Get().(*writer)
	c.take(w)
	if c.engine.Direct() && len(w.control) == 0 && len(w.batch.Segs) == 1 && w.batch.Bytes <= maxInline {
		c.sent.Add(1)
		w.ahead = c.try.TryWrite(w.batch.Segs[0].B)
		if w.ahead == w.batch.Bytes {
			w.ahead = 0
			w.acked.msgs, w.acked.size = 0, 0
			c.written(w, w.batch.Msgs, w.batch.Bytes)
			w.batch.Recycle()
			c.take(w) // nothing, usually, and then the queue is asleep again
		}
	}
	if w.batch.Msgs == 0 && len(w.control) == 0 && c.rest() {
		w.free()
		c.flushers.Done()
		return
	}
	c.launch(w)
}

// maxInline is the most that Flush writes itself.
const maxInline = 16 << 10

// writer is a flusher's memory, pooled so that idle connections have none.
type writer struct {
	batch   msg.Batch
	bufs    net.Buffers
	rest    net.Buffers
	control []byte // commands, frames at rest
	encoded []byte
	acked   struct{ msgs, size int } // of the batch, so far
	ahead   int                      // bytes of the batch that are written already
}

var writers = sync.Pool{New: func() any { return new(writer) }}

// maxKept bounds the memory that a pooled writer keeps.
const maxKept = 64 << 10

func (w *writer) free() {
	w.batch.Recycle()
	w.ahead = 0
	w.control = w.control[:0]
	clear(w.bufs[:cap(w.bufs)])
	w.bufs, w.rest = w.bufs[:0], nil
	if cap(w.control) > maxKept {
		w.control = nil
	}
	if cap(w.encoded) > 2*maxKept {
		w.encoded = nil
	}
	writers.Put(w)
}

// flush writes until there is nothing to write, beginning with what is in w.
func (c *conn) flush(w *writer) {
	defer c.flushers.Done()
	defer w.free()
	for {
		if len(w.control) == 0 && w.batch.Msgs == 0 {
			c.take(w)
		}
		if len(w.control) == 0 && w.batch.Msgs == 0 {
			if c.rest() {
				return
			}
			continue
		}
		if c.write(w) != nil {
			// flushing stays set: nobody writes to this connection any more.
			return
		}
	}
}

// take moves everything that is due into w, which is empty.
func (c *conn) take(w *writer) {
	c.mu.Lock()
	c.pending = false
	w.control = append(w.control[:0], c.pong...)
	for _, ch := range c.changes {
		w.control = c.engine.AppendSubscription(w.control, ch.topic, ch.on)
	}
	w.control = append(w.control, c.control...)
	c.pong, c.control, c.changes = nil, nil, nil
	last := c.verdict != nil
	c.mu.Unlock()
	if c.pipe.Out != nil && !last {
		c.pipe.Out.Take(&w.batch)
	}
}

// rest ends the flusher, unless something came up since it looked.
func (c *conn) rest() bool {
	c.mu.Lock()
	if c.pending {
		c.mu.Unlock()
		return false
	}
	c.flushing = false
	finish, half, last := c.finishing, c.half, c.verdict != nil
	if last {
		c.noteLocked(c.verdict)
	}
	c.mu.Unlock()
	if half || last {
		c.Room(nil) // serveHalfClosed or reject may wait for this
	}
	switch {
	case last:
		c.endWriting() // if not, the reader closes the connection soon
	case finish:
		c.hangUp()
	}
	return true
}

// write sends what is in w, commands first, and acknowledges messages as they
// are written.
func (c *conn) write(w *writer) error {
	w.acked.msgs, w.acked.size = 0, 0
	if w.batch.Msgs > 0 {
		c.sent.Add(1)
	}
	var err error
	if c.engine.Direct() {
		err = c.writeDirect(w)
	} else {
		err = c.writeEncoded(w)
	}
	w.control = w.control[:0]
	return err
}

// writeDirect sends frames at rest as they are, about writeSize at a time, so
// that room is made as we go.
func (c *conn) writeDirect(w *writer) error {
	if len(w.control) > 0 {
		if _, err := c.nc.Write(w.control); err != nil {
			return c.lost(w, 0, err)
		}
	}
	tally := w.batch.Tally()
	segs := w.batch.Segs
	written := w.ahead
	if w.ahead > 0 {
		n, err := c.nc.Write(segs[0].B[w.ahead:])
		written += n
		w.ahead = 0
		if err != nil {
			return c.lost(w, written, err)
		}
		segs = segs[1:]
	}
	for len(segs) > 0 {
		size, k := 0, 0
		for k < len(segs) && (k == 0 || size < writeSize) {
			size += len(segs[k].B)
			k++
		}
		n, err := c.writeSegs(w, segs[:k])
		written += n
		if err != nil {
			return c.lost(w, written, err)
		}
		if segs = segs[k:]; len(segs) > 0 {
			msgs, end := tally.Advance(written)
			c.written(w, msgs-w.acked.msgs, end-w.acked.size)
			w.acked.msgs, w.acked.size = msgs, end
		}
	}
	c.written(w, w.batch.Msgs-w.acked.msgs, w.batch.Bytes-w.acked.size)
	w.batch.Recycle()
	return nil
}

func (c *conn) writeSegs(w *writer, segs []msg.Seg) (int, error) {
	if len(segs) == 1 {
		return c.nc.Write(segs[0].B)
	}
	w.bufs = w.bufs[:0]
	for _, s := range segs {
		w.bufs = append(w.bufs, s.B)
	}
	w.rest = w.bufs // WriteTo consumes its receiver
	n, err := w.rest.WriteTo(c.nc)
	return int(n), err
}

// writeEncoded sends frames through the engine: to ZMTP 1.0 peers, and through
// mechanisms that seal.
func (c *conn) writeEncoded(w *writer) error {
	var err error
	if len(w.control) > 0 {
		cur := msg.Frames(w.control)
		if w.encoded, _, _, err = c.engine.Encode(w.encoded[:0], &cur, math.MaxInt); err != nil {
			return c.lost(w, 0, err)
		}
		if _, err := c.nc.Write(w.encoded); err != nil {
			return c.lost(w, 0, err)
		}
	}
	for w.batch.Msgs > 0 {
		cur := w.batch.Cursor()
		var msgs, size int
		w.encoded, msgs, size, err = c.engine.Encode(w.encoded[:0], &cur, maxKept)
		if err != nil {
			return c.lost(w, 0, err)
		}
		n, err := c.nc.Write(w.encoded)
		switch {
		case err != nil && c.cfg.Engine.Raw:
			return c.lost(w, rawAtRest(&w.batch, n), err)
		case err != nil:
			// Which of these messages left whole cannot be told from n
			// without decoding it again: those that may have are lost.
			c.failed(err)
			if n > 0 {
				c.lostInPart(w, msgs, size)
			}
			return c.lost(w, 0, err)
		}
		c.progress.Add(1)
		c.written(w, msgs, size)
		w.batch.Skip(size, msgs)
	}
	w.batch.Recycle()
	return nil
}

// rawAtRest is how much of a batch lies in the first n bytes that its bodies are
// on the wire, where they stand back to back, as lost wants to know it: to the end
// of the last whole message, or a byte further if the next is cut.
func rawAtRest(b *msg.Batch, n int) int {
	cur := b.Cursor()
	end := 0
	for n > 0 {
		m, ok := cur.Message()
		if !ok {
			break
		}
		if n -= m.Size(); n < 0 {
			return end + 1
		}
		end = cur.Pos()
	}
	return end
}

// fail ends writing. The reader goes on: what the peer sent before it went away
// is still to be read, and only then it finds the end.
func (c *conn) fail(err error) {
	c.mu.Lock()
	c.noteLocked(err)
	if c.finishing {
		c.endSoonLocked()
	}
	half, last := c.half, c.verdict != nil
	c.mu.Unlock()
	if half || last {
		c.Room(nil) // nothing is left to read
	}
}

// failed is fail for the flusher. It returns when the reader has ended: the last
// that the peer sent may tell what it received.
func (c *conn) failed(err error) {
	c.fail(err)
	<-c.ended
}

// written acknowledges messages that the transport has taken.
func (c *conn) written(w *writer, msgs, size int) {
	c.wrote = true
	c.sentTo += msgs
	c.acknowledge(w, msgs, size)
}

func (c *conn) acknowledge(w *writer, msgs, size int) {
	if msgs > 0 && w.batch.Counted {
		c.pipe.Out.Ack(msgs, size)
	}
}

// lost ends writing and sorts out a batch of which only n bytes were written:
// whole messages are gone to the peer, one that is cut is lost, and those behind
// go back to the owner.
func (c *conn) lost(w *writer, n int, err error) error {
	c.failed(err)
	if c.pipe.Out == nil {
		return err
	}
	tally := w.batch.Tally()
	msgs, end := tally.Advance(n)
	c.sentTo += max(0, msgs-w.acked.msgs)
	w.batch.Skip(end, msgs)
	c.acknowledge(w, msgs-w.acked.msgs, end-w.acked.size)
	if n > end {
		c.lostInPart(w, 1, w.batch.FirstSize())
	}
	// Also if that is nothing: the queue then knows that none is under way.
	c.owner.unsent(c, &w.batch)
	return err
}

// lostInPart takes messages that were written in part from the batch. If the peer
// has told what it received, they are among those that it rejected, which count as
// written.
func (c *conn) lostInPart(w *writer, msgs, size int) {
	w.batch.Skip(size, msgs)
	if _, ok := engine.Rejected(c.err); ok {
		c.cut = true
		c.sentTo += msgs
		c.acknowledge(w, msgs, size)
		return
	}
	c.pipe.Out.DropTaken(&w.batch, msgs, size, pipe.DropInFlight)
	c.losses += msgs
}

// finish closes the connection when everything queued is written. The queue is
// closed already.
func (c *conn) finish() {
	c.mu.Lock()
	c.finishing = true
	failing := c.verdict != nil || c.err != nil && c.err != errFinished
	if failing {
		c.endSoonLocked()
	}
	live := c.live
	c.mu.Unlock()
	c.Room(nil) // awaitFinish may wait for this
	switch {
	case failing:
	case live && c.said():
		c.close(errFinished)
	default:
		c.kick()
	}
}

// said reports whether the peer has everything that is worth waiting for, for
// good: no message is queued, and none was written that it may not have read.
// Subscriptions and PONGs are of no use to it when we go, and one that does not
// read them must not hold us up. The queue is closed.
func (c *conn) said() bool {
	if c.pipe.Out != nil && !c.pipe.Out.Ended() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.Load() == c.readTo
}

// hangUpWait is how long the peer gets to read to the end and hang up too,
// before we look whether it needs us to.
const hangUpWait = time.Second

// hangUp ends our direction and leaves the other to the reader, which goes on
// until the peer closes. To close at once could make the system discard what we
// wrote: if anything of the peer's was still unread, or if it sends something
// (a PING) before it has taken everything. So we stay until the peer has hung up
// or its system has everything, or until lingering is over.
func (c *conn) hangUp() {
	if !c.wrote || !c.endWriting() {
		c.close(errFinished)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.err = errFinished
	c.leaveWait = hangUpWait
	if c.half {
		c.leaveWait = minLeave
	}
	c.endInLocked(c.leaveWait, c.leave)
}

// endSoonLocked closes a connection that has failed, unless its reader finds its
// end before. The caller holds mu.
func (c *conn) endSoonLocked() {
	if !c.closed {
		c.endInLocked(hangUpWait, func() { c.close(errFinished) })
	}
}

// endInLocked sets the timer for the end of the connection, where it is not the
// reader that finds it. The caller holds mu.
func (c *conn) endInLocked(d time.Duration, end func()) {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(d, end)
}

// leave closes a connection that has said its last, if nothing is lost by it as
// far as anybody knows.
func (c *conn) leave() {
	if done, known := transport.Delivered(c.nc); done || !known {
		c.close(errFinished)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.leaveWait = min(2*c.leaveWait, hangUpWait)
		c.timer.Reset(c.leaveWait)
	}
}

// errFinished is the end of a connection that we wanted to end.
var errFinished = errors.New("closed by this socket")
