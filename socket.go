package zmq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Socket is what sockets of all types can do, for code that works with any of
// them. The types of this package implement it; it is not meant to be
// implemented elsewhere.
type Socket interface {
	Bind(endpoint string) (string, error)
	Unbind(endpoint string) error
	Connect(endpoint string) error
	Disconnect(endpoint string) error
	SetHWM(send, recv int) error
	WaitConnected(ctx context.Context) error
	Events(ctx context.Context) iter.Seq[Event]
	Stats() Stats
	Peers() []PeerInfo
	Shutdown(ctx context.Context) error
	Close() error
}

// Sender is a [Socket] that sends messages of any number of frames to whichever
// peer its pattern picks: not one whose messages have a single frame, an address
// or a group, whose Send has other parameters.
type Sender interface {
	Socket
	Send(ctx context.Context, frames ...[]byte) error
	TrySend(frames ...[]byte) error
	SendMessage(ctx context.Context, m Message) error
	TrySendMessage(m Message) error
}

// Receiver is a [Socket] that receives: all but [Dish] and [Dgram], whose messages
// come with a group or an address.
type Receiver interface {
	Socket
	Recv(ctx context.Context) (Message, error)
	TryRecv() (Message, error)
	Messages(ctx context.Context) iter.Seq2[Message, error]
}

// base is what all socket types have.
type base struct {
	s      *socket.Socket
	linger time.Duration
}

func newBase(t pattern.Type, o *Options) (base, error) {
	opts, err := o.core()
	if err != nil {
		return base{}, opError("new "+pattern.Types[t].Name, "", err)
	}
	s, err := socket.New(t, opts)
	if err != nil {
		return base{}, opError("new "+pattern.Types[t].Name, "", err)
	}
	return base{s, o.linger()}, nil
}

// Bind accepts peers at an endpoint and returns it as it really is, with
// wildcards, interface names and ephemeral ports filled in: what peers can
// connect to, and what [Unbind] wants. A socket may be bound to any number of
// endpoints and connected to others at the same time.
//
//	tcp://127.0.0.1:5555  tcp://*:5555  tcp://eth0:5555  tcp://[::1]:*
//	ipc:///run/feed.sock  ipc://*  ipc://@abstract
//	inproc://name
//	udp://*:5555  udp://239.1.2.3:5555  udp://eth0;239.1.2.3:5555
//
// Over udp only DISH and DGRAM are bound, and only RADIO connects; a multicast
// group may be bound by any number of sockets.
//
// The error matches [ErrEndpoint], [ErrTransport], [ErrInUse], [ErrClosed] or
// the system's reason, such as [syscall.EADDRINUSE].
func (b *base) Bind(endpoint string) (string, error) {
	bound, err := b.s.Bind(endpoint)
	return bound, opError("bind", endpoint, err)
}

// Unbind stops accepting peers at an endpoint that Bind returned, and ends the
// connections that came in there once what is queued for them is written, or
// [Options.Linger] is over. It does not wait for that. The error matches [ErrNotFound] or [ErrClosed].
func (b *base) Unbind(endpoint string) error {
	return opError("unbind", endpoint, b.s.Unbind(endpoint))
}

// Connect connects to an endpoint, now or as soon as somebody listens there,
// and again whenever the connection is lost. It returns at once: connecting
// goes on in the background until [Disconnect] or Close, and how it goes is
// told by events. An error means that the endpoint is malformed or of an
// unknown transport, or that the socket is closed. Over inproc a connection is
// waited for once, until the name is bound and the socket there has a place: when
// that socket goes, it is over, and what is sent goes to the other peers.
//
// Connecting once more to an endpoint makes another connection, but for PUB, SUB,
// REQ and DEALER, which keep the one they have (over inproc all of them get
// another).
//
// A local address to connect from comes before the remote one:
// "tcp://10.0.0.5:0;server:5555".
func (b *base) Connect(endpoint string) error {
	return opError("connect", endpoint, b.s.Connect(endpoint))
}

// Disconnect ends all connections to an endpoint that was given to Connect,
// once what is queued for them is written, or [Options.Linger] is over. It does
// not wait for that. The
// error matches [ErrNotFound] or [ErrClosed].
func (b *base) Disconnect(endpoint string) error {
	return opError("disconnect", endpoint, b.s.Disconnect(endpoint))
}

// SetHWM changes the high-water marks, of the connections that there are too. As
// in [Options.SendHWM] and [Options.RecvHWM] 0 is the default and a negative value
// unlimited. Messages above a mark that is lowered stay queued. The error matches
// [ErrClosed].
func (b *base) SetHWM(send, recv int) error {
	return opError("set hwm", "", b.s.SetHWM(pick(send, defaultHWM, 0), pick(recv, defaultHWM, 0)))
}

// WaitConnected waits until at least one peer is connected, its handshake
// done. The error is ctx's or matches [ErrClosed].
func (b *base) WaitConnected(ctx context.Context) error {
	return opError("wait connected", "", b.s.WaitConnected(ctx, 1))
}

// Peers describes everybody connected now, in no order.
func (b *base) Peers() []PeerInfo {
	list := b.s.Peers()
	peers := make([]PeerInfo, len(list))
	for i, p := range list {
		peers[i] = PeerInfo{p}
	}
	return peers
}

