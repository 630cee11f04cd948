package socket

import (
	"context"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
)

// MaxPassed and ManyWaiting export constants for tests.
const (
	MaxPassed   = maxPassed
	ManyWaiting = manyWaiting
)

// StallCalls adds n blocked calls to the line of calls that wait to send to the
// peer. They are never run, as if the scheduler had not scheduled them. The
// returned function cancels the first of them.
func StallCalls(s *Socket, n int, to *msg.Peer) (cancel func()) {
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
func HostOf(s *Socket) session.Host { return host{pipeOwner{s}, s.opts.Load()} }

// BeginCall sends a request as Call does, but does not wait for the reply.
func BeginCall(ctx context.Context, s *Socket, m msg.Msg) error {
	c := &pattern.Call{Waiter: make(chan struct{}, 1)}
	return s.send(ctx, waitKey{kind: byCall}, m.Size(), func() error { return s.requester.Begin(m, c) })
}

// SplitEndpoint exports split.
var SplitEndpoint = split

// Taken returns how many messages it has taken under one lock, and Kept the first
// frames of those that it refers to.
func Taken(it *Iterator) int { return int(it.end) }

func Kept(it *Iterator) (first []string) {
	for i := range it.taken {
		if it.taken[i].First != nil {
			first = append(first, string(it.taken[i].First))
		}
	}
	return first
}
