package zmq4

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq"
)

// sends makes a socket send.
func (s *socket) sends(t zmq.Sender) {
	s.connector = t.Connector
	s.send = func(ctx context.Context, m Msg) error { return t.Send(ctx, m.Frames...) }
	s.setHWM = append(s.setHWM, t.SetSendHWM)
}

// receives makes a socket receive.
func (s *socket) receives(t zmq.Receiver) {
	s.connector = t.Connector
	s.recv = func(ctx context.Context) (Msg, error) {
		m, err := t.Recv(ctx)
		if err != nil {
			return Msg{}, err
		}
		return Msg{Frames: m.Frames()}, nil
	}
	s.setHWM = append(s.setHWM, t.SetRecvHWM)
}

// NewPair returns a PAIR socket.
func NewPair(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Pair, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewPair(o)
		if err == nil {
			s.sends(t.Sender)
			s.receives(t.Receiver)
		}
		return err
	})
}

// NewReq returns a REQ socket.
func NewReq(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Req, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewReq(o)
		if err == nil {
			s.sends(t.Sender)
			s.receives(t.Receiver)
		}
		return err
	})
}

// NewRep returns a REP socket.
func NewRep(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Rep, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewRep(o)
		if err == nil {
			s.sends(t.Sender)
			s.receives(t.Receiver)
		}
		return err
	})
}

// NewDealer returns a DEALER socket.
func NewDealer(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Dealer, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewDealer(o)
		if err == nil {
			s.sends(t.Sender)
			s.receives(t.Receiver)
		}
		return err
	})
}

// NewRouter returns a ROUTER socket. The first frame of each message is the identity of
// the peer. Send drops a message for a peer that is not connected.
func NewRouter(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Router, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewRouter(o)
		if err != nil {
			return err
		}
		s.connector = t.Connector
		s.setHWM = append(s.setHWM, t.SetSendHWM, t.SetRecvHWM)
		s.send = func(ctx context.Context, m Msg) error {
			if len(m.Frames) == 0 {
				return errors.New("a message without the identity of the peer")
			}
			err := t.SendTo(ctx, string(m.Frames[0]), m.Frames[1:]...)
			if errors.Is(err, zmq.ErrNoRoute) {
				return nil
			}
			return err
		}
		s.recv = func(ctx context.Context) (Msg, error) {
			m, err := t.Recv(ctx)
			if err != nil {
				return Msg{}, err
			}
			return Msg{Frames: append([][]byte{[]byte(m.RoutingID())}, m.Frames()...)}, nil
		}
		return nil
	})
}

// NewPush returns a PUSH socket.
func NewPush(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Push, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewPush(o)
		if err == nil {
			s.sends(t.Sender)
		}
		return err
	})
}

// NewPull returns a PULL socket.
func NewPull(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, Pull, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewPull(o)
		if err == nil {
			s.receives(t.Receiver)
		}
		return err
	})
}

// withTopics is a socket that implements [Topics].
type withTopics struct{ *socket }

func (s withTopics) Topics() []string { return s.sortedTopics() }

// NewSub returns a SUB socket. It implements [Topics].
func NewSub(ctx context.Context, opts ...Option) Socket {
	return withTopics{newSocket(ctx, Sub, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewSub(o)
		if err == nil {
			s.receives(t.Receiver)
			s.subscriber = &t.Subscriber
		}
		return err
	})}
}

// NewPub returns a PUB socket. It implements [Topics]: for that it is an XPUB, whose
// subscriptions a goroutine receives until Close.
func NewPub(ctx context.Context, opts ...Option) Socket {
	return withTopics{newSocket(ctx, Pub, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewXPub(o)
		if err != nil {
			return err
		}
		s.sends(t.Sender)
		s.done.Go(func() {
			for m, err := range t.Messages(context.Background()) {
				if err != nil { // the socket is closed
					return
				}
				s.noteSubscription(m)
			}
		})
		return nil
	})}
}

// NewXPub returns an XPUB socket. It implements [Topics].
func NewXPub(ctx context.Context, opts ...Option) Socket {
	return withTopics{newSocket(ctx, XPub, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewXPub(o)
		if err != nil {
			return err
		}
		s.sends(t.Sender)
		s.setHWM = append(s.setHWM, t.SetRecvHWM)
		s.recv = func(ctx context.Context) (Msg, error) {
			m, err := t.Recv(ctx)
			if err != nil {
				return Msg{}, err
			}
			s.noteSubscription(m)
			return Msg{Frames: m.Frames()}, nil
		}
		return nil
	})}
}

// NewXSub returns an XSUB socket. It subscribes with messages that begin with a byte 1.
func NewXSub(ctx context.Context, opts ...Option) Socket {
	return newSocket(ctx, XSub, opts, func(s *socket, o *zmq.Options) error {
		t, err := zmq.NewXSub(o)
		if err == nil {
			s.sends(t.Sender)
			s.receives(t.Receiver)
		}
		return err
	})
}
