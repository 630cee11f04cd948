package socket

import (
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// onlyDatagrams reports whether all endpoints, and there are some, are for
// datagrams.
func (s *Socket) onlyDatagrams() bool {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	for _, list := range s.endpoints {
		for _, e := range list {
			if _, ok := e.endpoint.(*session.Datagrams); !ok {
				return false
			}
		}
	}
	return len(s.endpoints) > 0
}

// bindDatagrams is Bind where datagrams come in. The caller holds endMu.
// Combinations that mean nothing are ENOCOMPATPROTO in libzmq.
func (s *Socket) bindDatagrams(t transport.Packets, scheme, ep, address string) (string, error) {
	if !s.info.ReceivesDatagrams {
		return "", fmt.Errorf("%w: %s does not bind to %s", ErrIncompatible, s.info.Name, scheme)
	}
	if err := t.CheckListen(address); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	d, err := session.ListenDatagrams(&s.cfg, t, scheme+"://", address)
	if err != nil {
		return "", s.bindError(err)
	}
	s.add(d.Endpoint(), ep, d)
	return d.Endpoint(), nil
}

// connectDatagrams is Connect to where datagrams go. The caller holds endMu.
func (s *Socket) connectDatagrams(t transport.Packets, scheme, ep, address string) error {
	if !s.info.SendsDatagrams {
		return fmt.Errorf("%w: %s does not connect to %s", ErrIncompatible, s.info.Name, scheme)
	}
	if err := t.CheckDial(address); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	d, err := session.DialDatagrams(&s.cfg, t, ep, address)
	if err != nil {
		return err
	}
	s.add(ep, ep, d)
	return nil
}

// Datagram is for sessions: it queues what came without a connection, if it is
// wanted and there is room. What is not wanted is dropped before it is queued, so
// that it takes no room from what is.
func (s *Socket) Datagram(p *pipe.Pipe, m *msg.Msg) {
	if s.closed.Load() {
		s.drops.Add(pipe.DropUnread, 1)
		return
	}
	if s.dish != nil {
		s.sendMu.Lock()
		wanted := s.dish.Wants(m)
		s.sendMu.Unlock()
		if !wanted {
			s.drops.Add(pipe.DropFiltered, 1)
			return
		}
	}
	p.In.Lock()
	defer p.In.Unlock()
	switch {
	case p.In.ReadClosed():
		s.drops.Add(pipe.DropUnread, 1)
	case p.In.Full():
		s.drops.Add(pipe.DropHWM, 1)
	case m.Size() >= msg.LargeFrame:
		p.In.PutShared(m) // which copies large frames too
	default:
		p.In.Put(m)
	}
}
