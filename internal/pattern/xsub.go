package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// XSub implements XSUB: SUB without the filter, whose application sends
// subscriptions as messages.
// https://rfc.zeromq.org/spec/29/#the-xsub-socket-type
// Rules in docs/CONFORMANCE.md: xsub, xsub-*, sub-*.
type XSub struct {
	base
	opt *Options
	subscriptions
	fairReceiver
	sendBuf []byte // the encoded message of Send; its memory is reused

	outgoing // the frames that are not subscriptions
	message  xsubMessage
}

// xsubMessage is the state of the message whose frames TakeSubscription gets.
type xsubMessage uint8

const (
	xsubNone     xsubMessage = iota // no message has begun, or the last one has ended
	xsubExamined                    // the next frame of the message may be a subscription
	xsubPlain                       // none of its frames is one
)

// NewXSub returns an XSUB without subscriptions.
func NewXSub(o *Options, d *pipe.Drops) *XSub {
	return &XSub{opt: o, subscriptions: newSubscriptions(), outgoing: outgoing{drops: d}}
}

func (s *XSub) Attach(p *pipe.Pipe) error { s.attach(p); return nil }
func (s *XSub) Detach(p *pipe.Pipe)       { s.detach(p); s.removePipe(p) }
func (s *XSub) Room(*pipe.Pipe)           {}

// Subscribe reports every cancellation as a change if VerboseUnsubscribe is
// set.
func (s *XSub) Subscribe(topic string, on bool) (changed bool) {
	return s.subscriptions.Subscribe(topic, on) || !on && s.opt.VerboseUnsubscribe
}

// Send queues a message to every publisher that accepts messages and has room.
// It never waits.
func (s *XSub) Send(m msg.Msg) error {
	s.sendBuf = m.AppendEncoded(s.sendBuf[:0])
	s.Pipes(func(p *pipe.Pipe) {
		switch {
		case p.Out == nil || p.Out.ReadClosed(): // a PUB in this process
			p.Drop(s.drops, pipe.DropUpstream, 1)
			return
		case p.Out.Full():
			p.Drop(s.drops, pipe.DropHWM, 1)
			return
		}
		p.Out.PutEncoded(s.sendBuf)
	})
	if cap(s.sendBuf) > maxKeptBytes {
		s.sendBuf = nil
	}
	return nil
}

// TakeSubscription reports whether the next frame is a subscription or a
// cancellation, which begins with 1 or 0. The caller then applies it and does
// not pass it to SendFrame. With OnlyFirst, it accepts them only in a message
// whose first frame is one. sent reports whether the call has queued the frames
// before it as a message.
//
// Subscriptions do not go through the queues; the other frames of the message
// form a message of their own. In libzmq subscriptions are frames of the
// message, and a message that ends with a cancellation of an unknown topic is
// not sent. See libzmq, xsub.cpp: xsend. TakeSubscription runs under the send
// lock.
func (s *XSub) TakeSubscription(f *msg.Frame) (asked, sent bool) {
	change := isSubscription(f.Body)
	examine := s.message == xsubExamined || s.message == xsubNone && (change || !s.opt.OnlyFirst)
	switch {
	case !f.More:
		s.message = xsubNone
	case examine:
		s.message = xsubExamined
	default:
		s.message = xsubPlain
	}
	if !examine || !change {
		return false, false
	}
	if sent = s.outgoing.InMessage() && !f.More; sent {
		s.removeClosed()
		s.enqueue()
	}
	return true, sent
}

// SplitSubscriptions separates the subscriptions and cancellations of a
// message, by the rules of TakeSubscription, from its other frames. ok is false
// if there are no others.
func (s *XSub) SplitSubscriptions(m msg.Msg) (changes [][]byte, others msg.Msg, ok bool) {
	if s.opt.OnlyFirst && !isSubscription(m.First) {
		return nil, m, true
	}
	var frames [][]byte
	for i := range m.Len() {
		if f := m.Frame(i); isSubscription(f) {
			changes = append(changes, f)
		} else {
			frames = append(frames, f)
		}
	}
	if len(changes) == 0 {
		return nil, m, true
	}
	others = msg.Of(frames...)
	others.Bufs = m.Bufs
	return changes, others, len(frames) > 0
}

// SendFrame claims, at the first frame that is not a subscription, the
// publishers that accept messages and have room.
func (s *XSub) SendFrame(f *msg.Frame, _ bool) error {
	if !s.outgoing.InMessage() {
		s.claim(s.dropFull(s.receivers())...)
	}
	s.next(f)
	return nil
}

// receivers returns the pipes of publishers that accept messages.
func (s *XSub) receivers() (list []*pipe.Pipe) {
	s.Pipes(func(p *pipe.Pipe) {
		if p.Out == nil || p.Out.ReadClosed() { // a PUB in this process
			p.Drop(s.drops, pipe.DropUpstream, 1)
			return
		}
		list = append(list, p)
	})
	return list
}

// InMessage reports whether a message has begun and not ended.
func (s *XSub) InMessage() bool { return s.message != xsubNone }

// Writable returns true, because a subscription can be made at any time.
func (s *XSub) Writable() bool { return true }

// maxKeptBytes bounds the memory for an encoded message that is kept between
// messages.
const maxKeptBytes = 64 << 10
