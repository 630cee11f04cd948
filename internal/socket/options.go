package socket

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// ErrOption matches the errors about an option that is out of range.
var ErrOption = errors.New("option out of range")

// Options is everything that can be set on a socket. Here zero means what it
// says: defaults are the business of the faces.
type Options struct {
	SendHWM, RecvHWM int // messages per pipe; 0: unlimited
	MaxQueuedBytes   int // per pipe and direction, beside the HWM; 0: unlimited
	RoutingID        string
	Namespace        *inproc.Namespace
	Transports       map[string]transport.Transport // by scheme
	Transport        transport.Options
	Logger           *slog.Logger
	Limits           engine.Limits

	Linger            time.Duration // of endpoints that are let go; negative: for ever
	HandshakeTimeout  time.Duration
	ConnectTimeout    time.Duration
	ReconnectInterval time.Duration
	ReconnectMax      time.Duration
	Heartbeat         time.Duration
	HeartbeatTimeout  time.Duration
	HeartbeatTTL      time.Duration

	MaxConnections int
	MaxPending     int
	MaxPerSource   int
	MaxTopics      int // subscriptions of one peer
	MaxTopicBytes  int // in them
}

// maxTTL is what fits in a PING.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
const maxTTL = 6553599 * time.Millisecond

// maxRoutingID is the longest routing id.
// https://rfc.zeromq.org/spec/37/#the-identity-property
const maxRoutingID = 255

func (o *Options) complete() error {
	switch {
	case len(o.RoutingID) > maxRoutingID:
		return fmt.Errorf("%w: routing id of %d bytes, at most %d", ErrOption, len(o.RoutingID), maxRoutingID)
	case o.RoutingID != "" && o.RoutingID[0] == 0:
		return fmt.Errorf("%w: routing id begins with a zero byte", ErrOption)
	case o.HeartbeatTTL > maxTTL:
		return fmt.Errorf("%w: heartbeat TTL %v, at most %v", ErrOption, o.HeartbeatTTL, maxTTL)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// session is the configuration of s's sessions.
func (o *Options) session(s *Socket) session.Config {
	return session.Config{
		Host:              s,
		Lockstep:          s.lockstep != nil,
		Engine:            o.engine(s),
		Transport:         &o.Transport,
		Logger:            o.Logger,
		HandshakeTimeout:  o.HandshakeTimeout,
		ConnectTimeout:    o.ConnectTimeout,
		ReconnectInterval: o.ReconnectInterval,
		ReconnectMax:      o.ReconnectMax,
		Heartbeat:         o.Heartbeat,
		HeartbeatTimeout:  o.HeartbeatTimeout,
		HeartbeatTTL:      uint16(o.HeartbeatTTL / (time.Second / 10)),
		MaxConnections:    o.MaxConnections,
		MaxPending:        o.MaxPending,
		MaxPerSource:      o.MaxPerSource,
	}
}

func (o *Options) engine(s *Socket) *engine.Config {
	return &engine.Config{
		SocketType:   s.info.Name,
		SocketNumber: byte(s.typ),
		PeerTypes:    s.info.Peers,
		RoutingID:    o.RoutingID,
		SendsID:      s.info.SendsID,
		Publishes:    s.info.Publishes,
		NewMechanism: func(md []byte) mechanism.Mechanism { return mechanism.NewNull(md) },
		Limits:       o.Limits,
	}
}
