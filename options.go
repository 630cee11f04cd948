package zmq

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/wire"
)

// Forever is a duration without end, for [Options.Linger].
const Forever time.Duration = math.MaxInt64

// defaultHWM is the default of both high-water marks.
const defaultHWM = 1000

// Options configure a socket when it is made. In every field zero means the
// default, and a negative value means none or unlimited, as the field says. The
// struct is copied; changing it later changes nothing. A nil *Options is all
// defaults. The names in brackets are libzmq's.
type Options struct {
	// SendHWM and RecvHWM are the high-water marks: about how many messages may
	// wait in each direction of each connection. A sender that finds its
	// queues full waits (PUSH, DEALER, REQ, PAIR, ROUTER, STREAM, CLIENT, SERVER,
	// PEER, SCATTER, CHANNEL, DGRAM) or drops (PUB, XPUB, XSUB, RADIO, REP; and
	// for what comes over udp, DISH and DGRAM). Beside them a connection holds what it is reading and
	// writing, up to 256 KiB, and the system's buffers hold what is under way:
	// small messages may be far more than the marks say. Who wants one task at
	// a time asks for each (REQ to ROUTER or REP). Default 1000, negative
	// unlimited. SetSendHWM and SetRecvHWM change them later. [ZMQ_SNDHWM, ZMQ_RCVHWM]
	SendHWM, RecvHWM int

	// MaxQueuedBytes bounds the same queues in bytes. A message that starts
	// below the bound is let in whole. While what peers that are gone have left
	// unread is above it, no new ones are accepted. Default 64 MiB, negative unlimited.
	MaxQueuedBytes int

	// Linger is how long Close waits for unsent messages to be written, and
	// how long connections live on for them after Disconnect and Unbind.
	// Default 30 s, negative not at all, [Forever] until they are.
	// [ZMQ_LINGER]
	Linger time.Duration

	// RoutingID names this socket to ROUTER peers; 1 to 255 bytes, the first
	// not zero. Default none: each ROUTER makes one up. Only REQ, DEALER and
	// ROUTER announce it. [ZMQ_ROUTING_ID]
	RoutingID string

	// Immediate queues messages for peers that are connected only. Otherwise an
	// endpoint that was given to Connect has its turn and its queue from then on,
	// whoever is there, and keeps what a lost connection has not written for the
	// next; with it, that is dropped and counted under [DropConnLost]. Send then
	// waits while nobody is there. inproc, udp and STREAM do not look at it: a
	// STREAM never keeps anything for the next connection. [ZMQ_IMMEDIATE]
	Immediate bool

	// Conflate keeps only the newest message of every queue, for values that
	// are out of date when the next one comes; no high-water mark holds anybody
	// up then. For DEALER, PUSH, PULL, PUB and SUB; others ignore it.
	// [ZMQ_CONFLATE]
	Conflate bool

	// HelloMessage is sent, also if it is empty and not nil, as the first message of
	// every connection, and of
	// every one that takes its place. For DEALER, ROUTER, CLIENT, SERVER and
	// PEER. [ZMQ_HELLO_MSG]
	HelloMessage []byte

	// DisconnectMessage is received, as if from the peer, when a peer that
	// connected to us is lost or leaves; not when another has taken over its routing
	// id ([Options.RouterHandover]), which lives on. For ROUTER, SERVER and PEER.
	// [ZMQ_DISCONNECT_MSG]
	DisconnectMessage []byte

	// HiccupMessage is received, as if from the peer, when the connection to
	// an endpoint that we connected to is lost, before it is tried again. For
	// DEALER, CLIENT and PEER. [ZMQ_HICCUP_MSG]
	HiccupMessage []byte

	// ProbeRouter sends an empty message to every peer first, so that a ROUTER
	// there knows of us. For DEALER, REQ and ROUTER. [ZMQ_PROBE_ROUTER]
	ProbeRouter bool

	// RouterHandover lets a peer of a ROUTER that claims the routing id of
	// another take it over: the other is disconnected. Otherwise the newcomer
	// is refused, as it always is for an id that ConnectAs has given.
	// [ZMQ_ROUTER_HANDOVER]
	RouterHandover bool

	// RouterNotify has a ROUTER receive an empty message from every peer that
	// comes or goes: see [Message.IsConnect]. [ZMQ_ROUTER_NOTIFY]
	RouterNotify RouterNotify

	// StreamNoNotify has a STREAM not tell of connections that come and go.
	// [ZMQ_STREAM_NOTIFY is the reverse]
	StreamNoNotify bool

	// ReqRelaxed lets a REQ send again before it has its reply, which it then
	// drops; set ReqCorrelate with it, or an old reply is taken for the new
	// one. ReqCorrelate adds an id to each request that its reply must bring
	// back. [Req.Do] needs neither. [ZMQ_REQ_RELAXED, ZMQ_REQ_CORRELATE]
	ReqRelaxed, ReqCorrelate bool

	// XPubVerbose says which changes of subscriptions an XPUB receives.
	// [ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER]
	XPubVerbose XPubVerbose

	// XPubManual leaves to the application what the subscribers of an XPUB get:
	// what they ask for, and take back, is received each time and does nothing,
	// until [XPub.SubscribePeer] says so. [ZMQ_XPUB_MANUAL]
	XPubManual bool

	// XPubLastValue, which includes XPubManual, sends the message that follows
	// the receipt of a subscription to that subscriber alone.
	// [ZMQ_XPUB_MANUAL_LAST_VALUE]
	XPubLastValue bool

	// PubNoDrop has Send of a PUB, XPUB or RADIO wait when a subscriber's queue is
	// full, instead of dropping the message for it: the slowest subscriber sets
	// the pace. [ZMQ_XPUB_NODROP]
	PubNoDrop bool

	// PubWelcome is sent by a PUB or XPUB to every new subscriber, who receives
	// it if it has subscribed to a prefix of it. [ZMQ_XPUB_WELCOME_MSG]
	PubWelcome []byte

	// InvertMatching has a PUB or XPUB send each message to those who have not
	// subscribed to it, and a SUB receive what it has not subscribed to. Both
	// sides must set it. [ZMQ_INVERT_MATCHING]
	InvertMatching bool

	// XSubVerboseUnsubscribe has an XSUB pass on every Unsubscribe and not only
	// the one that ends a subscription. [ZMQ_XSUB_VERBOSE_UNSUBSCRIBE]
	XSubVerboseUnsubscribe bool

	// HandshakeTimeout bounds the time from a connection's start to its first
	// message. Default 10 s, negative unlimited. [ZMQ_HANDSHAKE_IVL]
	HandshakeTimeout time.Duration

	// ConnectTimeout bounds one attempt to connect. Default 30 s, negative the
	// system's. [ZMQ_CONNECT_TIMEOUT]
	ConnectTimeout time.Duration

	// ReconnectInterval is the wait before a lost or failed connection is
	// tried again. It doubles, and is spread at random by half to either side:
	// up to a tenth of ReconnectMax while no connection is made, so that a peer
	// is found less than a second after it is back; up to ReconnectMax after a
	// connection whose handshake failed or that lasted less than a second, and
	// after a failed name lookup. Defaults 100 ms and 5 s; a negative interval
	// means not to try again. [ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX]
	ReconnectInterval, ReconnectMax time.Duration

	// HeartbeatInterval is how long a peer may be silent before it is sent a
	// PING, and the time between PINGs; peers before ZMTP 3.1 know none. A peer
	// that sends nothing for HeartbeatTimeout after a PING is given up, unless
	// it may have messages of ours yet to read: it is slow then, and not gone,
	// as long as its system answers. HeartbeatTTL asks the peer to do the same
	// to us, in steps of 100 ms up to 6553.5 s. Defaults 10 s, the interval,
	// and none; negative none. [ZMQ_HEARTBEAT_IVL, _TIMEOUT, _TTL]
	HeartbeatInterval, HeartbeatTimeout, HeartbeatTTL time.Duration

	// HalfCloseTimeout bounds how long a STREAM keeps an accepted connection
	// whose peer has ended its sending direction, as a client that expects an
	// answer may do after its request. It is closed when no write to it, of up to
	// 64 KiB, succeeds for that long, or up to twice that; and sooner if
	// MaxConnections or descriptors are exhausted. Default 10 s; negative closes
	// it at once, as libzmq does.
	HalfCloseTimeout time.Duration

	// MaxFrameSize, MaxMessageSize and MaxMessageFrames bound a message, in bytes
	// of one frame, bytes of all frames, and frames. A peer that sends more is
	// disconnected; a call that sends more fails with [ErrTooLarge], and nothing
	// is sent. Memory follows the bytes that arrive, never the size that is
	// announced. Defaults 64 MiB, 256 MiB and 65536, negative unlimited. STREAM
	// and DGRAM ignore them. [ZMQ_MAXMSGSIZE, of what is received]
	MaxFrameSize, MaxMessageSize int64
	MaxMessageFrames             int

	// MinVersion is the oldest version of ZMTP that a peer may speak; one that
	// speaks an older version is disconnected in its handshake, with
	// [ReasonVersion]. Versions before 3.0 name neither the type of a socket nor
	// a mechanism, and 1.0 has no signature by which it can be told from other
	// protocols. Default [ZMTP10]: any. STREAM ignores it.
	MinVersion ProtocolVersion

	// MaxConnections bounds the connections accepted per endpoint,
	// MaxPendingHandshakes those of them whose handshake is not over, and
	// MaxPendingPerSource those of one IPv4 address or IPv6 /64. Where one of
	// them is reached, connections that are slow to complete their handshake
	// (half a second for one that has sent nothing) are closed to make room. If
	// none is slow, above MaxConnections newcomers are closed, above
	// MaxPendingHandshakes they wait in the system's queue, and above
	// MaxPendingPerSource they are accepted: many peers that connect at once from
	// one address are not refused. Defaults 65536, 1024 and 64, negative
	// unlimited.
	MaxConnections, MaxPendingHandshakes, MaxPendingPerSource int

	// MaxSubscriptions and MaxSubscriptionBytes bound what one peer of a PUB or
	// XPUB may subscribe to, or of a RADIO join; one that goes further is disconnected. Defaults
	// 100000 and 32 MiB, negative unlimited.
	MaxSubscriptions, MaxSubscriptionBytes int

	// SendBuffer and RecvBuffer are the system's buffers of a connection in
	// bytes. Default the system's. [ZMQ_SNDBUF, ZMQ_RCVBUF]
	SendBuffer, RecvBuffer int

	// KeepAlive configures TCP keep-alive. Default on with Go's times, as a
	// sign of life from peers that know no PING; to turn it off set Idle, and
	// not Enable.
	// [ZMQ_TCP_KEEPALIVE and following]
	KeepAlive net.KeepAliveConfig

	// MaxRetransmit is how long TCP may try to get data through before it
	// gives a connection up. Default the system's. [ZMQ_TCP_MAXRT]
	MaxRetransmit time.Duration

	// MulticastHops is how many networks what is sent to a multicast group
	// crosses; 1 to 255, default 1, which is the own one. For RADIO and DGRAM.
	// [ZMQ_MULTICAST_HOPS]
	MulticastHops int

	// MulticastNoLoop keeps what is sent to a multicast group from the members on
	// this machine. For RADIO and DGRAM. [ZMQ_MULTICAST_LOOP is the reverse]
	MulticastNoLoop bool

	// TOS is the type-of-service byte of outgoing packets. [ZMQ_TOS]
	TOS int

	// IPv4Only turns IPv6 off. [ZMQ_IPV6 is the reverse]
	IPv4Only bool

	// IPCMode is the permission bits of the files that ipc endpoints make when
	// bound. Default 0600.
	IPCMode fs.FileMode

	// Namespace holds the names of inproc endpoints. Default one that is
	// shared by the whole program.
	Namespace *Namespace

	// Logger gets every event: peers that were refused or do not speak as they
	// should and trouble with accepting at level Warn, the rest at Debug. Of
	// warnings that are alike (event, reason, endpoint, and the peer's IPv4 address
	// or IPv6 /64) the first is logged at once. Those that follow are logged as one
	// every 10 s: the last of them, with their number as "repeated". Default none.
	// Its handler must not call the socket.
	Logger *slog.Logger
}

