package zmq

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Sender is a [Connector] that sends messages of any number of frames to the
// peers that its socket type selects. PUSH, PAIR, PUB, XPUB, XSUB, REQ, REP and
// DEALER embed it. The comment of each type says what Send does without a peer
// and with full queues.
type Sender struct{ Connector }

// Send sends one message of the frames. It copies them: the caller may reuse
// them. Send returns when the message is queued, not when it is delivered. If the
// queues are full, types that do not drop wait until ctx ends. An error that is
// the context's means that nothing was sent.
//
// Other errors match [ErrMessageTooLarge], [ErrInvalidState] (REQ and REP), [ErrInvalidMessage] or
// [ErrClosed].
func (s Sender) Send(ctx context.Context, frames ...[]byte) error {
	if small(frames) {
		err := s.s.TrySendFrames(frames)
		if err == nil {
			return nil
		}
		if err != pattern.ErrWouldBlock {
			return opError("send", "", err)
		}
	}
	return opError("send", "", s.s.Send(ctx, owned(frames)))
}

// TrySend is Send without waiting. The error matches [ErrWouldBlock] if Send
// would wait.
func (s Sender) TrySend(frames ...[]byte) error {
	if small(frames) {
		return opError("send", "", s.s.TrySendFrames(frames))
	}
	return opError("send", "", s.s.TrySend(owned(frames)))
}

// SendMessage is Send for a message whose ownership passes to the socket: after
// success the caller must not change its frames. Frames of 8 KiB and more are
// sent without a copy.
func (s Sender) SendMessage(ctx context.Context, m Message) error {
	return opError("send", "", s.s.Send(ctx, m.m))
}

// TrySendMessage is SendMessage without waiting. The error matches
// [ErrWouldBlock] if SendMessage would wait.
func (s Sender) TrySendMessage(m Message) error {
	return opError("send", "", s.s.TrySend(m.m))
}

