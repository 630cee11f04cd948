package socket

import (
	"fmt"
	"math"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// sizeLimits bound what a socket sends. They are those of what it receives: a
// receiver with the same options closes the connection on which more arrives,
// and then messages after it may be lost too.
type sizeLimits struct {
	frame, message int64 // bytes
	frames         int

	added int // frames that the pattern puts before those of a message
}

func newSizeLimits(info *pattern.Info, l *engine.Limits, req bool) sizeLimits {
	s := sizeLimits{frame: math.MaxInt64, message: math.MaxInt64, frames: math.MaxInt}
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
	if req {
		s.added = 2 // the number of the request and the delimiter
	}
	return s
}

// check returns an error that matches pattern.ErrMessageTooLarge if a message of that
// many frames and bytes, whose largest frame has that size, is too large.
func (s *sizeLimits) check(frames int, bytes, largest int64) error {
	switch {
	case largest > s.frame:
		return fmt.Errorf("%w: frame of %d bytes, the limit is %d", pattern.ErrMessageTooLarge, largest, s.frame)
	case bytes > s.message:
		return fmt.Errorf("%w: %d bytes, the limit is %d", pattern.ErrMessageTooLarge, bytes, s.message)
	case frames+s.added > s.frames:
		return fmt.Errorf("%w: %d frames, the limit is %d", pattern.ErrMessageTooLarge, frames+s.added, s.frames)
	}
	return nil
}

// checkMessage is check for m. leading is the number of frames of m that are
// not sent, negative for frames that are sent beside those of m.
func (s *Socket) checkMessage(m *msg.Msg, leading int) error {
	largest := len(m.First)
	for _, f := range m.Rest {
		largest = max(largest, len(f))
	}
	return s.refuseIfOpen(s.sizes.check(m.Len()-leading, int64(m.Size()), int64(largest)))
}

// checkFrames is checkMessage for the frames of a message.
func (s *Socket) checkFrames(frames [][]byte) error {
	size, largest := 0, 0
	for _, f := range frames {
		size += len(f)
		largest = max(largest, len(f))
	}
	return s.refuseIfOpen(s.sizes.check(len(frames)-s.idFrames(), int64(size), int64(largest)))
}

// refuseIfOpen returns err, or ErrClosed instead of it if the socket is closed.
func (s *Socket) refuseIfOpen(err error) error {
	if err != nil && s.closed.Load() {
		return ErrClosed
	}
	return err
}

// idFrames is the number of frames that only say where a message goes.
func (s *Socket) idFrames() int {
	if s.info.IDFirst {
		return 1
	}
	return 0
}

// partSize is how much of a message that is sent frame by frame has been taken.
type partSize struct {
	frames int
	bytes  int64
}

// checkNext is check for the next frame of a message that is sent frame by
// frame. If more frames follow, one must fit: what has begun can be ended with an
// empty frame. The caller holds the send lock.
func (s *Socket) checkNext(size int, more bool) error {
	frames := s.sendingPart.frames + 1 - s.idFrames()
	if more {
		frames++
	}
	return s.sizes.check(frames, s.sendingPart.bytes+int64(size), int64(size))
}

// countNext counts a frame that was taken. The caller holds the send lock.
func (s *Socket) countNext(size int) {
	if !s.framer.InMessage() {
		s.sendingPart = partSize{}
		return
	}
	s.sendingPart.frames++
	s.sendingPart.bytes += int64(size)
}
