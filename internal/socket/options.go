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
	Resolvers        map[string]session.Resolver // by the prefix of schemes, before the "+"; "srv" is built in
	ResolveRefresh   time.Duration               // between resolutions
	MaxResolved      int                         // addresses of one endpoint
	Logger           *slog.Logger                // nil: events are not logged
	Limits           engine.Limits
	MinVersion       engine.Version // the oldest version of ZMTP that is accepted; 0: any

	Properties map[string]string    // that the socket announces; their names begin with "X-"
	Accept     func(*msg.Peer) bool // whether a connection is accepted; nil accepts all

	Security Security // of endpoints that have no security of their own; SetSecurity replaces it

	Linger            time.Duration // of endpoints that are unbound or disconnected; negative: without limit
	HandshakeTimeout  time.Duration
	ConnectTimeout    time.Duration
	ReconnectInterval time.Duration
	ReconnectMax      time.Duration
	ReconnectStop     session.ReconnectStop
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

	Overflow Overflow // what happens to a message for which every queue is full
	Conflate bool     // keep the newest message of each queue only, where the type allows it

	// Messages that the socket sends to a new peer, receives when an accepted peer
	// disconnects, and receives when a peer that it connected to disconnects, where
	// the type allows it. nil is none. An empty one is a message too.
	Hello, Disconnect, Hiccup []byte

	// SendAnySize means that the limits of received messages do not apply to those
	// that are sent, as in libzmq.
	SendAnySize bool

	// What the rules of the socket type depend on. ChangePattern changes it.
	Pattern pattern.Options

	properties []byte // Properties encoded, set by complete
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
	encoded, err := engine.EncodeProperties(o.Properties)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidOption, err)
	}
	o.properties = encoded
	if o.Namespace == nil {
		o.Namespace = inproc.NewNamespace()
	}
	o.Conflate = o.Conflate && info.Conflates
	if info.Publishes && (o.Overflow == OverflowBlock || o.Overflow == OverflowError) {
		o.Pattern.Block = true
	}
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

// ChangePattern changes the options of the pattern by f, which is called under the
// locks of both halves. They apply at once.
func (s *Socket) ChangePattern(f func(*pattern.Options)) {
	s.lockBoth()
	defer s.unlockBoth()
	f(&s.patternOpts)
	s.mandatory.Store(s.patternOpts.Mandatory)
	s.manual.Store(s.patternOpts.Manual)
}

// Change replaces the options by those that f makes of them. Endpoints that are bound
// or connected keep the earlier ones, as in libzmq, except that Linger applies to
// all, and that sockets of this process are linked with the options that both have
// then. SetSecurity does not reach endpoints from before Change.
//
// SendHWM and RecvHWM, which SetSendHWM and SetRecvHWM change, have no effect, nor
// has Pattern, which ChangePattern changes, nor Namespace, Logger and SendAnySize,
// which do not change. The error matches ErrInvalidOption or is ErrClosed; nothing is
// then changed.
func (s *Socket) Change(f func(*Options)) error {
	s.table.opMu.Lock()
	defer s.table.opMu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	o := *s.opts.Load()
	space, lookup := o.Namespace, o.Transport.Lookup
	f(&o)
	o.Namespace, o.Transport.Lookup = space, lookup
	if err := o.complete(s.info); err != nil {
		return err
	}
	s.opts.Store(&o)
	s.security = &o.Security
	s.cfg = session.NewNextConfig(newSessionConfig(s, &o))
	return nil
}

// newSessionConfig returns the configuration of sessions of s with the options o.
func newSessionConfig(s *Socket, o *Options) *session.Config {
	return o.Security.config(&session.Config{
		Host:              host{pipeOwner{s}, o},
		Hello:             o.encodedHello(),
		Lockstep:          s.lockstep != nil,
		Immediate:         o.Immediate,
		Engine:            o.engine(s.typ, s.info),
		Transport:         &o.Transport,
		Accept:            o.Accept,
		HandshakeTimeout:  o.HandshakeTimeout,
		ConnectTimeout:    o.ConnectTimeout,
		ReconnectInterval: o.ReconnectInterval,
		ReconnectMax:      o.ReconnectMax,
		ReconnectStop:     o.ReconnectStop,
		Heartbeat:         o.Heartbeat,
		HeartbeatTimeout:  o.HeartbeatTimeout,
		HeartbeatTTL:      uint16(o.HeartbeatTTL / (time.Second / 10)),
		HalfClose:         o.HalfClose,
		MaxConnections:    o.MaxConnections,
		MaxPending:        o.MaxPending,
		MaxPerSource:      o.MaxPerSource,
	})
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
		Properties:   o.properties,
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
