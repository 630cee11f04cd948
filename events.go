package zmq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/zap"
)

// EventKind is the kind of an [Event].
type EventKind uint8

// The kinds of events. The names in brackets are ZMQ_EVENT_ constants of
// libzmq.
const (
	EventListening         EventKind = iota + 1 // an endpoint is bound [LISTENING]
	EventListenerClosed                         // a bound endpoint is closed [CLOSED]
	EventAccepted                               // a connection was accepted; its handshake begins [ACCEPTED]
	EventAcceptFailed                           // accepting failed; it is retried after Delay [ACCEPT_FAILED]
	EventRetrying                               // connecting failed, but not as in EventResolveFailed, or a connection was lost; it is retried after Delay [CONNECT_RETRIED]
	EventConnected                              // a connection was made; its handshake begins [CONNECTED]
	EventHandshakeFailed                        // a connection was closed before its handshake was complete [HANDSHAKE_FAILED_*]
	EventReady                                  // a handshake is complete; messages can be sent and received [HANDSHAKE_SUCCEEDED]
	EventDisconnected                           // a connection has ended after its handshake [DISCONNECTED]
	EventPeerRefused                            // this socket refused a peer: Options.Accept, a limit, a second peer of a PAIR or CHANNEL, or a duplicate routing ID
	EventThrottled                              // a peer sends more than 1,000 commands a second and is read more slowly; reported once for each connection
	EventStopped                                // connecting failed or a connection was lost, and the endpoint does not connect again because of ReconnectOptions.Stop or an Interval of Forever [CLOSED]
	EventResolveFailed                          // a name was not found, or a Resolver failed or found no address, invalid ones or too many; it is repeated after Delay, if that is not 0 [CONNECT_RETRIED]
	EventTransformPanicked                      // ProxyOptions.Transform panicked, or called runtime.Goexit, for a message that this socket had received; reported once for successive panics, without an endpoint
)

// String returns the name of the kind, such as "handshake_failed".
func (k EventKind) String() string { return session.Kind(k).String() }

// CloseReason is the reason for which a connection was closed.
type CloseReason uint8

// The reasons for which connections are closed. The error of the event has
// details.
const (
	CloseNone             CloseReason = iota // a failed connection, or one that the peer closed
	CloseMalformed                           // bytes that are not ZMTP
	CloseUnexpected                          // a command that is not allowed at this point
	CloseMechanism                           // another security mechanism than that of this socket
	CloseVersion                             // a ZMTP version below MinVersion, or one without the mechanism of this socket
	CloseSocketType                          // a socket type that this type does not communicate with
	CloseRefused                             // the peer denied or refused this socket, or rejected a message of it (DropRejected)
	CloseMetadata                            // too much metadata
	CloseHandshakeSize                       // a handshake of too many bytes
	CloseFrameSize                           // a frame above MaxFrameSize
	CloseMessageSize                         // a message above MaxMessageSize or MaxMessageFrames
	CloseCommandSize                         // a command of too many bytes
	CloseIgnoredCommands                     // too many bytes of commands that have no effect
	CloseHandshakeTimeout                    // HandshakeTimeout passed
	CloseHeartbeatTimeout                    // Heartbeat.Timeout, or the TTL that the peer requested, passed
	CloseCrypto                              // encrypted data that does not decrypt, was sent twice, or comes from wrong keys
	CloseAuthDenied                          // the Authenticator denied the peer
	CloseAuthFailed                          // the Authenticator could not decide, or not in time
	CloseRevoked                             // DisconnectPeers
	CloseTLS                                 // TLS failed: a certificate that is not accepted, an alert of the peer, or bytes that are not TLS
	CloseHandshakeClosed                     // the peer closed the connection during the handshake, if this socket had connected or is the client of a mechanism
)

// String returns the name of the reason, such as "malformed".
func (r CloseReason) String() string { return engine.CloseReason(r).String() }

// Event is a change of an endpoint or a connection of a socket.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Endpoint   string        // as Bind returned it or Connect was given it; empty for EventTransformPanicked
	LocalAddr  net.Addr      // of the connection, nil if there is none
	RemoteAddr net.Addr      // of the connection, nil if there is none
	Peer       PeerInfo      // the peer, with what it had announced by then; of a failed handshake also the socket type or the mechanism for which it was refused
	Delay      time.Duration // time until the next attempt
	Reason     CloseReason   // reason for which a connection was closed; of EventRetrying and EventStopped that of the connection that failed or was lost
	Status     zap.Status    // of a connection that ended because this socket or the peer was not authenticated: the status code, from the Authenticator or from the ERROR of the peer; otherwise empty
	Err        error         // details of a failure, or nil
	Missed     int           // events before this one that the iterator dropped because its loop was too slow
}

