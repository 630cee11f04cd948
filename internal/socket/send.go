package socket

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Send queues m. While the pattern has no peer or queue for it, Send waits until ctx
// ends; after an error nothing was sent. A message above the limits on received
// messages gets pattern.ErrMessageTooLarge, here and in every method that sends.
// Frames below msg.LargeFrame are copied; the socket takes ownership of larger ones.
func (s *Socket) Send(ctx context.Context, m msg.Msg) error {
	if s.subParser != nil {
		return s.sendXSub(m)
	}
	if err := s.orClosed(s.sizes.checkMessage(&m, s.sizes.idFrames)); err != nil {
		return err
	}
	return s.send(ctx, s.sendKey(m), m.Size(), func() error { return s.sender.Send(m) })
}

// TrySend is like Send but does not wait: it returns pattern.ErrWouldBlock
// instead.
func (s *Socket) TrySend(m msg.Msg) error { return s.Send(noWait, m) }

// TrySendFrames is like TrySend but copies the frames, so that their slice need not
// be on the heap. None of them may be as large as msg.LargeFrame. The send lock
// guards the slice of the socket that the pattern gets instead.
func (s *Socket) TrySendFrames(frames [][]byte) error {
	if s.balance != nil && len(frames) == 1 {
		return s.trySmallFrame(frames[0])
	}
	if s.subParser != nil {
		return s.sendXSub(msg.Of(slices.Clone(frames)...))
	}
	s.lockSend()
	defer s.unlockSend()
	s.frames = append(s.frames[:0], frames[1:]...)
	defer clear(s.frames)
	m := msg.Msg{First: frames[0], Rest: s.frames}
	if err := s.orClosed(s.sizes.checkMessage(&m, s.sizes.idFrames)); err != nil {
		return err
	}
	key := waitKey{kind: byAll}
	if s.router == nil || len(s.lines.other) > 0 { // a key with a routing ID is an allocation
		key = s.sendKey(m)
	}
	err := s.attempt(key, m.Size(), func() error { return s.sender.Send(m) })
	if err == pattern.ErrWouldBlock {
		err, _ = s.overflow(m.Size())
	}
	return err
}

// trySmallFrame is the fast path for most messages: it does what attempt does,
// without calls through interfaces and function values.
func (s *Socket) trySmallFrame(f []byte) error {
	if int64(len(f)) > s.sizes.frame {
		return s.orClosed(s.sizes.check(1, int64(len(f)), int64(len(f))))
	}
	s.sendMu.Lock()
	waiting := s.lines.any.calls.Len() > 0
	var p *pipe.Pipe
	if !waiting || s.lines.any.mayPass() {
		p = s.balance.Pick()
	}
	if p == nil || s.isClosed() {
		err := ErrClosed
		if !s.isClosed() {
			err, _ = s.overflow(len(f))
		}
		s.sendMu.Unlock()
		return err
	}
	p.Out.PutFrame(f)
	if waiting {
		s.lines.any.pass()
	}
	s.sent.add(len(f))
	s.sendMu.Unlock()
	return nil
}

// sendXSub sends a message of an XSUB: its frames that subscribe or cancel
// change the subscriptions, and the others go to the publishers. It never waits.
func (s *Socket) sendXSub(m msg.Msg) error {
	changes, others, ok := s.subParser.SplitSubscriptions(m)
	for _, c := range changes {
		if err := s.Topics().Subscribe(string(c[1:]), c[0] == 1); err != nil {
			return err
		}
	}
	if !ok {
		return nil
	}
	if err := s.orClosed(s.sizes.checkMessage(&others, 0)); err != nil {
		return err
	}
	return s.send(noWait, waitKey{}, others.Size(), func() error { return s.sender.Send(others) })
}

// noWait is the context of calls that do not wait.
var noWait context.Context = &struct{ context.Context }{context.Background()}

// uncounted is the size of a frame, which Frames counts.
const uncounted = -1

// send calls put, which queues a message of size bytes. If put returns
// pattern.ErrWouldBlock, send waits for the condition of key until ctx ends, in line
// with other calls, and calls put again; with noWait it returns at once.
func (s *Socket) send(ctx context.Context, key waitKey, size int, put func() error) error {
	ended := ctx.Err() // without a lock, as a method of the application
	s.lockSend()
	err := s.attempt(key, size, put)
	wait := false
	if err == pattern.ErrWouldBlock {
		err, wait = s.overflow(size)
	}
	if wait && ctx != noWait {
		if ended == nil {
			return s.waitSend(ctx, key, size, put)
		}
		err = ended
	}
	s.unlockSend()
	return err
}

// attempt calls put, unless the calls in the line of key have to send first. The
// caller holds the send lock and is not in the line.
func (s *Socket) attempt(key waitKey, size int, put func() error) error {
	line := s.lines.line(key)
	if key.kind == byAll {
		line = nil // in no order
	}
	if line != nil && !line.mayPass() && !s.isClosed() {
		return pattern.ErrWouldBlock
	}
	err := s.put(size, put)
	if err == nil && line != nil {
		line.pass()
	}
	return err
}

// put calls put and counts what it has queued. An empty message of a STREAM queues
// nothing: it disconnects the peer. The caller holds the send lock.
func (s *Socket) put(size int, put func() error) error {
	if s.isClosed() {
		return ErrClosed
	}
	disconnects := s.disconnects()
	err := put()
	if err == nil && size != uncounted && s.disconnects() == disconnects {
		s.sent.add(size)
	}
	return err
}

// disconnects returns the number of peers that a STREAM has to disconnect. The caller
// holds the send lock.
func (r *rules) disconnects() int {
	if r.raw == nil {
		return 0
	}
	return r.raw.NumPendingDisconnects()
}
