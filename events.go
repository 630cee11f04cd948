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

// The kinds of events. The names in brackets are those of libzmq's monitor.
const (
	EventListening       EventKind = EventKind(session.Listening)       // an endpoint is bound [LISTENING]
	EventListenerClosed  EventKind = EventKind(session.ListenerClosed)  // a bound endpoint is closed [CLOSED]
	EventAccepted        EventKind = EventKind(session.Accepted)        // a connection was accepted; its handshake begins [ACCEPTED]
	EventAcceptFailed    EventKind = EventKind(session.AcceptFailed)    // accepting failed; it is retried after Delay [ACCEPT_FAILED]
	EventRetrying        EventKind = EventKind(session.Retrying)        // connecting failed, or a connection was lost; it is retried after Delay [CONNECT_RETRIED]
	EventConnected       EventKind = EventKind(session.Connected)       // a connection was made; its handshake begins [CONNECTED]
	EventHandshakeFailed EventKind = EventKind(session.HandshakeFailed) // a connection was closed before its handshake was complete [HANDSHAKE_FAILED_*]
	EventReady           EventKind = EventKind(session.Ready)           // a handshake is complete; messages can be sent and received [HANDSHAKE_SUCCEEDED]
	EventDisconnected    EventKind = EventKind(session.Disconnected)    // a connection that carried messages has ended [DISCONNECTED]
	EventPeerRefused     EventKind = EventKind(session.PeerRefused)     // a peer was refused: a limit, a second peer of a PAIR, a duplicate routing ID
	EventThrottled       EventKind = EventKind(session.Throttled)       // a peer sends more than 1,000 commands a second and is read more slowly; reported once for each connection
)

// String returns the kind in words, such as "handshake failed".
func (k EventKind) String() string { return session.Kind(k).String() }

// CloseReason is why a connection was closed.
type CloseReason uint8

// The reasons for which connections are closed. With CloseNone the connection
// failed or the peer closed it, and the error of the event says more.
const (
	CloseNone             CloseReason = CloseReason(engine.CloseNone)
	CloseMalformed        CloseReason = CloseReason(engine.CloseMalformed)        // bytes that are not ZMTP
	CloseUnexpected       CloseReason = CloseReason(engine.CloseUnexpected)       // a command out of turn
	CloseMechanism        CloseReason = CloseReason(engine.CloseMechanism)        // another security mechanism than that of this socket
	CloseVersion          CloseReason = CloseReason(engine.CloseVersion)          // a ZMTP version below MinVersion, or one without the mechanism of this socket
	CloseSocketType       CloseReason = CloseReason(engine.CloseSocketType)       // a socket type that this type does not communicate with
	CloseRefused          CloseReason = CloseReason(engine.CloseRefused)          // the peer refused this socket, or a message that it sent (DropRejected)
	CloseMetadata         CloseReason = CloseReason(engine.CloseMetadata)         // too much metadata
	CloseHandshakeSize    CloseReason = CloseReason(engine.CloseHandshakeSize)    // too large a handshake
	CloseFrameSize        CloseReason = CloseReason(engine.CloseFrameSize)        // a frame above MaxFrameSize
	CloseMessageSize      CloseReason = CloseReason(engine.CloseMessageSize)      // a message above MaxMessageSize or MaxMessageFrames
	CloseCommandSize      CloseReason = CloseReason(engine.CloseCommandSize)      // too large a command
	CloseUseless          CloseReason = CloseReason(engine.CloseUseless)          // too many unknown commands
	CloseHandshakeTimeout CloseReason = CloseReason(engine.CloseHandshakeTimeout) // HandshakeTimeout passed
	CloseSilence          CloseReason = CloseReason(engine.CloseSilence)          // HeartbeatTimeout, or the peer's own TTL, passed
)

// String returns the name of the reason, such as "malformed".
func (r CloseReason) String() string { return engine.CloseReason(r).String() }

// Event is a change of an endpoint or a connection of a socket.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Endpoint   string        // as bound or connected
	LocalAddr  net.Addr      // of the connection, nil if there is none
	RemoteAddr net.Addr      // of the connection, nil if there is none
	Peer       PeerInfo      // the peer, as far as the handshake described it
	Delay      time.Duration // until the next attempt
	Reason     CloseReason   // why a connection was closed
	Err        error         // details of a failure
	Missed     int           // number of events before this one that were dropped, because this iterator was too slow
}

