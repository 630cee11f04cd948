package pipe

import "sync/atomic"

// Drop is a reason for which a message was accepted and not delivered, one of
// a closed list so that every lost message is counted once.
type Drop uint8

const (
	DropHWM         Drop = iota // a subscriber's queue was full, or that of a socket that datagrams came to
	DropNoRoute                 // nobody to send it to, where the type drops instead of waiting
	DropInFlight                // partly written when its connection was lost
	DropConnLost                // queued for a connection that was lost, and not for the next
	DropLinger                  // still unsent when the socket had to be closed
	DropUnread                  // received and not read when the socket was closed
	DropStaleReply              // a reply to a request that is no longer waited for
	DropRequester               // a reply to a requester that is gone
	DropMalformed               // a message without the envelope its pattern demands, or a datagram that is none
	DropUpstream                // sent by a peer to a type that takes no messages
	DropFiltered                // received but not subscribed to
	DropPartial                 // received in part when its connection was lost
	DropRefused                 // sent by a peer that was refused
	DropTooLarge                // larger than a datagram may be
	DropUnreachable             // a datagram that the system would not send, or its destination refused
	DropConflated               // superseded by a newer message, as the options say
	DropRejected                // written, in part or whole, to a peer that reports that it did not receive it
	NumDrops
)

var dropNames = [NumDrops]string{
	"hwm", "no_route", "conn_lost_inflight", "conn_lost_bound_queue", "linger_expired",
	"closed_unread", "req_stale_reply", "rep_requester_gone", "malformed_envelope",
	"pub_upstream", "filtered", "partial", "peer_refused", "too_large", "unreachable", "conflated", "rejected",
}

// String is the reason's name in counters and logs.
func (d Drop) String() string {
	if d < NumDrops {
		return dropNames[d]
	}
	return "unknown"
}

// Drops counts dropped messages by reason. Its methods may be called
// concurrently.
type Drops [NumDrops]atomic.Uint64

// Add counts n messages.
func (d *Drops) Add(why Drop, n int) {
	if n > 0 {
		d[why].Add(uint64(n))
	}
}
