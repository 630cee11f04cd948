package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// XSub is XSUB: SUB without the filter, and with subscriptions that are
// messages. https://rfc.zeromq.org/spec/29/#the-xsub-socket-type
// Rules in docs/CONFORMANCE.md: xsub, xsub-*, sub-*.
type XSub struct {
	base
	opt *Options
	subscriptions
	fairReceiver
	rest []byte

	outgoing
	inMessage bool // a message has begun and not ended; open says so of what is no subscription
	examine   bool // its next frame may be a subscription
}

// NewXSub returns an XSUB without subscriptions.
func NewXSub(o *Options, d *pipe.Drops) *XSub {
	return &XSub{opt: o, subscriptions: newSubscriptions(), outgoing: outgoing{drops: d}}
}

func (s *XSub) Attach(p *pipe.Pipe) error { s.attach(p); return nil }
func (s *XSub) Detach(p *pipe.Pipe)       { s.detach(p); s.removePipe(p) }
func (s *XSub) Room(*pipe.Pipe)           {}

// Subscribe is that of all subscribers, but that every cancellation is passed on
// if so set.
func (s *XSub) Subscribe(topic string, on bool) (changed bool) {
	return s.subscriptions.Subscribe(topic, on) || !on && s.opt.VerboseUnsubscribe
}

// Send queues a message to every publisher that has room and that takes
// messages. It never waits.
func (s *XSub) Send(m msg.Msg) error {
	s.rest = m.AppendEncoded(s.rest[:0])
	s.Pipes(func(p *pipe.Pipe) {
		switch {
		case p.Out == nil || p.Out.ReadClosed(): // a PUB of this process
			s.drops.Add(pipe.DropUpstream, 1)
			return
		case p.Out.Full():
			s.drops.Add(pipe.DropHWM, 1)
			return
		}
		p.Out.PutEncoded(s.rest)
	})
	if cap(s.rest) > maxKeptRest {
		s.rest = nil
	}
	return nil
}

// TakeSubscription takes the frames that begin with 1 or 0 for subscriptions: all of them,
// or with OnlyFirst set those of a message whose first frame is one. They go
// their own way, as state and beside the queues, and what else is in the
// message makes a message of its own. In libzmq they travel in the message, and
// a cancellation of nothing that ends one keeps it from being sent.
// (xsub.cpp: xsend)
func (s *XSub) TakeSubscription(f *msg.Frame) (asked, sent bool) {
	change := isSubscription(f.Body)
	if !s.inMessage {
		s.examine = !s.opt.OnlyFirst || change
	}
	s.inMessage = f.More
	if !s.examine || !change {
		return false, false
	}
	if sent = s.open && !f.More; sent {
		s.removeClosed()
		s.enqueue()
	}
	return true, sent
}

// SplitSubscriptions takes the subscriptions out of a message, as Ask does frame by frame, and
// returns them and what is left; ok is false if that is nothing.
func (s *XSub) SplitSubscriptions(m msg.Msg) (changes [][]byte, rest msg.Msg, ok bool) {
	if s.opt.OnlyFirst && !isSubscription(m.First) {
		return nil, m, true
	}
	var left [][]byte
	for i := range m.Len() {
		if f := m.Frame(i); isSubscription(f) {
			changes = append(changes, f)
		} else {
			left = append(left, f)
		}
	}
	if len(changes) == 0 {
		return nil, m, true
	}
	rest = msg.Of(left...)
	rest.Bufs = m.Bufs
	return changes, rest, len(left) > 0
}

// SendFrame claims, at the first frame that is no subscription, the publishers
// that have room and take messages.
func (s *XSub) SendFrame(f *msg.Frame, _ bool) error {
	if !s.open {
		s.claim(s.dropFull(s.receivers())...)
	}
	s.next(f)
	return nil
}

// receivers are the publishers that take messages.
func (s *XSub) receivers() (list []*pipe.Pipe) {
	s.Pipes(func(p *pipe.Pipe) {
		if p.Out == nil || p.Out.ReadClosed() { // a PUB of this process
			s.drops.Add(pipe.DropUpstream, 1)
			return
		}
		list = append(list, p)
	})
	return list
}

// InMessage reports whether a message has begun and not ended.
func (s *XSub) InMessage() bool { return s.inMessage }

// Writable is true: a subscription can be made at any time.
func (s *XSub) Writable() bool { return true }

// maxKeptRest bounds the memory kept between messages.
const maxKeptRest = 64 << 10
