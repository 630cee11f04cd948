package socket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// Some types end the connection with one of their peers while the others go on:
// STREAM, and those that address their peers by number.

// partWait is how long a connection that is parted with lives on for what is
// queued when the socket itself does not linger: not to linger is to be quick to
// close, and not to lose the last answer to a peer that is sent away.
const partWait = 30 * time.Second

// partLinger is how long a connection that is parted with lives on, negative for
// as long as it takes.
func (s *Socket) partLinger() time.Duration {
	if s.opts.Linger == 0 {
		return partWait
	}
	return s.opts.Linger
}

// part ends the connection behind a pipe that is no longer sent to, when what is
// queued is written or linger is over, and receives nothing more from it. A
// connection of ours is not made again.
func (s *Socket) part(p *pipe.Pipe, linger time.Duration) {
	// First, or the last words of its end would be queued only to be dropped.
	s.unhear(p)
	if ep, mine := s.madeBy(p); mine != nil {
		s.remove(ep, linger, func(e entry) bool { return e.endpoint == mine })
	} else if e, ok := p.To.(endpoint); ok {
		e.Finish()
		s.leave(e, linger)
	} else if l, ok := p.To.(interface{ Finish() }); ok {
		l.Finish()
	}
	s.unhear(p) // one that we connected to by name may just have come
}

// unhear drops what was received over a pipe and what will be.
func (s *Socket) unhear(p *pipe.Pipe) {
	s.recvMu.Lock()
	defer s.recvMu.Unlock()
	if p.In != nil {
		s.drops.Add(pipe.DropUnread, p.In.CloseRead())
	}
}

// madeBy returns the endpoint that we connected to by this pipe, or nil if its
// peer came to us.
func (s *Socket) madeBy(p *pipe.Pipe) (ep string, e endpoint) {
	if d, ok := p.To.(*session.Dialer); ok {
		return d.Endpoint(), d
	}
	if p.Side != pipe.ConnectedInproc {
		return "", nil
	}
	s.endMu.Lock()
	defer s.endMu.Unlock()
	for ep, list := range s.endpoints {
		for _, e := range list {
			if c, ok := e.endpoint.(*connectedName); ok && c.l.Pipe() == p {
				return ep, c
			}
		}
	}
	return "", nil
}

// ClosePeer sends an empty message to the peer with that routing id, which ends
// its connection, and waits for that end. If ctx ends first, what is not written
// is dropped. If the connection is lost first, the error matches ErrBroken. The
// socket is a STREAM.
func (s *Socket) ClosePeer(ctx context.Context, id string) error {
	s.sendMu.Lock()
	err := ErrClosed
	if !s.closed.Load() {
		err = s.router.SendTo(id, msg.Msg{})
	}
	if err != nil {
		s.sendMu.Unlock()
		return err
	}
	parted := s.stream.PendingDisconnects()
	s.sendMu.Unlock()
	for _, p := range parted {
		s.part(p, -1)
		err = ended(ctx, p.To.(parting))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// parting is an endpoint that can tell whether it has lost anything.
type parting interface {
	endpoint
	Lost() (unsent int, broken bool)
}

// ended waits for the end of a connection, and says what was lost with it.
func ended(ctx context.Context, e parting) error {
	e.Wait(ctx)
	switch unsent, broken := e.Lost(); {
	case unsent > 0:
		return fmt.Errorf("%w: %d messages are not delivered", ErrBroken, unsent)
	case broken:
		return fmt.Errorf("%w: what is written may not have arrived", ErrBroken)
	}
	return nil
}

// ErrBroken is the end of a connection that took messages with it.
var ErrBroken = errors.New("connection lost before its end")

// DisconnectPeer ends the connection with the peer that has that routing number,
// which names nobody any more. What is queued for it is written first, for as
// long as the socket lingers. The socket is a SERVER or a PEER.
func (s *Socket) DisconnectPeer(number uint32) error {
	s.lockBoth()
	if s.closed.Load() {
		s.unlockBoth()
		return ErrClosed
	}
	p := s.server.RemovePeer(number)
	s.unlockBoth()
	if p == nil {
		return pattern.ErrNoRoute
	}
	s.part(p, s.partLinger())
	return nil
}
