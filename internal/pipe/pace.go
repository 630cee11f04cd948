package pipe

import "github.com/zerobroker/zmq/internal/msg"

// A connection that reads faster than the application receives fills the queue up
// to its limits. Large messages are then in no cache when the application gets
// them, and the memory that Release returns is in none either. So the writer waits
// briefly while paceSize bytes are queued that the reader has not taken. It then
// continues, and does not wait again before the reader takes messages, so the
// limits of the queue stay as they are.
const paceSize = 256 << 10

// Pace returns a channel that is closed when the reader takes messages or is closed,
// if the writer should wait briefly for that before it writes more, else nil. After
// a wait in vain the writer calls Stall. Pace is a writing method.
func (q *Queue) Pace() <-chan struct{} {
	if q.stalled || q.in.Bytes < paceSize || q.in.Bytes < q.in.Msgs*msg.LargeFrame || q.replaces || q.readClosed {
		return nil
	}
	if q.taken == nil {
		q.taken = make(chan struct{})
	}
	return q.taken
}

// Stall notes that the writer has waited in vain for the channel of Pace: Pace
// returns nil until the reader takes messages. Stall is a writing method.
func (q *Queue) Stall(taken <-chan struct{}) { q.stalled = q.taken == taken }

// progressed ends the wait of the writer, after the reader has taken messages or is
// closed. The caller holds the writer's lock.
func (q *Queue) progressed() {
	q.stalled = false
	if q.taken != nil {
		close(q.taken)
		q.taken = nil
	}
}
