package zmq

import (
	"io/fs"
	"log/slog"
	"math"
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/wire"
)

// Values of options that are not ordinary durations or numbers.
const (
	// Forever is a duration without end: Close waits until every message is
	// written, a connection is never retried, no PING is sent.
	Forever time.Duration = math.MaxInt64

	// NoLinger is the value of [Options.Linger] with which Close discards
	// unsent messages at once.
	NoLinger time.Duration = 1

	// NoHalfClose is the value of [StreamOptions.HalfCloseTimeout] with which a
	// connection is closed as soon as its peer ends its sending direction.
	NoHalfClose time.Duration = 1

	// Unlimited is the value of a high-water mark or a limit that does not
	// bound anything.
	Unlimited = math.MaxInt
)

// Toggle turns an option on or off. The zero value is the default of the
// option.
type Toggle uint8

// The values of a [Toggle]: On turns the option on, Off turns it off.
const (
	On Toggle = iota + 1
	Off
)

// or returns whether t is on, or def if it has no value.
func (t Toggle) or(def bool) bool {
	if t == 0 {
		return def
	}
	return t == On
}

// Options configure a socket when it is made. In every field the zero value is
// the default. [Forever] and [Unlimited] turn a duration or a limit off, where
// the field permits it; negative values are errors. Constructors copy the
// struct: a later change has no effect. A nil *Options is all defaults.
//
// An option applies to all socket types unless its comment names types. A field
// that is set and does not apply to the type of the socket is an error, which
// matches [ErrInvalidOption].
//
// The names in brackets are those of libzmq.
type Options struct {
	// SendHWM and RecvHWM are the high-water marks: about how many messages
	// each direction of each connection queues. Default 1000. [Unlimited]
	// removes a mark. When queues are full, a sender waits or drops messages,
	// as the comment of its type says. SendHWM is for the types that send,
	// RecvHWM for those that receive.
	//
	// In addition to its queues a connection holds what it is reading and
	// writing, up to 256 KiB. The operating systems' buffers can hold many more
	// small messages than the mark. To give each worker one task at a time, let
	// workers request tasks (REQ to ROUTER or REP). SetSendHWM and SetRecvHWM
	// change the marks of a socket. [ZMQ_SNDHWM, ZMQ_RCVHWM]
	SendHWM, RecvHWM int

	// MaxQueuedBytes bounds the same queues in bytes. A message that starts
	// below the bound is queued whole. While unread messages of disconnected
	// peers exceed the bound, no new peers are accepted. Default 64 MiB.
	MaxQueuedBytes int

	// Linger is how long Close waits for unsent messages to be written, and how
	// long connections continue for them after Disconnect and Unbind. Default
	// 30 s. [NoLinger] discards them at once, [Forever] waits without limit.
	// [ZMQ_LINGER]
	Linger time.Duration

	// RoutingID is the name of this socket at ROUTER peers; 1 to 255 bytes, the
	// first not zero. Default none: each ROUTER assigns an ID. For REQ, DEALER
	// and ROUTER. [ZMQ_ROUTING_ID]
	RoutingID string

	// Immediate queues messages for connected peers only. Without it, an
	// endpoint that was given to Connect has a queue at once, and messages that
	// a lost connection has not written are kept there for the next connection.
	// With it, these are dropped and counted under [DropConnLost], and Send
	// waits while no peer is connected. It has no effect over inproc and udp.
	// For all types but STREAM, which keeps nothing for the next connection,
	// and DGRAM. [ZMQ_IMMEDIATE]
	Immediate bool

	// Overflow says what happens to a message if the queue that it is for, or every
	// queue that it may be put in, is full. Default [OverflowDropNewest] for PUB,
	// XPUB and RADIO, otherwise [OverflowBlock]. Without a peer there is no queue,
	// and Send does what the comment of the type says. For PUSH, SCATTER, DEALER,
	// CLIENT, PAIR, CHANNEL, ROUTER, SERVER, PEER, PUB, XPUB and RADIO.
	// [ZMQ_XPUB_NODROP]
	Overflow Overflow

	// Conflate keeps only the newest message of every queue, for values that
	// are outdated when the next one arrives. No high-water mark blocks a
	// sender then. For DEALER, PUSH, PULL, PUB and SUB. [ZMQ_CONFLATE]
	Conflate bool

	// Metadata are properties of this socket that its peers can read with
	// [PeerInfo.Property]. Their names begin with "X-" and have up to 255
	// letters, digits, and - _ . +; case does not distinguish them. At most 32
	// properties and 4 KiB, 5 bytes more for each property. Peers that speak ZMTP
	// 1.0 or 2.0 do not receive them. For all types but STREAM and DGRAM.
	// [ZMQ_METADATA]
	Metadata map[string]string

	// Accept reports whether a connection to a bound endpoint is accepted. Of
	// peer, [PeerInfo.RemoteAddr] and [PeerInfo.Credentials] are known: the
	// handshake has not begun. A connection that is not accepted is closed at
	// once, and reported and counted as [EventPeerRefused], also after a panic.
	// Accept is called for one connection of an endpoint at a time; the next
	// ones, and Close, wait for it. Over TCP an address is not proof of identity:
	// use Security for that. Default all are accepted. For all types but DGRAM;
	// it has no effect over inproc and udp. [ZMQ_TCP_ACCEPT_FILTER,
	// ZMQ_IPC_FILTER_PID, ZMQ_IPC_FILTER_UID, ZMQ_IPC_FILTER_GID]
	Accept func(peer PeerInfo) bool

	// Namespace holds the names of inproc endpoints. Default one that the whole
	// program shares.
	Namespace *Namespace

	// Logger receives every event: refused peers, violations of the protocol
	// and failures to accept at level Warn, the rest at Debug. Of warnings with
	// the same event, reason, endpoint and IPv4 address or IPv6 /64 of the
	// peer, the first is logged at once. Those that follow are logged as one
	// every 10 s: the last of them, with their number as "repeated". The record
	// of a closed connection has the name of its [CloseReason] as "reason". That
	// of a complete handshake has the "mechanism", unless that is NULL, and the
	// ID of the authenticated "user". Default none.
	//
	// Its handler is called in a goroutine of the socket, for one record at a
	// time, in the order of the events. It may call the socket, but must not
	// wait for Close or Shutdown, which return when it has handled the last
	// record. A slow handler delays no other call: up to 1,024 records are
	// queued, and the number of those dropped is logged.
	Logger *slog.Logger

	Reconnect    ReconnectOptions // connecting and connecting again
	Heartbeat    HeartbeatOptions // detecting peers that do not answer
	Limits       Limits           // bounds on what peers may do and send
	Latency      LatencyOptions   // processor time for short delays
	TCP          TCPOptions       // options of the system for connections
	IPC          IPCOptions       // ipc endpoints
	Network      NetworkOptions   // functions and transports of the application
	Security     Security         // authentication and encryption
	Multicast    MulticastOptions // udp multicast, for RADIO and DGRAM
	AutoMessages AutoMessages     // messages at the start and end of connections

	Req    ReqOptions    // for REQ
	Router RouterOptions // for ROUTER
	Pub    PubOptions    // for PUB and XPUB
	XPub   XPubOptions   // for XPUB
	Sub    SubOptions    // for SUB
	XSub   XSubOptions   // for XSUB
	Stream StreamOptions // for STREAM
}

