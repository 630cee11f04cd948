package pipe

import (
	"bytes"

	"github.com/zerobroker/zmq/internal/msg"
)

// Withdraw removes the first max messages whose first frame match accepts, among
// those that the reader has lent and those that it has not taken. It returns
// them in order. They do not share memory with the queue. Withdraw is a writing
// method.
func (q *Queue) Withdraw(max int, match func(first []byte) bool) []msg.Msg {
	var list []msg.Msg
	if q.lent != nil {
		list = q.withdrawLent(max, match)
	}
	if q.in.Msgs > 0 && len(list) < max {
		q.closeTail()
		list = append(list, q.in.Remove(max-len(list), match)...)
	}
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		copySmallFrames(&list[i])
	}
	q.reachMarks()
	q.wakeWriterIfRoom()
	return list
}

// withdrawLent implements Withdraw for the batch that the reader has lent.
func (q *Queue) withdrawLent(max int, match func(first []byte) bool) []msg.Msg {
	n, size := 0, q.lent.Bytes
	list := q.lent.Remove(max, func(first []byte) bool {
		n++
		return n > int(q.begun) && match(first)
	})
	if q.lent.Counted {
		q.unacked.sub(amount{len(list), size - q.lent.Bytes})
	} else {
		q.inFlight -= len(list)
	}
	return list
}

// Lend lets Withdraw remove messages from b, except the first begun ones. b is the
// last batch from Take. Until Reclaim the reader may use the memory of the begun
// messages, and not b itself. Lend is a reading method.
func (q *Queue) Lend(b *msg.Batch, begun int) {
	q.mu.Lock()
	q.lent, q.begun = b, int32(begun)
	q.mu.Unlock()
}

// Reclaim ends Lend. It is a reading method.
func (q *Queue) Reclaim() {
	q.mu.Lock()
	q.lent = nil
	q.mu.Unlock()
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
