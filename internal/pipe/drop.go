package pipe

import "sync/atomic"

// Drop is the reason why a message was accepted and not delivered. Each such
// message is counted once, with one reason.
type Drop uint8

const (
	DropHWM         Drop = iota // the queue to a subscriber, or the queue of received datagrams, was full
	DropNoRoute                 // no peer to send to, in a socket type that drops instead of blocking
	DropInFlight                // partly written when its connection was lost
	DropConnLost                // queued for a connection that was lost, and not valid for the next one
	DropLinger                  // not sent when the linger time ended
	DropUnread                  // received and not read when the socket was closed
	DropStaleReply              // a reply to a request that the socket no longer waits for
	DropRequester               // a reply to a requester that has disconnected
	DropMalformed               // without the envelope that the pattern requires, or an invalid datagram
	DropUpstream                // sent by a peer to a socket type that receives no messages
	DropFiltered                // received but not subscribed to
	DropPartial                 // received in part when its connection was lost
	DropRefused                 // sent by a peer that was refused
	DropTooLarge                // larger than the maximum datagram
	DropUnreachable             // a datagram that the system did not send, or that its destination refused
	DropConflated               // replaced by a newer message (the Conflate option)
	DropRejected                // written, at least in part, to a peer that reports that it did not receive it
	NumDrops
)

// dropNames has the names of the constants without Drop.
var dropNames = [NumDrops]string{
	DropHWM:         "hwm",
	DropNoRoute:     "no_route",
	DropInFlight:    "in_flight",
	DropConnLost:    "conn_lost",
	DropLinger:      "linger",
	DropUnread:      "unread",
	DropStaleReply:  "stale_reply",
	DropRequester:   "requester",
	DropMalformed:   "malformed",
	DropUpstream:    "upstream",
	DropFiltered:    "filtered",
	DropPartial:     "partial",
	DropRefused:     "refused",
	DropTooLarge:    "too_large",
	DropUnreachable: "unreachable",
	DropConflated:   "conflated",
	DropRejected:    "rejected",
}

// String returns the name of the reason in counters and logs.
func (d Drop) String() string {
	if d < NumDrops {
		return dropNames[d]
	}
	return "unknown"
}

// Drops counts dropped messages by reason. It is safe for concurrent use.
type Drops [NumDrops]atomic.Uint64

// Drop counts n dropped messages to or from the peer of p: for the peer, and in
// total, the counters of the socket. A nil p is no peer.
func (p *Pipe) Drop(total *Drops, why Drop, n int) {
	if n <= 0 {
		return
	}
	total.Add(why, n)
	if p == nil {
		return
	}
	own := p.drops.Load()
	if own == nil { // most peers have no drops
		p.drops.CompareAndSwap(nil, new(Drops))
		own = p.drops.Load()
	}
	own.Add(why, n)
}

// Dropped returns the counters of Drop, or nil if no message was dropped.
func (p *Pipe) Dropped() *Drops { return p.drops.Load() }

// drop counts messages that the queue drops.
func (q *Queue) drop(why Drop, n int) {
	p := q.from
	if p == nil {
		p = q.to
	}
	if q.drops != nil {
		p.Drop(q.drops, why, n)
	}
}

// Add adds n to the count of a reason.
func (d *Drops) Add(why Drop, n int) {
	if n > 0 {
		d[why].Add(uint64(n))
	}
}
