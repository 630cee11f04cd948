package zmq

import (
	"context"
	"iter"
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Radio is a RADIO socket: it sends each message, of one frame, to the DISH peers
// that have joined its group. A group is a name of at most 255 bytes and no NUL,
// and compared whole: it is no prefix. Send never waits, unless
// [Options.PubNoDrop] is set: a message to a group that nobody has joined is not
// sent, and a peer whose queue is full misses it, which is counted. All methods may
// be called concurrently. https://rfc.zeromq.org/spec/48/
//
// It may also connect to udp endpoints, an address or a multicast group. There
// every message goes, whatever its group, and whoever listens chooses; what does
// not fit in 8192 bytes, with the group and a byte for its length, is dropped
// under [DropTooLarge].
type Radio struct{ base }

// NewRadio returns a RADIO socket. The error matches [ErrOption].
func NewRadio(o *Options) (*Radio, error) {
	b, err := newBase(pattern.RADIO, o)
	if err != nil {
		return nil, err
	}
	return &Radio{b}, nil
}

// Send sends one message, which it copies, to a group. The error matches
// [ErrGroup] if the text is no name of a group.
func (r *Radio) Send(ctx context.Context, group string, body []byte) error {
	return r.sendMessage(ctx, group, ownedOne(body))
}

// TrySend is Send without waiting: the error matches [ErrWouldBlock] if it would
// have to, with [Options.PubNoDrop].
func (r *Radio) TrySend(group string, body []byte) error {
	return opError("send", "", r.s.TrySendGroup(group, ownedOne(body)))
}

// SendMessage is Send for a message that it takes over. The error matches
// [ErrMessage] if it has more than one frame.
func (r *Radio) SendMessage(ctx context.Context, group string, m Message) error {
	return r.sendMessage(ctx, group, m.m)
}

func (r *Radio) sendMessage(ctx context.Context, group string, m msg.Msg) error {
	err := r.s.TrySendGroup(group, m)
	if err == pattern.ErrWait {
		err = r.s.SendGroup(ctx, group, m)
	}
	return opError("send", "", err)
}

// TrySendMessage is SendMessage without waiting.
func (r *Radio) TrySendMessage(group string, m Message) error {
	return opError("send", "", r.s.TrySendGroup(group, m.m))
}

// WaitSubscribers waits until at least n peers have joined the group. Each udp
// endpoint that the socket is connected to is one, whoever may listen there. The
// error is ctx's or matches [ErrClosed].
func (r *Radio) WaitSubscribers(ctx context.Context, n int, group string) error {
	return opError("wait subscribers", "", r.s.WaitSubscribers(ctx, n, []byte(group)))
}

// Dish is a DISH socket: it receives the messages of the groups that it has
// joined, from its RADIO peers in turn. It may be bound to udp endpoints too, an
// address of this machine or a multicast group, where anybody may send: see
// [Dgram]. All methods may be called concurrently.
// https://rfc.zeromq.org/spec/48/
type Dish struct {
	base
	mu     sync.RWMutex
	groups map[string]string // a name for each group joined, so that Recv need not make one
}

// NewDish returns a DISH socket. The error matches [ErrOption].
func NewDish(o *Options) (*Dish, error) {
	b, err := newBase(pattern.DISH, o)
	if err != nil {
		return nil, err
	}
	return &Dish{base: b, groups: make(map[string]string)}, nil
}

// GroupMessage is a message that was sent to a group.
type GroupMessage struct {
	Message
	Group string
}

// Join joins groups, one after the other. Like subscriptions they are the
// socket's own: every RADIO hears of them, those that connect later before they
// send anything. The error matches [ErrGroup] for the first of them that is
// joined already or is no name of a group; those before it are joined.
// [zmq_join]
func (d *Dish) Join(groups ...string) error {
	for _, g := range groups {
		if err := d.s.Join(g, true); err != nil {
			return opError("join", "", err)
		}
		d.mu.Lock()
		d.groups[g] = g
		d.mu.Unlock()
	}
	return nil
}

// Leave leaves groups, one after the other. The error matches [ErrGroup] for the
// first of them that is not joined; those before it are left. [zmq_leave]
func (d *Dish) Leave(groups ...string) error {
	for _, g := range groups {
		if err := d.s.Join(g, false); err != nil {
			return opError("leave", "", err)
		}
		d.mu.Lock()
		delete(d.groups, g)
		d.mu.Unlock()
	}
	return nil
}

// Ready waits until a RADIO is connected and has taken in all groups joined so
// far, so that no message it sends to them from then on is missed. With nothing
// but udp endpoints there is nothing to wait for, and it returns at once. The error
// is ctx's or matches [ErrClosed].
func (d *Dish) Ready(ctx context.Context) error {
	return opError("ready", "", d.s.WaitSubscribed(ctx))
}

// Recv returns the next message. It waits for one, until ctx ends: then nothing
// was taken, and the error is ctx's. If there is a message it is returned,
// whatever ctx says.
func (d *Dish) Recv(ctx context.Context) (GroupMessage, error) {
	var m msg.Msg
	if err := d.s.Recv(ctx, &m); err != nil {
		return GroupMessage{}, opError("recv", "", err)
	}
	return d.grouped(m), nil
}

// TryRecv is Recv without waiting: the error matches [ErrWouldBlock] if there is
// no message, or if the call has dropped some 8,000 messages of groups that are
// not joined; a further call continues after them.
func (d *Dish) TryRecv() (GroupMessage, error) {
	var m msg.Msg
	if err := d.s.TryRecv(&m); err != nil {
		return GroupMessage{}, opError("recv", "", err)
	}
	return d.grouped(m), nil
}

// grouped takes the group off a message.
func (d *Dish) grouped(m msg.Msg) GroupMessage {
	d.mu.RLock()
	group, joined := d.groups[string(m.First)]
	d.mu.RUnlock()
	if !joined { // left meanwhile, or being joined
		group = string(m.First)
	}
	m.First, m.Rest = m.Rest[0], nil
	return GroupMessage{Message{m}, group}
}

// Messages returns an iterator over the messages as they arrive. It ends without
// an error when ctx ends, also while there are more, or when the socket is
// closed.
func (d *Dish) Messages(ctx context.Context) iter.Seq2[GroupMessage, error] {
	return messages(ctx, d.Recv)
}