// ProtocolVersion is a version of ZMTP, for [Options.MinVersion]. Later versions
// are greater.
type ProtocolVersion uint8

// The versions of ZMTP.
const (
	ZMTP10 = ProtocolVersion(wire.V1)   // libzmq 2
	ZMTP20 = ProtocolVersion(wire.V2)   // libzmq 3
	ZMTP30 = ProtocolVersion(wire.V3_0) // libzmq 4.0 to 4.2
	ZMTP31 = ProtocolVersion(wire.V3_1) // libzmq 4.3
)

// String is the number of the version, such as "3.1", as [PeerInfo.Version]
// returns it.
func (v ProtocolVersion) String() string { return wire.Version(v).String() }

// RouterNotify says of what a ROUTER receives an empty message; add them up.
type RouterNotify uint8

const (
	NotifyConnect    RouterNotify = 1 << iota // a peer has come
	NotifyDisconnect                          // a peer is gone
)

// XPubVerbose says which changes of subscriptions an XPUB receives.
type XPubVerbose uint8

const (
	// FirstAndLast: the first subscription to a topic, and when the last
	// subscriber has left it.
	FirstAndLast XPubVerbose = iota
	// EverySubscribe: every subscription, and when the last has left.
	EverySubscribe
	// EveryChange: every subscription, and every one that is taken back, also by
	// a peer that had not made it.
	EveryChange
)