// Events returns an iterator over the events of the socket from this call on,
// including those before the loop begins. It ends when ctx ends or the socket is
// closed, and can be used for one loop. A loop that is more than 1024 events late
// misses some; the socket does not wait for it.
func (s Socket) Events(ctx context.Context) iter.Seq[Event] {
	listening := s.s.Listen()
	unregister := context.AfterFunc(ctx, listening.Stop)
	l := &eventLoop{stop: func() {
		unregister()
		listening.Stop()
	}}
	// If no loop begins, the events end with the context or the socket, or when the
	// program has dropped the iterator, which alone refers to l.
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

// eventLoop is what an iterator over events refers to.
type eventLoop struct{ stop func() }

func newEvent(ev socket.Stamped) Event {
	return Event{
		Kind: EventKind(ev.Kind), Time: ev.Time, Endpoint: ev.Endpoint,
		LocalAddr: ev.Local, RemoteAddr: ev.Remote,
		Peer: PeerInfo{ev.Peer}, Delay: ev.Delay, Reason: CloseReason(ev.Fault),
		Err: publicError(ev.Err), Missed: ev.Missed,
	}
}

// DropReason is why a message that a socket had accepted was not delivered.
type DropReason uint8

// The reasons for which messages are dropped. Each dropped message is counted
// under one of them.
const (
	DropHWM         DropReason = DropReason(pipe.DropHWM)         // the queue of a peer for which the socket type does not wait was full, or the queue for received datagrams
	DropNoRoute     DropReason = DropReason(pipe.DropNoRoute)     // there was no peer to send it to
	DropInFlight    DropReason = DropReason(pipe.DropInFlight)    // partly written when its connection was lost
	DropConnLost    DropReason = DropReason(pipe.DropConnLost)    // queued for an accepted connection that was lost, or for any connection of a STREAM that was lost, or by a Do whose context ended
	DropLinger      DropReason = DropReason(pipe.DropLinger)      // unsent when Linger had passed or the context of Shutdown had ended
	DropUnread      DropReason = DropReason(pipe.DropUnread)      // received and not read when the socket was closed
	DropStaleReply  DropReason = DropReason(pipe.DropStaleReply)  // a reply to a request that no call waits for
	DropRequester   DropReason = DropReason(pipe.DropRequester)   // a reply to a peer that had disconnected or did not read
	DropMalformed   DropReason = DropReason(pipe.DropMalformed)   // a message without the envelope that the socket type requires, or an invalid datagram
	DropUpstream    DropReason = DropReason(pipe.DropUpstream)    // sent by a peer to a type that receives no messages, such as PUB and PUSH
	DropFiltered    DropReason = DropReason(pipe.DropFiltered)    // received by a SUB or a DISH without a subscription to it
	DropPartial     DropReason = DropReason(pipe.DropPartial)     // received in part when its connection was lost
	DropConflated   DropReason = DropReason(pipe.DropConflated)   // superseded by a newer message, with Options.Conflate
	DropRefused     DropReason = DropReason(pipe.DropRefused)     // received from a peer that was refused
	DropRejected    DropReason = DropReason(pipe.DropRejected)    // written, at least in part, to a peer that reports that it did not receive it: the peer refused this socket, or a message exceeded its limits
	DropTooLarge    DropReason = DropReason(pipe.DropTooLarge)    // too large for a datagram, of a RADIO over udp
	DropUnreachable DropReason = DropReason(pipe.DropUnreachable) // a datagram that the system did not send, or that its destination refused
)

// String returns the name of the reason, such as "no_route".
func (d DropReason) String() string { return pipe.Drop(d).String() }

// Stats has the counters of a socket since it was made. MessagesSent,
// MessagesWritten, QueuedSend and the drops of sent messages are read at one
// moment: for a socket that only sends, each message to one peer and none over
// inproc, MessagesSent is the sum of the others, except while the queue of a lost
// connection or of a disconnected endpoint is removed. Messages dropped under
// DropRejected are also counted in MessagesWritten, so they do not add to that
// sum. The other counters are read one after the other, so they may differ by what
// happened in between.
type Stats struct {
	MessagesSent     uint64 // accepted by Send and its variants
	BytesSent        uint64 // in them
	MessagesWritten  uint64 // passed to the system, each copy of a message to several peers; none over inproc
	MessagesReceived uint64 // returned by Recv
	BytesReceived    uint64 // in them
	QueuedSend       int    // accepted and not yet written or dropped, for all peers; includes messages in flight
	QueuedRecv       int    // received from peers and not yet returned by Recv
	Peers            int    // connected peers
	Drops            map[DropReason]uint64
	Events           map[EventKind]uint64
	Failures         map[CloseReason]uint64 // closed connections by reason, without CloseNone
}

// Stats returns the counters of the socket. Its maps contain only values that are
// not zero.
func (s Socket) Stats() Stats {
	st := s.s.Stats()
	out := Stats{
		MessagesSent: st.MsgsSent, BytesSent: st.BytesSent,
		MessagesReceived: st.MsgsReceived, BytesReceived: st.BytesReceived,
		MessagesWritten: st.MsgsWritten,
		QueuedSend:      st.QueuedSend, QueuedRecv: st.QueuedRecv, Peers: st.Peers,
		Drops:    make(map[DropReason]uint64),
		Events:   make(map[EventKind]uint64),
		Failures: make(map[CloseReason]uint64),
	}
	collect(out.Drops, st.Drops[:], 0)
	collect(out.Events, st.Events[:], 1)
	collect(out.Failures, st.Faults[:], 1)
	return out
}

func collect[K ~uint8](m map[K]uint64, counts []uint64, from int) {
	for i := from; i < len(counts); i++ {
		if counts[i] > 0 {
			m[K(i)] = counts[i]
		}
	}
}