// String describes the event in one line, for logs and terminals: the kind, the
// endpoint, the address or description of the peer, the delay, and the error or
// else the reason. Control characters are escaped. It contains no keys or passwords.
func (e Event) String() string {
	parts := []string{strings.ReplaceAll(e.Kind.String(), "_", " "), e.Endpoint}
	switch {
	case !e.Peer.IsZero():
		parts = append(parts, "peer "+e.Peer.String())
	case e.RemoteAddr != nil && !strings.HasSuffix(e.Endpoint, e.RemoteAddr.String()):
		parts = append(parts, "remote "+e.RemoteAddr.String())
	}
	if e.Delay > 0 {
		parts = append(parts, "again in "+e.Delay.Round(time.Millisecond).String())
	}
	switch {
	case e.Err != nil:
		parts = append(parts, e.Err.Error())
	case e.Reason != CloseNone:
		parts = append(parts, "reason "+e.Reason.String())
	}
	if e.Missed > 0 {
		parts = append(parts, fmt.Sprintf("after %d events that were dropped", e.Missed))
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	text := strconv.Quote(strings.Join(parts, ", "))
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text[1 : len(text)-1])
}

// Events returns an iterator over the events of the socket from this call on,
// including those before the loop begins. It ends when ctx ends or the socket
// is closed, and can be used for one loop. Each iterator keeps up to 1024
// events for its loop; if the loop is slower, events are dropped and counted in
// [Event.Missed]. [zmq_socket_monitor]
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
		Status: refusalStatus(ev.Err), Err: ev.Err, Missed: ev.Missed,
	}
}

// refusalStatus returns the status code of the authentication that failed with err,
// or "" for another error.
func refusalStatus(err error) zap.Status {
	if refused, ok := errors.AsType[*mechanism.RefusedError](err); ok {
		if s := zap.Status(refused.Status); s.Valid() {
			return s
		}
		return zap.StatusInternalError
	}
	if refused, ok := errors.AsType[*mechanism.PeerError](err); ok {
		if s := zap.Status(refused.Reason); s.Valid() && s != zap.StatusAccepted {
			return s
		}
	}
	return ""
}

// DropReason is the reason for which a message that a socket had accepted was
// not delivered.
type DropReason uint8

// The reasons for which messages are dropped. Each dropped message is counted
// under one of them in [Stats].
const (
	DropHWM         DropReason = iota // the queue was full: of a subscriber, a requester of a REP, or any peer with Overflow; or of received datagrams
	DropNoRoute                       // no peer to send to
	DropInFlight                      // partly written when its connection was lost
	DropConnLost                      // queued for a lost connection and not kept for the next: of a bound endpoint, of a STREAM, with Options.Immediate; or a request of a Do whose context ended
	DropLinger                        // unsent when Linger had passed or the context of Shutdown had ended
	DropUnread                        // received and not read when the socket was closed
	DropStaleReply                    // a reply to a request that no call waits for
	DropRequester                     // a reply to a requester that had disconnected
	DropMalformed                     // received without the envelope or the number of frames that the socket type requires, or an invalid datagram
	DropUpstream                      // sent by a peer to a type that receives no messages, such as PUB and PUSH
	DropFiltered                      // received by a SUB or a DISH without a subscription to it
	DropPartial                       // received in part when its connection was lost
	DropRefused                       // received from a peer that was refused
	DropTooLarge                      // too large for a datagram, sent by a RADIO over udp
	DropUnreachable                   // a datagram that the system did not send, or that its destination refused
	DropConflated                     // superseded by a newer message, with Options.Conflate
	DropRejected                      // written, at least in part, to a peer that reports that it did not receive it, because it refused this socket or the message exceeded its limits
)

// String returns the name of the reason, such as "no_route".
func (d DropReason) String() string { return pipe.Drop(d).String() }