// Close ends the socket: all other calls, also those that wait, return
// [ErrClosed]. Messages that are queued are still written, for at most
// [Options.Linger]; those that were received and not read are dropped. Close
// returns when all of that is done and no goroutine of the socket is left. It
// may be called more than once and returns nil.
func (b *base) Close() error {
	ctx := context.Background()
	if b.linger != Forever {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, b.linger)
		defer cancel()
	}
	b.s.Close(ctx)
	return nil
}

// Shutdown is Close with a context in place of the linger time. It returns nil
// if everything was written and, where the system can tell, has arrived with the
// systems of the peers; or else a [*UnsentError] that says what has not, because
// ctx ended or peers went away. If the socket is being closed already, it waits
// for that, and ends it when ctx ends.
func (b *base) Shutdown(ctx context.Context) error {
	if n, k := b.s.Close(ctx); n > 0 || k > 0 {
		return opError("shutdown", "", &UnsentError{Messages: n, UnderWay: k, Err: ctx.Err()})
	}
	return nil
}

// UnsentError says that messages were still queued when a socket had to be
// closed.
type UnsentError struct {
	Messages int   // not written, or rejected by the peer
	UnderWay int   // connections with something written that had not arrived; it may yet
	Err      error // the context's, if that ended it, else nil
}

func (e *UnsentError) Error() string {
	text := fmt.Sprintf("%d messages not sent", e.Messages)
	switch {
	case e.UnderWay > 0 && e.Messages > 0:
		text += fmt.Sprintf(", and those under way to %d peers not confirmed", e.UnderWay)
	case e.UnderWay > 0:
		text = fmt.Sprintf("messages under way to %d peers not confirmed", e.UnderWay)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *UnsentError) Unwrap() error { return e.Err }

// small reports whether all frames are copied where they are queued.
func small(frames [][]byte) bool {
	for _, f := range frames {
		if len(f) >= msg.LargeFrame {
			return false
		}
	}
	return len(frames) > 0
}

// owned is a message of frames that stay the caller's. Small ones are copied
// where they are queued, and large ones here, to pooled memory.
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

// sending is what socket types have that send to whom their pattern picks.
type sending struct{ out *socket.Socket }

// Send sends one message of the frames, which it copies: the caller may reuse
// them. Types that do not drop wait while there is no place for it, and it returns
// when it is queued, not when it is delivered. If ctx ends first nothing was
// sent and the error is ctx's.
func (s *sending) Send(ctx context.Context, frames ...[]byte) error {
	if small(frames) {
		err := s.out.TrySendFrames(frames)
		if err == nil {
			return nil
		}
		if err != pattern.ErrWait {
			return opError("send", "", err)
		}
	}
	return opError("send", "", s.out.Send(ctx, owned(frames)))
}

// TrySend is Send without waiting: the error matches [ErrWouldBlock] if it
// would have to.
func (s *sending) TrySend(frames ...[]byte) error {
	if small(frames) {
		return opError("send", "", s.out.TrySendFrames(frames))
	}
	return opError("send", "", s.out.TrySend(owned(frames)))
}

// SendMessage is Send for a message that it takes over: on success the frames
// must not be changed any more, and large ones travel without a copy.
func (s *sending) SendMessage(ctx context.Context, m Message) error {
	return opError("send", "", s.out.Send(ctx, m.m))
}

// TrySendMessage is SendMessage without waiting.
func (s *sending) TrySendMessage(m Message) error {
	return opError("send", "", s.out.TrySend(m.m))
}

// receiving is what socket types have that receive.
type receiving struct{ in *socket.Socket }

// Recv returns the next message. It waits for one, until ctx ends: then
// nothing was taken, and the error is ctx's. If there is a message it is
// returned, whatever ctx says. A lost peer is no error here but an event.
//
// Several goroutines may call Recv: each message is returned to one of them.
// REQ and REP are the exception, for which Recv and Send alternate whoever calls
// them: a second Recv fails with [ErrState] if it finds the socket out of turn.
// Use [Req.Do] for concurrent requests, and a [Router] to serve them
// concurrently.
func (r *receiving) Recv(ctx context.Context) (m Message, err error) {
	if err = r.in.Recv(ctx, &m.m); err != nil {
		err = opError("recv", "", err)
	}
	return m, err
}

// TryRecv is Recv without waiting: the error matches [ErrWouldBlock] if there
// is no message, or if the call has dropped some 16,000 messages that this socket
// does not want; a further call continues after them.
func (r *receiving) TryRecv() (m Message, err error) {
	if err = r.in.TryRecv(&m.m); err != nil {
		err = opError("recv", "", err)
	}
	return m, err
}

// Messages returns an iterator over the messages as they arrive. It ends
// without an error when ctx ends, also while there are more, or when the socket
// is closed. Any other error of Recv, such as [ErrState] of a REP that has not
// replied, is the last thing it yields.
func (r *receiving) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return messages(ctx, r.Recv)
}

// messages is Messages for what recv returns.
func messages[M any](ctx context.Context, recv func(context.Context) (M, error)) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for ctx.Err() == nil {
			m, err := recv(ctx)
			if errors.Is(err, ErrClosed) || err != nil && ctx.Err() != nil {
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
