package zmq

import (
	"context"
	"iter"
)

// Receiver is a [Connector] that receives messages from all its peers in turn.
// Every receiving type but [Dish] and [Dgram] embeds it; the messages of these two
// carry a group or an address.
type Receiver struct{ Connector }

// Recv returns the next message. It waits until there is one or ctx ends. An
// error that is the context's means that no message was taken. If there is a
// message, Recv returns it even if ctx has ended. A lost connection is not an
// error of Recv; [Socket.Events] reports it.
//
// Several goroutines may call Recv: each message is returned to one of them.
// REQ and REP are the exception, because Recv and Send alternate on the socket: a
// second Recv fails with [ErrInvalidState] if the socket is out of turn. For concurrent
// requests use [Req.Do], to serve requests concurrently use a [Router].
func (r Receiver) Recv(ctx context.Context) (m Message, err error) {
	if err = r.s.Recv(ctx, &m.m); err != nil {
		err = opError("recv", "", err)
	}
	return m, err
}

// TryRecv is Recv without waiting. The error matches [ErrWouldBlock] if there is
// no message, or if the call has dropped some 16,000 messages that the socket does
// not want; the next call continues after them.
func (r Receiver) TryRecv() (m Message, err error) {
	if err = r.s.TryRecv(&m.m); err != nil {
		err = opError("recv", "", err)
	}
	return m, err
}

// Messages returns an iterator over the messages as they arrive. The last thing it
// yields is the error that ends it, with a zero message: the error of ctx when that
// has ended, even if there are more messages, [ErrClosed] when the socket is closed,
// or another error of Recv, such as [ErrInvalidState] of a REP that has not replied.
// To end the loop otherwise, break from it.
func (r Receiver) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return messages(ctx, r.Recv)
}

// SetRecvHWM changes [Options.RecvHWM], including that of existing connections.
// As there, 0 is the default and [Unlimited] removes the mark. Messages above a
// lowered mark stay queued. The error matches [ErrInvalidOption] or [ErrClosed].
func (r Receiver) SetRecvHWM(n int) error { return r.Socket.setRecvHWM(n) }

func (s Socket) setRecvHWM(n int) error {
	n, err := hwm("RecvHWM", n)
	if err == nil {
		err = s.s.SetRecvHWM(n)
	}
	return opError("set recv hwm", "", err)
}

// messages is Messages for what recv returns.
func messages[M any](ctx context.Context, recv func(context.Context) (M, error)) iter.Seq2[M, error] {
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
