package session

import (
	"math"
	"net"
	"sync"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// A message is written in these steps. A socket's Send appends it to pipe.Out. If
// the queue's reader was asleep, the queue calls Wake, and so wakeFlusher, which
// starts a flusher unless one runs. The flusher takes all that is queued, writes
// it in one call, and takes again, until it finds nothing and ends. Under load the
// batches grow, and an idle connection has no flusher.

// writeSize is about how many bytes are written at a time: enough to make a system
// call cheap, and few enough that the sender does not wait long for capacity.
const writeSize = 256 << 10

// wakeFlusher has everything queued written.
func (c *conn) wakeFlusher() {
	if c.becomeFlusher() {
		c.launch(writers.Get().(*writer))
	}
}

// becomeFlusher requests a flusher, and reports whether the caller is now the flusher.
func (c *conn) becomeFlusher() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.becomeFlusherLocked()
}

// becomeFlusherLocked is like becomeFlusher for a caller that holds mu.
func (c *conn) becomeFlusherLocked() bool {
	start := c.flusher.request(c.state.writable())
	if start {
		c.flushers.Add(1)
	}
	return start
}

// launch continues the flusher in a goroutine, with what is in w.
func (c *conn) launch(w *writer) { go c.flush(w) }

// Flush is like wakeFlusher, for a caller that holds no lock and then waits for a
// reply, as a REQ does. If everything queued is small and can be written without
// blocking, Flush writes it, without a switch to another goroutine.
func (c *conn) Flush() {
	if c.rd.Descriptor() == nil {
		c.wakeFlusher()
		return
	}
	if !c.becomeFlusher() {
		return
	}
	w := writers.Get().(*writer)
	c.take(w)
	if c.engine.Direct() && len(w.control) == 0 && len(w.batch.Segs) == 1 && w.batch.Bytes <= maxInline {
		c.sent.Add(1)
		w.gather(w.batch.Segs)
		w.wrote = w.try.TryWrite(c.rd.Descriptor(), w.bufs)
		if w.wrote == w.batch.Bytes {
			w.wrote = 0
			w.acked.msgs, w.acked.size = 0, 0
			c.noteWritten(w, w.batch.Msgs, w.batch.Bytes)
			w.batch.Recycle()
			c.take(w) // usually finds nothing, and puts the queue's reader to sleep
		}
	}
	c.endOrLaunch(w)
}

// flushControl is like wakeFlusher, after a PING or PONG was queued. It writes
// commands itself if no message is queued and the connection takes them without
// blocking: on an idle connection each heartbeat would otherwise start a goroutine.
func (c *conn) flushControl() {
	if c.rd.Descriptor() == nil || !c.engine.Direct() {
		c.wakeFlusher()
		return
	}
	if !c.becomeFlusher() {
		return
	}
	w := writers.Get().(*writer)
	c.take(w)
	if size := len(w.control); w.batch.Msgs == 0 && size > 0 && size <= maxInline {
		w.bufs = append(w.bufs[:0], w.control)
		n := w.try.TryWrite(c.rd.Descriptor(), w.bufs)
		w.control = append(w.control[:0], w.control[n:]...)
		c.wrote = c.wrote || n > 0
	}
	c.endOrLaunch(w)
}

// endOrLaunch ends the flusher if nothing is left in w and nothing was queued
// since take. Otherwise it continues the flusher in a goroutine.
func (c *conn) endOrLaunch(w *writer) {
	if w.batch.Msgs == 0 && len(w.control) == 0 && c.endFlusher() {
		w.free()
		c.flushers.Done()
		return
	}
	c.launch(w)
}

// maxInline is the most bytes that Flush and flushControl write themselves.
const maxInline = 16 << 10

// writer is the memory of a flusher. It is pooled, so an idle connection has none.
type writer struct {
	batch     msg.Batch
	bufs      net.Buffers
	unwritten net.Buffers
	try       transport.TryWriter
	control   []byte // encoded commands
	encoded   []byte
	acked     struct{ msgs, size int } // of the batch, so far
	wrote     int                      // bytes of the batch that are written and not removed from it yet
}

var writers = sync.Pool{New: func() any { return new(writer) }}

// maxKept bounds the memory that a pooled writer keeps.
const maxKept = 64 << 10

func (w *writer) free() {
	w.batch.Recycle()
	w.wrote = 0
	w.control = w.control[:0]
	clear(w.bufs[:cap(w.bufs)])
	w.bufs, w.unwritten = w.bufs[:0], nil
	if cap(w.control) > maxKept {
		w.control = nil
	}
	if cap(w.encoded) > 2*maxKept {
		w.encoded = nil
	}
	writers.Put(w)
}

