package pipe

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
)

// putLarge queues messages of 64 KiB.
func putLarge(q *Queue, n int) {
	for range n {
		q.Put(&msg.Msg{First: make([]byte, 64<<10)})
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWriterWaitsForReaderOfLargeMessagesOnce(t *testing.T) {
	q := NewQueue(Config{})
	putLarge(q, 3)
	if q.Pace() != nil {
		t.Error("waits with 192 KiB in the queue")
	}
	putLarge(q, 2)
	taken := q.Pace()
	if taken == nil || isClosed(taken) {
		t.Fatal("does not wait with 320 KiB in the queue")
	}
	q.Stall(taken)
	putLarge(q, 1)
	if q.Pace() != nil {
		t.Error("waits again for a reader without progress")
	}
	var m msg.Msg
	q.Next(&m) // takes all
	if !isClosed(taken) || q.Pace() != nil {
		t.Error("waits with an empty queue")
	}
	putLarge(q, 4)
	if taken = q.Pace(); taken == nil {
		t.Fatal("does not wait after the reader has taken messages")
	}
	for q.Next(&m) {
	}
	if !isClosed(taken) {
		t.Error("the wait does not end when the reader takes messages")
	}
	q.Stall(taken) // too late
	putLarge(q, 4)
	if q.Pace() == nil {
		t.Error("does not wait although the reader has taken messages")
	}
}

func TestWriterDoesNotWaitForReaderOfSmallMessages(t *testing.T) {
	q := NewQueue(Config{})
	for range 1000 {
		q.PutFrame(make([]byte, 1000))
	}
	if q.Pace() != nil {
		t.Error("waits")
	}
}

func TestWriterDoesNotWaitAfterCloseRead(t *testing.T) {
	q := NewQueue(Config{})
	putLarge(q, 4)
	taken := q.Pace()
	q.CloseRead(DropConnLost)
	if !isClosed(taken) || q.Pace() != nil {
		t.Error("waits for a closed reader")
	}
}
