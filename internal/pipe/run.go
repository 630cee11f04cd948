package pipe

import "github.com/zerobroker/zmq/internal/msg"

// PutRun appends messages, as Full and Put do for each, until the queue is full. It
// returns the number of messages appended, and the size of their frames. PutRun is a
// writing method.
func (q *Queue) PutRun(msgs []msg.Msg) (n, size int) {
	for n < len(msgs) && !q.Full() {
		k, bytes := 0, 0
		if !q.replaces {
			k, bytes = q.putShort(msgs[n : n+min(len(msgs)-n, q.hwm-q.Len())])
		}
		if k == 0 {
			q.Put(&msgs[n])
			k, bytes = 1, msgs[n].Size()
		}
		n, size = n+k, size+bytes
	}
	return n, size
}

// maxShort is the size of the largest frame whose length takes one byte.
const maxShort = 255

// putShort appends the messages at the start of msgs that are one frame of at most
// maxShort bytes, until the queue has reached its limit in bytes. It wakes the reader
// after the last of them. It returns their number and the size of their frames.
func (q *Queue) putShort(msgs []msg.Msg) (n, size int) {
	free := q.maxBytes - q.bytes()
	for ; n < len(msgs); n++ {
		m := &msgs[n]
		k := len(m.First)
		if k > maxShort || len(m.Rest) > 0 || free <= 0 {
			break
		}
		if len(q.tail)-q.used < k+2 {
			q.grow(k + 2)
		}
		t := q.tail[q.used : q.used+2+k]
		t[0], t[1] = 0, byte(k)
		copy(t[2:], m.First)
		q.used += k + 2
		free -= k + 2 + int(q.overhead)
		size += k
	}
	q.in.Msgs += n
	if n > 0 && q.readerWaits {
		q.wakeReader()
	}
	return n, size
}

// NextRun removes messages, as Next does for each, and stores them in msgs until that
// is full or the size of their frames is maxSize or more. It returns their number and
// size. more is false if it has found the queue empty, as when Next returns false.
// NextRun is a reading method.
func (q *Queue) NextRun(msgs []msg.Msg, maxSize int) (n, size int, more bool) {
	for n < len(msgs) && size < maxSize {
		if q.pos == len(q.cur) && !q.refill() {
			return n, size, false
		}
		k, bytes := q.nextShort(msgs[n:], maxSize-size)
		if k == 0 {
			q.Next(&msgs[n])
			k, bytes = 1, msgs[n].Size()
		}
		n, size = n+k, size+bytes
	}
	return n, size, true
}

// nextShort removes the next messages of the current segment that are one frame of at
// most maxShort bytes, as NextRun does.
func (q *Queue) nextShort(msgs []msg.Msg, maxSize int) (n, size int) {
	rest := q.cur[q.pos:]
	for ; n < len(msgs) && size < maxSize && len(rest) > 0 && rest[0] == 0; n++ {
		end := 2 + int(rest[1])
		if end > len(rest) {
			break // the body is a segment of its own
		}
		m := &msgs[n]
		m.First = rest[2:end:end]
		m.Rest, m.From, m.Bufs = nil, q.sender, nil
		size += end - 2
		rest = rest[end:]
	}
	if n > 0 {
		q.pos = len(q.cur) - len(rest)
		q.consumed(n, size+2*n)
	}
	return n, size
}