// Namespace is a set of names for inproc endpoints: sockets see each other
// there only if they share it. Make it with [NewNamespace]. All sockets that
// are given none share one.
type Namespace struct{ n *inproc.Namespace }

// NewNamespace returns an empty namespace, for tests that run in parallel or
// libraries that want names of their own.
func NewNamespace() *Namespace { return &Namespace{inproc.NewNamespace()} }

var defaultNamespace = NewNamespace()

// transports is every scheme of connections but inproc, which moves no bytes.
var transports = map[string]transport.Transport{
	"tcp": transport.TCP,
	"ipc": transport.IPC,
}

// datagrams is every scheme that moves datagrams.
var datagrams = map[string]transport.Packets{"udp": transport.UDP}

// pick is the value of an option: the default for zero, none for negative.
func pick[T int | int64 | time.Duration](v, def, none T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return none
	}
	return v
}

// maxBuffer is the most that systems take for a connection's buffer.
const maxBuffer = 1 << 30

// core translates the options. o may be nil.
func (o *Options) core() (socket.Options, error) {
	if o == nil {
		o = &Options{}
	}
	if o.TOS < 0 || o.TOS > 255 {
		return socket.Options{}, fmt.Errorf("%w: TOS %d", socket.ErrOption, o.TOS)
	}
	if o.MulticastHops < 0 || o.MulticastHops > 255 {
		return socket.Options{}, fmt.Errorf("%w: MulticastHops %d", socket.ErrOption, o.MulticastHops)
	}
	for name, size := range map[string]int{"SendBuffer": o.SendBuffer, "RecvBuffer": o.RecvBuffer} {
		if size > maxBuffer {
			return socket.Options{}, fmt.Errorf("%w: %s %d, at most %d", socket.ErrOption, name, size, maxBuffer)
		}
	}
	if o.IPCMode&^fs.ModePerm != 0 {
		return socket.Options{}, fmt.Errorf("%w: IPCMode %v", socket.ErrOption, o.IPCMode)
	}
	if o.RouterNotify&^(NotifyConnect|NotifyDisconnect) != 0 {
		return socket.Options{}, fmt.Errorf("%w: RouterNotify %d", socket.ErrOption, o.RouterNotify)
	}
	if o.XPubVerbose > EveryChange {
		return socket.Options{}, fmt.Errorf("%w: XPubVerbose %d", socket.ErrOption, o.XPubVerbose)
	}
	if o.MinVersion > ZMTP31 {
		return socket.Options{}, fmt.Errorf("%w: MinVersion %d", socket.ErrOption, o.MinVersion)
	}
	mode := o.IPCMode
	if mode == 0 {
		mode = 0o600
	}
	space := o.Namespace
	if space == nil {
		space = defaultNamespace
	}
	keepAlive := o.KeepAlive
	if keepAlive == (net.KeepAliveConfig{}) {
		keepAlive.Enable = true
	}
	interval := pick(o.HeartbeatInterval, 10*time.Second, 0)
	return socket.Options{
		SendHWM:           pick(o.SendHWM, defaultHWM, 0),
		RecvHWM:           pick(o.RecvHWM, defaultHWM, 0),
		MaxQueuedBytes:    pick(o.MaxQueuedBytes, 64<<20, 0),
		RoutingID:         o.RoutingID,
		Immediate:         o.Immediate,
		Conflate:          o.Conflate,
		Hello:             bytes.Clone(o.HelloMessage),
		Farewell:          bytes.Clone(o.DisconnectMessage),
		Hiccup:            bytes.Clone(o.HiccupMessage),
		Namespace:         space.n,
		Transports:        transports,
		Datagrams:         datagrams,
		Logger:            o.Logger,
		Linger:            lingerOf(o.linger()),
		HandshakeTimeout:  pick(o.HandshakeTimeout, 10*time.Second, 0),
		ConnectTimeout:    pick(o.ConnectTimeout, 30*time.Second, 0),
		ReconnectInterval: pick(o.ReconnectInterval, 100*time.Millisecond, 0),
		ReconnectMax:      pick(o.ReconnectMax, 5*time.Second, 0),
		Heartbeat:         interval,
		HeartbeatTimeout:  pick(o.HeartbeatTimeout, interval, 0),
		HeartbeatTTL:      pick(o.HeartbeatTTL, 0, 0),
		MinVersion:        wire.Version(o.MinVersion),
		HalfClose:         pick(o.HalfCloseTimeout, 10*time.Second, 0),
		MaxConnections:    pick(o.MaxConnections, 65536, 0),
		MaxPending:        pick(o.MaxPendingHandshakes, 1024, 0),
		MaxPerSource:      pick(o.MaxPendingPerSource, 64, 0),
		Pattern: pattern.Options{
			Relaxed:            o.ReqRelaxed,
			Correlate:          o.ReqCorrelate,
			Mandatory:          true,
			Handover:           o.RouterHandover,
			NotifyConnect:      o.RouterNotify&NotifyConnect != 0,
			NotifyDisconnect:   o.RouterNotify&NotifyDisconnect != 0,
			Silent:             o.StreamNoNotify,
			Probe:              o.ProbeRouter,
			Verbose:            o.XPubVerbose >= EverySubscribe,
			Verboser:           o.XPubVerbose >= EveryChange,
			Manual:             o.XPubManual || o.XPubLastValue,
			LastValue:          o.XPubLastValue,
			NoDrop:             o.PubNoDrop,
			Invert:             o.InvertMatching,
			OnlyFirst:          true, // or frames of user messages would be taken for subscriptions
			Welcome:            bytes.Clone(o.PubWelcome),
			VerboseUnsubscribe: o.XSubVerboseUnsubscribe,
			MaxTopics:          pick(o.MaxSubscriptions, 100_000, 0),
			MaxTopicBytes:      pick(o.MaxSubscriptionBytes, 32<<20, 0),
		},
		Limits: engine.Limits{
			Handshake:  128 << 10,
			Commands:   16,
			Metadata:   8 << 10,
			Properties: 64,
			Frame:      pick(o.MaxFrameSize, 64<<20, 0),
			Frames:     pick(o.MaxMessageFrames, 65536, 0),
			Message:    pick(o.MaxMessageSize, 256<<20, 0),
			Command:    128 << 10,
			Useless:    16 << 20,
		},
		Transport: transport.Options{
			SendBuffer: max(o.SendBuffer, 0),
			RecvBuffer: max(o.RecvBuffer, 0),
			KeepAlive:  keepAlive,
			MaxRetrans: max(o.MaxRetransmit, 0),
			TOS:        o.TOS,
			IPv4Only:   o.IPv4Only,
			Mode:       mode,

			MulticastHops:   o.MulticastHops,
			MulticastNoLoop: o.MulticastNoLoop,
		},
	}, nil
}

// lingerOf is a time to linger as the core has it.
func lingerOf(d time.Duration) time.Duration {
	if d == Forever {
		return -1
	}
	return d
}

// linger is the time Close waits.
func (o *Options) linger() time.Duration {
	if o == nil {
		o = &Options{}
	}
	return pick(o.Linger, 30*time.Second, 0)
}
