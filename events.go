package zmq

import (
	"context"
	"iter"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// EventKind is what an [Event] is about.
type EventKind uint8

// The kinds of events. The names in brackets are those of libzmq's monitor.
const (
	EventListening       = EventKind(session.Listening)       // an endpoint is bound [LISTENING]
	EventListenerClosed  = EventKind(session.ListenerClosed)  // a bound endpoint is closed [CLOSED]
	EventAccepted        = EventKind(session.Accepted)        // a connection came in; its handshake begins [ACCEPTED]
	EventAcceptFailed    = EventKind(session.AcceptFailed)    // accepting failed and is tried again after Delay [ACCEPT_FAILED]
	EventRetrying        = EventKind(session.Connecting)      // connecting failed, or a connection was lost; tried again after Delay [CONNECT_RETRIED]
	EventConnected       = EventKind(session.Connected)       // a connection was made; its handshake begins [CONNECTED]
	EventHandshakeFailed = EventKind(session.HandshakeFailed) // a connection was closed before it could carry messages [HANDSHAKE_FAILED_*]
	EventReady           = EventKind(session.Ready)           // a handshake is over; messages flow [HANDSHAKE_SUCCEEDED]
	EventDisconnected    = EventKind(session.Disconnected)    // a connection that carried messages has ended [DISCONNECTED]
	EventPeerRefused     = EventKind(session.PeerRefused)     // a peer was turned away: a limit, a second PAIR, a duplicate routing id
	EventThrottled       = EventKind(session.Throttled)       // a peer sends more than 1,000 commands a second and is read more slowly; once for each connection
)

var eventNames = [...]string{
	EventListening: "listening", EventListenerClosed: "listener closed", EventAccepted: "accepted",
	EventAcceptFailed: "accept failed", EventRetrying: "retrying", EventConnected: "connected",
	EventHandshakeFailed: "handshake failed", EventReady: "ready", EventDisconnected: "disconnected",
	EventPeerRefused: "peer refused", EventThrottled: "throttled",
}

// String is the kind in words.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && k > 0 {
		return eventNames[k]
	}
	return "unknown"
}

// Reason is why a connection had to be closed.
type Reason uint8

// The reasons. ReasonNone is a network error or a peer that closed; the
// event's Err tells.
const (
	ReasonNone             = Reason(engine.CloseNone)
	ReasonMalformed        = Reason(engine.CloseMalformed)        // bytes that are no ZMTP
	ReasonUnexpected       = Reason(engine.CloseUnexpected)       // a command out of its turn
	ReasonMechanism        = Reason(engine.CloseMechanism)        // another security mechanism than ours
	ReasonVersion          = Reason(engine.CloseVersion)          // a ZMTP version below MinVersion, or without the security we demand
	ReasonSocketType       = Reason(engine.CloseSocketType)       // a socket type ours does not talk to
	ReasonRefused          = Reason(engine.CloseRefused)          // the peer refused us, or a message of ours (DropRejected)
	ReasonMetadata         = Reason(engine.CloseMetadata)         // too much metadata
	ReasonHandshakeSize    = Reason(engine.CloseHandshakeSize)    // too long a handshake
	ReasonFrameSize        = Reason(engine.CloseFrameSize)        // a frame above MaxFrameSize
	ReasonMessageSize      = Reason(engine.CloseMessageSize)      // a message above MaxMessageSize or MaxMessageFrames
	ReasonCommandSize      = Reason(engine.CloseCommandSize)      // too large a command
	ReasonUseless          = Reason(engine.CloseUseless)          // too many commands that mean nothing to us
	ReasonHandshakeTimeout = Reason(engine.CloseHandshakeTimeout) // HandshakeTimeout passed
	ReasonSilence          = Reason(engine.CloseSilence)          // HeartbeatTimeout, or the peer's own TTL, passed
)

// String is the reason's name in counters.
func (r Reason) String() string { return engine.CloseReason(r).String() }

// Event is one thing that happened to an endpoint of a socket.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Endpoint   string        // as bound or connected
	LocalAddr  string        // of the connection, if there is one
	RemoteAddr string        // of the connection, if there is one
	Peer       PeerInfo      // who is at the far end, once the handshake told
	Delay      time.Duration // until the next attempt
	Reason     Reason        // why a connection was closed
	Err        error         // details, if something failed
	Missed     int           // events before this one that came too fast for this listener
}

