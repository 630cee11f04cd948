package zmq

import (
	"context"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Publisher is a [Sender] whose peers subscribe.
type Publisher struct{ Sender }

// WaitSubscribers waits until, for topic and each of others, at least n peers would
// receive a message whose first frame it is; not necessarily the same peers for
// each. The error is as that of [Connector.WaitConnected].
func (p Publisher) WaitSubscribers(ctx context.Context, n int, topic string, others ...string) error {
	return p.waitSubscribers(ctx, n, "subscribed to", topic, others)
}

// waitSubscribers waits until n peers have done something to topic and others.
func (s Socket) waitSubscribers(ctx context.Context, n int, done, topic string, others []string) error {
	checkContext(ctx)
	missing, err := s.s.Topics().WaitSubscribersOfEach(ctx, n, append([]string{topic}, others...))
	return s.waitError(ctx, "wait subscribers", err, tooFew(n, done, missing))
}

// TopicCount returns the number of different prefixes that peers subscribe to.
// [ZMQ_TOPICS_COUNT]
func (p Publisher) TopicCount() int { return p.s.Topics().TopicCount() }

// Pub is a PUB socket: it sends each message to the peers that subscribe to a
// prefix of its first frame. Send does not wait, unless [Options.Overflow] is
// [OverflowBlock]: a message without a subscriber is not sent, and a subscriber
// whose queue is full misses the message, which is counted under [DropHWM].
// https://rfc.zeromq.org/spec/29/
type Pub struct{ Publisher }

// NewPub returns a PUB socket. The error matches [ErrInvalidOption].
func NewPub(o *Options) (*Pub, error) {
	c, err := newConnector(pattern.PUB, o)
	if err != nil {
		return nil, err
	}
	return &Pub{Publisher{Sender{c}}}, nil
}

// XPub is an XPUB socket: a [Pub] that also receives the subscriptions of its
// peers. A message of one frame that begins with a byte 1 reports that the
// topic after that byte has its first subscriber; a byte 0 reports that it has
// no subscriber any longer. [XPubOptions] select other reports. All other
// messages are those that XSUB peers sent. https://rfc.zeromq.org/spec/29/
type XPub struct {
	Connector
	Publisher
	Receiver
}

// NewXPub returns an XPUB socket. The error matches [ErrInvalidOption].
func NewXPub(o *Options) (*XPub, error) {
	c, err := newConnector(pattern.XPUB, o)
	if err != nil {
		return nil, err
	}
	return &XPub{c, Publisher{Sender{c}}, Receiver{c}}, nil
}

// SubscribePeer subscribes the peer that sent a message to the prefixes. It
// requires [XPubOptions.Manual]; the message is usually the subscription that
// the peer requested. If the peer has disconnected, SubscribePeer does nothing.
// The error matches [ErrInvalidState] without that option, [ErrNoRoute] for a
// message that was not received, or [ErrClosed].
func (p *XPub) SubscribePeer(of Message, prefixes ...string) error {
	return p.assign("subscribe peer", of, prefixes, true)
}

// UnsubscribePeer reverses SubscribePeer.
func (p *XPub) UnsubscribePeer(of Message, prefixes ...string) error {
	return p.assign("unsubscribe peer", of, prefixes, false)
}

func (p *XPub) assign(op string, of Message, prefixes []string, on bool) error {
	if err := of.checkReceived(); err != nil && p.s.Topics().Manual() {
		return opError(op, "", err)
	}
	return opError(op, "", p.s.Topics().Assign(of.m.From, prefixes, on))
}

// Subscriber is a [Receiver] that subscribes.
type Subscriber struct{ Receiver }

// Subscribe requests the messages whose first frame begins with one of the
// prefixes. The empty prefix requests all messages. Subscriptions belong to the
// socket: each publisher receives all of them, and one that connects later
// receives them before it sends messages. A prefix that is subscribed to twice
// must be unsubscribed twice. The error matches [ErrClosed].
func (s Subscriber) Subscribe(prefixes ...string) error {
	return s.change("subscribe", prefixes, true)
}

// Unsubscribe cancels subscriptions. It ignores a prefix that is not subscribed
// to. The error matches [ErrClosed].
func (s Subscriber) Unsubscribe(prefixes ...string) error {
	return s.change("unsubscribe", prefixes, false)
}

func (s Subscriber) change(op string, prefixes []string, on bool) error {
	for _, p := range prefixes {
		if err := s.s.Topics().Subscribe(p, on); err != nil {
			return opError(op, "", err)
		}
	}
	return nil
}

// TopicCount returns the number of different prefixes that the socket
// subscribes to. [ZMQ_TOPICS_COUNT]
func (s Subscriber) TopicCount() int { return s.s.Topics().TopicCount() }

// WaitSubscribed waits until a publisher is connected and has processed all
// subscriptions made so far, so that no message that it sends from then on is
// missed. Publishers of ZMTP 3.1 and later confirm this. Older ones cannot:
// WaitSubscribed returns when one of them is connected. Without a subscription it
// waits only for a connection. The error is as that of
// [Connector.WaitConnected].
func (s Subscriber) WaitSubscribed(ctx context.Context) error {
	checkContext(ctx)
	return s.waitError(ctx, "wait subscribed", s.s.Topics().WaitSubscribed(ctx), "none has confirmed the subscriptions")
}

// Sub is a SUB socket: it receives the messages that it subscribes to, from its
// PUB and XPUB peers in turn. Without a subscription it receives nothing.
// https://rfc.zeromq.org/spec/29/
type Sub struct{ Subscriber }

// NewSub returns a SUB socket. The error matches [ErrInvalidOption].
func NewSub(o *Options) (*Sub, error) {
	c, err := newConnector(pattern.SUB, o)
	if err != nil {
		return nil, err
	}
	return &Sub{Subscriber{Receiver{c}}}, nil
}

// XSub is an XSUB socket: a [Sub] that also sends, to all its publishers. If
// the first frame of a message begins with a byte 1 or 0, each of its frames
// that begins so subscribes to the topic after that byte, or cancels that
// subscription, as Subscribe and Unsubscribe do. The remaining frames go to the
// publishers; an XPUB receives them, a PUB drops them. Send does not wait: a
// publisher whose queue is full misses the message, which is counted under
// [DropHWM]. https://rfc.zeromq.org/spec/29/
type XSub struct {
	Connector
	Subscriber
	Sender
}

// NewXSub returns an XSUB socket. The error matches [ErrInvalidOption].
func NewXSub(o *Options) (*XSub, error) {
	c, err := newConnector(pattern.XSUB, o)
	if err != nil {
		return nil, err
	}
	return &XSub{c, Subscriber{Receiver{c}}, Sender{c}}, nil
}
