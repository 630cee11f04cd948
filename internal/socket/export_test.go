package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
)

// MaxPassed and ManyWaiting are for tests of other packages.
const (
	MaxPassed   = maxPassed
	ManyWaiting = manyWaiting
)

// StallCalls adds n calls to the line in which calls wait to send to the peer.
// These calls are never run, as if the scheduler had not come to them. leave has
// the first of them give up.
func StallCalls(s *Socket, n int, to *msg.Peer) (leave func()) {
	key := waitKey{}
	switch {
	case s.requester != nil:
		key.kind = byCall
	case s.router != nil:
		key = waitKey{kind: byID, id: to.RoutingID}
	case s.numbers != nil:
		key = waitKey{kind: byNumber, number: to.Number}
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	for range n {
		s.lines.join(key, make(chan struct{}, 1))
	}
	return func() {
		s.sendMu.Lock()
		defer s.sendMu.Unlock()
		s.lines.leave(key, s.lines.line(key).calls.Front())
	}
}

// HostOf returns the socket as its sessions know it.
func HostOf(s *Socket) session.Host { return host{pipeOwner{s}} }

// BeginCall is Call without waiting for the reply.
func BeginCall(ctx context.Context, s *Socket, m msg.Msg) error {
	c := &pattern.Call{Waiter: make(chan struct{}, 1)}
	return s.send(ctx, waitKey{kind: byCall}, m.Size(), func() error { return s.requester.Begin(m, c) })
}
