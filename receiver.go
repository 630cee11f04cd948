package zmq

import (
	"context"
	"iter"

	"github.com/zerobroker/zmq/internal/msg"
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
	// This is inlined, which saves a copy of the message: it is too large for registers.
	err = r.recvInto(ctx, &m)
	return m, err
}

func (r Receiver) recvInto(ctx context.Context, m *Message) error {
	checkContext(ctx)
	if err := r.s.Recv(ctx, &m.m); err != nil {
		return contextError(ctx, "recv", err)
	}
	return nil
}

// TryRecv is like Recv but does not wait. The error matches [ErrWouldBlock] if
// there is no message, or if the call has dropped some 16,000 messages that the
// socket does not accept; the next call continues after them.
func (r Receiver) TryRecv() (m Message, err error) {
	err = r.tryRecvInto(&m) // as in Recv
	return m, err
}

func (r Receiver) tryRecvInto(m *Message) error {
	if err := r.s.TryRecv(&m.m); err != nil {
		return opError("recv", "", err)
	}
	return nil
}

// Messages returns an iterator over the messages as Recv returns them. The last
// pair that it yields is a zero message and the error that ends it: the
// context's error as soon as ctx has ended, even if there are more messages, an
// error that matches [ErrClosed] when the socket is closed, or another error of
// Recv, such as [ErrInvalidState] of a REP that has not replied. A loop may
// also break earlier; the socket stays usable.
//
// A loop takes up to 64 messages under one lock, at most a sixteenth of
// [Options.RecvHWM], and no more after 64 KiB. They count as queued, except
// against the high-water mark, until the loop reaches them. When the loop ends, or
// another call receives from the socket or closes it, the messages that the loop
// has not reached are the next ones in the queue, in their order. So several
// goroutines may loop, and call Recv, at the same time. Each message is returned
// to one of them, and none waits while another has messages that it has not
// reached. REQ, REP, an XPUB with [XPubOptions].Manual and sockets with
// [Options.Conflate] take one message at a time.
func (r Receiver) Messages(ctx context.Context) iter.Seq2[Message, error] {
	checkContext(ctx)
	return func(yield func(Message, error) bool) {
		it := r.s.Iterator()
		defer it.Close()
		for {
			var m msg.Msg
			err := ctx.Err()
			if err == nil {
				if m, err = it.Next(ctx); err != nil {
					err = contextError(ctx, "recv", err)
				}
			}
			if !yield(Message{m}, err) || err != nil {
				return
			}
		}
	}
}

// RecvBatch receives messages into msgs, in the order in which Recv would return
// them, and returns their number n. It waits as Recv does until there is one, and
// takes those that follow without waiting: at most len(msgs) and 256, and no more
// after 256 KiB. The elements of msgs from n on do not change. With an empty msgs
// it returns 0 and nil at once. For small messages RecvBatch is faster than Recv,
// because it locks the socket once.
//
// The errors are those of Recv, and mean that n is 0 and no message was taken. REQ,
// REP and an XPUB with [XPubOptions].Manual receive one message at a time.
func (r Receiver) RecvBatch(ctx context.Context, msgs []Message) (n int, err error) {
	checkContext(ctx)
	if n, err = r.s.Transfer().Recv(ctx, coreMessages(msgs)); err != nil {
		err = contextError(ctx, "recv", err)
	}
	return n, err
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

// convertAll returns an iterator like that of [Receiver.Messages] over converted
// messages.
func convertAll[M any](msgs iter.Seq2[Message, error], convert func(msg.Msg) M) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for m, err := range msgs {
			var c M
			if err == nil {
				c = convert(m.m)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// recvBatch is [Receiver.RecvBatch] for converted messages.
func recvBatch[M any](ctx context.Context, r Receiver, msgs []M, convert func(msg.Msg) M) (n int, err error) {
	received := make([]Message, min(len(msgs), maxRecvBatch))
	n, err = r.RecvBatch(ctx, received)
	for i := range n {
		msgs[i] = convert(received[i].m)
	}
	return n, err
}

// maxRecvBatch is the maximum number of messages of RecvBatch.
const maxRecvBatch = 256
