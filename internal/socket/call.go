package socket

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// ErrWithdrawn matches every [WithdrawnError].
var ErrWithdrawn = errors.New("request withdrawn")

// WithdrawnError is the error of a Call whose context ended before any byte of
// the request was written. The peer does not receive the request.
type WithdrawnError struct {
	Err    error // the context's error
	Queued bool  // a peer was connected and the request was in its queue
}

func (e *WithdrawnError) Error() string        { return e.Err.Error() }
func (e *WithdrawnError) Unwrap() error        { return e.Err }
func (e *WithdrawnError) Is(target error) bool { return target == ErrWithdrawn }

// Requests are the methods of a socket that matches replies to requests: a REQ.
type Requests struct{ s *Socket }

// Requests returns the methods of s that match replies to requests.
func (s *Socket) Requests() Requests { return Requests{s} }

// Call sends a request and returns its reply. Any number of calls may wait at the
// same time. The request waits until a peer is connected. If ctx ends before any
// byte of the request was written, Call withdraws the request and returns a
// [*WithdrawnError]. If ctx ends later, Call returns its error, and the reply is
// dropped when it arrives. A request whose connection is lost before it was
// written goes to the next peer.
func (r Requests) Call(ctx context.Context, m msg.Msg) (msg.Msg, error) {
	s := r.s
	if err := s.orClosed(s.sizes.checkMessage(&m, 0)); err != nil {
		return msg.Msg{}, err
	}
	c := &pattern.Call{Waiter: make(chan struct{}, 1)}
	for {
		err := s.send(ctx, waitKey{kind: byCall}, m.Size(), func() error { return s.requester.Begin(m, c) })
		if err != nil {
			if EndedBy(ctx, err) {
				err = &WithdrawnError{Err: err}
			}
			return msg.Msg{}, err
		}
		reply, err := s.waitReply(ctx, c)
		if err != pattern.ErrUnsent {
			return reply, err
		}
		m = c.Request
		s.sendMu.Lock()
		s.sent.subtract(m.Size())
		s.sendMu.Unlock()
	}
}

// waitReply waits for the reply to a request that was sent.
func (s *Socket) waitReply(ctx context.Context, c *pattern.Call) (msg.Msg, error) {
	w := c.Waiter
	for {
		err := ctx.Err() // without a lock, as a method of the application
		s.recvMu.Lock()
		s.processInput()
		if c.Done() {
			if c.Err == nil {
				s.received.add(c.Reply.Size())
			}
			s.recvMu.Unlock()
			return c.Reply, c.Err
		}
		if s.isClosed() {
			err = ErrClosed
		}
		if err != nil {
			s.sendMu.Lock()
			if size, unsent := s.requester.Cancel(c); unsent {
				s.sent.subtract(size)
				if err != ErrClosed {
					err = &WithdrawnError{Err: err, Queued: true}
				}
			}
			s.unlockBoth()
			return msg.Msg{}, err
		}
		waiting := s.inbox.wait(w)
		s.recvMu.Unlock()
		if !waiting {
			continue
		}
		// The loop processes the input because of which w was woken before it can
		// return, so this call need not wake another waiter. Waiters that woke each
		// other would never stop.
		select {
		case <-w:
		case <-ctx.Done():
		case <-s.callsEnd:
		}
		s.inbox.remove(w)
	}
}
