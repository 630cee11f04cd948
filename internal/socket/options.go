package socket

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// ErrInvalidOption matches the errors about an option that is out of range.
var ErrInvalidOption = errors.New("invalid option")

// Options are the options of a socket. There are no defaults here: the public API
// sets them, and zero is the value zero.
type Options struct {
	SendHWM, RecvHWM int // messages per pipe; 0: unlimited
	MaxQueuedBytes   int // per pipe and direction, in addition to the HWM; 0: unlimited
	RoutingID        string
	Namespace        *inproc.Namespace
	Transports       map[string]transport.Transport // by scheme
	Datagrams        map[string]transport.Packets   // by scheme
	Transport        transport.Options
	Logger           *slog.Logger // nil: events are not logged
	Limits           engine.Limits
	MinVersion       engine.Version // the oldest version of ZMTP that is accepted; 0: any

	Security Security // of endpoints that have no security of their own; SetSecurity replaces it

	Linger            time.Duration // of endpoints that are unbound or disconnected; negative: without limit
	HandshakeTimeout  time.Duration
	ConnectTimeout    time.Duration
	ReconnectInterval time.Duration
	ReconnectMax      time.Duration
	Heartbeat         time.Duration
	HeartbeatTimeout  time.Duration
	HeartbeatTTL      time.Duration
	HalfClose         time.Duration // of peers that are not sockets, after they have ended their direction; 0: close at once

	MaxConnections int
	MaxPending     int
	MaxPerSource   int

	// Queue messages only for connected peers, not for endpoints. A type whose peers
	// are not sockets ignores it: it drops queued messages with each connection
	// anyway, and with a pipe for each connection the bytes of one could be received
	// between those of the previous one.
	Immediate bool

	Conflate bool // keep the newest message of each queue only, where the type allows it

	// Messages that the socket sends to a new peer, receives when an accepted peer
	// disconnects, and receives when a peer that it connected to disconnects, where
	// the type allows it. nil is none. An empty one is a message too.
	Hello, Disconnect, Hiccup []byte

	Pattern pattern.Options // what the rules of the socket type depend on
}

// minTTL and maxTTL are the limits of the TTL in a PING.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
const (
	minTTL = 100 * time.Millisecond
	maxTTL = 6553599 * time.Millisecond
)

// MaxRoutingID is the longest routing ID.
// https://rfc.zeromq.org/spec/37/#the-identity-property
const MaxRoutingID = 255

func checkRoutingID(id string) error {
	switch {
	case len(id) > MaxRoutingID:
		return fmt.Errorf("%w: routing ID of %d bytes: at most %d", ErrInvalidOption, len(id), MaxRoutingID)
	case id != "" && id[0] == 0:
		return fmt.Errorf("%w: routing ID begins with a zero byte, which is for IDs that a ROUTER assigns", ErrInvalidOption)
	}
	return nil
}

// complete checks the options, and sets those to zero that the socket type does
// not have.
func (o *Options) complete(info *pattern.Info) error {
	if err := checkRoutingID(o.RoutingID); err != nil {
		return err
	}
	if o.HeartbeatTTL > 0 && o.HeartbeatTTL < minTTL {
		return fmt.Errorf("%w: heartbeat TTL %v, at least %v", ErrInvalidOption, o.HeartbeatTTL, minTTL)
	}
	if o.HeartbeatTTL > maxTTL {
		return fmt.Errorf("%w: heartbeat TTL %v, at most %v", ErrInvalidOption, o.HeartbeatTTL, maxTTL)
	}
	if o.Namespace == nil {
		o.Namespace = inproc.NewNamespace()
	}
	o.Conflate = o.Conflate && info.Conflates
	o.Immediate = o.Immediate && !info.Raw
	if !info.Raw {
		o.HalfClose = 0
	}
	if !info.HelloMessage {
		o.Hello = nil
	}
	if !info.DisconnectMessage {
		o.Disconnect = nil
	}
	if !info.HiccupMessage {
		o.Hiccup = nil
	}
	return nil
}

// newSessionConfig returns the configuration of the sessions of s.
func newSessionConfig(s *Socket) session.Config {
	o := &s.opts
	cfg := session.Config{
		Host:              host{pipeOwner{s}},
		Hello:             o.encodedHello(),
		Lockstep:          s.lockstep != nil,
		Immediate:         o.Immediate,
		Engine:            o.engine(s.typ, s.info),
		Transport:         &o.Transport,
		HandshakeTimeout:  o.HandshakeTimeout,
		ConnectTimeout:    o.ConnectTimeout,
		ReconnectInterval: o.ReconnectInterval,
		ReconnectMax:      o.ReconnectMax,
		Heartbeat:         o.Heartbeat,
		HeartbeatTimeout:  o.HeartbeatTimeout,
		HeartbeatTTL:      uint16(o.HeartbeatTTL / (time.Second / 10)),
		HalfClose:         o.HalfClose,
		MaxConnections:    o.MaxConnections,
		MaxPending:        o.MaxPending,
		MaxPerSource:      o.MaxPerSource,
	}
	s.security.apply(&cfg)
	return cfg
}

// encodedHello returns Hello as a connection sends it.
func (o *Options) encodedHello() []byte {
	if o.Hello == nil {
		return nil
	}
	return (&msg.Msg{First: o.Hello}).AppendEncoded(nil)
}

func (o *Options) engine(t pattern.Type, info *pattern.Info) *engine.Config {
	return &engine.Config{
		SocketType:   info.Name,
		SocketNumber: byte(t),
		PeerTypes:    info.Peers,
		RoutingID:    o.RoutingID,
		SendsID:      info.SendsID,
		Publishes:    info.Publishes,
		Groups:       info.Groups,
		Raw:          info.Raw,
		MinVersion:   o.MinVersion,
		OnError:      true,
		Yield:        runtime.Gosched,
		Limits:       o.limits(info),
	}
}

// limits returns the limits of connections. If peers subscribe, a command may be
// as long as a message: topics are limited by their number of bytes.
func (o *Options) limits(info *pattern.Info) engine.Limits {
	l := o.Limits
	if info.Publishes && l.Command > 0 {
		l.Command = int(min(max(int64(l.Command), l.Frame), math.MaxInt32))
		if l.Frame == 0 {
			l.Command = 0
		}
	}
	return l
}
