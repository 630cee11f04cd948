package socket

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Transfer has the methods that send and receive several messages in one call, and
// the one with which a proxy gives messages back that it could not send.
type Transfer struct{ s *Socket }

// Transfer returns the methods of s that move several messages.
func (s *Socket) Transfer() Transfer { return Transfer{s} }

// maxTransfer is the number of bytes after which Recv takes no more messages.
const maxTransfer = 256 << 10

// Recv receives messages into msgs, as many as there are, at most maxBatch, and
// returns their number. It waits for the first one until ctx ends; an error means
// that no message was taken.
func (t Transfer) Recv(ctx context.Context, msgs []msg.Msg) (n int, err error) {
	s := t.s
	if s.receiver == nil {
		return 0, ErrDirection
	}
	attempt := func() error {
		n, err = s.recvBatch(msgs, maxTransfer)
		return err
	}
	s.recvMu.Lock()
	err = attempt()
	s.recvMu.Unlock()
	if err == pattern.ErrYield {
		err = s.tryAgain(attempt)
	}
	if err == pattern.ErrWouldBlock {
		err = s.waitRecv(ctx, attempt)
	}
	return n, err
}

// TrySend sends messages until one cannot be sent, and returns the number of those
// that were sent. An error is that of the next message, which has not changed:
// pattern.ErrWouldBlock, ErrClosed, or what Socket.Send returns.
func (t Transfer) TrySend(msgs []msg.Msg) (n int, err error) {
	switch {
	case t.s.sender == nil:
		return 0, ErrDirection
	case t.s.subParser != nil:
		return t.sendXSub(msgs)
	}
	return t.s.trySendBatch(&t.s.anyPeer, msgs)
}

// SendAll is like TrySend but waits where Socket.Send does.
func (t Transfer) SendAll(ctx context.Context, msgs []msg.Msg) (n int, err error) {
	switch {
	case t.s.sender == nil:
		return 0, ErrDirection
	case t.s.subParser != nil:
		return t.sendXSub(msgs)
	}
	return t.s.sendBatch(ctx, &t.s.anyPeer, msgs)
}

// sendXSub sends the messages of an XSUB, which never wait.
func (t Transfer) sendXSub(msgs []msg.Msg) (n int, err error) {
	for n < len(msgs) && err == nil {
		if err = t.s.sendXSub(msgs[n]); err == nil {
			n++
		}
	}
	return n, err
}

// Send is Socket.Send.
func (t Transfer) Send(ctx context.Context, m msg.Msg) error { return t.s.Send(ctx, m) }

// Routes reports whether the first frame of a message names the peer that it is
// for, so that pattern.ErrWouldBlock is about that peer alone.
func (t Transfer) Routes() bool { return t.s.router != nil }

// Return gives messages back that Recv has returned and that were not sent, in the
// same order and unchanged. They are received before all others. If the socket is
// closed they count as dropped. A REQ or REP takes no message back.
func (t Transfer) Return(msgs []msg.Msg) {
	s := t.s
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	if s.isClosed() {
		s.drops.Add(pipe.DropUnread, len(msgs))
		return
	}
	s.reclaim()
	s.giveBack(msgs)
	s.inbox.pass()
}

// giveBack puts messages before those that are received next. The caller holds
// recvMu.
func (s *Socket) giveBack(msgs []msg.Msg) {
	for i := range msgs {
		s.received.subtract(msgs[i].Size())
	}
	s.returned = slices.Concat(msgs, s.returned)
}

// nextReturned takes the first message that was given back, if there is one. The caller
// holds recvMu.
func (s *Socket) nextReturned(m *msg.Msg) bool {
	if !s.hasReturned() {
		return false
	}
	*m = s.returned[0]
	s.skipReturned()
	return true
}

// hasReturned reports whether a message was given back. It drops those that the socket
// no longer subscribes to, as Recv of the pattern does. The caller holds recvMu.
func (s *Socket) hasReturned() bool {
	for len(s.returned) > 0 {
		if s.filter == nil || s.filter.Wants(&s.returned[0]) {
			return true
		}
		s.skipReturned()
		s.drops.Add(pipe.DropFiltered, 1)
	}
	return false
}

func (s *Socket) skipReturned() {
	s.returned[0] = msg.Msg{}
	if s.returned = s.returned[1:]; len(s.returned) == 0 {
		s.returned = nil
	}
}

// dropReturnedFrom drops the messages that were given back, of the peer of a pipe.
// The caller holds recvMu.
func (s *Socket) dropReturnedFrom(p *pipe.Pipe) {
	peer, n := p.Peer(), len(s.returned)
	if n == 0 || peer == nil {
		return
	}
	s.returned = slices.DeleteFunc(s.returned, func(m msg.Msg) bool { return m.From != nil && m.From.Generation == peer.Generation })
	p.Drop(&s.drops, pipe.DropUnread, n-len(s.returned))
}

// dropReturned drops the messages that were given back, for Close.
func (s *Socket) dropReturned() {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	s.reclaim()
	s.drops.Add(pipe.DropUnread, len(s.returned))
	s.returned = nil
}
