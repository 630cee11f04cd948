package faults

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/zerobroker/zmq"
)

// anySocket has the methods that all types share.
type anySocket interface {
	Bind(endpoint string) (string, error)
	Unbind(endpoint string) error
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	DisconnectPeers(match func(zmq.PeerInfo) bool) int
	Events(ctx context.Context) iter.Seq[zmq.Event]
	Stats() zmq.Stats
	PeerStats() []zmq.PeerStats
	Peers() []zmq.PeerInfo
	Shutdown(ctx context.Context) error
	Close() error
	WaitConnected(ctx context.Context) error
}

// handle has the calls of a socket of any type that scripts make. Those that the
// type does not have are nil.
type handle struct {
	anySocket
	send    func(ctx context.Context, frames ...[]byte) error
	trySend func(frames ...[]byte) error
	sendTo  func(ctx context.Context, to zmq.PeerInfo, frames ...[]byte) error
	recv    func(ctx context.Context) (zmq.Message, error)
	tryRecv func() (zmq.Message, error)
	reply   func(ctx context.Context, request zmq.Message, frames ...[]byte) error
	call    func(ctx context.Context, frames ...[]byte) (zmq.Message, error)

	sendBatch func(ctx context.Context, msgs []zmq.Message) (int, error)
	recvBatch func(ctx context.Context, msgs []zmq.Message) (int, error)
	messages  func(ctx context.Context) iter.Seq2[zmq.Message, error]

	flush   func(ctx context.Context) error
	sendHWM func(n int) error
	recvHWM func(n int) error
}

const group = "g"

func newHandle(t zmq.SocketType, o *zmq.Options) (*handle, error) {
	switch t {
	case zmq.TypePush:
		return handleOf(zmq.NewPush(o))
	case zmq.TypePull:
		return handleOf(zmq.NewPull(o))
	case zmq.TypePub:
		return handleOf(zmq.NewPub(o))
	case zmq.TypeSub:
		return handleOf(zmq.NewSub(o))
	case zmq.TypeXPub:
		return handleOf(zmq.NewXPub(o))
	case zmq.TypeDealer:
		return handleOf(zmq.NewDealer(o))
	case zmq.TypeRouter:
		return handleOf(zmq.NewRouter(o))
	case zmq.TypePair:
		return handleOf(zmq.NewPair(o))
	case zmq.TypeChannel:
		return handleOf(zmq.NewChannel(o))
	case zmq.TypeReq:
		return handleOf(zmq.NewReq(o))
	case zmq.TypeRep:
		return handleOf(zmq.NewRep(o))
	case zmq.TypeScatter:
		return handleOf(zmq.NewScatter(o))
	case zmq.TypeGather:
		return handleOf(zmq.NewGather(o))
	case zmq.TypeClient:
		return handleOf(zmq.NewClient(o))
	case zmq.TypeServer:
		return handleOf(zmq.NewServer(o))
	case zmq.TypePeer:
		return handleOf(zmq.NewPeer(o))
	case zmq.TypeRadio:
		return handleOf(zmq.NewRadio(o))
	case zmq.TypeDish:
		return handleOf(zmq.NewDish(o))
	}
	return nil, fmt.Errorf("no scripts for %v", t)
}

func handleOf[S anySocket](s S, err error) (*handle, error) {
	if err != nil {
		return nil, err
	}
	h := &handle{anySocket: s}
	if s, ok := any(s).(interface{ Flush(context.Context) error }); ok {
		h.flush = s.Flush
	}
	if s, ok := any(s).(interface{ SetSendHWM(int) error }); ok {
		h.sendHWM = s.SetSendHWM
	}
	if s, ok := any(s).(interface{ SetRecvHWM(int) error }); ok {
		h.recvHWM = s.SetRecvHWM
	}
	if s, ok := any(s).(interface {
		SendBatch(ctx context.Context, msgs []zmq.Message) (int, error)
	}); ok {
		h.sendBatch = s.SendBatch
	}
	if s, ok := any(s).(interface {
		RecvBatch(ctx context.Context, msgs []zmq.Message) (int, error)
		Messages(ctx context.Context) iter.Seq2[zmq.Message, error]
	}); ok {
		h.recvBatch, h.messages = s.RecvBatch, s.Messages
	}
	switch s := any(s).(type) {
	case *zmq.Radio:
		h.sendBatch = func(ctx context.Context, msgs []zmq.Message) (int, error) { return s.SendBatch(ctx, group, msgs) }
		h.send = func(ctx context.Context, f ...[]byte) error { return s.Send(ctx, group, f[0]) }
		h.trySend = func(f ...[]byte) error { return s.TrySend(group, f[0]) }
	case *zmq.Dish:
		h.recv = func(ctx context.Context) (zmq.Message, error) {
			m, err := s.Recv(ctx)
			return m.Message, err
		}
		h.tryRecv = func() (zmq.Message, error) {
			m, err := s.TryRecv()
			return m.Message, err
		}
		return h, s.Join(group)
	case *zmq.Req:
		h.call = s.Do
	case *zmq.Rep:
		h.recv, h.tryRecv = s.Recv, s.TryRecv
		h.reply = func(ctx context.Context, _ zmq.Message, f ...[]byte) error { return s.Send(ctx, f...) }
	case *zmq.Router:
		h.recv, h.tryRecv, h.reply = s.Recv, s.TryRecv, s.Reply
		h.sendTo = func(ctx context.Context, to zmq.PeerInfo, f ...[]byte) error {
			return s.SendTo(ctx, to.RoutingID(), f...)
		}
	case *zmq.Server:
		h.recv, h.tryRecv = s.Recv, s.TryRecv
		h.numbered(s.SenderToNumber)
	case *zmq.Peer:
		h.recv, h.tryRecv = s.Recv, s.TryRecv
		h.numbered(s.SenderToNumber)
	default:
		if s, ok := any(s).(interface {
			Send(ctx context.Context, frames ...[]byte) error
			TrySend(frames ...[]byte) error
		}); ok {
			h.send, h.trySend = s.Send, s.TrySend
		}
		if s, ok := any(s).(interface {
			Send(ctx context.Context, frame []byte) error
			TrySend(frame []byte) error
		}); ok {
			h.send = func(ctx context.Context, f ...[]byte) error { return s.Send(ctx, f[0]) }
			h.trySend = func(f ...[]byte) error { return s.TrySend(f[0]) }
		}
		if s, ok := any(s).(interface {
			Recv(ctx context.Context) (zmq.Message, error)
			TryRecv() (zmq.Message, error)
		}); ok {
			h.recv, h.tryRecv = s.Recv, s.TryRecv
		}
	}
	return h, nil
}

func (h *handle) numbered(s zmq.SenderToNumber) {
	h.sendTo = func(ctx context.Context, to zmq.PeerInfo, f ...[]byte) error {
		return s.SendTo(ctx, to.RoutingNumber(), f[0])
	}
	h.reply = func(ctx context.Context, request zmq.Message, f ...[]byte) error {
		return s.Reply(ctx, request, f[0])
	}
}

// is reports whether t is one of the types.
func is(t zmq.SocketType, types ...zmq.SocketType) bool { return slices.Contains(types, t) }
