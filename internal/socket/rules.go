package socket

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// rules are the pattern of a socket, as the interfaces that it implements. Each
// but pat is nil if the pattern does not implement it.
type rules struct {
	pat       pattern.Pattern
	sender    pattern.Sender             // nil also if the type does not send
	receiver  pattern.Receiver           // nil also if the type does not receive
	framer    pattern.FrameByFrameSender // sends frame by frame
	router    pattern.IDRouter           // sends to a routing ID
	numbers   numberRouter               // sends to a routing number
	groups    groupSender                // sends to a group
	requester requester                  // matches replies to requests
	raw       rawSender                  // its peers are not sockets
	pub       pattern.Publisher          // its peers subscribe
	sub       pattern.Subscriber         // subscribes
	subParser subscriptionParser         // finds subscriptions in the messages that are sent
	inspect   pattern.Inspector          // refuses some messages
	lockstep  pattern.Lockstep           // its two directions depend on each other
	notifier  pattern.Notifier           // queues notifications about peers

	// For the fast paths.
	balance *pattern.Balancer  // if sending is balancing and nothing else
	fair    *pattern.FairQueue // if receiving is fair queueing and nothing else
}

// numberRouter is a pattern whose peers have routing numbers.
type numberRouter interface {
	SendToNumber(number uint32, m msg.Msg) error
	RemovePeer(number uint32) *pipe.Pipe
}

// groupSender is a pattern that sends to the peers that have joined a group.
type groupSender interface {
	SendGroup(group string, m msg.Msg) error
}

// requester is a pattern for which a reply that nothing waits for is dropped when
// it arrives.
type requester interface {
	Begin(m msg.Msg, c *pattern.Call) error
	Cancel(c *pattern.Call) (size int, unsent bool)
	Admit(p *pipe.Pipe, m *msg.Msg) bool
	AddWaiter(w chan<- struct{})
	RemoveWaiter(w chan<- struct{})
}

// rawSender is a pattern for which an empty message ends the connection with a
// peer, and a peer may end one direction of the connection.
type rawSender interface {
	PendingDisconnects() []*pipe.Pipe
	HalfClosed(p *pipe.Pipe)
}

// subscriptionParser is XSUB, whose application subscribes by sending messages.
type subscriptionParser interface {
	TakeSubscription(f *msg.Frame) (asked, sent bool)
	SplitSubscriptions(m msg.Msg) (changes [][]byte, others msg.Msg, ok bool)
}

// datagramFilter is a pattern that drops some datagrams before they are queued.
type datagramFilter interface{ Wants(m *msg.Msg) bool }

// assigner is a pattern whose application may choose the subscriptions of peers.
type assigner interface {
	PipeOf(peer *msg.Peer) *pipe.Pipe
	Assign(p *pipe.Pipe, on bool, topic []byte)
}

func newRules(info *pattern.Info, o *pattern.Options, drops *pipe.Drops) (r rules) {
	r.pat = info.New(o, drops)
	if info.Sends {
		r.sender, _ = r.pat.(pattern.Sender)
	}
	if info.Receives {
		r.receiver, _ = r.pat.(pattern.Receiver)
	}
	r.framer, _ = r.pat.(pattern.FrameByFrameSender)
	r.router, _ = r.pat.(pattern.IDRouter)
	r.numbers, _ = r.pat.(numberRouter)
	r.groups, _ = r.pat.(groupSender)
	r.requester, _ = r.pat.(requester)
	r.raw, _ = r.pat.(rawSender)
	r.pub, _ = r.pat.(pattern.Publisher)
	r.sub, _ = r.pat.(pattern.Subscriber)
	r.subParser, _ = r.pat.(subscriptionParser)
	r.inspect, _ = r.pat.(pattern.Inspector)
	r.lockstep, _ = r.pat.(pattern.Lockstep)
	r.notifier, _ = r.pat.(pattern.Notifier)
	if b, ok := r.pat.(pattern.Balanced); ok {
		r.balance = b.Balance()
	}
	if f, ok := r.pat.(pattern.Fair); ok {
		r.fair = f.Fair()
	}
	return r
}
