package zmq

import (
	"context"
	"iter"
	"net"
	"runtime"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
)

// EventKind is the kind of an [Event].
type EventKind uint8

// The kinds of events. The names in brackets are ZMQ_EVENT_ constants of
// libzmq.
const (
	EventListening       EventKind = EventKind(session.Listening)       // an endpoint is bound [LISTENING]
	EventListenerClosed  EventKind = EventKind(session.ListenerClosed)  // a bound endpoint is closed [CLOSED]
	EventAccepted        EventKind = EventKind(session.Accepted)        // a connection was accepted; its handshake begins [ACCEPTED]
	EventAcceptFailed    EventKind = EventKind(session.AcceptFailed)    // accepting failed; it is retried after Delay [ACCEPT_FAILED]
	EventRetrying        EventKind = EventKind(session.Retrying)        // connecting failed or a connection was lost; it is retried after Delay [CONNECT_RETRIED]
	EventConnected       EventKind = EventKind(session.Connected)       // a connection was made; its handshake begins [CONNECTED]
	EventHandshakeFailed EventKind = EventKind(session.HandshakeFailed) // a connection was closed before its handshake was complete [HANDSHAKE_FAILED_*]
	EventReady           EventKind = EventKind(session.Ready)           // a handshake is complete; messages can be sent and received [HANDSHAKE_SUCCEEDED]
	EventDisconnected    EventKind = EventKind(session.Disconnected)    // a connection has ended after its handshake [DISCONNECTED]
	EventPeerRefused     EventKind = EventKind(session.PeerRefused)     // a peer was refused because of a limit, as second peer of a PAIR or CHANNEL, or for a duplicate routing ID
	EventThrottled       EventKind = EventKind(session.Throttled)       // a peer sends more than 1,000 commands a second and is read more slowly; reported once for each connection
)

// String returns the name of the kind, such as "handshake_failed".
func (k EventKind) String() string { return session.Kind(k).String() }

// CloseReason is the reason for which a connection was closed.
type CloseReason uint8

// The reasons for which connections are closed. The error of the event has
// details.
const (
	CloseNone             CloseReason = CloseReason(engine.CloseNone)             // a failed connection, or one that the peer closed
	CloseMalformed        CloseReason = CloseReason(engine.CloseMalformed)        // bytes that are not ZMTP
	CloseUnexpected       CloseReason = CloseReason(engine.CloseUnexpected)       // a command that is not allowed at this point
	CloseMechanism        CloseReason = CloseReason(engine.CloseMechanism)        // another security mechanism than that of this socket
	CloseVersion          CloseReason = CloseReason(engine.CloseVersion)          // a ZMTP version below MinVersion, or one without the mechanism of this socket
	CloseSocketType       CloseReason = CloseReason(engine.CloseSocketType)       // a socket type that this type does not communicate with
	CloseRefused          CloseReason = CloseReason(engine.CloseRefused)          // the peer refused this socket, or a message that it sent (DropRejected)
	CloseMetadata         CloseReason = CloseReason(engine.CloseMetadata)         // too much metadata
	CloseHandshakeSize    CloseReason = CloseReason(engine.CloseHandshakeSize)    // a handshake of too many bytes
	CloseFrameSize        CloseReason = CloseReason(engine.CloseFrameSize)        // a frame above MaxFrameSize
	CloseMessageSize      CloseReason = CloseReason(engine.CloseMessageSize)      // a message above MaxMessageSize or MaxMessageFrames
	CloseCommandSize      CloseReason = CloseReason(engine.CloseCommandSize)      // a command of too many bytes
	CloseIgnoredCommands  CloseReason = CloseReason(engine.CloseIgnoredCommands)  // too many bytes of commands that have no effect
	CloseHandshakeTimeout CloseReason = CloseReason(engine.CloseHandshakeTimeout) // HandshakeTimeout passed
	CloseHeartbeatTimeout CloseReason = CloseReason(engine.CloseHeartbeatTimeout) // Heartbeat.Timeout, or the TTL that the peer requested, passed
	CloseCrypto           CloseReason = CloseReason(engine.CloseCrypto)           // encrypted data that does not decrypt, was sent twice, or comes from wrong keys
	CloseAuthDenied       CloseReason = CloseReason(engine.CloseAuthDenied)       // the Authenticator refused the peer
	CloseAuthFailed       CloseReason = CloseReason(engine.CloseAuthFailed)       // the Authenticator could not decide, or not in time
	CloseRevoked          CloseReason = CloseReason(engine.CloseRevoked)          // DisconnectPeers
	CloseTLS              CloseReason = CloseReason(engine.CloseTLS)              // TLS failed: a certificate that is not accepted, an alert of the peer, or bytes that are not TLS
)