// SetSendHWM changes [Options.SendHWM], including that of existing connections.
// As there, 0 is the default and [Unlimited] removes the mark. Messages above a
// lowered mark stay queued. The error matches [ErrInvalidOption] or [ErrClosed].
func (s Sender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// BodySender is a [Connector] that sends messages of one frame to the peers that
// its socket type selects. CLIENT, SCATTER and CHANNEL embed it.
type BodySender struct{ Connector }

// Send sends one message with the body. It copies the body: the caller may reuse
// it. Send returns when the message is queued, not when it is delivered. While
// there is no peer, or the queues are full, it waits until ctx ends. An error that
// is the context's means that nothing was sent. Other errors match [ErrMessageTooLarge]
// or [ErrClosed].
func (s BodySender) Send(ctx context.Context, body []byte) error {
	return Sender(s).Send(ctx, body)
}

// TrySend is Send without waiting. The error matches [ErrWouldBlock] if Send
// would wait.
func (s BodySender) TrySend(body []byte) error { return Sender(s).TrySend(body) }

// SendMessage is Send for a message whose ownership passes to the socket: after
// success the caller must not change its frame. A frame of 8 KiB or more is sent
// without a copy. The error matches [ErrInvalidMessage] if there is more than one frame.
func (s BodySender) SendMessage(ctx context.Context, m Message) error {
	return Sender(s).SendMessage(ctx, m)
}

// TrySendMessage is SendMessage without waiting. The error matches
// [ErrWouldBlock] if SendMessage would wait.
func (s BodySender) TrySendMessage(m Message) error { return Sender(s).TrySendMessage(m) }

// SetSendHWM is [Sender.SetSendHWM].
func (s BodySender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// IDSender is a [Connector] that sends to the peer with a routing ID. ROUTER and
// STREAM embed it.
type IDSender struct{ Connector }

// ConnectAs is Connect to an endpoint whose peer gets the given routing ID,
// whatever ID it announces. The ID can be sent to at once, or with
// [Options.Immediate] as soon as the peer is connected. The error matches those
// of [Connector.Connect], [ErrInvalidOption] if the ID is invalid, or [ErrDuplicateRoutingID].
// [ZMQ_CONNECT_ROUTING_ID]
func (s IDSender) ConnectAs(endpoint, id string) error {
	return opError("connect", endpoint, s.s.ConnectAs(endpoint, id))
}

// SendTo sends one message of the frames to the peer with the routing ID. It
// copies the frames: the caller may reuse them. If the queue of that peer is
// full, SendTo waits until ctx ends. An error that is the context's means that
// nothing was sent. Other errors match [ErrNoRoute] if there is no such peer,
// [ErrMessageTooLarge] or [ErrClosed].
func (s IDSender) SendTo(ctx context.Context, id string, frames ...[]byte) error {
	return unroutedID(id, s.s.Addressed().SendTo(ctx, id, owned(frames)))
}

// TrySendTo is SendTo without waiting. The error matches [ErrWouldBlock] if the
// queue of the peer is full.
func (s IDSender) TrySendTo(id string, frames ...[]byte) error {
	return unroutedID(id, s.s.Addressed().TrySendTo(id, owned(frames)))
}

// SendMessageTo is SendTo for a message whose ownership passes to the socket, as
// with [Sender.SendMessage].
func (s IDSender) SendMessageTo(ctx context.Context, id string, m Message) error {
	return unroutedID(id, s.s.Addressed().SendTo(ctx, id, m.m))
}

// TrySendMessageTo is SendMessageTo without waiting. The error matches
// [ErrWouldBlock] if the queue of the peer is full.
func (s IDSender) TrySendMessageTo(id string, m Message) error {
	return unroutedID(id, s.s.Addressed().TrySendTo(id, m.m))
}

// SetSendHWM is [Sender.SetSendHWM].
func (s IDSender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// NumberSender is a [Connector] that sends messages of one frame to the peer with
// a routing number. SERVER and PEER embed it. The socket assigns a number to each
// connection; 0 is never assigned.
type NumberSender struct{ Connector }

// SendTo sends one message with the body to the peer with the routing number. It
// copies the body: the caller may reuse it. If the queue of that peer is full,
// SendTo waits until ctx ends. An error that is the context's means that nothing
// was sent. Other errors match [ErrNoRoute] if there is no such peer,
// [ErrMessageTooLarge] or [ErrClosed].
func (s NumberSender) SendTo(ctx context.Context, number uint32, body []byte) error {
	return unroutedNumber(number, s.s.Addressed().SendToNumber(ctx, number, ownedOne(body)))
}

// TrySendTo is SendTo without waiting. The error matches [ErrWouldBlock] if the
// queue of the peer is full.
func (s NumberSender) TrySendTo(number uint32, body []byte) error {
	return unroutedNumber(number, s.s.Addressed().TrySendToNumber(number, ownedOne(body)))
}

// SendMessageTo is SendTo for a message whose ownership passes to the socket, as
// with [BodySender.SendMessage]. The error matches [ErrInvalidMessage] if there is more
// than one frame.
func (s NumberSender) SendMessageTo(ctx context.Context, number uint32, m Message) error {
	return unroutedNumber(number, s.s.Addressed().SendToNumber(ctx, number, m.m))
}

// TrySendMessageTo is SendMessageTo without waiting. The error matches
// [ErrWouldBlock] if the queue of the peer is full.
func (s NumberSender) TrySendMessageTo(number uint32, m Message) error {
	return unroutedNumber(number, s.s.Addressed().TrySendToNumber(number, m.m))
}

// Reply is SendTo the peer that sent a message.
func (s NumberSender) Reply(ctx context.Context, to Message, body []byte) error {
	return s.SendTo(ctx, to.RoutingNumber(), body)
}

// DisconnectPeer ends the connection with one peer, when its queue is written or
// after [Options.Linger] (30 s if the socket does not linger). From this call on
// the number is not assigned, and messages of the peer that were not received are
// dropped. A peer that connected to this socket usually connects again, under
// another number; an endpoint that this socket connected to is disconnected. The
// error matches [ErrNoRoute] if there is no such peer. [zmq_disconnect_peer]
func (s NumberSender) DisconnectPeer(number uint32) error {
	return opError("disconnect peer", "", s.s.Addressed().DisconnectPeer(number))
}

// SetSendHWM is [Sender.SetSendHWM].
func (s NumberSender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

func (s Socket) setSendHWM(n int) error {
	n, err := hwm("SendHWM", n)
	if err == nil {
		err = s.s.SetSendHWM(n)
	}
	return opError("set send hwm", "", err)
}

// unroutedID is opError of a send to a routing ID. It adds the ID if no peer has
// it.
func unroutedID(id string, err error) error {
	if err == pattern.ErrNoRoute {
		err = fmt.Errorf("%w: no peer has the routing ID %q", err, id)
	}
	return opError("send", "", err)
}

// unroutedNumber is opError of a send to a routing number. It adds the number if
// no peer has it.
func unroutedNumber(number uint32, err error) error {
	if err == pattern.ErrNoRoute {
		err = fmt.Errorf("%w: no peer has the routing number %d", err, number)
	}
	return opError("send", "", err)
}

// small reports whether all frames are copied where they are queued.
func small(frames [][]byte) bool {
	for _, f := range frames {
		if len(f) >= msg.LargeFrame {
			return false
		}
	}
	return len(frames) > 0
}

// owned returns a message of frames that stay the caller's. Small frames are
// copied where they are queued, large ones here, to pooled memory.
func owned(frames [][]byte) msg.Msg {
	switch len(frames) {
	case 0:
		return msg.Msg{}
	case 1:
		return ownedOne(frames[0])
	}
	own := make([][]byte, len(frames))
	var first, last *msg.Buf
	for i, f := range frames {
		own[i] = f
		if len(f) < msg.LargeFrame {
			continue
		}
		b := msg.NewBuf(len(f))
		b.B = append(b.B, f...)
		own[i] = b.B
		if first == nil {
			first = b
		} else {
			last.Next = b
		}
		last = b
	}
	return msg.Msg{First: own[0], Rest: own[1:], Bufs: first}
}

// ownedOne is owned for one frame.
func ownedOne(body []byte) msg.Msg {
	if len(body) < msg.LargeFrame {
		return msg.Msg{First: body} // copied where it is queued
	}
	b := msg.NewBuf(len(body))
	b.B = append(b.B, body...)
	return msg.Msg{First: b.B, Bufs: b}
}
