package pipe

// Mark is a position in a queue: behind the messages that the queue had when
// NewMark was called.
type Mark struct {
	end  uint64        // value of Queue.settled at which these messages are settled
	lost int           // number of them that were dropped
	done chan struct{} // closed when they are settled
}

// NewMark returns a mark behind the last message of the queue, or nil if every
// message is settled: written to a connection or dropped, or passed to the socket
// that reads the queue. NewMark is a writing method.
func (q *Queue) NewMark() *Mark {
	n := q.Unsent()
	if n == 0 || q.readClosed || q.to != nil {
		return nil
	}
	m := &Mark{end: q.settled + uint64(n), done: make(chan struct{})}
	q.marks = append(q.marks, m)
	return m
}

// Done returns a channel that is closed when the messages before the mark are
// settled.
func (m *Mark) Done() <-chan struct{} { return m.done }

// Lost returns how many messages before the mark were dropped. It must not be
// called before Done is closed.
func (m *Mark) Lost() int { return m.lost }

// RemoveMark removes a mark and returns how many messages before it are not
// settled. RemoveMark is a writing method.
func (q *Queue) RemoveMark(m *Mark) (unsettled int) {
	for i := range q.marks {
		if q.marks[i] == m {
			q.marks = append(q.marks[:i], q.marks[i+1:]...)
			return min(int(m.end-q.settled), q.Unsent())
		}
	}
	return 0
}

// settle counts n messages at the head of the queue as settled. The caller holds
// the writer's lock, and has removed them from the numbers of Unsent.
func (q *Queue) settle(n int) {
	q.settled += uint64(n)
	if len(q.marks) > 0 {
		q.reachMarks()
	}
}

// settleDropped is settle for n messages that are dropped. It counts counted of them
// with a reason before a mark is reached, so that a call that waits for it finds them
// counted.
func (q *Queue) settleDropped(n int, why Drop, counted int) {
	q.drop(why, counted)
	for _, m := range q.marks {
		m.lost += min(n, int(m.end-q.settled))
	}
	q.settle(n)
}

// reachMarks closes the marks before which everything is settled. A withdrawn
// message counts in the end of a mark and is never settled; the mark is then
// reached with the next message, or when the queue is empty.
func (q *Queue) reachMarks() {
	empty := q.to != nil || q.readClosed || q.Unsent() == 0
	for len(q.marks) > 0 && (empty || q.settled >= q.marks[0].end) {
		close(q.marks[0].done)
		q.marks = q.marks[1:]
	}
}