// Stats has the counters of a socket since it was made.
//
// # Accounting
//
// Each message that a socket accepts is delivered, queued, or dropped with a
// reason:
//
//	MessagesSent = MessagesWritten + QueuedSend + dropped after Send
//
// This holds for types that send each message to one peer. A PUB, XPUB, XSUB or
// RADIO writes, queues and drops a copy for each peer, so the right side is the
// number of copies. The reasons of drops after Send are [DropHWM], [DropNoRoute],
// [DropInFlight], [DropConnLost], [DropLinger], [DropRequester], [DropConflated],
// [DropTooLarge] and [DropUnreachable]. Messages dropped under [DropRejected] were
// written, so they do not add to that sum. With [Options].Conflate, [DropConflated] also
// counts received messages that a newer one has superseded. For a socket that only sends, none of
// it over inproc, the sum holds at every moment, except while the queue of a lost
// connection or of a disconnected endpoint is removed. Otherwise it holds while no
// call sends or receives.
//
// Each message that arrives is returned by Recv, queued, or dropped with a reason,
// so while no call sends or receives, and if no connection was lost:
//
//	MessagesWritten of the senders = MessagesReceived + QueuedRecv + dropped by the receiver
//
// Over inproc a message has one queue for both sockets. There it is in QueuedSend of
// one and QueuedRecv of the other until it is received; after the two sockets are
// disconnected it is written, and only in QueuedRecv.
type Stats struct {
	MessagesSent     uint64 // messages that Send and its variants have accepted, and those of AutoMessages.ProbeRouter; without the empty ones with which a STREAM disconnects a peer
	BytesSent        uint64 // bytes of these messages
	MessagesWritten  uint64 // messages passed to the system or, over inproc, read by the peer; counted for each peer
	MessagesReceived uint64 // messages that Recv and its variants have returned
	BytesReceived    uint64 // bytes of these messages
	QueuedSend       int    // messages accepted and not yet written or dropped, counted for each peer; includes those in flight
	QueuedRecv       int    // messages received from peers and not yet returned by Recv
	Peers            int    // connected peers
	Subscriptions    int    // distinct topics or groups: of the peers of a PUB, XPUB or RADIO; of a SUB, XSUB or DISH its own

	Drops        map[DropReason]uint64  // dropped messages
	Events       map[EventKind]uint64   // events
	CloseReasons map[CloseReason]uint64 // closed connections, without those of CloseNone
	Failures     []Event                // the last 8 events with an error, oldest first
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
		Subscriptions: st.Subscriptions,
		Drops:         make(map[DropReason]uint64),
		Events:        make(map[EventKind]uint64),
		CloseReasons:  make(map[CloseReason]uint64),
	}
	collect(out.Drops, st.Drops[:], 0)
	collect(out.Events, st.Events[:], 1)
	collect(out.CloseReasons, st.CloseReasons[:], 1)
	for _, ev := range st.Failures {
		out.Failures = append(out.Failures, newEvent(ev))
	}
	return out
}

// PeerStats has the counters of one connected peer. They begin with the queue of
// the peer: for a connected endpoint, whose queue is kept while it reconnects, with
// Connect, otherwise with the connection.
//
// The counters of [Stats] are the sums of those of the connected peers, of those that
// have left, and of drops without a connected peer:
//
//   - of messages queued for a peer that has left or an endpoint that was never
//     connected ([DropConnLost], [DropInFlight], [DropLinger], [DropNoRoute]);
//   - of replies to a requester that has left ([DropRequester]);
//   - of messages for any of several full peers ([DropHWM], with [OverflowDropNewest]);
//   - of messages from a peer that was refused ([DropRefused]), from udp
//     ([DropMalformed], [DropUnreachable]), or unread when the socket was closed
//     ([DropUnread]).
type PeerStats struct {
	Peer             PeerInfo
	Since            time.Time // when the peer was last connected
	MessagesWritten  uint64    // messages passed to the system or, over inproc, read by the peer
	MessagesReceived uint64    // messages that were taken from the queue of the peer
	QueuedSend       int       // messages that are queued for the peer or in flight
	QueuedRecv       int       // messages from the peer that Recv has not returned
	SendHWM, RecvHWM int       // high-water marks of these queues, 0 if unlimited; over inproc the sum of those of both sockets
	Subscriptions    int       // topics or groups of the peer, for a PUB, XPUB or RADIO

	Drops map[DropReason]uint64 // messages to and from the peer that were dropped while it had this queue; only counters that are not zero
}

// PeerStats returns the counters of the peers that are connected now, in no
// particular order. [zmq_socket_monitor_pipes_stats]
func (s Socket) PeerStats() []PeerStats {
	list := s.s.PeerStats()
	stats := make([]PeerStats, len(list))
	for i, p := range list {
		stats[i] = PeerStats{
			Peer: PeerInfo{p.Peer}, Since: p.Since,
			MessagesWritten: p.Out.Passed, MessagesReceived: p.In.Passed,
			QueuedSend: p.Out.Queued, QueuedRecv: p.In.Queued,
			SendHWM: p.Out.HWM, RecvHWM: p.In.HWM,
			Subscriptions: p.Subscriptions,
			Drops:         make(map[DropReason]uint64),
		}
		collect(stats[i].Drops, p.Drops[:], 0)
	}
	return stats
}

func collect[K ~uint8](m map[K]uint64, counts []uint64, from int) {
	for i := from; i < len(counts); i++ {
		if counts[i] > 0 {
			m[K(i)] = counts[i]
		}
	}
}
