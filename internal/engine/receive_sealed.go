package engine

import (
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// decodeSealed is Decode for encrypted frames. It replaces the complete frames in b
// by decrypted ones, without gaps, and decodes these like those of any other peer.
func (e *Engine) decodeSealed(b []byte, limit int, in *msg.Batch) (n int) {
	for e.recv.err == nil && n < len(b) && in.Msgs < limit && e.recv.large == nil {
		k, size, err := e.openFrames(b[n:], limit-in.Msgs)
		e.decodeFrames(b[n:n+size], limit, in)
		switch {
		case e.recv.err != nil:
		case err != nil:
			e.failReceive(mechanismCloseReason(err), err)
		case k == 0: // the next frame is incomplete
			if k = e.beginSealed(b[n:]); k == 0 {
				return n
			}
		}
		n += k
	}
	return n
}

// openFrames decrypts at most limit complete frames, in place: the first n bytes of
// b are then decrypted frames of plain bytes, and bytes without meaning. A frame ends
// at most one message, so that limit is also one of messages. err is why the frame
// at n was not accepted.
func (e *Engine) openFrames(b []byte, limit int) (n, plain int, err error) {
	for work := 0; limit > 0; limit-- {
		_, size, h := wire.ConsumeFrameHeader(b[n:])
		if h <= 0 || size > uint64(len(b)-n-h) {
			break
		}
		end := n + h + int(size)
		flags, body, err := e.mech.Open(b[n+h : end])
		if err != nil {
			return n, plain, err
		}
		// The encrypted frame is longer, so this overwrites only what is decrypted.
		out := wire.AppendFrameHeader(b[:plain], flags, len(body))
		plain = len(append(out, body...))
		n = end
		if work += openedFrame + int(size); work >= yieldOpened && e.cfg.Yield != nil {
			work = 0
			e.cfg.Yield()
		}
	}
	return n, plain, nil
}

// yieldOpened is after how much work openFrames calls Yield: after about 100
// microseconds. To decrypt an empty frame is as much work as openedFrame bytes.
const (
	yieldOpened = 64 << 10
	openedFrame = 128
)

// beginSealed begins with the incomplete or malformed frame at the start of b.
func (e *Engine) beginSealed(b []byte) int {
	flags, size, h := wire.ConsumeFrameHeader(b)
	switch {
	case h == 0:
		return 0
	case h < 0:
		e.failMalformedHeader(b)
		return 0
	}
	body := size - min(size, mechanism.SealOverhead)
	if l := e.cfg.Limits.Command; l == 0 || body <= uint64(l) {
		flags |= wire.FlagCommand // it may be a command, which may be larger than a message
	}
	if !e.admitFrame(flags, body) {
		return 0
	}
	return e.beginLarge(0, size, b, h)
}

// openLarge decrypts and handles a large frame.
func (e *Engine) openLarge(f *largeFrame, in *msg.Batch) {
	flags, body, err := e.mech.Open(f.buf.B)
	if err != nil {
		e.failReceive(mechanismCloseReason(err), err)
		return
	}
	if e.admitFrame(flags, uint64(len(body))) {
		e.handleFrame(flags, body, f.buf, in)
	}
}
