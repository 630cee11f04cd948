package engine

import (
	"fmt"
	"math"

	"github.com/zerobroker/zmq/internal/arena"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// directRead is the frame size from which the part of a body that has not
// arrived is read straight into the memory it stays in.
const directRead = 32 << 10

// firstRead is the least memory that is taken for such a frame.
const firstRead = 4 << 10

// maxAhead bounds the memory taken for a frame of which less has arrived: a
// connection that has delivered a frame of that size may claim it again.
const maxAhead = 1 << 20

// receiveState is the receiving half of an Engine in traffic.
type receiveState struct {
	direct  bool   // wire frames are frames at rest: run is allowed
	maxWire uint64 // the largest body of a wire frame

	// The message being received. Its frames so far are in part and, after
	// done, in region; region is the memory that small frames of this call of
	// Decode are put in, and the finished messages of the call are before done.
	part   msg.Batch
	region []byte
	done   int
	put    int  // bytes of the region moved out in this call
	last   int  // the same of the last call, until the region of this one is begun
	rest   int  // how much of this call's buffer is still to be decoded, at most
	keepAt int  // the least that run leaves where it is in this call's buffer
	kept   bool // messages were left there
	frames int
	bytes  int64

	messages uint64 // received, subscriptions that came as commands aside

	big      *bigFrame // a frame being read straight into place
	largest  int       // the largest frame that was
	useless  int64     // bytes of ignored commands since the last message
	ignored  uint64    // commands ignored so far
	commands uint64    // the same with PINGs and PONGs
	pongs    uint64    // PONGs so far
	lease    uint16    // the last PING's TTL, in tenths of a second
	failed   error

	// subscribeAll says that Decode is to begin with a subscription to
	// everything: an unversioned subscriber sends none and filters for itself.
	subscribeAll bool
}

type bigFrame struct {
	flags byte
	size  int
	buf   *msg.Buf
}

// startTraffic leaves the handshake behind.
func (e *Engine) startTraffic() {
	e.recv.subscribeAll = e.cfg.Publishes && !e.cfg.Groups && e.hs.unversioned
	e.hs = handshakeState{}
	sealed := e.mech.Seals()
	e.send.direct = e.version >= wire.V2 && !sealed
	e.recv.direct = e.send.direct && !e.onlyCommands()
	e.recv.maxWire = maxInt
	if f := e.cfg.Limits.Frame; f > 0 {
		e.recv.maxWire = uint64(f)
		if sealed {
			e.recv.maxWire += sealOverhead
		}
	}
}

// sealOverhead is what a mechanism that seals may add to a frame.
const sealOverhead = 128

// keepShare is how much of a buffer messages must fill to stay in it: at least
// one part of so many. A message in a buffer keeps all of it in memory, and only
// the message's own bytes count against the limits of a queue, so what is less
// than that is copied. Buffers that peers fill with messages never are.
const keepShare = 4

// yieldFrames is how many frames and commands Decode takes one by one before
// it calls Yield: some ten microseconds' worth.
const yieldFrames = 256

// Decode takes what the peer has sent and was not consumed before, adds the
// messages in it to in, and returns how much is consumed. It stops when in
// holds limit messages or nothing whole is left; what is left must come again,
// with what arrives behind it, unless Want says otherwise. If keep is set b is
// given away, and messages that fill a good part of its capacity may stay where
// they are in it, as Kept tells; otherwise they are copied, and b may be reused.
func (e *Engine) Decode(b []byte, keep bool, limit int, in *msg.Batch) (n int, err error) {
	r := &e.recv
	r.put = 0
	r.kept, r.keepAt = false, math.MaxInt
	if keep {
		r.keepAt = cap(b) / keepShare
	}
	if e.cfg.Raw {
		return e.decodeRaw(b, limit, in), nil
	}
	if r.subscribeAll {
		r.subscribeAll = false
		e.addFrame(0, []byte{1})
		e.endMessage(in)
	}
	for taken := 0; r.failed == nil && n < len(b) && in.Msgs < limit && r.big == nil; {
		if r.direct && r.frames == 0 {
			r.rest = len(b) - n
			n += e.run(b[n:], limit-in.Msgs, in)
			if n == len(b) || in.Msgs == limit {
				break
			}
		}
		r.rest = len(b) - n
		k := e.takeFrame(b[n:], in)
		if k == 0 {
			break
		}
		n += k
		if taken++; taken%yieldFrames == 0 && e.cfg.Yield != nil {
			e.cfg.Yield()
		}
	}
	e.endRegion(in)
	r.region = nil
	r.last = r.put
	return n, r.failed
}

// run adds the whole messages that b starts with, up to the first command or
// anything else that wants a closer look. It is the path of nearly all
// traffic: a walk over headers, and a copy unless the messages may stay in b.
func (e *Engine) run(b []byte, limit int, in *msg.Batch) int {
	maxBody := e.recv.maxWire
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
		if end >= r.keepAt {
			e.endRegion(in)
			in.Add(msg.Seg{B: b[:end:end], From: e.peer})
			r.kept = true
		} else {
			if len(r.region) > 0 {
				e.reserve(end)
			}
			r.region = append(r.region, b[:end]...)
			r.done = len(r.region)
		}
		in.Msgs += msgs
		r.messages += uint64(msgs)
		r.useless = 0
	}
	return end
}

