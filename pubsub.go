package zmq

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq/internal/pattern"
)

// Pub is a PUB socket: it sends each message to the peers that subscribe to a
// prefix of its first frame. Send never waits: a message that nobody wants is
// not sent, and a subscriber whose queue is full misses it, which is counted.
// All methods may be called concurrently. https://rfc.zeromq.org/spec/29/
type Pub struct {
	base
	sending
}

// NewPub returns a PUB socket. The error matches [ErrOption].
func NewPub(o *Options) (*Pub, error) {
	b, err := newBase(pattern.PUB, o)
	if err != nil {
		return nil, err
	}
	return &Pub{b, sending{b.s}}, nil
}

// WaitSubscribers waits until at least n peers would get a message whose first
// frame is topic. The error is ctx's or matches [ErrClosed].
func (p *Pub) WaitSubscribers(ctx context.Context, n int, topic string) error {
	return opError("wait subscribers", "", p.s.WaitSubscribers(ctx, n, []byte(topic)))
}

// TopicCount is the number of different prefixes that peers subscribe to.
// [ZMQ_TOPICS_COUNT]
func (p *Pub) TopicCount() int { return p.s.TopicCount() }

// XPub is an XPUB socket: a PUB that also receives. Messages of one frame that
// begins with 1 or 0 tell that the rest of it, a topic, has its first
// subscriber or has lost its last; all others are what peers sent. All methods
// may be called concurrently. https://rfc.zeromq.org/spec/29/
type XPub struct {
	base
	sending
	receiving
}

// NewXPub returns an XPUB socket. The error matches [ErrOption].
func NewXPub(o *Options) (*XPub, error) {
	b, err := newBase(pattern.XPUB, o)
	if err != nil {
		return nil, err
	}
	return &XPub{b, sending{b.s}, receiving{b.s}}, nil
}

// WaitSubscribers waits until at least n peers would get a message whose first
// frame is topic. The error is ctx's or matches [ErrClosed].
func (p *XPub) WaitSubscribers(ctx context.Context, n int, topic string) error {
	return opError("wait subscribers", "", p.s.WaitSubscribers(ctx, n, []byte(topic)))
}

// TopicCount is the number of different prefixes that peers subscribe to.
// [ZMQ_TOPICS_COUNT]
func (p *XPub) TopicCount() int { return p.s.TopicCount() }

// SubscribePeer subscribes the peer that sent a message to the prefixes, with
// [Options.XPubManual]: usually the peer whose wish the message is. If it is gone
// nothing happens. The error matches [ErrState] without that option, [ErrNoRoute]
// for a message that was not received, or [ErrClosed].
func (p *XPub) SubscribePeer(of Message, prefixes ...string) error {
	return p.assign("subscribe peer", of, prefixes, true)
}

// UnsubscribePeer takes back what SubscribePeer did.
func (p *XPub) UnsubscribePeer(of Message, prefixes ...string) error {
	return p.assign("unsubscribe peer", of, prefixes, false)
}

func (p *XPub) assign(op string, of Message, prefixes []string, on bool) error {
	if of.m.From == nil {
		return opError(op, "", fmt.Errorf("%w: the message was not received", pattern.ErrNoRoute))
	}
	return opError(op, "", p.s.Assign(of.m.From, prefixes, on))
}

// subscribing is what SUB and XSUB have in common.
type subscribing struct{ base }

// Subscribe asks for the messages whose first frame begins with one of the
// prefixes; the empty prefix asks for all. With no prefix it does nothing.
// Subscriptions are the socket's own: every publisher hears all of them, those
// that connect later before they send anything. A prefix that is subscribed to
// twice must be unsubscribed twice. The error matches [ErrClosed].
func (s *subscribing) Subscribe(prefixes ...string) error {
	return s.change(prefixes, true)
}

// Unsubscribe takes subscriptions back. For a prefix that is not subscribed to
// it does nothing.
func (s *subscribing) Unsubscribe(prefixes ...string) error {
	return s.change(prefixes, false)
}

// TopicCount is the number of different prefixes subscribed to.
// [ZMQ_TOPICS_COUNT]
func (s *subscribing) TopicCount() int { return s.s.TopicCount() }

func (s *subscribing) change(prefixes []string, on bool) error {
	for _, p := range prefixes {
		if err := s.s.Subscribe(p, on); err != nil {
			return opError("subscribe", "", err)
		}
	}
	return nil
}

// Ready waits until a publisher is connected and has taken in all
// subscriptions made so far, if there are any, so that no message it sends from then on is
// missed. Publishers of ZMTP 3.1 and up confirm it; older ones cannot, and
// Ready returns when they are connected. The error is ctx's or matches
// [ErrClosed].
func (s *subscribing) Ready(ctx context.Context) error {
	return opError("ready", "", s.s.WaitSubscribed(ctx))
}

// Sub is a SUB socket: it receives what it subscribes to, from its publishers
// in turn. Without a subscription it receives nothing. All methods may be
// called concurrently. https://rfc.zeromq.org/spec/29/
type Sub struct {
	subscribing
	receiving
}

// NewSub returns a SUB socket. The error matches [ErrOption].
func NewSub(o *Options) (*Sub, error) {
	b, err := newBase(pattern.SUB, o)
	if err != nil {
		return nil, err
	}
	return &Sub{subscribing{b}, receiving{b.s}}, nil
}

// XSub is an XSUB socket: a SUB that can also send, to all its publishers. A
// message that begins with a byte 1 or 0 subscribes to the rest of its first frame
// or takes that back, as Subscribe and Unsubscribe do, and so do its other frames
// that begin so; what is left goes to the publishers, of which an XPUB receives
// it, as other messages do. Send never waits: a publisher whose queue is full
// misses the message, which is counted. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/29/
type XSub struct {
	subscribing
	receiving
}

// NewXSub returns an XSUB socket. The error matches [ErrOption].
func NewXSub(o *Options) (*XSub, error) {
	b, err := newBase(pattern.XSUB, o)
	if err != nil {
		return nil, err
	}
	return &XSub{subscribing{b}, receiving{b.s}}, nil
}

// Send sends one message of the frames, which it copies.
func (s *XSub) Send(ctx context.Context, frames ...[]byte) error {
	return s.SendMessage(ctx, Message{owned(frames)})
}

// SendMessage is Send for a message that it takes over.
func (s *XSub) SendMessage(ctx context.Context, m Message) error {
	return s.TrySendMessage(m)
}

// TrySend is Send, which never waits.
func (s *XSub) TrySend(frames ...[]byte) error {
	return s.TrySendMessage(Message{owned(frames)})
}

// TrySendMessage is SendMessage, which never waits.
func (s *XSub) TrySendMessage(m Message) error {
	return opError("send", "", s.s.SendUpstream(m.m))
}
