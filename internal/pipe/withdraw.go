package pipe

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
)

// Withdraw removes the first max messages that the reader has not taken and
// whose first frame match accepts. It returns them in order. They do not share
// memory with the queue. Withdraw is a writing method.
func (q *Queue) Withdraw(max int, match func(first []byte) bool) []msg.Msg {
	if q.in.Msgs == 0 {
		return nil
	}
	q.closeTail()
	list := q.in.Remove(max, match)
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		copySmallFrames(&list[i])
	}
	q.wakeWriterIfRoom()
	return list
}

// copySmallFrames copies the frames of m that share a segment with other
// messages.
func copySmallFrames(m *msg.Msg) {
	if len(m.First) < msg.LargeFrame {
		m.First = bytes.Clone(m.First)
	}
	for i, f := range m.Rest {
		if len(f) < msg.LargeFrame {
			m.Rest[i] = bytes.Clone(f)
		}
	}
}