// takeFrame consumes one frame, if it is whole or large enough to be read
// straight into place.
func (e *Engine) takeFrame(b []byte, in *msg.Batch) int {
	flags, size, h := e.header(b)
	switch {
	case h == 0:
		return 0
	case h < 0:
		e.stop(CloseMalformed, fmt.Errorf("frame header of no length or with reserved flags: %x", b[:min(len(b), wire.MaxFrameHeaderV1)]))
		return 0
	case flags&wire.FlagCommand != 0 && e.cfg.Limits.Command > 0 && size > uint64(e.cfg.Limits.Command):
		e.stop(CloseCommandSize, fmt.Errorf("command of %d bytes", size))
		return 0
	case size > e.recv.maxWire:
		e.stop(CloseFrameSize, e.frameTooLarge(size))
		return 0
	case flags&wire.FlagCommand == 0 && e.tooLong(size):
		e.stop(CloseMessageSize, fmt.Errorf("message of more than %d bytes", e.cfg.Limits.Message))
		return 0
	}
	if rest := b[h:]; size > uint64(len(rest)) {
		if size < directRead {
			return 0
		}
		e.recv.big = &bigFrame{flags: flags, size: int(size)}
		e.growBig(len(rest))
		e.recv.big.buf.B = append(e.recv.big.buf.B, rest...)
		return len(b)
	}
	end := h + int(size)
	e.frame(flags, b[h:end], nil, in)
	return end
}

// header reads a wire frame's header in the version spoken.
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

// onlyCommands reports whether the peer is a DISH, which has nothing to say but
// JOIN and LEAVE. Those are passed on as messages, so of what it sends as a
// message only the empty shell is: it may look like neither.
// (libzmq, radio.cpp: xread_activated)
func (e *Engine) onlyCommands() bool { return e.cfg.Publishes && e.cfg.Groups }

// frame handles one whole wire frame. buf is the memory behind body if body
// may be kept.
func (e *Engine) frame(flags byte, body []byte, buf *msg.Buf, in *msg.Batch) {
	if e.mech.Seals() {
		var err error
		if flags, body, err = e.mech.Open(body); err != nil {
			e.stop(CloseMalformed, err)
			return
		}
	}
	if flags&wire.FlagCommand != 0 {
		if l := e.cfg.Limits.Command; l > 0 && len(body) > l {
			e.stop(CloseCommandSize, fmt.Errorf("command of %d bytes", len(body)))
			return
		}
		e.command(body, in)
		return
	}
	if l := e.cfg.Limits.Frame; l > 0 && int64(len(body)) > l { // one that was sealed
		e.stop(CloseFrameSize, e.frameTooLarge(uint64(len(body))))
		return
	}
	if err := e.checkMessage(len(body)); err != nil {
		e.stop(CloseMessageSize, err)
		return
	}
	if e.onlyCommands() {
		if buf != nil {
			buf.FreeAll()
		}
		body, buf = nil, nil
	}
	if buf == nil || len(body) < msg.LargeFrame {
		e.addFrame(flags, body)
	} else {
		e.addLarge(flags, body, buf, in)
	}
	if flags&wire.FlagMore == 0 {
		e.recv.messages++
		e.endMessage(in)
	}
}

func (e *Engine) frameTooLarge(size uint64) error {
	return fmt.Errorf("frame of %d bytes, the limit is %d", size, e.cfg.Limits.Frame)
}

// tooLong reports whether a frame of that size on the wire, whole or not,
// makes the message too long.
func (e *Engine) tooLong(size uint64) bool {
	l := e.cfg.Limits.Message
	if l == 0 {
		return false
	}
	if e.mech.Seals() {
		l += sealOverhead
	}
	return size > uint64(max(0, l-e.recv.bytes))
}

