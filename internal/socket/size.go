package socket

import (
	"fmt"
	"math"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// sizeLimits limit the messages that a socket sends. They are the limits of those
// that it receives: a receiver with the same options closes the connection on which
// a larger one arrives, and messages after it may be lost too.
type sizeLimits struct {
	frame, message int64 // bytes
	frames         int

	added    int // frames that the pattern puts before those of a message
	idFrames int // frames of a message that only select the peer
}

func newSizeLimits(info *pattern.Info, l *engine.Limits, requests bool) sizeLimits {
	s := sizeLimits{frame: math.MaxInt64, message: math.MaxInt64, frames: math.MaxInt}
	if info.IDFirst {
		s.idFrames = 1
	}
	if info.Raw {
		return s // bytes of a stream, or a datagram, which has a limit of its own
	}
	if l.Frame > 0 {
		s.frame = l.Frame
	}
	if l.Message > 0 {
		s.message = l.Message
	}
	if l.Frames > 0 {
		s.frames = l.Frames
	}
	s.frame = min(s.frame, s.message)
	if requests {
		s.added = 2 // the number of the request and the delimiter
	}
	return s
}

// check returns an error that matches pattern.ErrMessageTooLarge if a message of that
// many frames and bytes, whose largest frame has that size, is too large.
func (l *sizeLimits) check(frames int, bytes, largest int64) error {
	switch {
	case largest > l.frame:
		return fmt.Errorf("%w: frame of %d bytes, the limit is %d", pattern.ErrMessageTooLarge, largest, l.frame)
	case bytes > l.message:
		return fmt.Errorf("%w: %d bytes, the limit is %d", pattern.ErrMessageTooLarge, bytes, l.message)
	case frames+l.added > l.frames:
		return fmt.Errorf("%w: %d frames, the limit is %d", pattern.ErrMessageTooLarge, frames+l.added, l.frames)
	}
	return nil
}

// checkMessage is like check for m. leading is the number of frames of m that
// are not sent, negative for frames that are sent in addition to those of m.
func (l *sizeLimits) checkMessage(m *msg.Msg, leading int) error {
	largest := len(m.First)
	for _, f := range m.Rest {
		largest = max(largest, len(f))
	}
	return l.check(m.Len()-leading, int64(m.Size()), int64(largest))
}

// partSize is the size of the frames that were sent of a message that is sent
// frame by frame.
type partSize struct {
	frames int
	bytes  int64
}

func (p *partSize) add(size int) {
	p.frames++
	p.bytes += int64(size)
}

// checkNext is like check for the next frame after those of sent. If more
// frames follow, there must be capacity for one: a message that was begun can
// be ended with an empty frame.
func (l *sizeLimits) checkNext(sent partSize, size int, more bool) error {
	frames := sent.frames + 1 - l.idFrames
	if more {
		frames++
	}
	return l.check(frames, sent.bytes+int64(size), int64(size))
}