// String returns the name of the reason, such as "malformed".
func (r CloseReason) String() string { return engine.CloseReason(r).String() }

// Event is a change of an endpoint or a connection of a socket.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Endpoint   string        // as Bind returned it or Connect was given it
	LocalAddr  net.Addr      // of the connection, nil if there is none
	RemoteAddr net.Addr      // of the connection, nil if there is none
	Peer       PeerInfo      // the peer, with what it had announced by then
	Delay      time.Duration // time until the next attempt
	Reason     CloseReason   // reason for which a connection was closed
	Err        error         // details of a failure, or nil
	Missed     int           // events before this one that the iterator dropped because its loop was too slow
}

// Events returns an iterator over the events of the socket from this call on,
// including those before the loop begins. It ends when ctx ends or the socket
// is closed, and can be used for one loop. Each iterator keeps up to 1024
// events for its loop; if the loop is slower, events are dropped and counted in
// [Event.Missed].
func (s Socket) Events(ctx context.Context) iter.Seq[Event] {
	checkContext(ctx)
	listening := s.s.Watch()
	unregister := context.AfterFunc(ctx, listening.Stop)
	l := &eventLoop{stop: func() {
		unregister()
		listening.Stop()
	}}
	// If no loop begins, the subscription ends with the context or the socket,
	// or when the iterator is unreachable, because only the iterator refers to
	// l.
	runtime.AddCleanup(l, func(stop func()) { stop() }, l.stop)
	return func(yield func(Event) bool) {
		defer func() { l.stop() }() // refers to l until the loop ends
		for {
			ev, ok := listening.Next(ctx)
			if !ok || !yield(newEvent(ev)) {
				return
			}
		}
	}
}

// eventLoop is what an iterator over events refers to, so that its cleanup runs
// when the iterator is unreachable.
type eventLoop struct{ stop func() }

func newEvent(ev socket.Stamped) Event {
	return Event{
		Kind: EventKind(ev.Kind), Time: ev.Time, Endpoint: ev.Endpoint,
		LocalAddr: ev.Local, RemoteAddr: ev.Remote,
		Peer: PeerInfo{ev.Peer}, Delay: ev.Delay, Reason: CloseReason(ev.Reason),
		Err: ev.Err, Missed: ev.Missed,
	}
}

// DropReason is the reason for which a message that a socket had accepted was
// not delivered.
type DropReason uint8

