package zmq

import (
	"context"
	"iter"
)

// Receiver is a [Connector] that receives messages from all its peers in turn.
// [Dish] and [Dgram] have the same methods for messages with a group or an
// address.
type Receiver struct{ Connector }

// Recv returns the next message. It waits until there is one. If ctx ends
// first, Recv returns the context's error, and no message was taken; a message
// that is available is returned even if ctx has ended. Other errors match
// [ErrInvalidState] (REQ and REP) or [ErrClosed]. A lost connection is not an
// error of Recv; [Socket.Events] reports it.
//
// Several goroutines may call Recv: each message is returned to one of them. On
// REQ and REP only one should, because Recv and Send alternate on the socket.
// For concurrent requests use [Req.Do], to serve requests concurrently use a
// [Router].
func (r Receiver) Recv(ctx context.Context) (m Message, err error) {
	checkContext(ctx)
	if err = r.s.Recv(ctx, &m.m); err != nil {
		err = contextError(ctx, "recv", err)
	}
	return m, err
}

// TryRecv is like Recv but does not wait. The error matches [ErrWouldBlock] if
// there is no message, or if the call has dropped some 16,000 messages that the
// socket does not accept; the next call continues after them.
func (r Receiver) TryRecv() (m Message, err error) {
	if err = r.s.TryRecv(&m.m); err != nil {
		err = opError("recv", "", err)
	}
	return m, err
}

// Messages returns an iterator over the messages as Recv returns them. The last
// pair that it yields is a zero message and the error that ends it: the
// context's error as soon as ctx has ended, even if there are more messages, an
// error that matches [ErrClosed] when the socket is closed, or another error of
// Recv, such as [ErrInvalidState] of a REP that has not replied. A loop may
// also break earlier; the socket stays usable.
func (r Receiver) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return messages(ctx, r.Recv)
}

// SetRecvHWM changes [Options.RecvHWM], also for existing connections. As
// there, 0 is the default and [Unlimited] removes the mark. Messages above a
// lowered mark stay queued. The error matches [ErrInvalidOption] or
// [ErrClosed].
func (r Receiver) SetRecvHWM(n int) error { return r.Socket.setRecvHWM(n) }

func (s Socket) setRecvHWM(n int) error {
	n, err := hwm("RecvHWM", n)
	if err == nil {
		err = s.s.SetRecvHWM(n)
	}
	return opError("set recv hwm", "", err)
}

// messages returns an iterator over what recv returns, as [Receiver.Messages]
// documents it.
func messages[M any](ctx context.Context, recv func(context.Context) (M, error)) iter.Seq2[M, error] {
	checkContext(ctx)
	return func(yield func(M, error) bool) {
		for {
			var m M
			err := ctx.Err()
			if err == nil {
				m, err = recv(ctx)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