// Overflow says what happens to a message that finds full queues.
type Overflow uint8

// The values of [Options.Overflow]. For PUB, XPUB and RADIO the queue is that of a
// subscriber: with OverflowBlock the slowest subscriber sets the pace, and with
// OverflowError the message goes to none if one is full. Each dropped message is
// counted under [DropHWM].
const (
	OverflowBlock      Overflow = Overflow(socket.OverflowBlock)      // Send waits, TrySend fails with ErrWouldBlock
	OverflowDropNewest Overflow = Overflow(socket.OverflowDropNewest) // the message is dropped, and Send returns nil
	OverflowDropOldest Overflow = Overflow(socket.OverflowDropOldest) // the oldest message of the queue is dropped that is not being written
	OverflowError      Overflow = Overflow(socket.OverflowError)      // Send fails with ErrWouldBlock
)

// ReconnectOptions configure how a socket connects to the endpoints that
// Connect was given. They are for all types but DGRAM.
type ReconnectOptions struct {
	// Interval is the first delay before a lost or failed connection is
	// retried. After a failed attempt the delay doubles, up to a tenth of
	// MaxInterval: with the defaults a peer is found within 750 ms after it is
	// back. After a handshake during which the peer closes the connection, a
	// connection shorter than 1 s or a failed name lookup it doubles up to
	// MaxInterval. After a protocol error, such as an ERROR of the peer that
	// denies this socket, the delay is MaxInterval at once. Each delay varies at
	// random by half to either side: after an ERROR the next attempt follows
	// after 2.5 to 7.5 s by default. Default 100 ms, or MaxInterval if that is
	// less. A value above MaxInterval is an error. [Forever] disables retries.
	// [ZMQ_RECONNECT_IVL]
	Interval time.Duration

	// MaxInterval bounds the delay after failed handshakes, short connections
	// and failed lookups. A peer that refuses connections is retried after at
	// most a tenth of it, or Interval if that is longer: set 100 s for at most
	// 10 s. The bound is applied before the delay varies. Default 5 s.
	// [ZMQ_RECONNECT_IVL_MAX]
	MaxInterval time.Duration

	// ConnectTimeout bounds one attempt to connect. Default 30 s. With
	// [Forever] only the system bounds it. [ZMQ_CONNECT_TIMEOUT]
	ConnectTimeout time.Duration

	// Stop selects the conditions under which the socket does not connect to an
	// endpoint again. [EventStopped] reports it. The endpoint is then
	// [EndpointClosed], and its unsent messages are dropped and counted under
	// [DropLinger]. Connect may be called for it again. Calls that wait for a peer go on
	// waiting, because another endpoint may be added. Default none.
	// [ZMQ_RECONNECT_STOP]
	Stop ReconnectStop
}