// flush writes what is in w, and then what is queued, until it finds nothing.
func (c *conn) flush(w *writer) {
	defer c.flushers.Done()
	defer w.free()
	for {
		if len(w.control) == 0 && w.batch.Msgs == 0 {
			c.take(w)
		}
		if len(w.control) == 0 && w.batch.Msgs == 0 {
			if c.endFlusher() {
				return
			}
			continue
		}
		if c.write(w) != nil {
			c.mu.Lock()
			c.flusher.stop()
			c.mu.Unlock()
			return
		}
	}
}

// take moves all queued commands and messages into w, which is empty.
func (c *conn) take(w *writer) {
	c.mu.Lock()
	c.flusher.looking()
	w.control = append(w.control[:0], c.pong...)
	for _, ch := range c.changes {
		w.control = c.engine.AppendSubscription(w.control, ch.topic, ch.on)
	}
	w.control = append(w.control, c.control...)
	c.pong, c.control, c.changes = nil, nil, nil
	rejecting := c.state == stateRejecting
	c.mu.Unlock()
	if c.pipe.Out != nil && !rejecting {
		c.pipe.Out.Take(&w.batch)
	}
}

// endFlusher ends the flusher, which has found nothing, unless there was a request
// since it looked.
func (c *conn) endFlusher() bool {
	c.mu.Lock()
	if !c.flusher.becomeIdle() {
		c.mu.Unlock()
		return false
	}
	finishing, halfClosed := c.finishing, c.state == stateHalfClosed
	rejected := c.endRejectLocked()
	// Under the same lock, so that no other flusher starts: the end of our sending
	// direction would make its write fail.
	closing := finishing && (c.wrote || c.readRest) && c.closeWriteLocked()
	c.mu.Unlock()
	if halfClosed || rejected {
		c.Room(nil) // serveHalfClosed or reject may wait for this
	}
	switch {
	case rejected:
		shutdownWrite(c.nc) // if it fails, the reader closes the connection soon
	case closing && halfClosed:
		c.closeWrite(minDeliveryWait)
	case closing:
		c.closeWrite(peerCloseWait)
	case finishing:
		c.close(errFinished)
	}
	return true
}

// write writes what is in w, commands first, and acknowledges messages to the queue
// as they are written.
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

// writeDirect writes encoded frames unchanged, about writeSize bytes at a time, so
// that the queue gets capacity meanwhile.
func (c *conn) writeDirect(w *writer) error {
	if len(w.control) > 0 {
		w.bufs = append(w.bufs[:0], w.control)
		if _, err := c.writeLent(w, 0); err != nil {
			return c.failBatch(w, 0, err)
		}
	}
	if c.cfg.Lockstep {
		return c.writeWithdrawable(w)
	}
	tally := w.batch.Tally()
	segs := w.batch.Segs
	written := 0
	for len(segs) > 0 {
		k, _ := w.gather(segs)
		n, err := c.writeBufs(w)
		written += n
		if err != nil {
			return c.failBatch(w, written, err)
		}
		if segs = segs[k:]; len(segs) > 0 {
			msgs, end := tally.Advance(written)
			c.noteWritten(w, msgs-w.acked.msgs, end-w.acked.size)
			w.acked.msgs, w.acked.size = msgs, end
		}
	}
	c.noteWritten(w, w.batch.Msgs-w.acked.msgs, w.batch.Bytes-w.acked.size)
	w.batch.Recycle()
	return nil
}

// gather sets w.bufs to the first segments, about writeSize bytes. It returns
// their number and their size.
func (w *writer) gather(segs []msg.Seg) (k, size int) {
	w.bufs = w.bufs[:0]
	for k < len(segs) && (k == 0 || size < writeSize) {
		w.bufs = append(w.bufs, segs[k].B)
		size += len(segs[k].B)
		k++
	}
	return k, size
}

// writeBufs writes w.bufs.
func (c *conn) writeBufs(w *writer) (int, error) {
	if len(w.bufs) == 1 {
		return c.nc.Write(w.bufs[0])
	}
	w.unwritten = w.bufs // WriteTo consumes its receiver
	n, err := w.unwritten.WriteTo(c.nc)
	return int(n), err
}

// encodeSize is about how many bytes are encoded and written at a time. The peer
// decrypts one piece while this side encrypts the next. With CURVE and messages of
// 8 KiB, pieces of 16 KiB are 27 % slower and pieces of 64 KiB 21 %; with messages of
// 10 B, 256 B and 64 KiB there is no difference.
const encodeSize = 32 << 10

