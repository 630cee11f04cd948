package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Options is what the rules of a socket type depend on. The zero Options are
// libzmq's defaults. A pattern keeps the pointer; who changes one of them later
// holds both locks.
// The names in brackets are libzmq's.
type Options struct {
	// Relaxed lets REQ send again before it has its reply, which is then
	// dropped when it comes, if Correlate is set too. [ZMQ_REQ_RELAXED]
	Relaxed bool
	// Correlate has every request of REQ carry an id that its reply must
	// bring back. [ZMQ_REQ_CORRELATE]
	Correlate bool

	// Mandatory has Send of ROUTER fail when the first frame names nobody, and
	// wait when that peer's queue is full, instead of dropping the message.
	// [ZMQ_ROUTER_MANDATORY]
	Mandatory bool
	// Handover gives the id of a peer of ROUTER to the next one that claims
	// it, and ends the earlier. [ZMQ_ROUTER_HANDOVER]
	Handover bool
	// NotifyConnect and NotifyDisconnect have ROUTER receive an empty message
	// from a peer that has come, or gone. [ZMQ_ROUTER_NOTIFY]
	NotifyConnect, NotifyDisconnect bool
	// StreamNoNotify has STREAM say nothing of connections that come and go.
	// [ZMQ_STREAM_NOTIFY is the reverse]
	StreamNoNotify bool
	// Raw has ROUTER carry bytes of connections that speak anything, as STREAM
	// does, and say nothing of them as they come and go. [ZMQ_ROUTER_RAW]
	Raw bool
	// Probe has ROUTER, DEALER and REQ send an empty message to every peer
	// first. [ZMQ_PROBE_ROUTER]
	Probe bool

	// Verbose has XPUB receive every subscription, and Verboser every
	// cancellation too, not only the first and the last of a topic.
	// [ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER]
	Verbose, Verboser bool
	// Manual leaves it to XPUB's application what a peer is subscribed to.
	// [ZMQ_XPUB_MANUAL]
	Manual bool
	// LastValue, with Manual, sends the message that follows the receipt of a
	// subscription to that subscriber alone. [ZMQ_XPUB_MANUAL_LAST_VALUE]
	LastValue bool
	// NoDrop has a publisher wait when a subscriber's queue is full.
	// [ZMQ_XPUB_NODROP]
	NoDrop bool
	// Invert sends a message to those who have not subscribed to it, and has
	// SUB take what it has not subscribed to. [ZMQ_INVERT_MATCHING]
	Invert bool
	// OnlyFirst looks for subscriptions in the first frame of a message alone.
	// [ZMQ_ONLY_FIRST_SUBSCRIBE]
	OnlyFirst bool
	// Welcome is sent to every subscriber first. nil is none.
	// [ZMQ_XPUB_WELCOME_MSG]
	Welcome []byte
	// VerboseUnsubscribe has XSUB pass on every cancellation.
	// [ZMQ_XSUB_VERBOSE_UNSUBSCRIBE]
	VerboseUnsubscribe bool

	// MaxTopics and MaxTopicBytes bound what one peer of a publisher may
	// subscribe to; 0 is unlimited.
	MaxTopics, MaxTopicBytes int
}

// probe greets a new peer with an empty message, if that is wanted.
func (o *Options) probe(p *pipe.Pipe) {
	if o.Probe {
		p.Out.Put(&msg.Msg{})
	}
}