// ReconnectStop is a set of conditions that end reconnecting.
type ReconnectStop uint8

// The conditions that end reconnecting. Combine them with |.
const (
	// ReconnectStopRefused ends it when no process listens at the address: the
	// connection is refused, or the ipc file does not exist.
	ReconnectStopRefused ReconnectStop = ReconnectStop(session.StopRefused)
	// ReconnectStopHandshakeFailed ends it after [EventHandshakeFailed].
	ReconnectStopHandshakeFailed ReconnectStop = ReconnectStop(session.StopHandshakeFailed)
	// ReconnectStopAfterDisconnect ends it with Disconnect, Close and Shutdown:
	// unsent messages are then written to an existing connection, and no further
	// one is made for them.
	ReconnectStopAfterDisconnect ReconnectStop = ReconnectStop(session.StopAfterDisconnect)
)

// HeartbeatOptions configure how a socket detects peers that do not answer. They
// apply to peers that speak ZMTP 3.1, except over inproc. They are for all types
// but STREAM and DGRAM.
type HeartbeatOptions struct {
	// Interval is how long a peer may be silent before a PING is sent to it,
	// and the time between PINGs. Default 10 s. [Forever] sends none.
	// [ZMQ_HEARTBEAT_IVL]
	Interval time.Duration

	// Timeout is how long a peer may send nothing after a PING before its
	// connection is closed with [CloseHeartbeatTimeout]. A peer that may still
	// have unread messages from this socket is slow and not dead: its
	// connection is kept as long as its system answers. Default the interval.
	// With [Forever] no connection is closed. [ZMQ_HEARTBEAT_TIMEOUT]
	Timeout time.Duration

	// TTL asks the peer to close the connection when this socket is silent for
	// that long. It is sent in steps of 100 ms, from 100 ms to 6553.5 s.
	// Default none. [ZMQ_HEARTBEAT_TTL]
	TTL time.Duration
}

