package ppp

import (
	"slices"

	"github.com/zerobroker/zmq"
)

// The commands of RFC 6, each a message of one frame of one byte.
const (
	commandReady     = 0x01
	commandHeartbeat = 0x02
)

// kind is the kind of a message between a queue and a worker.
type kind uint8

const (
	kindInvalid   kind = iota // none of the following
	kindReady                 // READY
	kindHeartbeat             // HEARTBEAT
	kindWork                  // REQUEST or REPLY: several frames
)

// decode returns the kind of a message. A REQUEST or REPLY is divided into its address
// stack, which includes the empty frame, and its content. The stack is empty if the
// message has none.
func decode(m zmq.Message) (k kind, stack, content [][]byte) {
	if m.NumFrames() == 1 {
		f := m.Frame(0)
		switch {
		case len(f) != 1:
			return kindInvalid, nil, nil
		case f[0] == commandReady:
			return kindReady, nil, nil
		case f[0] == commandHeartbeat:
			return kindHeartbeat, nil, nil
		}
		return kindInvalid, nil, nil
	}
	frames := m.Frames()
	n := len(m.Envelope())
	return kindWork, frames[:n:n], frames[n:]
}

func ready() zmq.Message     { return zmq.NewMessage([]byte{commandReady}) }
func heartbeat() zmq.Message { return zmq.NewMessage([]byte{commandHeartbeat}) }

// encodeWork returns a REQUEST or REPLY. Without an address stack it begins with the
// empty frame alone, because a message of one frame would be a command.
func encodeWork(stack, content [][]byte) zmq.Message {
	if len(stack) == 0 {
		stack = [][]byte{nil}
	}
	return zmq.NewMessage(slices.Concat(stack, content)...)
}