// Events returns an iterator over what happens to the socket from this call
// on, also before the loop begins. It ends when ctx ends or when the socket is
// closed, and is good for one loop. A listener that is more than 1024 events behind misses some; nothing
// ever waits for it.
func (b *base) Events(ctx context.Context) iter.Seq[Event] {
	l := b.s.Listen()
	forget := context.AfterFunc(ctx, l.Stop)
	return func(yield func(Event) bool) {
		defer l.Stop()
		defer forget()
		for {
			ev, ok := l.Next(ctx)
			if !ok {
				return
			}
			e := Event{
				Kind: EventKind(ev.Kind), Time: ev.Time, Endpoint: ev.Endpoint,
				Peer: PeerInfo{ev.Peer}, Delay: ev.Delay, Reason: Reason(ev.Fault),
				Err: publicError(ev.Err), Missed: ev.Missed,
			}
			if ev.Local != nil {
				e.LocalAddr = ev.Local.String()
			}
			if ev.Remote != nil {
				e.RemoteAddr = ev.Remote.String()
			}
			if !yield(e) {
				return
			}
		}
	}
}

// DropReason is why a message was accepted and not delivered.
type DropReason uint8

// The reasons. Each lost message is counted under one of them.
const (
	DropHWM         = DropReason(pipe.DropHWM)         // the queue of a peer that the pattern does not wait for was full, or that of a socket to which a datagram came
	DropNoRoute     = DropReason(pipe.DropNoRoute)     // nobody to send it to
	DropInFlight    = DropReason(pipe.DropInFlight)    // partly written when its connection was lost
	DropConnLost    = DropReason(pipe.DropConnLost)    // queued for an accepted connection that was lost, for any of a STREAM, or by a Do that was given up
	DropLinger      = DropReason(pipe.DropLinger)      // still unsent when the socket had to be closed
	DropUnread      = DropReason(pipe.DropUnread)      // received and not read when the socket was closed
	DropStaleReply  = DropReason(pipe.DropStaleReply)  // a reply to a request that nobody waits for any more
	DropRequester   = DropReason(pipe.DropRequester)   // a reply to a requester that is gone
	DropMalformed   = DropReason(pipe.DropMalformed)   // a message without the envelope its pattern demands, or a datagram that is none
	DropUpstream    = DropReason(pipe.DropUpstream)    // sent by a peer to a type that takes none, such as PUB and PUSH
	DropFiltered    = DropReason(pipe.DropFiltered)    // received by a SUB or a DISH and not subscribed to
	DropPartial     = DropReason(pipe.DropPartial)     // received in part when its connection was lost
	DropConflated   = DropReason(pipe.DropConflated)   // superseded by a newer message, with Options.Conflate
	DropRefused     = DropReason(pipe.DropRefused)     // sent by a peer that was refused
	DropTooLarge    = DropReason(pipe.DropTooLarge)    // larger than a datagram may be, for a RADIO over udp
	DropRejected    = DropReason(pipe.DropRejected)    // written, in part or whole, to a peer that reports that it did not receive it, because this message or one before was above its limits
	DropUnreachable = DropReason(pipe.DropUnreachable) // a datagram that the system would not send, or whose destination refused it
)

// String is the reason's name in counters.
func (d DropReason) String() string { return pipe.Drop(d).String() }

// Stats is what a socket has done since it was made. MessagesSent,
// MessagesWritten, QueuedSend and the drops of sent messages are taken at one
// moment: of a socket that only sends, each message to one peer and none over
// inproc, MessagesSent is the sum of the others at any time, but for the moment
// in which the pipe of a lost connection or of an endpoint that was left is
// removed. Messages dropped under DropRejected are also in MessagesWritten, so
// they do not add to that sum. The other counters are taken one after the other
// while traffic goes on, so they may differ by what happened in between.
type Stats struct {
	MessagesSent     uint64 // accepted by Send
	BytesSent        uint64 // in them
	MessagesWritten  uint64 // given to the system for a connection, or as a datagram; each copy of a message to several peers; none over inproc
	MessagesReceived uint64 // returned by Recv
	BytesReceived    uint64 // in them
	QueuedSend       int    // accepted and not yet written or dropped, all peers together; also what is being written
	QueuedRecv       int    // waiting to be received
	Peers            int    // connected now
	Drops            map[DropReason]uint64
	Events           map[EventKind]uint64
	Failures         map[Reason]uint64 // closed connections by reason, without ReasonNone
}

// Stats returns a snapshot of the socket's counters. Maps hold only what is
// not zero.
func (b *base) Stats() Stats {
	st := b.s.Stats()
	out := Stats{
		MessagesSent: st.MsgsSent, BytesSent: st.BytesSent,
		MessagesReceived: st.MsgsReceived, BytesReceived: st.BytesReceived,
		MessagesWritten: st.MsgsWritten,
		QueuedSend:      st.QueuedSend, QueuedRecv: st.QueuedRecv, Peers: st.Peers,
		Drops:    make(map[DropReason]uint64),
		Events:   make(map[EventKind]uint64),
		Failures: make(map[Reason]uint64),
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