// Limits bound what peers may do and send. [Unlimited] removes a limit. They are
// for all types but STREAM and DGRAM, unless their comments name types.
type Limits struct {
	// MaxFrameSize, MaxMessageSize and MaxMessageFrames bound a message, in
	// bytes of one frame, bytes of all frames, and frames. A peer that sends
	// more is disconnected; if it uses this library, it counts that message,
	// and those that it wrote after it, under [DropRejected]. A call that sends
	// more fails with [ErrMessageTooLarge], and nothing is sent. Memory is
	// allocated as bytes arrive, not for the announced size. Defaults 64 MiB,
	// 256 MiB and 65536. [ZMQ_MAXMSGSIZE, for received frames]
	MaxFrameSize, MaxMessageSize int64
	MaxMessageFrames             int

	// MaxConnections bounds the connections accepted per endpoint,
	// MaxPendingHandshakes those of them whose handshake is not complete, and
	// MaxPendingPerSource the latter of one IPv4 address or IPv6 /64. Where one
	// of them is reached, connections that are slow to complete their handshake
	// (half a second for one that has sent nothing) are closed. If none is
	// slow, new connections above MaxConnections are closed, those above
	// MaxPendingHandshakes wait in the queue of the system, and those above
	// MaxPendingPerSource are accepted: many peers that connect at once from
	// one address are not refused. Defaults 65536, 1024 and 64. MaxConnections
	// is for STREAM too.
	MaxConnections, MaxPendingHandshakes, MaxPendingPerSource int

	// MaxSubscriptions and MaxSubscriptionBytes bound the subscriptions of one
	// peer of a PUB or XPUB, and the groups of one peer of a RADIO, in number
	// and total bytes. A peer that exceeds them is disconnected
	// ([ErrTooManySubscriptions]). Defaults 100000 and 32 MiB. For PUB, XPUB
	// and RADIO.
	MaxSubscriptions, MaxSubscriptionBytes int

	// HandshakeTimeout bounds the time from the start of a connection to the
	// end of its handshake. Default 10 s, [Forever] for no bound.
	// [ZMQ_HANDSHAKE_IVL]
	HandshakeTimeout time.Duration

	// MinVersion is the oldest version of ZMTP that a peer may speak. A peer
	// with an older version is disconnected in its handshake, with
	// [CloseVersion]. Versions before 3.0 announce neither a socket type nor a
	// mechanism, and 1.0 has no signature that distinguishes it from other
	// protocols. Default [ZMTP10]: any.
	MinVersion ProtocolVersion
}

// LatencyOptions exchange processor time for shorter delays.
type LatencyOptions struct {
	// Spin is how long a connection that has received bytes looks for more before it
	// sleeps, at most 10 ms. Default 0: it sleeps at once. To wake it takes longer than
	// all the rest of a small message's way, so with 200 us on both sides a request and
	// its reply take less than half of the time (bench/PROFILES.md). A connection
	// that receives more often than that uses one processor; an idle one uses none.
	// So spin only where fewer connections are busy than there are processors. It applies to
	// tcp and ipc on Unix; other transports and systems ignore it.
	Spin time.Duration
}

// TCPOptions are options of the system for connections. TOS, IPv6, Device,
// Priority and BusyPoll also apply to udp, Backlog to ipc, and the sizes of
// buffers to ipc and udp; the other options are for all types but DGRAM.
type TCPOptions struct {
	// SendBuffer and RecvBuffer are the sizes of the system's buffers in bytes.
	// Default the system's. [ZMQ_SNDBUF, ZMQ_RCVBUF]
	SendBuffer, RecvBuffer int

	// KeepAlive lets the system probe connections without traffic, which
	// detects dead peers that have no PING. Default [On]; with [Off] the
	// default of the system applies. [ZMQ_TCP_KEEPALIVE]
	KeepAlive Toggle

	// KeepAliveIdle is the time without traffic before the first probe,
	// KeepAliveInterval the time between probes, KeepAliveCount the number of
	// probes without an answer after which a connection is lost. Defaults 15 s,
	// 15 s and 9. [ZMQ_TCP_KEEPALIVE_IDLE, ZMQ_TCP_KEEPALIVE_INTVL,
	// ZMQ_TCP_KEEPALIVE_CNT]
	KeepAliveIdle, KeepAliveInterval time.Duration
	KeepAliveCount                   int

	// MaxRetransmit is how long TCP retransmits data without an acknowledgement
	// before the connection is lost. Default the system's. [ZMQ_TCP_MAXRT]
	MaxRetransmit time.Duration

	// TOS is the type-of-service byte of outgoing packets, 0 to 255. [ZMQ_TOS]
	TOS int

	// IPv6 lets endpoints use IPv6 in addition to IPv4. Default [On].
	// [ZMQ_IPV6]
	IPv6 Toggle

	// Device is the name of the only network interface that connections use,
	// such as "eth0", up to 15 bytes. Default any. It needs CAP_NET_RAW if the
	// kernel is older than Linux 5.7. Bind returns an error if there is no such
	// interface; connecting is retried. Systems other than Linux return
	// [errors.ErrUnsupported]. [ZMQ_BINDTODEVICE]
	Device string

	// Priority is the priority of outgoing packets in the queues of Linux
	// (SO_PRIORITY); above 6 it needs CAP_NET_ADMIN. Default 0. Other systems
	// ignore it. [ZMQ_PRIORITY]
	Priority int

	// BusyPoll is how long Linux polls the network device for packets before a
	// read waits (SO_BUSY_POLL), in steps of 1 us. It needs CAP_NET_ADMIN if it
	// exceeds the system's net.core.busy_read. Default the system's. Other
	// systems ignore it. [ZMQ_BUSY_POLL]
	BusyPoll time.Duration

	// Backlog is how many connections the system queues for a bound endpoint
	// until they are accepted. Default the maximum of the system, which also
	// bounds larger values. Windows ignores it. [ZMQ_BACKLOG]
	Backlog int
}

