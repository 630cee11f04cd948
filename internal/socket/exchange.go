package socket

import (
	"context"
	"math"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Exchange sends m to the peer of a DEALER that is connected to one inproc name,
// and returns the next message. It returns pattern.ErrPeerLost if no socket is
// joined to the link, at the beginning or later, and the error of ctx if that
// ends. After an error m is withdrawn, unless the peer has taken it from its
// queue, so that a peer that does not read collects no messages.
func (s *Socket) Exchange(ctx context.Context, m msg.Msg) (reply msg.Msg, err error) {
	if err := s.TrySend(m); err != nil {
		return msg.Msg{}, err
	}
	// The end of the link wakes this call: it closes the queue from the peer after
	// it has detached the pipe.
	err = s.waitRecv(ctx, func() error {
		err := s.recvLocked(&reply)
		if err == pattern.ErrWouldBlock && s.peers.numConnected() == 0 {
			return pattern.ErrPeerLost
		}
		return err
	})
	if err != nil {
		s.withdrawAll()
	}
	return reply, err
}

// withdrawAll removes the messages that peers have not taken from their queues.
func (s *Socket) withdrawAll() {
	for _, p := range s.peers.all() {
		if p.Out == nil {
			continue
		}
		s.sendMu.Lock()
		for _, m := range p.Out.Withdraw(math.MaxInt, func([]byte) bool { return true }) {
			m.Bufs.FreeAll()
		}
		s.sendMu.Unlock()
	}
}
