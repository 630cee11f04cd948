package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Options are the options that the patterns depend on. The zero Options are the
// defaults of libzmq. A pattern keeps the pointer: a caller that changes an
// option later holds both locks.
//
// The names in brackets are the options of libzmq.
type Options struct {
	// Relaxed lets REQ send another request before it has received a reply. If
	// Correlate is set too, the reply to the earlier request is dropped.
	// [ZMQ_REQ_RELAXED]
	Relaxed bool
	// Correlate adds an ID to each request of REQ, which its reply must
	// contain. [ZMQ_REQ_CORRELATE]
	Correlate bool

	// Mandatory makes Send of ROUTER return an error if there is no peer with
	// the routing ID, and wait if the queue of the peer is full. By default
	// ROUTER drops the message. [ZMQ_ROUTER_MANDATORY]
	Mandatory bool
	// Handover lets a new peer of ROUTER take over the routing ID of another
	// peer, whose connection is closed. [ZMQ_ROUTER_HANDOVER]
	Handover bool
	// HandoverSameUser limits Handover to a new peer that has authenticated as
	// the user of the other one.
	HandoverSameUser bool
	// NotifyConnect and NotifyDisconnect make ROUTER receive an empty message
	// from a peer that has connected or disconnected. [ZMQ_ROUTER_NOTIFY]
	NotifyConnect, NotifyDisconnect bool
	// StreamDataOnly makes STREAM receive only data. By default it also receives
	// an empty message when a connection begins or ends.
	// [ZMQ_STREAM_NOTIFY set to 0]
	StreamDataOnly bool
	// Raw makes ROUTER exchange bytes with any kind of peer, as STREAM does,
	// and without notifications. [ZMQ_ROUTER_RAW]
	Raw bool
	// Probe makes ROUTER, DEALER and REQ send an empty message to each new
	// peer. [ZMQ_PROBE_ROUTER]
	Probe bool

	// XPubNotify selects the changes of subscriptions that XPUB receives.
	// [ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER]
	XPubNotify XPubNotify
	// Manual lets the application decide what the peers of XPUB are subscribed
	// to. [ZMQ_XPUB_MANUAL]
	Manual bool
	// LastValue, with Manual, sends the first message after a subscription has
	// been received to that subscriber alone. [ZMQ_XPUB_MANUAL_LAST_VALUE]
	LastValue bool
	// Block makes a publisher wait when the queue of a subscriber is full.
	// [ZMQ_XPUB_NODROP]
	Block bool
	// Invert makes a publisher send a message to the peers that have not
	// subscribed to it, and SUB return the messages that it has not subscribed
	// to. [ZMQ_INVERT_MATCHING]
	Invert bool
	// OnlyFirst makes XPUB and XSUB look for subscriptions only in messages
	// whose first frame is one. [ZMQ_ONLY_FIRST_SUBSCRIBE]
	OnlyFirst bool
	// Welcome is sent to each new subscriber, unless it is nil.
	// [ZMQ_XPUB_WELCOME_MSG]
	Welcome []byte
	// VerboseUnsubscribe makes XSUB send every cancellation to its peers.
	// [ZMQ_XSUB_VERBOSE_UNSUBSCRIBE]
	VerboseUnsubscribe bool

	// MaxTopics and MaxTopicBytes limit the number and the total length of the
	// topics of one peer of a publisher; 0 is unlimited.
	MaxTopics, MaxTopicBytes int
}

// probe sends an empty message to a new peer if Probe is set.
func (o *Options) probe(p *pipe.Pipe) {
	if o.Probe {
		p.Out.Put(&msg.Msg{})
	}
}

// ProbesWith reports whether Attach of a socket of type t queues an empty message,
// which the socket counts as sent.
func (o *Options) ProbesWith(t Type) bool {
	return o.Probe && (t == ROUTER || t == DEALER || t == REQ)
}

// XPubNotify selects changes of the subscriptions of peers.
type XPubNotify uint8

const (
	// XPubNotifyFirstAndLast selects the first subscription of a topic and the last
	// cancellation.
	XPubNotifyFirstAndLast XPubNotify = iota
	// XPubNotifyEverySubscribe selects every subscription and the last cancellation.
	XPubNotifyEverySubscribe
	// XPubNotifyEveryChange selects every subscription and every cancellation.
	XPubNotifyEveryChange
)