// IPCOptions configure ipc endpoints. They are for all types but DGRAM.
type IPCOptions struct {
	// Mode is the permission bits of the file that Bind creates. Default 0600.
	Mode fs.FileMode
}

// MulticastOptions configure what RADIO and DGRAM send to multicast groups over
// udp.
type MulticastOptions struct {
	// Hops is how many networks a datagram crosses, 1 to 255. Default 1, the
	// network of this machine. [ZMQ_MULTICAST_HOPS]
	Hops int

	// Loopback sends the datagrams to members of the group on this machine too.
	// Default [On]. [ZMQ_MULTICAST_LOOP]
	Loopback Toggle
}

// AutoMessages are messages of one frame that a socket sends or receives by
// itself when connections begin and end. A nil field means no message; an
// empty, non-nil field means an empty message.
type AutoMessages struct {
	// Hello is sent as the first message of every connection. For DEALER,
	// ROUTER, CLIENT, SERVER and PEER. [ZMQ_HELLO_MSG]
	Hello []byte

	// Disconnect is received, as if from the peer, when the connection of a
	// peer that connected to this socket ends; not when another peer has taken
	// over its routing ID ([RouterOptions.Handover]). For ROUTER, SERVER and
	// PEER. [ZMQ_DISCONNECT_MSG]
	Disconnect []byte

	// Hiccup is received, as if from the peer, when the connection to an
	// endpoint that this socket connected to is lost, before it is retried. For
	// DEALER, CLIENT and PEER. [ZMQ_HICCUP_MSG]
	Hiccup []byte

	// ProbeRouter sends an empty message as the first to every peer, so that a
	// ROUTER receives the routing ID of this socket. For DEALER, REQ and
	// ROUTER. [ZMQ_PROBE_ROUTER]
	ProbeRouter bool
}

// ReqOptions configure a REQ. [Req.Do] needs neither option.
type ReqOptions struct {
	// Relaxed lets Send be called again before the reply has been received;
	// that reply is dropped. Set Correlate too, or a late reply is taken for
	// the reply to the new request. [ZMQ_REQ_RELAXED]
	Relaxed bool

	// Correlate adds an ID to each request, which its reply must have.
	// [ZMQ_REQ_CORRELATE]
	Correlate bool
}

// RouterOptions configure a ROUTER.
type RouterOptions struct {
	// Handover says which peers take over the routing ID of a connected peer,
	// which is then disconnected. Other peers with that routing ID are refused,
	// and so are all if ConnectAs has assigned it. Default RouterHandoverNone.
	// [ZMQ_ROUTER_HANDOVER]
	Handover RouterHandover

	// Notify selects the notifications that are received. Default none.
	// [ZMQ_ROUTER_NOTIFY]
	Notify RouterNotify
}

// RouterHandover says which peers of a ROUTER take over the routing ID of another
// one that is connected.
type RouterHandover uint8

// The values of [RouterOptions.Handover]. Any peer can announce any routing ID: with
// RouterHandoverAny, a peer can replace the peers of other users and receive what is
// sent to them.
const (
	// RouterHandoverNone refuses the later peer.
	RouterHandoverNone RouterHandover = iota
	// RouterHandoverSameUser lets a peer replace one of the same user, such as a
	// client that connects again while its lost connection still seems to be
	// open. Both must have the same [PeerInfo.UserID] or, if neither has one, the
	// same public key of CURVE. Peers that are not authenticated are refused.
	RouterHandoverSameUser
	// RouterHandoverAny lets every peer replace every other.
	RouterHandoverAny
)

// RouterNotify is a set of notifications that a ROUTER receives.
type RouterNotify uint8

// The notifications of a ROUTER. Combine them with |.
const (
	RouterNotifyConnect    RouterNotify = 1 << iota // an empty message when a peer connects: see Message.IsConnect
	RouterNotifyDisconnect                          // an empty message when a peer disconnects: see Message.IsDisconnect
)

