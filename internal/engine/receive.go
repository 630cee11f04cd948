package engine

import (
	"fmt"
	"math"

	"github.com/zerobroker/zmq/internal/arena"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// minLarge is the size from which the body of an incomplete frame is read
// directly into its final memory.
const minLarge = 32 << 10

// minLargeBuffer is the smallest memory to allocate for such a frame.
const minLargeBuffer = 4 << 10

// maxLargeReuse bounds the memory to allocate before the body has arrived. A
// connection that has delivered a frame of this size may get this much at once
// for the next.
const maxLargeReuse = 1 << 20

// receiveState is the state of Decode.
type receiveState struct {
	direct  bool   // frames are encoded messages, so decodeRun is possible
	sealed  bool   // frames are encrypted
	maxBody uint64 // the largest body of a frame, decrypted

	// copied is the memory for the small frames that the current call of Decode
	// copies. Up to done it holds complete messages, and after done frames of
	// the incomplete message. The earlier frames of that message are in
	// partial.
	partial msg.Batch
	copied  []byte
	done    int

	copiedBytes int  // bytes that this call has moved out of copied
	lastCopied  int  // copiedBytes of the previous call; 0 after this call has allocated copied
	remaining   int  // upper bound of the bytes that this call has yet to decode
	retainAt    int  // size of a run from which its messages stay in the buffer of this call
	retained    bool // messages of this call are in its buffer

	// Size of the incomplete message.
	frames int
	bytes  int64

	messages uint64 // messages received, without subscriptions sent as commands

	large       *largeFrame // a frame that is read directly into its final memory
	largestSize int         // size of the largest such frame so far
	useless     int64       // bytes of ignored commands since the last message
	ignored     uint64      // number of ignored commands
	commands    uint64      // number of ignored commands, PINGs and PONGs
	pongs       uint64      // number of the last PING that the peer has answered
	peerTTL     uint16      // TTL of the last PING, in tenths of a second
	err         error       // why the connection must be closed

	// subscribeAll makes Decode begin with a subscription to all messages. An
	// unversioned ZMTP 1.0 subscriber sends no subscriptions and filters
	// itself.
	subscribeAll bool
}

// largeFrame is a frame whose body is incomplete.
type largeFrame struct {
	flags byte
	size  int
	buf   *msg.Buf
}

// startTraffic prepares Decode and Encode after the handshake.
func (e *Engine) startTraffic() {
	e.recv.subscribeAll = e.cfg.Publishes && !e.cfg.Groups && e.hs.unversioned
	e.recv.sealed = e.mech.Seals()
	e.send.direct = e.version >= wire.V2 && !e.recv.sealed
	e.recv.direct = e.version >= wire.V2 && !e.acceptsOnlyCommands()
	e.recv.maxBody = maxInt
	if e.recv.sealed {
		e.recv.maxBody -= mechanism.SealOverhead
	}
	if f := e.cfg.Limits.Frame; f > 0 {
		e.recv.maxBody = min(e.recv.maxBody, uint64(f))
	}
}

// Decode leaves messages in the buffer if they fill at least 1/retainShare of
// its capacity, and otherwise copies them. A message in the buffer keeps the
// whole buffer in memory, but only its own bytes count against the limits of a
// queue.
const retainShare = 4

// yieldFrames is the number of frames and commands that Decode decodes one by
// one between two calls of Yield. They take about ten microseconds.
const yieldFrames = 256

// Decode decodes received bytes, adds the messages to in, and returns the
// number of bytes it consumed. It stops when in holds limit messages or b holds
// no further complete frame. The next call must pass the rest again, followed
// by newly received bytes, unless BodyBuffer returns a buffer for those.
//
// If keep is false, Decode copies the messages, and b may be reused. If keep is
// true, messages that fill a large part of the capacity of b may stay in b.
// BufferRetained reports whether they do.
func (e *Engine) Decode(b []byte, keep bool, limit int, in *msg.Batch) (n int, err error) {
	r := &e.recv
	r.copiedBytes = 0
	r.retained, r.retainAt = false, math.MaxInt
	if keep {
		r.retainAt = cap(b) / retainShare
	}
	if e.cfg.Raw {
		return e.decodeRaw(b, limit, in), nil
	}
	if r.subscribeAll {
		r.subscribeAll = false
		e.appendFrame(0, []byte{1})
		e.endMessage(in)
	}
	if r.sealed {
		n = e.decodeSealed(b, limit, in)
	} else {
		n = e.decodeFrames(b, limit, in)
	}
	e.flushCopied(in)
	r.copied = nil
	r.lastCopied = r.copiedBytes
	return n, r.err
}

// decodeFrames is Decode for frames that are not encrypted, or are decrypted.
func (e *Engine) decodeFrames(b []byte, limit int, in *msg.Batch) (n int) {
	r := &e.recv
	for taken := 0; r.err == nil && n < len(b) && in.Msgs < limit && r.large == nil; {
		if r.direct && r.frames == 0 {
			r.remaining = len(b) - n
			n += e.decodeRun(b[n:], limit-in.Msgs, in)
			if n == len(b) || in.Msgs == limit {
				break
			}
		}
		r.remaining = len(b) - n
		k := e.decodeFrame(b[n:], in)
		if k == 0 {
			break
		}
		n += k
		if taken++; taken%yieldFrames == 0 && e.cfg.Yield != nil {
			e.cfg.Yield()
		}
	}
	return n
}

// decodeRun adds the complete messages at the start of b. It stops before the
// first command, and before anything that violates a limit or the grammar,
// which decodeFrame handles. This is the fast path of most traffic: it only
// parses headers, and copies the messages unless they may stay in b.
func (e *Engine) decodeRun(b []byte, limit int, in *msg.Batch) int {
	maxBody := e.recv.maxBody
	maxFrames, maxBytes := e.cfg.Limits.Frames, e.cfg.Limits.Message
	pos, end, msgs, frames := 0, 0, 0, 0
	for msgs < limit && len(b)-pos >= 2 {
		flags := b[pos]
		size, h := uint64(b[pos+1]), 2
		if flags&^wire.FlagMore != 0 {
			if flags&(wire.FlagCommand|wire.FlagsReserved) != 0 {
				break
			}
			if flags, size, h = wire.ConsumeFrameHeader(b[pos:]); h == 0 {
				break
			}
		}
		if size > uint64(len(b)-pos-h) || size > maxBody {
			break
		}
		pos += h + int(size)
		frames++
		if flags&wire.FlagMore != 0 {
			if maxFrames > 0 && frames >= maxFrames {
				break
			}
			continue
		}
		if maxBytes > 0 && int64(pos-end) > maxBytes {
			break
		}
		end = pos
		frames = 0
		msgs++
	}
	if msgs > 0 {
		r := &e.recv
		if end >= r.retainAt {
			e.flushCopied(in)
			in.Add(msg.Seg{B: b[:end:end], From: e.peer})
			r.retained = true
		} else {
			if len(r.copied) > 0 {
				e.growCopied(end)
			}
			r.copied = append(r.copied, b[:end]...)
			r.done = len(r.copied)
		}
		in.Msgs += msgs
		r.messages += uint64(msgs)
		r.useless = 0
	}
	return end
}

// decodeFrame consumes one frame, if it is complete or if its body is large
// enough to be read directly into its final memory.
func (e *Engine) decodeFrame(b []byte, in *msg.Batch) int {
	flags, size, h := e.header(b)
	switch {
	case h == 0:
		return 0
	case h < 0:
		e.failMalformedHeader(b)
		return 0
	case !e.admitFrame(flags, size):
		return 0
	}
	if size > uint64(len(b)-h) {
		return e.beginLarge(flags, size, b, h)
	}
	end := h + int(size)
	e.handleFrame(flags, b[h:end], nil, in)
	return end
}

// admitFrame checks the size of a frame against the limits. If it exceeds one, it
// makes Decode fail and returns false.
func (e *Engine) admitFrame(flags byte, size uint64) bool {
	l := &e.cfg.Limits
	switch {
	case flags&wire.FlagCommand != 0 && l.Command > 0 && size > uint64(l.Command):
		e.failReceive(CloseCommandSize, fmt.Errorf("command of %d bytes", size))
	case size > e.recv.maxBody:
		e.failReceive(CloseFrameSize, fmt.Errorf("frame of %d bytes, the limit is %d", size, l.Frame))
	case flags&wire.FlagCommand == 0 && e.exceedsMessage(size):
		e.failReceive(CloseMessageSize, fmt.Errorf("message of more than %d bytes", l.Message))
	default:
		return true
	}
	return false
}

func (e *Engine) failMalformedHeader(b []byte) {
	e.failReceive(CloseMalformed, fmt.Errorf("frame header without length or with reserved flags: %x", b[:min(len(b), wire.MaxFrameHeaderV1)]))
}

// beginLarge consumes b, which is the start of a frame with a header of h bytes,
// if the frame is large enough to be read directly into its final memory.
func (e *Engine) beginLarge(flags byte, size uint64, b []byte, h int) int {
	if size < minLarge {
		return 0
	}
	e.recv.large = &largeFrame{flags: flags, size: int(size)}
	e.growLarge(len(b) - h)
	e.recv.large.buf.B = append(e.recv.large.buf.B, b[h:]...)
	return len(b)
}

// header parses a frame header of the negotiated version. h is its size: 0 if
// it is incomplete, negative if it is malformed.
func (e *Engine) header(b []byte) (flags byte, size uint64, h int) {
	if e.version != wire.V1 {
		return wire.ConsumeFrameHeader(b)
	}
	more, size, h := wire.ConsumeFrameHeaderV1(b)
	if more {
		flags = wire.FlagMore
	}
	return flags, size, h
}

// acceptsOnlyCommands reports whether the socket is a RADIO, whose peers send
// only JOIN and LEAVE. Since handleSubscription converts these to messages, the
// bodies of other messages are dropped: they could look like a JOIN or LEAVE.
// libzmq ignores such messages too (radio.cpp, xread_activated).
func (e *Engine) acceptsOnlyCommands() bool { return e.cfg.Publishes && e.cfg.Groups }

// handleFrame handles one complete frame. buf, if not nil, is the memory of
// body and may stay with the message.
func (e *Engine) handleFrame(flags byte, body []byte, buf *msg.Buf, in *msg.Batch) {
	if flags&wire.FlagCommand != 0 {
		e.handleCommand(body, in)
		return
	}
	if err := e.countFrame(len(body)); err != nil {
		e.failReceive(CloseMessageSize, err)
		return
	}
	if e.acceptsOnlyCommands() {
		if buf != nil {
			buf.FreeAll()
		}
		body, buf = nil, nil
	}
	if buf == nil || len(body) < msg.LargeFrame {
		e.appendFrame(flags, body)
	} else {
		e.appendLarge(flags, body, buf, in)
	}
	if flags&wire.FlagMore == 0 {
		e.recv.messages++
		e.endMessage(in)
	}
}

// exceedsMessage reports whether a frame of that size makes the message exceed
// Limits.Message.
func (e *Engine) exceedsMessage(size uint64) bool {
	l := e.cfg.Limits.Message
	return l > 0 && size > uint64(max(0, l-e.recv.bytes))
}

// countFrame adds a frame to the size of the message and checks the limits.
func (e *Engine) countFrame(size int) error {
	r, l := &e.recv, &e.cfg.Limits
	r.frames++
	r.bytes += int64(size)
	if l.Frames > 0 && r.frames > l.Frames {
		return fmt.Errorf("message of more than %d frames", l.Frames)
	}
	if l.Message > 0 && r.bytes > l.Message {
		return fmt.Errorf("message of more than %d bytes", l.Message)
	}
	return nil
}

// appendFrame copies a small frame to the message.
func (e *Engine) appendFrame(flags byte, body []byte) {
	e.growCopied(msg.HeaderSize(len(body)) + len(body))
	e.recv.copied = msg.AppendFrame(e.recv.copied, body, flags&wire.FlagMore != 0)
}

// growCopied makes the capacity of copied sufficient for n more bytes. The
// capacity doubles, and starts with what the previous call of Decode used. It
// does not follow the size of the buffer, most of which may be commands.
func (e *Engine) growCopied(n int) {
	r := &e.recv
	have := len(r.copied)
	if cap(r.copied)-have >= n {
		return
	}
	size := have + max(n, min(max(have, r.lastCopied), r.remaining))
	r.lastCopied = 0
	r.copied = append(make([]byte, 0, size), r.copied...)
}

// BufferRetained reports whether messages of the last call of Decode are in the
// buffer passed to it, so that the caller must not reuse the buffer.
func (e *Engine) BufferRetained() bool { return e.recv.retained }

// appendLarge adds a large frame to the message without a copy.
func (e *Engine) appendLarge(flags byte, body []byte, buf *msg.Buf, in *msg.Batch) {
	r := &e.recv
	e.growCopied(msg.MaxHeader)
	r.copied = msg.AppendHeader(r.copied, len(body), flags&wire.FlagMore != 0)
	e.flushCopied(in)
	r.partial.Add(msg.Seg{B: body, From: e.peer, Buf: buf})
}

// endMessage ends the message whose frames are in partial and copied.
func (e *Engine) endMessage(in *msg.Batch) {
	r := &e.recv
	r.frames, r.bytes, r.useless = 0, 0, 0
	in.Msgs++
	if len(r.partial.Segs) > 0 {
		if n := len(r.copied); n > 0 {
			r.partial.Add(msg.Seg{B: r.copied[:n:n], From: e.peer})
			r.copiedBytes += n
			r.copied = r.copied[n:]
		}
		in.Append(&r.partial)
		return
	}
	r.done = len(r.copied)
}

// flushCopied moves complete messages from copied to in, and the frames of an
// incomplete message from copied to partial.
func (e *Engine) flushCopied(in *msg.Batch) {
	r := &e.recv
	r.copiedBytes += len(r.copied)
	if r.done > 0 {
		in.Add(msg.Seg{B: r.copied[:r.done:r.done], From: e.peer})
		r.copied, r.done = r.copied[r.done:], 0
	}
	if n := len(r.copied); n > 0 {
		r.partial.Extend(r.copied[:n:n], e.peer)
		r.copied = r.copied[n:]
	}
}

// BodyBuffer returns the memory into which the caller must read the next bytes
// from the peer, because they belong to a large frame. After reading n bytes
// into it, the caller calls BodyRead(n). BodyBuffer returns nil if the next
// bytes are for Decode.
func (e *Engine) BodyBuffer() []byte {
	f := e.recv.large
	if f == nil {
		return nil
	}
	e.growLarge(0)
	have := len(f.buf.B)
	return f.buf.B[have:min(cap(f.buf.B), f.size)]
}

// BodyRead reports that the first n bytes of BodyBuffer have been read. It adds
// the message to in if that completes it.
func (e *Engine) BodyRead(n int, in *msg.Batch) error {
	r := &e.recv
	f := r.large
	f.buf.B = f.buf.B[:len(f.buf.B)+n]
	if len(f.buf.B) == f.size {
		r.large = nil
		r.largestSize = max(r.largestSize, f.size)
		if r.sealed {
			e.openLarge(f, in)
		} else {
			e.handleFrame(f.flags, f.buf.B, f.buf, in)
		}
		e.flushCopied(in)
	}
	return r.err
}

// growLarge extends the memory of the large frame by at least need bytes, or by
// any number if need is 0. The memory follows the bytes received, not the size
// in the header: it doubles, starting with minLargeBuffer or with the size of
// the largest frame that this connection has delivered.
func (e *Engine) growLarge(need int) {
	f := e.recv.large
	have := 0
	if f.buf != nil {
		have = len(f.buf.B)
		if have < cap(f.buf.B) {
			return
		}
	}
	want := max(2*(have+need), minLargeBuffer, min(e.recv.largestSize, maxLargeReuse))
	size := min(want, f.size)
	buf := msg.PooledBuf(size)
	if buf == nil {
		buf = &msg.Buf{B: arena.Get(size)[:0]}
	}
	if f.buf != nil {
		buf.B = append(buf.B, f.buf.B...)
		f.buf.FreeAll()
	}
	f.buf = buf
}

// failReceive makes Decode and BodyRead return an error from now on.
func (e *Engine) failReceive(f CloseReason, err error) { e.recv.err = e.fail(f, err) }

// BeginsMessage reports whether b, which Decode has not consumed, begins with
// frames of a message and not with a command.
func (e *Engine) BeginsMessage(b []byte) bool {
	return len(b) > 0 && (e.version == wire.V1 || b[0]&wire.FlagCommand == 0)
}

// Discard frees the memory of an incomplete message. Decode must not be called
// after it.
func (e *Engine) Discard() {
	r := &e.recv
	if r.large != nil {
		r.large.buf.FreeAll()
	}
	r.partial.Recycle()
	r.large, r.copied, r.partial = nil, nil, msg.Batch{}
}

// Partial returns the size of the frames received of an incomplete message, and
// whether there is such a message.
func (e *Engine) Partial() (n int, incomplete bool) {
	r := &e.recv
	n = r.partial.Bytes + len(r.copied)
	if r.large != nil {
		n += len(r.large.buf.B)
	}
	return n, r.frames > 0 || r.large != nil
}
