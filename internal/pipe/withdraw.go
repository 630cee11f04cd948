package pipe

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
)

// Withdraw removes messages that the reader has not taken, and returns them:
// the first max, in order, whose first frame match accepts. The returned
// messages have memory of their own. The caller holds the writer's lock.
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
		own(&list[i])
	}
	q.wakeWriterIfRoom()
	return list
}

// own copies the frames of m that lie between those of other messages.
func own(m *msg.Msg) {
	if len(m.First) < msg.LargeFrame {
		m.First = bytes.Clone(m.First)
	}
	for i, f := range m.Rest {
		if len(f) < msg.LargeFrame {
			m.Rest[i] = bytes.Clone(f)
		}
	}
}
