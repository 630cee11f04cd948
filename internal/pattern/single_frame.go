package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// single is a fair queue of a type whose messages have one frame: others are
// dropped when their turn comes.
type single struct {
	fq    FairQueue
	drops *pipe.Drops
}

func (s *single) Ready(p *pipe.Pipe) { s.fq.ready(p) }
func (s *single) More() bool         { return s.fq.more() }

// Recv takes the next message of one frame.
func (s *single) Recv(m *msg.Msg) error {
	for n := 0; n < maxDiscard; n += m.Len() {
		if err := s.fq.recv(m); err != nil || len(m.Rest) == 0 {
			return err
		}
		s.drops.Add(pipe.DropMalformed, 1)
	}
	return ErrYield
}

// Readable returns nil if there is a message of one frame.
func (s *single) Readable() error {
	return s.fq.peekWanted(func(c *msg.Cursor) bool {
		_, flags, _ := c.Next()
		return flags&msg.FlagMore == 0
	}, s.drops, pipe.DropMalformed)
}

// whole makes a message of a frame, for types that send no others.
// https://rfc.zeromq.org/spec/41/
func whole(f *msg.Frame) (msg.Msg, error) {
	if f.More {
		return msg.Msg{}, errOneFrame
	}
	return msg.Msg{First: f.Body, Bufs: f.Buf}, nil
}

// undivided is what types do about messages that have several frames: nothing.
type undivided struct{}

// InMessage is false: there is nothing between two messages.
func (undivided) InMessage() bool { return false }

// DropMessage does nothing.
func (undivided) DropMessage() int { return 0 }