// PubOptions configure a PUB or XPUB.
type PubOptions struct {
	// Welcome is sent to every new subscriber, which receives it if it
	// subscribes to a prefix of it. For PUB and XPUB. [ZMQ_XPUB_WELCOME_MSG]
	Welcome []byte

	// InvertMatching sends each message to the peers that do not subscribe to
	// it. The subscribers must set [SubOptions.InvertMatching]. For PUB and
	// XPUB. [ZMQ_INVERT_MATCHING]
	InvertMatching bool
}

// XPubOptions configure an XPUB.
type XPubOptions struct {
	// Notify selects the changes of subscriptions that are received. Default
	// [XPubNotifyFirstAndLast]. [ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER]
	Notify XPubNotify

	// Manual leaves the subscriptions of the peers to the application: each
	// subscription and cancellation of a peer is received and has no effect.
	// [XPub.SubscribePeer] and [XPub.UnsubscribePeer] make the subscriptions.
	// [ZMQ_XPUB_MANUAL]
	Manual bool

	// LastValue includes Manual. The message that is sent after the receipt of
	// a subscription goes to that subscriber alone.
	// [ZMQ_XPUB_MANUAL_LAST_VALUE]
	LastValue bool
}

// XPubNotify selects the changes of subscriptions that an XPUB receives.
type XPubNotify uint8

// The changes of subscriptions that an XPUB receives.
const (
	// XPubNotifyFirstAndLast selects the first subscription to a topic and the
	// cancellation of the last.
	XPubNotifyFirstAndLast XPubNotify = iota
	// XPubNotifyEverySubscribe selects every subscription and the cancellation
	// of the last.
	XPubNotifyEverySubscribe
	// XPubNotifyEveryChange selects every subscription and every cancellation,
	// including those of peers that had not subscribed.
	XPubNotifyEveryChange
)

// SubOptions configure a SUB.
type SubOptions struct {
	// InvertMatching makes the socket receive the messages that it does not
	// subscribe to. The publishers must set [PubOptions.InvertMatching].
	// [ZMQ_INVERT_MATCHING]
	InvertMatching bool
}

// XSubOptions configure an XSUB.
type XSubOptions struct {
	// VerboseUnsubscribe sends every cancellation to the publishers, and not
	// only the one that ends a subscription. [ZMQ_XSUB_VERBOSE_UNSUBSCRIBE]
	VerboseUnsubscribe bool
}

// StreamOptions configure a STREAM.
type StreamOptions struct {
	// Notify makes the socket receive an empty message when a connection begins
	// and when it ends. Default [On]. [ZMQ_STREAM_NOTIFY]
	Notify Toggle

	// HalfCloseTimeout bounds how long an accepted connection is kept whose
	// peer has ended its sending direction, as a client that expects an answer
	// may do after its request. The connection is closed when no write to it,
	// of up to 64 KiB, succeeds for that long, or up to twice that; and sooner
	// if MaxConnections or descriptors are exhausted. Default 10 s.
	// [NoHalfClose] closes it at once, as libzmq does.
	HalfCloseTimeout time.Duration
}

// ProtocolVersion is a version of ZMTP. Later versions are greater.
type ProtocolVersion uint8

// The versions of ZMTP.
const (
	ZMTP10 ProtocolVersion = ProtocolVersion(wire.V1)   // libzmq 2
	ZMTP20 ProtocolVersion = ProtocolVersion(wire.V2)   // libzmq 3
	ZMTP30 ProtocolVersion = ProtocolVersion(wire.V3_0) // libzmq 4.0 to 4.2
	ZMTP31 ProtocolVersion = ProtocolVersion(wire.V3_1) // libzmq 4.3
)

// String returns the number of the version, such as "3.1", or "unknown".
func (v ProtocolVersion) String() string { return wire.Version(v).String() }

// Namespace is a set of names for inproc endpoints: sockets can connect to each
// other by name if they share it. [NewNamespace] makes one. Sockets without
// [Options.Namespace] share a default one.
type Namespace struct{ n *inproc.Namespace }

// NewNamespace returns an empty namespace, for tests that run in parallel and
// for libraries with names of their own.
func NewNamespace() *Namespace { return &Namespace{inproc.NewNamespace()} }

var defaultNamespace = NewNamespace()