// writeEncoded writes frames that the engine encodes again: for ZMTP 1.0 peers, and
// for mechanisms that encrypt.
func (c *conn) writeEncoded(w *writer) error {
	var err error
	if len(w.control) > 0 {
		cur := msg.Frames(w.control)
		if w.encoded, _, _, err = c.engine.Encode(w.encoded[:0], &cur, math.MaxInt); err != nil {
			return c.failBatch(w, 0, err)
		}
		w.bufs = append(w.bufs[:0], w.encoded)
		if _, err := c.writeLent(w, 0); err != nil {
			return c.failBatch(w, 0, err)
		}
	}
	full := encodeSize
	if c.cfg.Lockstep {
		full = 1 // one message, so that the socket can withdraw the others
	}
	for w.batch.Msgs > 0 {
		cur := w.batch.Cursor()
		var msgs, size int
		w.encoded, msgs, size, err = c.engine.Encode(w.encoded[:0], &cur, full)
		if err != nil {
			return c.failBatch(w, 0, err)
		}
		w.bufs = append(w.bufs[:0], w.encoded)
		n, err := c.writeLent(w, msgs)
		if err != nil {
			written := rawWritten
			if !c.cfg.Engine.Raw {
				written = c.encodedWritten
			}
			return c.failBatch(w, written(w, n), err)
		}
		c.progress.Add(1)
		c.noteWritten(w, msgs, size)
		w.batch.Skip(size, msgs)
	}
	w.batch.Recycle()
	return nil
}

// rawWritten converts n written bytes of raw bodies to a position in the encoded
// batch, for failBatch: the end of the last message written whole, or one byte more
// if the next one was written in part.
func rawWritten(w *writer, n int) int {
	cur := w.batch.Cursor()
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

// encodedWritten is rawWritten for frames that the engine has encoded again: each
// frame of the batch is one of the encoded frames.
func (c *conn) encodedWritten(w *writer, n int) int {
	cur := w.batch.Cursor()
	rest := w.encoded
	end, begun := 0, false
	for n > 0 {
		size := c.engine.EncodedFrame(rest)
		_, flags, ok := cur.Next()
		if !ok {
			break
		}
		if n < size {
			return end + 1
		}
		n, rest = n-size, rest[size:]
		if begun = flags&msg.FlagMore != 0; !begun {
			end = cur.Pos()
		}
	}
	if begun {
		end++
	}
	return end
}

// fail ends writing. The reader continues: it receives the bytes that have arrived,
// and then gets the end of the connection or its error.
func (c *conn) fail(err error) {
	c.mu.Lock()
	c.failWriteLocked(err)
	if c.finishing {
		c.closeSoonLocked()
	}
	c.mu.Unlock()
	c.Room(nil) // serveHalfClosed or reject may wait for this
}

// failAndWait is like fail, for the flusher. It returns when the reader has ended:
// the last input may be an ERROR that contains how many messages the peer has
// received.
func (c *conn) failAndWait(err error) {
	c.fail(err)
	<-c.ended.done()
}

// noteWritten counts and acknowledges messages that were written.
func (c *conn) noteWritten(w *writer, msgs, size int) {
	c.wrote = true
	c.msgsWritten += msgs
	c.acknowledge(w, msgs, size)
}

func (c *conn) acknowledge(w *writer, msgs, size int) {
	if msgs > 0 && w.batch.Counted {
		c.pipe.Out.Ack(msgs, size)
	}
}

// failBatch ends writing after an error, with n bytes of the batch written. Messages
// written whole are acknowledged, one written in part is dropped, and the others
// are returned to the session.
func (c *conn) failBatch(w *writer, n int, err error) error {
	c.failAndWait(err)
	if c.pipe.Out == nil {
		return err
	}
	tally := w.batch.Tally()
	msgs, end := tally.Advance(n)
	c.msgsWritten += max(0, msgs-w.acked.msgs)
	w.batch.Skip(end, msgs)
	c.acknowledge(w, msgs-w.acked.msgs, end-w.acked.size)
	if n > end {
		c.dropPartlyWritten(w)
	}
	// Return an empty batch too: the queue then counts no messages in flight.
	c.session.returnUnsent(c, &w.batch)
	return err
}

// dropPartlyWritten drops the first message of the batch, which was written in part. If
// the peer has sent an ERROR with the number of messages it received, it is among the
// rejected ones, which count as written.
func (c *conn) dropPartlyWritten(w *writer) {
	size := w.batch.FirstSize()
	w.batch.Skip(size, 1)
	if _, ok := engine.Rejected(c.err); ok {
		c.partlyWritten = true
		c.msgsWritten++
		c.acknowledge(w, 1, size)
		return
	}
	c.pipe.Out.DropTaken(&w.batch, 1, size, pipe.DropInFlight)
	c.msgsLost++
}
