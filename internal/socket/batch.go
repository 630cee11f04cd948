package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

const (
	// maxBatch is how many messages are sent or received under one lock. Other calls
	// and connections wait for it.
	maxBatch = 256
	// maxBatchSize is the number of bytes after which no more are sent under it.
	maxBatchSize = 64 << 10
)

// recvBatch makes one attempt to receive a message and those that follow, at most
// maxBatch, until msgs is full or the size of the frames is maxSize or more. It takes
// one if the type receives one at a time. An error means that no message was taken.
// The caller holds recvMu.
func (s *Socket) recvBatch(msgs []msg.Msg, maxSize int) (n int, err error) {
	msgs = msgs[:min(len(msgs), maxBatch)]
	if s.receivesSingly() {
		msgs = msgs[:min(len(msgs), 1)]
	}
	for size := 0; n < len(msgs) && size < maxSize; {
		if err := s.recvLocked(&msgs[n]); err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		size += msgs[n].Size()
		n++
		if s.fair != nil && len(s.returned) == 0 {
			k, bytes := s.fair.NextRun(msgs[n:], maxSize-size)
			s.received.addRun(k, bytes)
			n, size = n+k, size+bytes
		}
	}
	return n, nil
}

// receivesSingly reports whether a message has to be processed before the next one
// is received: a request is answered first, and an XPUB whose application assigns
// the subscriptions assigns them to the peer of the last message.
func (s *Socket) receivesSingly() bool { return s.lockstep != nil || s.manual.Load() }

// destination is where a batch is sent, as the method that sends one message there
// does it.
type destination struct {
	idFrames int                     // the parameter of checkMessage
	balance  *pattern.Balancer       // messages of one frame may go there directly; may be nil
	key      func(m msg.Msg) waitKey // what a message waits for
	send     func(m msg.Msg) error   // the method of the pattern
}

// sendBatch sends messages in order, and waits while one cannot be queued. It returns
// the number of messages that were sent. An error is that of the next message, which
// has not changed.
func (s *Socket) sendBatch(ctx context.Context, d *destination, msgs []msg.Msg) (n int, err error) {
	for n < len(msgs) && err == nil {
		var sent int
		sent, err = s.trySendBatch(d, msgs[n:])
		if n += sent; err == pattern.ErrWouldBlock {
			m := msgs[n]
			if err = s.send(ctx, d.key(m), m.Size(), func() error { return d.send(m) }); err == nil {
				n++
			}
		}
	}
	return n, err
}

// trySendBatch is like sendBatch but does not wait: it returns pattern.ErrWouldBlock
// instead.
func (s *Socket) trySendBatch(d *destination, msgs []msg.Msg) (n int, err error) {
	for n < len(msgs) && err == nil {
		var sent int
		sent, err = s.trySendRun(d, msgs[n:n+runLen(msgs[n:])])
		n += sent
	}
	return n, err
}

// runLen returns how many messages are sent under one lock.
func runLen(msgs []msg.Msg) (n int) {
	for size := 0; n < min(len(msgs), maxBatch) && size < maxBatchSize; n++ {
		size += msgs[n].Size()
	}
	return n
}

// trySendRun implements trySendBatch under one lock.
func (s *Socket) trySendRun(d *destination, msgs []msg.Msg) (n int, err error) {
	s.lockSend()
	defer s.unlockSend()
	prefetched := 0
	for n += s.sendBalanced(d, msgs); n < len(msgs); n += s.sendBalanced(d, msgs[n:]) {
		if s.prefetch != nil && n >= prefetched {
			prefetched = n + s.prefetch.Prefetch(msgs[n:])
		}
		if err := s.trySendOne(d, msgs[n]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// trySendOne sends one message. The caller holds the send lock.
func (s *Socket) trySendOne(d *destination, m msg.Msg) error {
	if err := s.sizes.checkMessage(&m, d.idFrames); err != nil {
		return s.orClosed(err)
	}
	key := waitKey{kind: byAll}
	if s.router == nil || len(s.lines.other) > 0 { // a key with a routing ID is an allocation
		key = d.key(m)
	}
	err := s.attempt(key, m.Size(), func() error { return d.send(m) })
	if err == pattern.ErrWouldBlock {
		err, _ = s.overflow(m.Size())
	}
	return err
}

// sendBalanced is the fast path for most messages: it does what trySendOne does for
// those at the start of msgs that have one frame, if no call waits to send. It
// returns their number. The caller holds the send lock.
func (s *Socket) sendBalanced(d *destination, msgs []msg.Msg) int {
	if d.balance == nil || s.lines.any.calls.Len() > 0 || s.isClosed() {
		return 0
	}
	allowed := 0
	for allowed < len(msgs) && len(msgs[allowed].Rest) == 0 && int64(len(msgs[allowed].First)) <= s.sizes.frame {
		allowed++
	}
	n, size := d.balance.SendRun(msgs[:allowed])
	s.sent.addRun(n, size)
	return n
}
