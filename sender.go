package zmq

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Sender is a [Connector] that sends messages of any number of frames to the
// peers that its socket type selects. The comment of each type that embeds it
// says what Send does without a peer and with full queues.
type Sender struct{ Connector }

// Send sends one message of the frames; without frames, of one empty frame. It
// copies them, so the caller may reuse them. Send returns when the message is
// queued, not when it is delivered. Types that do not drop messages wait while
// there is no peer or the queues are full. If ctx ends first, nothing was sent; the
// error matches that of the context and its cause, and its text says why Send waited:
// why no peer is connected, or that the queues are full. A message for which there is
// room is sent even if ctx has ended.
//
// Other errors match [ErrMessageTooLarge], [ErrInvalidState] (REQ and REP),
// [ErrWouldBlock] (with [OverflowError]) or [ErrClosed].
func (s Sender) Send(ctx context.Context, frames ...[]byte) error {
	checkContext(ctx)
	if small(frames) {
		err := s.s.TrySendFrames(frames)
		if err == nil {
			return nil
		}
		if err != pattern.ErrWouldBlock {
			return opError("send", "", err)
		}
	}
	return sendError(ctx, s.Socket, s.s.Send(ctx, owned(frames)))
}

// TrySend is like Send but fails with [ErrWouldBlock] where Send waits.
func (s Sender) TrySend(frames ...[]byte) error {
	if small(frames) {
		return opError("send", "", s.s.TrySendFrames(frames))
	}
	return opError("send", "", s.s.TrySend(owned(frames)))
}

// SendMessage is like Send but transfers ownership of the message to the
// socket: after success the caller must not change its frames. Frames of 8 KiB
// and more are sent without a copy.
func (s Sender) SendMessage(ctx context.Context, m Message) error {
	checkContext(ctx)
	return sendError(ctx, s.Socket, s.s.Send(ctx, m.m))
}

// TrySendMessage is like SendMessage but does not wait, as with TrySend.
func (s Sender) TrySendMessage(m Message) error {
	return opError("send", "", s.s.TrySend(m.m))
}

// SendBatch sends messages in order, each as SendMessage does, and returns the
// number n of those that it has sent. It waits where SendMessage waits, so some
// messages may be sent before an error. The error is that of msgs[n]; the caller
// still owns this message and those after it. An empty msgs sends nothing and
// returns 0 and nil.
//
// Each message is sent, or dropped and counted, as a whole and by itself: a batch is
// no unit for the peers, and messages that other goroutines send at the same time may
// come between those of a batch. With [OverflowDropNewest] a message that is dropped
// counts as sent. For small messages SendBatch is faster than SendMessage, because it
// locks the socket once for up to 256 messages or 64 KiB. A REQ or REP sends one
// message and returns an error that matches [ErrInvalidState] for the next, unless
// [ReqOptions].Relaxed allows it.
func (s Sender) SendBatch(ctx context.Context, msgs []Message) (n int, err error) {
	checkContext(ctx)
	n, err = s.s.Transfer().SendAll(ctx, coreMessages(msgs))
	return n, sendError(ctx, s.Socket, err)
}

