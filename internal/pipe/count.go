package pipe

// Counts are the counters of a queue at one moment.
type Counts struct {
	Passed  uint64 // messages that the reader has read, or written to its connection
	Unacked int    // those of them that it has read and not acknowledged
	Queued  int    // messages that the reader has neither read, written nor dropped
	HWM     int    // high-water mark in messages; 0 is unlimited

	generated int // number of messages among Queued and Unacked that the writer has not sent
}

// Sent returns the numbers of the messages among Queued and Unacked that the writer
// has sent, and not the socket that reads the queue.
func (c Counts) Sent() (queued, unacked int) {
	queued = max(0, c.Queued-c.generated)
	return queued, max(0, c.Queued+c.Unacked-c.generated-queued)
}

// Counts returns the counters of a queue whose reader reads with Next. It is a
// reading method.
func (q *Queue) Counts() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	read := q.pendingAck.msgs + q.deferredAck.msgs
	return q.counts(read, q.unread().msgs)
}

// CountsUnsent is like Counts for the writer. If the reader reads with Next,
// Queued may include messages that are read already, as in Unsent. It is a
// writing method.
func (q *Queue) CountsUnsent() Counts { return q.counts(0, q.Unsent()) }

func (q *Queue) counts(read, queued int) Counts {
	c := Counts{Passed: q.passed + uint64(read), Unacked: read, Queued: queued, generated: int(q.generated)}
	if q.hwm != unlimited {
		c.HWM = q.hwm
	}
	return c
}

// PassAll counts all messages in the queue in Written, and none after that. The
// writer calls it when it leaves the queue to a reader that counts the messages
// that it drops. PassAll is a writing method.
func (q *Queue) PassAll() {
	if q.written != nil {
		q.addWritten(q.Len())
		q.written = nil
	}
}

// DropUnread is like CloseRead for a reader that counts the dropped messages as
// its own. So they are counted in Written. DropUnread is a reading method.
func (q *Queue) DropUnread() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.unread().msgs
	if q.written != nil {
		q.addWritten(n)
	}
	q.closeRead(n, DropUnread, 0)
	return n
}

// DropUnsent is like CloseRead for a queue that no socket reads any more. It counts the
// messages that the writer has sent, and not those that a socket has generated.
// DropUnsent is a reading method.
func (q *Queue) DropUnsent(why Drop) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.unread().msgs
	q.closeRead(n, why, max(0, n-int(q.generated)))
}

// Generated excludes one message in the queue from Written, because the socket
// that reads the queue has generated it. Generated is a writing method.
func (q *Queue) Generated() { q.excludeGenerated(1) }

func (q *Queue) excludeGenerated(n int) {
	if q.written != nil {
		q.generated += int32(n)
	}
}