// The reasons for which messages are dropped. Each dropped message is counted
// under one of them in [Stats].
const (
	DropHWM         DropReason = DropReason(pipe.DropHWM)         // the queue was full: of a peer to which the socket type does not wait, or of received datagrams
	DropNoRoute     DropReason = DropReason(pipe.DropNoRoute)     // no peer to send to
	DropInFlight    DropReason = DropReason(pipe.DropInFlight)    // partly written when its connection was lost
	DropConnLost    DropReason = DropReason(pipe.DropConnLost)    // queued for a lost connection and not kept for the next: of a bound endpoint, of a STREAM, with Options.Immediate; or a request of a Do whose context ended
	DropLinger      DropReason = DropReason(pipe.DropLinger)      // unsent when Linger had passed or the context of Shutdown had ended
	DropUnread      DropReason = DropReason(pipe.DropUnread)      // received and not read when the socket was closed
	DropStaleReply  DropReason = DropReason(pipe.DropStaleReply)  // a reply to a request that no call waits for
	DropRequester   DropReason = DropReason(pipe.DropRequester)   // a reply to a requester that had disconnected or did not read
	DropMalformed   DropReason = DropReason(pipe.DropMalformed)   // received without the envelope or the number of frames that the socket type requires, or an invalid datagram
	DropUpstream    DropReason = DropReason(pipe.DropUpstream)    // sent by a peer to a type that receives no messages, such as PUB and PUSH
	DropFiltered    DropReason = DropReason(pipe.DropFiltered)    // received by a SUB or a DISH without a subscription to it
	DropPartial     DropReason = DropReason(pipe.DropPartial)     // received in part when its connection was lost
	DropConflated   DropReason = DropReason(pipe.DropConflated)   // superseded by a newer message, with Options.Conflate
	DropRefused     DropReason = DropReason(pipe.DropRefused)     // received from a peer that was refused
	DropRejected    DropReason = DropReason(pipe.DropRejected)    // written, at least in part, to a peer that reports that it did not receive it, because it refused this socket or the message exceeded its limits
	DropTooLarge    DropReason = DropReason(pipe.DropTooLarge)    // too large for a datagram, sent by a RADIO over udp
	DropUnreachable DropReason = DropReason(pipe.DropUnreachable) // a datagram that the system did not send, or that its destination refused
)

// String returns the name of the reason, such as "no_route".
func (d DropReason) String() string { return pipe.Drop(d).String() }

// Stats has the counters of a socket since it was made.
//
// MessagesSent, MessagesWritten, QueuedSend and the drops of sent messages are
// read at one moment: for a socket that only sends, each message to one peer
// and none over inproc, MessagesSent is the sum of the others, except while the
// queue of a lost connection or of a disconnected endpoint is removed. Messages
// dropped under [DropRejected] are also counted in MessagesWritten, so they do
// not add to that sum. The other counters are read one after the other, so they
// may be inconsistent while messages flow.
type Stats struct {
	MessagesSent     uint64 // messages that Send and its variants have accepted
	BytesSent        uint64 // bytes of these messages
	MessagesWritten  uint64 // messages passed to the system, counted for each peer; none over inproc
	MessagesReceived uint64 // messages that Recv and its variants have returned
	BytesReceived    uint64 // bytes of these messages
	QueuedSend       int    // messages accepted and not yet written or dropped, counted for each peer; includes those in flight
	QueuedRecv       int    // messages received from peers and not yet returned by Recv
	Peers            int    // connected peers

	Drops        map[DropReason]uint64  // dropped messages
	Events       map[EventKind]uint64   // events
	CloseReasons map[CloseReason]uint64 // closed connections, without those of CloseNone
}

// Stats returns the counters of the socket. Its maps contain only counters that
// are not zero.
func (s Socket) Stats() Stats {
	st := s.s.Stats()
	out := Stats{
		MessagesSent: st.MsgsSent, BytesSent: st.BytesSent,
		MessagesReceived: st.MsgsReceived, BytesReceived: st.BytesReceived,
		MessagesWritten: st.MsgsWritten,
		QueuedSend:      st.QueuedSend, QueuedRecv: st.QueuedRecv, Peers: st.Peers,
		Drops:        make(map[DropReason]uint64),
		Events:       make(map[EventKind]uint64),
		CloseReasons: make(map[CloseReason]uint64),
	}
	collect(out.Drops, st.Drops[:], 0)
	collect(out.Events, st.Events[:], 1)
	collect(out.CloseReasons, st.CloseReasons[:], 1)
	return out
}

func collect[K ~uint8](m map[K]uint64, counts []uint64, from int) {
	for i := from; i < len(counts); i++ {
		if counts[i] > 0 {
			m[K(i)] = counts[i]
		}
	}
}