// checkMessage counts one more frame of the message being received.
func (e *Engine) checkMessage(size int) error {
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

// addFrame puts a small frame at rest, copying it.
func (e *Engine) addFrame(flags byte, body []byte) {
	e.reserve(msg.HeaderSize(len(body)) + len(body))
	e.recv.region = msg.AppendFrame(e.recv.region, body, flags&wire.FlagMore != 0)
}

// reserve makes room for n bytes in the region. It grows with what is put there
// and not with what was read, most of which may be commands; it begins with as
// much as the last Decode has put there.
func (e *Engine) reserve(n int) {
	r := &e.recv
	have := len(r.region)
	if cap(r.region)-have >= n {
		return
	}
	size := have + max(n, min(max(have, r.last), r.rest))
	r.last = 0
	r.region = append(make([]byte, 0, size), r.region...)
}

// Kept reports whether messages of the last Decode lie in the buffer that it was
// given.
func (e *Engine) Kept() bool { return e.recv.kept }

// addLarge puts a large frame at rest, taking it over.
func (e *Engine) addLarge(flags byte, body []byte, buf *msg.Buf, in *msg.Batch) {
	r := &e.recv
	e.reserve(msg.MaxHeader)
	r.region = msg.AppendHeader(r.region, len(body), flags&wire.FlagMore != 0)
	e.endRegion(in)
	r.part.Add(msg.Seg{B: body, From: e.peer, Buf: buf})
}

func (e *Engine) endMessage(in *msg.Batch) {
	r := &e.recv
	r.frames, r.bytes, r.useless = 0, 0, 0
	in.Msgs++
	if len(r.part.Segs) > 0 {
		if n := len(r.region); n > 0 {
			r.part.Add(msg.Seg{B: r.region[:n:n], From: e.peer})
			r.put += n
			r.region = r.region[n:]
		}
		in.Append(&r.part)
		return
	}
	r.done = len(r.region)
}

// endRegion moves what is in the region out: finished messages to in, frames
// of an unfinished one to part.
func (e *Engine) endRegion(in *msg.Batch) {
	r := &e.recv
	r.put += len(r.region)
	if r.done > 0 {
		in.Add(msg.Seg{B: r.region[:r.done:r.done], From: e.peer})
		r.region, r.done = r.region[r.done:], 0
	}
	if n := len(r.region); n > 0 {
		r.part.Extend(r.region[:n:n], e.peer)
		r.region = r.region[n:]
	}
}

// Want returns the memory that the next bytes from the peer belong in, or nil
// when they may go anywhere and on to Decode. After reading n bytes into it,
// call Filled.
func (e *Engine) Want() []byte {
	f := e.recv.big
	if f == nil {
		return nil
	}
	e.growBig(0)
	have := len(f.buf.B)
	return f.buf.B[have:min(cap(f.buf.B), f.size)]
}

// Filled says that the first n bytes of Want are read.
func (e *Engine) Filled(n int, in *msg.Batch) error {
	r := &e.recv
	f := r.big
	f.buf.B = f.buf.B[:len(f.buf.B)+n]
	if len(f.buf.B) == f.size {
		r.big = nil
		r.largest = max(r.largest, f.size)
		e.frame(f.flags, f.buf.B, f.buf, in)
		e.endRegion(in)
	}
	return r.failed
}

// growBig makes room for at least need more bytes, or for some if need is 0.
// Memory follows the bytes that have arrived, not the size that was claimed:
// it doubles, from little or from what this connection has shown to send.
func (e *Engine) growBig(need int) {
	f := e.recv.big
	have := 0
	if f.buf != nil {
		have = len(f.buf.B)
		if have < cap(f.buf.B) {
			return
		}
	}
	want := max(2*(have+need), firstRead, min(e.recv.largest, maxAhead))
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

// stop records the fault that ends the connection.
func (e *Engine) stop(f CloseReason, err error) { e.recv.failed = e.fail(f, err) }

// Begins reports whether b, bytes that Decode left over, begin a message.
func (e *Engine) Begins(b []byte) bool {
	return len(b) > 0 && (e.version == wire.V1 || b[0]&wire.FlagCommand == 0)
}

// Discard gives up what is kept of a message that is not whole. Nothing more
// is decoded.
func (e *Engine) Discard() {
	r := &e.recv
	if r.big != nil {
		r.big.buf.FreeAll()
	}
	r.part.Recycle()
	r.big, r.region, r.part = nil, nil, msg.Batch{}
}

// Held is the number of bytes kept of a message that is not whole, and
// whether there is such a message.
func (e *Engine) Held() (n int, unfinished bool) {
	r := &e.recv
	n = r.part.Bytes + len(r.region)
	if r.big != nil {
		n += len(r.big.buf.B)
	}
	return n, r.frames > 0 || r.big != nil
}
