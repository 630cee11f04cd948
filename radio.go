package zmq

import (
	"context"
	"iter"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Radio is a RADIO socket: it sends each message, of one frame, to the DISH
// peers that have joined its group. The name of a group has at most 255 bytes
// and no NUL; it is compared as a whole, not as a prefix. Send does not wait,
// unless [Options.Overflow] is [OverflowBlock]: a message to a group without
// members is not sent, and a peer whose queue is full misses the message, which
// is counted under [DropHWM]. https://rfc.zeromq.org/spec/48/
//
// It may also connect to udp endpoints, an address or a multicast group. Every
// message goes there, whatever its group, and the receivers filter. The group
// and the frame have at most 8191 bytes there; larger messages are dropped
// under [DropTooLarge].
type Radio struct{ Connector }

// NewRadio returns a RADIO socket. The error matches [ErrInvalidOption].
func NewRadio(o *Options) (*Radio, error) {
	c, err := newConnector(pattern.RADIO, o)
	if err != nil {
		return nil, err
	}
	return &Radio{c}, nil
}

// Send sends one message of one frame to a group. It copies the frame, so the
// caller may reuse it. The error matches [ErrInvalidGroup] if the group is not
// a valid name, [ErrMessageTooLarge] or [ErrClosed], or is as with [Sender.Send]
// if ctx ends while [OverflowBlock] waits.
func (r *Radio) Send(ctx context.Context, group string, frame []byte) error {
	return r.sendMessage(ctx, group, ownedOne(frame))
}

// TrySend is like Send but fails with [ErrWouldBlock] where Send waits.
func (r *Radio) TrySend(group string, frame []byte) error {
	return opError("send", "", r.s.Addressed().TrySendGroup(group, ownedOne(frame)))
}

// SendMessage is like Send but transfers ownership of the message to the
// socket, as [Sender.SendMessage] does. The error matches [ErrInvalidMessage]
// if the message has more than one frame.
func (r *Radio) SendMessage(ctx context.Context, group string, m Message) error {
	return r.sendMessage(ctx, group, m.m)
}

func (r *Radio) sendMessage(ctx context.Context, group string, m msg.Msg) error {
	checkContext(ctx)
	return sendError(ctx, r.Socket, r.s.Addressed().SendGroup(ctx, group, m))
}

// TrySendMessage is like SendMessage but does not wait, as with TrySend.
func (r *Radio) TrySendMessage(group string, m Message) error {
	return opError("send", "", r.s.Addressed().TrySendGroup(group, m.m))
}

// SendBatch sends messages to a group in order, each as SendMessage does, and returns
// the number of those that it has sent, as [Sender.SendBatch] does.
func (r *Radio) SendBatch(ctx context.Context, group string, msgs []Message) (n int, err error) {
	checkContext(ctx)
	n, err = r.s.Addressed().SendAllToGroup(ctx, group, coreMessages(msgs))
	return n, sendError(ctx, r.Socket, err)
}

// SetSendHWM is [Sender.SetSendHWM].
func (r *Radio) SetSendHWM(n int) error { return r.setSendHWM(n) }

// Flush is [Sender.Flush].
func (r *Radio) Flush(ctx context.Context) error { return r.flush(ctx) }

// WaitSubscribers waits until at least n peers have joined the group, and n, not
// necessarily the same, each of others. Each udp endpoint that the socket is
// connected to counts as one peer. The error is as that of
// [Connector.WaitConnected].
func (r *Radio) WaitSubscribers(ctx context.Context, n int, group string, others ...string) error {
	return r.waitSubscribers(ctx, n, "joined", group, others)
}

// Dish is a DISH socket: it receives the messages of the groups that it has
// joined, from its RADIO peers in turn. It may also be bound to udp endpoints,
// an address of this machine or a multicast group; any program can send there,
// as to a [Dgram]. https://rfc.zeromq.org/spec/48/
type Dish struct{ Connector }

// NewDish returns a DISH socket. The error matches [ErrInvalidOption].
func NewDish(o *Options) (*Dish, error) {
	c, err := newConnector(pattern.DISH, o)
	if err != nil {
		return nil, err
	}
	return &Dish{c}, nil
}

// GroupMessage is a message of one frame that was sent to a group.
type GroupMessage struct {
	Message
	Group string
}

// Join joins groups, in order. Memberships belong to the socket: each RADIO
// receives all of them, and one that connects later receives them before it
// sends messages. The error matches [ErrInvalidGroup] if a group is joined
// already or its name is invalid; then the groups before it are joined. It may
// also match [ErrClosed]. [zmq_join]
func (d *Dish) Join(groups ...string) error {
	for _, g := range groups {
		if err := d.s.Topics().Join(g, true); err != nil {
			return opError("join", "", err)
		}
	}
	return nil
}

// Leave leaves groups, in order. The error matches [ErrInvalidGroup] if a group
// is not joined; then the groups before it have been left. It may also match
// [ErrClosed]. [zmq_leave]
func (d *Dish) Leave(groups ...string) error {
	for _, g := range groups {
		if err := d.s.Topics().Join(g, false); err != nil {
			return opError("leave", "", err)
		}
	}
	return nil
}

// WaitSubscribed waits until a RADIO is connected and has processed all groups
// joined so far, so that no message that it sends to them from then on is
// missed. If all endpoints are udp endpoints, it returns at once. The error is
// as that of [Connector.WaitConnected].
func (d *Dish) WaitSubscribed(ctx context.Context) error {
	checkContext(ctx)
	return d.waitError(ctx, "wait subscribed", d.s.Topics().WaitSubscribed(ctx), "none has confirmed the groups")
}

// Recv returns the next message, as [Receiver.Recv] does.
func (d *Dish) Recv(ctx context.Context) (GroupMessage, error) {
	checkContext(ctx)
	var m msg.Msg
	if err := d.s.Recv(ctx, &m); err != nil {
		return GroupMessage{}, contextError(ctx, "recv", err)
	}
	return d.grouped(m), nil
}

// TryRecv is like Recv but does not wait. The error matches [ErrWouldBlock] if
// there is no message, or if the call has dropped some 8,000 messages of groups
// that are not joined; the next call continues after them.
func (d *Dish) TryRecv() (GroupMessage, error) {
	var m msg.Msg
	if err := d.s.TryRecv(&m); err != nil {
		return GroupMessage{}, opError("recv", "", err)
	}
	return d.grouped(m), nil
}

// grouped moves the group from the first frame of a message to its Group.
func (d *Dish) grouped(m msg.Msg) GroupMessage {
	group := d.s.Topics().Group(&m)
	m.First, m.Rest = m.Rest[0], nil
	return GroupMessage{Message{m}, group}
}

// ungrouped is the reverse of grouped.
func ungrouped(m GroupMessage) msg.Msg {
	m.m.Rest = [][]byte{m.m.First}
	m.m.First = []byte(m.Group)
	return m.m
}

// Messages returns an iterator over the messages, as [Receiver.Messages] does.
func (d *Dish) Messages(ctx context.Context) iter.Seq2[GroupMessage, error] {
	return convertAll(Receiver{d.Connector}.Messages(ctx), d.grouped)
}

// RecvBatch receives messages into msgs, as [Receiver.RecvBatch] does.
func (d *Dish) RecvBatch(ctx context.Context, msgs []GroupMessage) (n int, err error) {
	return recvBatch(ctx, Receiver{d.Connector}, msgs, d.grouped)
}

// SetRecvHWM is [Receiver.SetRecvHWM].
func (d *Dish) SetRecvHWM(n int) error { return d.setRecvHWM(n) }
