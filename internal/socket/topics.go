package socket

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Topics are the methods of a socket that are about subscriptions, of the socket
// or of its peers. Which of them may be called depends on the type.
type Topics struct{ s *Socket }

// Topics returns the methods of s that are about subscriptions.
func (s *Socket) Topics() Topics { return Topics{s} }

// Subscribe adds a subscription of the socket, or removes it. The socket is a SUB,
// an XSUB or a DISH.
func (t Topics) Subscribe(topic string, on bool) error {
	_, err := t.subscribe(topic, on)
	return err
}

// Join joins a group, or leaves it. It returns pattern.ErrInvalidGroup for a group
// that is joined already, or is not joined. The socket is a DISH.
func (t Topics) Join(group string, on bool) error {
	if err := pattern.CheckGroup(group); err != nil {
		return err
	}
	changed, err := t.subscribe(group, on)
	switch {
	case err != nil || changed:
		return err
	case on:
		return fmt.Errorf("%w: %q is joined already", pattern.ErrInvalidGroup, group)
	}
	return fmt.Errorf("%w: %q is not joined", pattern.ErrInvalidGroup, group)
}

// Group returns the group of a message that was received, as a string that is not
// allocated while the group is joined. The socket is a DISH.
func (t Topics) Group(m *msg.Msg) string {
	t.s.sendMu.Lock() // a DISH sends nothing, so calls seldom wait for it
	defer t.s.sendMu.Unlock()
	return t.s.pat.(*pattern.Dish).Group(m)
}

func (t Topics) subscribe(topic string, on bool) (changed bool, err error) {
	s := t.s
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	s.lockBoth()
	if s.isClosed() {
		s.unlockBoth()
		return false, ErrClosed
	}
	changed = s.sub.Subscribe(topic, on)
	var far []pipe.Subscriptions
	if changed {
		// A peer that is not connected yet gets the whole set from Connected, which
		// holds peerMu from before it reads the set until the peer counts as
		// connected. So each peer gets each change exactly once.
		s.sub.Pipes(func(p *pipe.Pipe) {
			if p.Sub != nil && s.peers.isConnected(p) {
				far = append(far, p.Sub)
			}
		})
	}
	s.unlockBoth()
	for _, sub := range far {
		sub.Subscribe(topic, on)
	}
	return changed, nil
}

// TopicCount returns the number of different prefixes that the socket, or its
// peers, subscribe to.
func (t Topics) TopicCount() int {
	s := t.s
	c, ok := s.pat.(interface{ TopicCount() int })
	if !ok {
		return 0
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return c.TopicCount()
}

// Manual reports whether the options leave the subscriptions of the peers to the
// application.
func (t Topics) Manual() bool { return t.s.manual.Load() }

// Assign adds topics to the subscriptions of a peer, or removes them, if the
// options leave that to the application. A nil peer is the one whose subscription
// was received last. Assign does nothing for a peer that has disconnected. The
// socket is an XPUB.
func (t Topics) Assign(peer *msg.Peer, topics []string, on bool) error {
	s := t.s
	defer s.peers.changed()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	if !t.Manual() {
		return fmt.Errorf("%w: its peers subscribe for themselves", pattern.ErrInvalidState)
	}
	if a, ok := s.pat.(*pattern.Pub); ok {
		var to *pipe.Pipe
		if peer != nil {
			if to = a.PipeOf(peer); to == nil {
				return nil
			}
		}
		for _, topic := range topics {
			a.Assign(to, on, []byte(topic))
		}
		s.lines.wakeAll() // a peer without room may no longer subscribe to the message
	}
	return nil
}

// WaitSubscribers waits until n peers would get a message with this first frame.
// The socket is a PUB, an XPUB or a RADIO.
func (t Topics) WaitSubscribers(ctx context.Context, n int, topic []byte) error {
	_, err := t.WaitSubscribersOfEach(ctx, n, []string{string(topic)})
	return err
}

// WaitSubscribersOfEach is WaitSubscribers for each of several topics. If ctx ends
// first, it returns the first topic that has fewer.
func (t Topics) WaitSubscribersOfEach(ctx context.Context, n int, topics []string) (missing string, err error) {
	s := t.s
	err = s.peers.wait(ctx, func([]*pipe.Pipe) bool {
		s.sendMu.Lock()
		defer s.sendMu.Unlock()
		for _, missing = range topics {
			if s.pub.Subscribers([]byte(missing)) < n {
				return false
			}
		}
		return true
	})
	return missing, err
}

// WaitSubscribed waits until a publisher has processed all subscriptions made so
// far, if its version of ZMTP can confirm that.
//
// It sends two PINGs, the second after the answer to the first. A peer that answers
// a PING has read what was sent before it. But libzmq applies the subscriptions of
// one read only after it has answered; when it answers the second PING, it has
// applied them.
//
// Endpoints for datagrams do not answer. The socket itself filters what it receives
// there, at once.
func (t Topics) WaitSubscribed(ctx context.Context) error {
	s := t.s
	if s.table.onlyDatagrams() {
		return nil
	}
	s.peers.await(1)
	defer s.peers.await(-1)
	for {
		s.mu.Lock()
		change := s.peers.change
		s.mu.Unlock()
		answers := make(chan struct{}, 1)
		err := s.peers.wait(ctx, func(list []*pipe.Pipe) bool {
			for _, p := range list {
				probeTwice(p.Sub, answers)
			}
			return len(list) > 0
		})
		if err != nil {
			return err
		}
		select {
		case <-answers:
			return nil
		case <-change: // the peer that was asked may have disconnected
			select {
			case <-answers:
				return nil
			default:
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// probeTwice puts an element in answers, unless it has one, when the peer has
// answered two probes, one after the other.
func probeTwice(sub pipe.Subscriptions, answers chan<- struct{}) {
	sub.Probe(func(ok bool) {
		if !ok {
			return
		}
		sub.Probe(func(ok bool) {
			if !ok {
				return
			}
			select {
			case answers <- struct{}{}:
			default:
			}
		})
	})
}
