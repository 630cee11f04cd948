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
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// ErrInvalidOption matches the errors about an option that is out of range.
var ErrInvalidOption = errors.New("invalid option")

// Options is everything that can be set on a socket. Here zero means what it
// says: defaults are the business of the faces.
type Options struct {
	SendHWM, RecvHWM int // messages per pipe; 0: unlimited
	MaxQueuedBytes   int // per pipe and direction, beside the HWM; 0: unlimited
	RoutingID        string
	Namespace        *inproc.Namespace
	Transports       map[string]transport.Transport // by scheme
	Datagrams        map[string]transport.Packets   // by scheme
	Transport        transport.Options
	Logger           *slog.Logger // nil: events are not logged
	Limits           engine.Limits
	MinVersion       engine.Version // the oldest version of ZMTP that is accepted; 0: any

	Linger            time.Duration // of endpoints that are let go; negative: for ever
	HandshakeTimeout  time.Duration
	ConnectTimeout    time.Duration
	ReconnectInterval time.Duration
	ReconnectMax      time.Duration
	Heartbeat         time.Duration
	HeartbeatTimeout  time.Duration
	HeartbeatTTL      time.Duration
	HalfClose         time.Duration // of peers that are no sockets; 0: their end is the connection's

	MaxConnections int
	MaxPending     int
	MaxPerSource   int

	// Queue messages for peers that are there only, not for endpoints. A type whose
	// peers are no sockets has no use for that: it drops with each connection what
	// is queued anyway, and with a pipe for each the bytes of one connection could
	// be received between those of the last.
	Immediate bool

	Conflate bool // keep the newest message of each queue only, where the type allows it

	// Messages that are sent or received by themselves, where the type allows
	// it: to a peer that comes, from an accepted peer that is lost, and from one
	// connected to. nil is none. An empty one is a message too.
	Hello, DisconnectMessage, Hiccup []byte

	Pattern pattern.Options // what the rules of the socket type depend on
}

// minTTL and maxTTL are what fits in a PING.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
const (
	minTTL = 100 * time.Millisecond
	maxTTL = 6553599 * time.Millisecond
)

// maxRoutingID is the longest routing id.
// https://rfc.zeromq.org/spec/37/#the-identity-property
const maxRoutingID = 255

func checkRoutingID(id string) error {
	switch {
	case len(id) > maxRoutingID:
		return fmt.Errorf("%w: routing id of %d bytes, at most %d", ErrInvalidOption, len(id), maxRoutingID)
	case id != "" && id[0] == 0:
		return fmt.Errorf("%w: routing id begins with a zero byte", ErrInvalidOption)
	}
	return nil
}

func (o *Options) complete() error {
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
	return nil
}

// session is the configuration of s's sessions.
func (o *Options) session(s *Socket) session.Config {
	halfClose := o.HalfClose
	if !s.info.Raw {
		halfClose = 0
	}
	return session.Config{
		Host:              host{s},
		Hello:             s.helloAtRest(),
		Lockstep:          s.lockstep != nil,
		Immediate:         o.Immediate && !s.info.Raw,
		Engine:            o.engine(s),
		Transport:         &o.Transport,
		HandshakeTimeout:  o.HandshakeTimeout,
		ConnectTimeout:    o.ConnectTimeout,
		ReconnectInterval: o.ReconnectInterval,
		ReconnectMax:      o.ReconnectMax,
		Heartbeat:         o.Heartbeat,
		HeartbeatTimeout:  o.HeartbeatTimeout,
		HeartbeatTTL:      uint16(o.HeartbeatTTL / (time.Second / 10)),
		HalfClose:         halfClose,
		MaxConnections:    o.MaxConnections,
		MaxPending:        o.MaxPending,
		MaxPerSource:      o.MaxPerSource,
	}
}

// helloAtRest is Hello as a connection sends it.
func (s *Socket) helloAtRest() []byte {
	if m := s.Hello(); m != nil {
		return m.AppendEncoded(nil)
	}
	return nil
}

func (o *Options) engine(s *Socket) *engine.Config {
	return &engine.Config{
		SocketType:   s.info.Name,
		SocketNumber: byte(s.typ),
		PeerTypes:    s.info.Peers,
		RoutingID:    o.RoutingID,
		SendsID:      s.info.SendsID,
		Publishes:    s.info.Publishes,
		Groups:       s.info.Groups,
		Raw:          s.info.Raw,
		MinVersion:   o.MinVersion,
		OnError:      true,
		NewMechanism: func(md []byte) mechanism.Mechanism { return mechanism.NewNull(md) },
		Yield:        runtime.Gosched,
		Limits:       o.limits(s),
	}
}

// limits are those of s's connections. Where peers subscribe a command may be as
// long as a message: what bounds topics is how many bytes of them there are.
func (o *Options) limits(s *Socket) engine.Limits {
	l := o.Limits
	if s.info.Publishes && l.Command > 0 {
		l.Command = int(min(max(int64(l.Command), l.Frame), math.MaxInt32))
		if l.Frame == 0 {
			l.Command = 0
		}
	}
	return l
}
