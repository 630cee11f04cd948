package socket

import (
	"context"
	"sync/atomic"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Iterator receives messages one after the other. It takes several under recvMu and
// hands them out without a lock: to claim one is an atomic addition.
//
// The messages that it has not handed out still count as queued. Every call that
// receives, inspects or closes the socket, or takes both locks, first takes them back
// (Socket.reclaim), and they are received next. A call that waits has done so before,
// and while one waits an iterator takes single messages. So no call ever waits while
// an iterator has messages, and an iterator that gives messages back wakes none.
//
// An Iterator is used by one goroutine at a time. Close gives back what remains.
type Iterator struct {
	s     *Socket
	taken [maxTaken]msg.Msg

	// Next hands out taken[next] and increments next. From end on there is none: all
	// messages are handed out, or were taken back. end changes under recvMu, in Next.
	next atomic.Int64
	end  int64
}

const (
	// maxTaken is how many messages an iterator takes at a time. With more, a call
	// of another goroutine would have to take more of them back.
	maxTaken = 64
	// maxTakenSize is the number of bytes after which it takes no more. For larger
	// messages the lock costs little.
	maxTakenSize = 64 << 10
	// hwmShare is the share of the high-water mark that it takes at most, because
	// the queue counts these messages as read.
	hwmShare = 16
	// singleReceives is how often an iterator takes a single message after a call
	// that receives has taken messages back.
	singleReceives = 256
)

// Iterator returns an iterator over the messages of s, which receives.
func (s *Socket) Iterator() *Iterator { return &Iterator{s: s} }

// Next receives the next message, as Socket.Recv does.
func (it *Iterator) Next(ctx context.Context) (m msg.Msg, err error) {
	i := it.next.Add(1) - 1
	if i >= it.end {
		if err := it.refill(ctx); err != nil {
			return m, err
		}
		i = 0
	}
	m, it.taken[i] = it.taken[i], msg.Msg{}
	return m, nil
}

// refill waits until it has taken a message. The first is handed out.
func (it *Iterator) refill(ctx context.Context) error {
	s := it.s
	s.recvMu.Lock()
	err := it.take()
	s.recvMu.Unlock()
	if err == pattern.ErrWouldBlock || err == pattern.ErrYield {
		err = s.waitRecv(ctx, it.take)
	}
	return err
}

// take receives a message into taken[0], and those that follow. The caller holds
// recvMu.
func (it *Iterator) take() error {
	s := it.s
	if s.iterator == it {
		s.iterator = nil // all are handed out
	}
	n, err := s.recvBatch(it.taken[:it.limit()], maxTakenSize)
	if n > 1 {
		s.iterator = it
	}
	it.end = int64(n)
	it.next.Store(1)
	return err
}

// limit returns how many messages the iterator may take. The caller holds recvMu.
func (it *Iterator) limit() int {
	s := it.s
	switch {
	case s.opts.Load().Conflate: // a newer message may replace one that is not received
		return 1
	case s.inbox.waiting.Load() > 0:
		return 1
	case s.singles > 0:
		s.singles--
		return 1
	}
	if hwm := s.hwm.recv.Load(); hwm > 0 {
		return int(min(max(hwm/hwmShare, 1), maxTaken))
	}
	return maxTaken
}

// Close gives back the messages that are not handed out.
func (it *Iterator) Close() {
	it.s.recvMu.Lock()
	defer it.s.recvMu.Unlock()
	if it.s.iterator == it {
		it.s.reclaim()
	}
}

// reclaim takes back the messages that an iterator has not handed out. They are
// received next. The caller holds recvMu.
func (s *Socket) reclaim() {
	it := s.iterator
	if it == nil {
		return
	}
	s.iterator = nil
	if i := it.next.Swap(maxTaken); i < it.end {
		rest := it.taken[i:it.end]
		s.giveBack(rest)
		clear(rest)
	}
}
