package zmq_test

import (
	"context"
	"iter"

	"github.com/zerobroker/zmq"
)

// socketTypes has all types. Types of one family connect to each other.
var socketTypes = []socketType{
	{"PAIR", "pair", zmq.TypePair, maker(zmq.NewPair, zmq.TypePair)}, {"CHANNEL", "channel", zmq.TypeChannel, maker(zmq.NewChannel, zmq.TypeChannel)},
	{"PUB", "pubsub", zmq.TypePub, maker(zmq.NewPub, zmq.TypePub)}, {"SUB", "pubsub", zmq.TypeSub, maker(zmq.NewSub, zmq.TypeSub)},
	{"XPUB", "pubsub", zmq.TypeXPub, maker(zmq.NewXPub, zmq.TypeXPub)}, {"XSUB", "pubsub", zmq.TypeXSub, maker(zmq.NewXSub, zmq.TypeXSub)},
	{"REQ", "reqrep", zmq.TypeReq, maker(zmq.NewReq, zmq.TypeReq)}, {"REP", "reqrep", zmq.TypeRep, maker(zmq.NewRep, zmq.TypeRep)},
	{"DEALER", "reqrep", zmq.TypeDealer, maker(zmq.NewDealer, zmq.TypeDealer)}, {"ROUTER", "reqrep", zmq.TypeRouter, maker(zmq.NewRouter, zmq.TypeRouter)},
	{"PUSH", "pipeline", zmq.TypePush, maker(zmq.NewPush, zmq.TypePush)}, {"PULL", "pipeline", zmq.TypePull, maker(zmq.NewPull, zmq.TypePull)},
	{"SCATTER", "scatter", zmq.TypeScatter, maker(zmq.NewScatter, zmq.TypeScatter)}, {"GATHER", "scatter", zmq.TypeGather, maker(zmq.NewGather, zmq.TypeGather)},
	{"CLIENT", "client", zmq.TypeClient, maker(zmq.NewClient, zmq.TypeClient)}, {"SERVER", "client", zmq.TypeServer, maker(zmq.NewServer, zmq.TypeServer)},
	{"PEER", "peer", zmq.TypePeer, maker(zmq.NewPeer, zmq.TypePeer)}, {"STREAM", "stream", zmq.TypeStream, maker(zmq.NewStream, zmq.TypeStream)},
	{"RADIO", "radio", zmq.TypeRadio, maker(zmq.NewRadio, zmq.TypeRadio)}, {"DISH", "radio", zmq.TypeDish, maker(zmq.NewDish, zmq.TypeDish)},
	{"DGRAM", "dgram", zmq.TypeDgram, maker(zmq.NewDgram, zmq.TypeDgram)},
}

type socketType struct {
	name, family string
	typ          zmq.SocketType
	make         func(*zmq.Options) (anySocket, error)
}

// typeOf has the types by name.
var typeOf = func() map[string]socketType {
	m := make(map[string]socketType)
	for _, typ := range socketTypes {
		m[typ.name] = typ
	}
	return m
}()

// maker returns a constructor that takes the options that the type has.
func maker[S anySocket](f func(*zmq.Options) (S, error), t zmq.SocketType) func(*zmq.Options) (anySocket, error) {
	return func(o *zmq.Options) (anySocket, error) { return f(o.For(t)) }
}

// anySocket is a socket of any type.
type anySocket interface {
	Bind(endpoint string) (string, error)
	Unbind(endpoint string) error
	Peers() []zmq.PeerInfo
	Endpoints() []zmq.EndpointInfo
	Stats() zmq.Stats
	PeerStats() []zmq.PeerStats
	Events(ctx context.Context) iter.Seq[zmq.Event]
	Shutdown(ctx context.Context) error
	Close() error
}

// connector is a socket of any type but DGRAM.
type connector interface {
	anySocket
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	WaitConnected(ctx context.Context) error
}

// connect connects a socket. A DGRAM does not connect.
func connect(s anySocket, endpoint string) error {
	if c, ok := s.(connector); ok {
		return c.Connect(endpoint)
	}
	return zmq.ErrUnsupportedTransport
}

// disconnect disconnects a socket. A DGRAM does not connect.
func disconnect(s anySocket, endpoint string) error {
	if c, ok := s.(connector); ok {
		return c.Disconnect(endpoint)
	}
	return zmq.ErrEndpointNotFound
}

// setHWM changes the high-water marks that the type of a socket has.
func setHWM(s anySocket, send, recv int) error {
	var err error
	if s, ok := s.(interface{ SetSendHWM(n int) error }); ok {
		err = s.SetSendHWM(send)
	}
	if s, ok := s.(interface{ SetRecvHWM(n int) error }); ok && err == nil {
		err = s.SetRecvHWM(recv)
	}
	return err
}