// SetSendHWM changes [Options.SendHWM], also for existing connections. As
// there, 0 is the default and [Unlimited] removes the mark. Messages above a
// lowered mark stay queued. The error matches [ErrInvalidOption] or
// [ErrClosed].
func (s Sender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// Flush waits until every message that was sent before the call is written: passed
// to the system for each peer to which it was queued, or over inproc to the peer.
// Messages sent during the call delay it by at most one write of some 256 KiB. It
// does not wait until the peer has received them, for which only a reply is
// evidence; [Socket.Shutdown] waits for the system of the peer. Messages of an endpoint that Disconnect or Unbind has
// ended count as long as they linger.
//
// If messages were dropped during the call, because a connection was lost or
// lingering ended, the error wraps an [*UnsentError] with their number. If ctx ends
// first, the error matches that of the context and its cause, and its text says how
// many messages are not written and why no peer is connected; they stay queued. Otherwise
// it matches [ErrClosed].
func (s Sender) Flush(ctx context.Context) error { return s.Socket.flush(ctx) }

// FrameSender is a [Connector] that sends messages of one frame to the peers
// that its socket type selects.
type FrameSender struct{ Connector }

// Send sends one message of one frame. It copies the frame, so the caller may
// reuse it. Send returns when the message is queued, not when it is delivered.
// It waits while there is no peer or the queues are full. If ctx ends first,
// nothing was sent, and the error is as with [Sender.Send]; a message for which
// there is room is sent even if ctx has ended. Other errors match
// [ErrMessageTooLarge] or [ErrClosed].
func (s FrameSender) Send(ctx context.Context, frame []byte) error {
	return Sender(s).Send(ctx, frame)
}

// TrySend is like Send but fails with [ErrWouldBlock] where Send waits.
func (s FrameSender) TrySend(frame []byte) error { return Sender(s).TrySend(frame) }

// SendMessage is like Send but transfers ownership of the message to the
// socket, as [Sender.SendMessage] does. The error matches [ErrInvalidMessage]
// if the message has more than one frame.
func (s FrameSender) SendMessage(ctx context.Context, m Message) error {
	return Sender(s).SendMessage(ctx, m)
}

// TrySendMessage is like SendMessage but does not wait, as with TrySend.
func (s FrameSender) TrySendMessage(m Message) error { return Sender(s).TrySendMessage(m) }

// SendBatch is [Sender.SendBatch]. The error matches [ErrInvalidMessage] if a message
// has more than one frame.
func (s FrameSender) SendBatch(ctx context.Context, msgs []Message) (n int, err error) {
	return Sender(s).SendBatch(ctx, msgs)
}

// SetSendHWM is [Sender.SetSendHWM].
func (s FrameSender) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// Flush is [Sender.Flush].
func (s FrameSender) Flush(ctx context.Context) error { return s.Socket.flush(ctx) }

// SenderToID is a [Connector] that sends to the peer with a routing ID: an ID
// that the peer announced ([Options.RoutingID]), or that this socket assigned.
// [Message.RoutingID] is that of the sender of a message.
type SenderToID struct{ Connector }

// ConnectAs is like Connect but assigns the given routing ID to the peer,
// whatever ID the peer announces. SendTo accepts the ID at once; with
// [Options.Immediate] it does so as soon as the peer is connected. The error
// matches those of [Connector.Connect], [ErrInvalidOption] if the ID is
// invalid, or [ErrDuplicateRoutingID]. [ZMQ_CONNECT_ROUTING_ID]
func (s SenderToID) ConnectAs(endpoint, id string) error {
	if id == "" {
		err := fmt.Errorf("%w: an empty routing ID cannot be assigned", ErrInvalidOption)
		return opError("connect", endpoint, err)
	}
	return opError("connect", endpoint, s.s.ConnectWith(endpoint, socket.EndpointOptions{Alias: id}))
}

// SendTo sends one message of the frames to the peer with the routing ID. It
// copies the frames, so the caller may reuse them. It waits while the queue of
// that peer is full. If ctx ends first, nothing was sent, and the error is as with
// [Sender.Send]; a message for which there is room is sent even if ctx has
// ended. Other errors match [ErrNoRoute] if no peer has the ID,
// [ErrMessageTooLarge] or [ErrClosed].
func (s SenderToID) SendTo(ctx context.Context, id string, frames ...[]byte) error {
	checkContext(ctx)
	return sendToError(ctx, s.Socket, unroutedID(id, s.s.Addressed().SendTo(ctx, id, owned(frames))))
}

// TrySendTo is like SendTo but fails with [ErrWouldBlock] where SendTo waits.
func (s SenderToID) TrySendTo(id string, frames ...[]byte) error {
	return opError("send", "", unroutedID(id, s.s.Addressed().TrySendTo(id, owned(frames))))
}

// SendMessageTo is like SendTo but transfers ownership of the message to the
// socket, as [Sender.SendMessage] does.
func (s SenderToID) SendMessageTo(ctx context.Context, id string, m Message) error {
	checkContext(ctx)
	return sendToError(ctx, s.Socket, unroutedID(id, s.s.Addressed().SendTo(ctx, id, m.m)))
}

// TrySendMessageTo is like SendMessageTo but does not wait, as with TrySendTo.
func (s SenderToID) TrySendMessageTo(id string, m Message) error {
	return opError("send", "", unroutedID(id, s.s.Addressed().TrySendTo(id, m.m)))
}

// SendBatchTo sends messages to the peer with the routing ID in order, each as
// SendMessageTo does, and returns the number of those that it has sent, as
// [Sender.SendBatch] does.
func (s SenderToID) SendBatchTo(ctx context.Context, id string, msgs []Message) (n int, err error) {
	checkContext(ctx)
	n, err = s.s.Addressed().SendAllTo(ctx, id, coreMessages(msgs))
	return n, sendToError(ctx, s.Socket, unroutedID(id, err))
}

// SetSendHWM is [Sender.SetSendHWM].
func (s SenderToID) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// Flush is [Sender.Flush].
func (s SenderToID) Flush(ctx context.Context) error { return s.Socket.flush(ctx) }

// SenderToNumber is a [Connector] that sends messages of one frame to the peer
// with a routing number. The socket assigns a number to each connection, never
// 0. [Message.RoutingNumber] is that of the sender of a message.
type SenderToNumber struct{ Connector }

// SendTo sends one message of one frame to the peer with the routing number. It
// copies the frame, so the caller may reuse it. It waits while the queue of
// that peer is full. If ctx ends first, nothing was sent, and the error is as with
// [Sender.Send]; a message for which there is room is sent even if ctx has
// ended. Other errors match [ErrNoRoute] if no peer has the number,
// [ErrMessageTooLarge] or [ErrClosed].
func (s SenderToNumber) SendTo(ctx context.Context, number uint32, frame []byte) error {
	checkContext(ctx)
	return sendToError(ctx, s.Socket, unroutedNumber(number, s.s.Addressed().SendToNumber(ctx, number, ownedOne(frame))))
}

// TrySendTo is like SendTo but fails with [ErrWouldBlock] where SendTo waits.
func (s SenderToNumber) TrySendTo(number uint32, frame []byte) error {
	return opError("send", "", unroutedNumber(number, s.s.Addressed().TrySendToNumber(number, ownedOne(frame))))
}

// SendMessageTo is like SendTo but transfers ownership of the message to the
// socket, as [Sender.SendMessage] does. The error matches [ErrInvalidMessage]
// if the message has more than one frame.
func (s SenderToNumber) SendMessageTo(ctx context.Context, number uint32, m Message) error {
	checkContext(ctx)
	return sendToError(ctx, s.Socket, unroutedNumber(number, s.s.Addressed().SendToNumber(ctx, number, m.m)))
}

// TrySendMessageTo is like SendMessageTo but does not wait, as with TrySendTo.
func (s SenderToNumber) TrySendMessageTo(number uint32, m Message) error {
	return opError("send", "", unroutedNumber(number, s.s.Addressed().TrySendToNumber(number, m.m)))
}

// SendBatchTo sends messages to the peer with the routing number in order, each as
// SendMessageTo does, and returns the number of those that it has sent, as
// [Sender.SendBatch] does.
func (s SenderToNumber) SendBatchTo(ctx context.Context, number uint32, msgs []Message) (n int, err error) {
	checkContext(ctx)
	n, err = s.s.Addressed().SendAllToNumber(ctx, number, coreMessages(msgs))
	return n, sendToError(ctx, s.Socket, unroutedNumber(number, err))
}

// Reply is like SendTo, to the peer that sent a request.
func (s SenderToNumber) Reply(ctx context.Context, request Message, frame []byte) error {
	if err := request.checkReceived(); err != nil {
		return opError("send", "", err)
	}
	return s.SendTo(ctx, request.RoutingNumber(), frame)
}

// DisconnectPeer ends the connection with one peer, when its queue is written
// or after [Options.Linger] (30 s if the socket does not linger). It does not
// wait for that. From this call on no peer has the number, and messages of the
// peer that were not received are dropped. A peer that connected to this socket
// usually connects again, under another number; an endpoint that this socket
// connected to is disconnected. The error matches [ErrNoRoute] if no peer has
// the number, or [ErrClosed]. [Stream.ClosePeer] is the counterpart that waits.
// [zmq_disconnect_peer]
func (s SenderToNumber) DisconnectPeer(number uint32) error {
	return opError("disconnect peer", "", s.s.Addressed().DisconnectPeer(number))
}

// SetSendHWM is [Sender.SetSendHWM].
func (s SenderToNumber) SetSendHWM(n int) error { return s.Socket.setSendHWM(n) }

// Flush is [Sender.Flush].
func (s SenderToNumber) Flush(ctx context.Context) error { return s.Socket.flush(ctx) }

// setSendHWM is what the methods SetSendHWM of the handles call. A handle for this
// method alone would be one more type in the documentation and in each literal of
// a handle, to save five lines.
func (s Socket) setSendHWM(n int) error {
	n, err := hwm("SendHWM", n)
	if err == nil {
		err = s.s.SetSendHWM(n)
	}
	return opError("set send hwm", "", err)
}

// unroutedID adds the routing ID to the error of a send if no peer has it.
func unroutedID(id string, err error) error {
	if err == pattern.ErrNoRoute {
		return fmt.Errorf("%w: no peer has the routing ID %q", err, id)
	}
	return err
}

// unroutedNumber adds the routing number to the error of a send if no peer has it.
func unroutedNumber(number uint32, err error) error {
	if err == pattern.ErrNoRoute {
		return fmt.Errorf("%w: no peer has the routing number %d", err, number)
	}
	return err
}

// small reports whether all frames are copied when they are queued. Large ones
// are queued without a copy.
func small(frames [][]byte) bool {
	for _, f := range frames {
		if len(f) >= msg.LargeFrame {
			return false
		}
	}
	return len(frames) > 0
}

// owned returns a message of frames that stay the caller's. It copies large
// frames to pooled memory; small ones are copied when they are queued.
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

// ownedOne is like owned for one frame.
func ownedOne(frame []byte) msg.Msg {
	if len(frame) < msg.LargeFrame {
		return msg.Msg{First: frame}
	}
	b := msg.NewBuf(len(frame))
	b.B = append(b.B, frame...)
	return msg.Msg{First: b.B, Bufs: b}
}
