package socket

import (
	"context"
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Addressed are the methods of a socket whose application chooses the peers: by
// routing ID (ROUTER, STREAM), by routing number (SERVER, PEER), or by group
// (RADIO). Which of them may be called depends on the type.
type Addressed struct{ s *Socket }

// Addressed returns the methods of s that choose peers.
func (s *Socket) Addressed() Addressed { return Addressed{s} }

// ConnectPeer is like ConnectWith but returns the routing number of the peer. The socket
// is a PEER. Messages can be sent to the number at once, so Immediate does not
// permit the call.
func (a Addressed) ConnectPeer(ep string, o EndpointOptions) (number uint32, err error) {
	s := a.s
	if s.opts.Load().Immediate {
		return 0, fmt.Errorf("%w: with Immediate a peer has no routing number before it is connected", ErrInvalidOption)
	}
	p, err := s.connect(ep, o)
	if err != nil {
		return 0, err
	}
	if p == nil {
		return 0, errors.Join(s.Disconnect(ep), fmt.Errorf("%w: %s has no single peer", ErrUnsupportedTransport, ep))
	}
	return p.Number, nil
}

// SendTo queues m to the peer with that routing ID, as Send does.
func (a Addressed) SendTo(ctx context.Context, id string, m msg.Msg) error {
	s := a.s
	if err := s.orClosed(s.sizes.checkMessage(&m, 0)); err != nil {
		return err
	}
	return s.send(ctx, s.idKey(id, m.Size()), m.Size(), func() error { return s.router.SendTo(id, m) })
}

// SendAllTo sends messages to the peer with that routing ID, as Transfer.SendAll does.
func (a Addressed) SendAllTo(ctx context.Context, id string, msgs []msg.Msg) (n int, err error) {
	s := a.s
	return s.sendBatch(ctx, &destination{
		key:  func(m msg.Msg) waitKey { return s.idKey(id, m.Size()) },
		send: func(m msg.Msg) error { return s.router.SendTo(id, m) },
	}, msgs)
}

// TrySendTo is like SendTo but does not wait.
func (a Addressed) TrySendTo(id string, m msg.Msg) error { return a.SendTo(noWait, id, m) }

// SendToNumber queues m to the peer with that routing number, as Send does.
func (a Addressed) SendToNumber(ctx context.Context, number uint32, m msg.Msg) error {
	s := a.s
	if err := s.orClosed(s.sizes.checkMessage(&m, 0)); err != nil {
		return err
	}
	key := waitKey{kind: byNumber, number: number}
	return s.send(ctx, key, m.Size(), func() error { return s.numbers.SendToNumber(number, m) })
}

// SendAllToNumber sends messages to the peer with that routing number, as
// Transfer.SendAll does.
func (a Addressed) SendAllToNumber(ctx context.Context, number uint32, msgs []msg.Msg) (n int, err error) {
	s := a.s
	return s.sendBatch(ctx, &destination{
		key:  func(msg.Msg) waitKey { return waitKey{kind: byNumber, number: number} },
		send: func(m msg.Msg) error { return s.numbers.SendToNumber(number, m) },
	}, msgs)
}

// TrySendToNumber is like SendToNumber but does not wait.
func (a Addressed) TrySendToNumber(number uint32, m msg.Msg) error {
	return a.SendToNumber(noWait, number, m)
}

// SendGroup queues m to the peers that have joined the group, as Send does.
func (a Addressed) SendGroup(ctx context.Context, group string, m msg.Msg) error {
	s := a.s
	if err := s.orClosed(s.sizes.checkMessage(&m, -1)); err != nil {
		return err
	}
	return s.send(ctx, waitKey{kind: byAll}, m.Size(), func() error { return s.groups.SendGroup(group, m) })
}

// SendAllToGroup sends messages to the peers that have joined the group, as
// Transfer.SendAll does.
func (a Addressed) SendAllToGroup(ctx context.Context, group string, msgs []msg.Msg) (n int, err error) {
	s := a.s
	return s.sendBatch(ctx, &destination{
		idFrames: -1,
		key:      func(msg.Msg) waitKey { return waitKey{kind: byAll} },
		send:     func(m msg.Msg) error { return s.groups.SendGroup(group, m) },
	}, msgs)
}

// TrySendGroup is like SendGroup but does not wait.
func (a Addressed) TrySendGroup(group string, m msg.Msg) error {
	return a.SendGroup(noWait, group, m)
}

// ClosePeer sends an empty message to the peer with that routing ID, which ends
// its connection, and waits for that end. If ctx ends first, messages that are not
// written are dropped. If the connection is lost first, the error matches
// pattern.ErrPeerLost. The socket is a STREAM.
func (a Addressed) ClosePeer(ctx context.Context, id string) error {
	s := a.s
	s.sendMu.Lock()
	err := ErrClosed
	if !s.isClosed() {
		err = s.router.SendTo(id, msg.Msg{})
	}
	if err != nil {
		s.sendMu.Unlock()
		return err
	}
	disconnected := s.raw.PendingDisconnects()
	s.sendMu.Unlock()
	for _, p := range disconnected {
		s.disconnect(p, -1)
		err = waitEnd(ctx, p.To.(lossReporter))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// lossReporter is a finisher that reports what was lost with its connection.
type lossReporter interface {
	finisher
	LossStats() (unsent int, broken bool)
}

// waitEnd waits for the end of a connection, and returns an error if messages were
// lost with it.
func waitEnd(ctx context.Context, e lossReporter) error {
	e.Wait(ctx)
	switch unsent, broken := e.LossStats(); {
	case unsent > 0:
		return fmt.Errorf("%w: %d messages are not delivered", pattern.ErrPeerLost, unsent)
	case broken:
		return fmt.Errorf("%w: written messages may not have arrived", pattern.ErrPeerLost)
	}
	return nil
}

// DisconnectPeer ends the connection with the peer that has that routing number,
// and makes the number invalid. Queued messages are written first, as long as the
// socket lingers. The socket is a SERVER or a PEER.
func (a Addressed) DisconnectPeer(number uint32) error {
	s := a.s
	s.lockBoth()
	if s.isClosed() {
		s.unlockBoth()
		return ErrClosed
	}
	p := s.numbers.RemovePeer(number)
	s.unlockBoth()
	if p == nil {
		return pattern.ErrNoRoute
	}
	s.disconnect(p, s.opts.Load().disconnectLinger())
	return nil
}
