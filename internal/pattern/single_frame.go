package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// singleFrameReceiver receives messages of one frame from all pipes in turn,
// and drops all others.
type singleFrameReceiver struct {
	fq    FairQueue
	drops *pipe.Drops
}

func (s *singleFrameReceiver) Wake(p *pipe.Pipe) { s.fq.wake(p) }
func (s *singleFrameReceiver) More() bool        { return s.fq.more() }

// Recv returns the next message of one frame. It drops longer ones.
func (s *singleFrameReceiver) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		p := s.fq.Next(m)
		switch {
		case p == nil:
			return ErrWouldBlock
		case len(m.Rest) == 0:
			return nil
		}
		p.Drop(s.drops, pipe.DropMalformed, 1)
	}
	return ErrYield
}

// Readable returns nil if there is a message of one frame.
func (s *singleFrameReceiver) Readable() error {
	return s.fq.peekWanted(func(c *msg.Cursor) bool {
		_, flags, _ := c.Next()
		return flags&msg.FlagMore == 0
	}, s.drops, pipe.DropMalformed)
}

// messageOf returns a message of one frame. It returns an error if more frames
// follow.
// https://rfc.zeromq.org/spec/41/
func messageOf(f *msg.Frame) (msg.Msg, error) {
	if f.More {
		return msg.Msg{}, errOneFrame
	}
	return msg.Msg{First: f.Body, Bufs: f.Buf}, nil
}

// singleFrameSender has the methods of FrameByFrameSender that do nothing if each
// message has one frame.
type singleFrameSender struct{}

// InMessage returns false: a message begins and ends with the same frame.
func (singleFrameSender) InMessage() bool { return false }

// DropMessage does nothing.
func (singleFrameSender) DropMessage() int { return 0 }
