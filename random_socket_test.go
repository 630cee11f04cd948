package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zerobroker/zmq"
)

// randomSocket is a socket of a round.
type randomSocket struct {
	anySocket
	socketType
	name      string // type and number
	datagrams bool   // the type uses udp
	linger    time.Duration
	conflate  bool

	ends atomic.Int32 // endpoints bound and connected so far

	mu        sync.Mutex
	bound     []string
	connected []string
	last      zmq.Message  // received last
	datagram  zmq.Datagram // the same of a DGRAM
}

var randomNames atomic.Int64

// newSocket makes a socket of a random type with random options.
func (w *randomWorld) newSocket(r *rand.Rand) *randomSocket {
	half := func() bool { return r.IntN(2) == 0 }
	rarely := func() bool { return r.IntN(5) == 0 }
	some := func(text string) []byte {
		if rarely() {
			return []byte(text)
		}
		return nil
	}
	o := &zmq.Options{
		Namespace: w.space,
		SendHWM:   1 + r.IntN(1000)>>r.IntN(10),
		RecvHWM:   1 + r.IntN(1000)>>r.IntN(10),
		Linger:    []time.Duration{zmq.NoLinger, time.Millisecond, 20 * time.Millisecond, time.Second, zmq.Forever}[r.IntN(5)],
		Immediate: rarely(),
		Conflate:  rarely(),
		IPC:       zmq.IPCOptions{Mode: fs.FileMode(0o600)},
		Reconnect: zmq.ReconnectOptions{Interval: time.Millisecond, MaxInterval: 20 * time.Millisecond},
		Heartbeat: zmq.HeartbeatOptions{Interval: []time.Duration{0, zmq.Forever, 5 * time.Millisecond}[r.IntN(3)]},
		Limits:    zmq.Limits{HandshakeTimeout: 100 * time.Millisecond},
		AutoMessages: zmq.AutoMessages{
			Hello: some("hello"), Disconnect: some("disconnect"), Hiccup: some("hiccup"), ProbeRouter: rarely(),
		},
		Req:    zmq.ReqOptions{Relaxed: half(), Correlate: half()},
		Router: zmq.RouterOptions{Handover: zmq.RouterHandover(r.IntN(3)), Notify: zmq.RouterNotify(r.IntN(4))},
		Pub:    zmq.PubOptions{Welcome: some("welcome"), InvertMatching: rarely()},
		XPub:   zmq.XPubOptions{Notify: zmq.XPubNotify(r.IntN(3)), Manual: rarely(), LastValue: rarely()},
		Sub:    zmq.SubOptions{InvertMatching: rarely()},
		XSub:   zmq.XSubOptions{VerboseUnsubscribe: half()},
		Stream: zmq.StreamOptions{Notify: zmq.Toggle(r.IntN(3))},
	}
	if w.mem { // virtual time passes with each attempt to connect
		o.Linger = min(o.Linger, 20*time.Millisecond)
		o.Reconnect = zmq.ReconnectOptions{Interval: 2 * time.Millisecond, MaxInterval: time.Second}
	}
	if !o.Conflate {
		o.Overflow = []zmq.Overflow{0, 0, zmq.OverflowBlock, zmq.OverflowDropOldest}[r.IntN(4)]
	}
	if half() {
		o.RoutingID = string(rune('A' + r.IntN(3))) // few IDs, so that some are equal
	}
	typ := socketTypes[r.IntN(len(socketTypes))]
	for half() && typ.family != w.focus || w.mem && typ.typ == zmq.TypeDgram {
		typ = socketTypes[r.IntN(len(socketTypes))]
	}
	s, err := typ.make(o)
	if err != nil {
		panic(fmt.Sprintf("new %s with %+v: %v", typ.name, o, err))
	}
	return &randomSocket{
		anySocket: s, socketType: typ, name: fmt.Sprint(typ.name, " ", randomNames.Add(1)), linger: o.Linger, conflate: o.Conflate,
		datagrams: typ.name == "RADIO" || typ.name == "DISH" || typ.name == "DGRAM",
	}
}

func (s *randomSocket) onlyDatagrams() bool {
	_, only := s.anySocket.(*zmq.Dgram)
	return only
}

// end closes the socket within a bounded time.
func (s *randomSocket) end(ctx context.Context) error {
	if s.linger <= time.Second {
		return s.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	return s.Shutdown(ctx)
}

// take removes a random element from a list of endpoints and returns it. If the
// list is empty, it returns an endpoint that is in no list.
func (s *randomSocket) take(r *rand.Rand, list *[]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*list) == 0 {
		return "inproc://absent"
	}
	i, last := r.IntN(len(*list)), len(*list)-1
	ep := (*list)[i]
	(*list)[i] = (*list)[last]
	*list = (*list)[:last]
	return ep
}

func (s *randomSocket) received(m zmq.Message, err error) error {
	if err == nil {
		s.mu.Lock()
		s.last = m
		s.mu.Unlock()
	}
	return err
}

func (s *randomSocket) lastMessage() zmq.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// operation is a call with its parameters.
type operation struct {
	name string
	run  func() error
}

// operation chooses a call on a socket.
func (w *randomWorld) operation(r *rand.Rand, s *randomSocket, slot *atomic.Pointer[randomSocket]) operation {
	within := func(f func(ctx context.Context) error) func() error {
		return func() error {
			ctx, cancel := context.WithTimeout(context.Background(), callWait)
			defer cancel()
			return f(ctx)
		}
	}
	switch n := r.IntN(100); {
	case n < 1:
		next := w.newSocket(r)
		return operation{"close", within(func(ctx context.Context) error {
			if !slot.CompareAndSwap(s, next) {
				next.Close()
			}
			return w.close(ctx, s)
		})}
	case n < 6 && s.ends.Add(1) < 8:
		ep := w.endpoint(r, s, true)
		return operation{"bind " + ep, func() error {
			bound, err := s.Bind(ep)
			if err == nil {
				s.mu.Lock()
				s.bound = append(s.bound, bound)
				s.mu.Unlock()
				w.noteBound(r, s.family, bound)
			}
			return err
		}}
	case n < 14 && s.ends.Add(1) < 16:
		ep := w.endpoint(r, s, false)
		if r.IntN(8) == 0 {
			if own := s.take(r, &s.bound); r.IntN(2) == 0 {
				s.mu.Lock()
				s.bound = append(s.bound, own)
				s.mu.Unlock()
				ep = own // the socket connects to itself
			}
		}
		return operation{"connect " + ep, func() error {
			err := s.connect(r, ep)
			if err == nil {
				s.mu.Lock()
				s.connected = append(s.connected, ep)
				s.mu.Unlock()
			}
			return err
		}}
	case n < 20:
		s.ends.Add(-1)
		ep := s.take(r, &s.connected)
		return operation{"disconnect " + ep, func() error { return disconnect(s.anySocket, ep) }}
	case n < 23:
		s.ends.Add(-1)
		ep := s.take(r, &s.bound)
		return operation{"unbind " + ep, func() error { return s.Unbind(ep) }}
	case n < 24:
		send, recv := 1+r.IntN(1000), 1+r.IntN(1000)
		return operation{"set hwm", func() error { return setHWM(s.anySocket, send, recv) }}
	case n < 26:
		return operation{"wait connected", within(s.waitConnected)}
	case n < 28:
		return operation{"events", within(func(ctx context.Context) error {
			for range s.Events(ctx) {
			}
			return nil
		})}
	case n < 30:
		return operation{"stats", func() error {
			if st := s.Stats(); st.QueuedSend < 0 || st.QueuedRecv < 0 || st.Peers < 0 || st.MessagesWritten > 1<<40 {
				return fmt.Errorf("impossible counters %+v", st)
			}
			for _, p := range s.PeerStats() {
				if p.QueuedSend < 0 || p.QueuedRecv < 0 || p.MessagesWritten > 1<<40 || p.MessagesReceived > 1<<40 || p.Since.IsZero() {
					return fmt.Errorf("impossible counters of a peer: %+v", p)
				}
			}
			return nil
		}}
	case n < 32:
		return operation{"peers", func() error { s.Peers(); s.Endpoints(); return nil }}
	case n < 45:
		return operation{"special", within(func(ctx context.Context) error { return s.special(ctx, r) })}
	case n < 60:
		return operation{"recv", within(func(ctx context.Context) error { return s.recv(ctx, r) })}
	case n < 68:
		return operation{"try recv", s.tryRecv}
	case n < 90:
		return operation{"send", within(func(ctx context.Context) error { return s.send(ctx, r) })}
	default:
		return operation{"try send", func() error { return s.trySend(r) }}
	}
}

func (s *randomSocket) connect(r *rand.Rand, ep string) error {
	switch t := s.anySocket.(type) {
	case interface{ ConnectAs(ep, id string) error }:
		if r.IntN(3) == 0 {
			return t.ConnectAs(ep, routingID(r))
		}
	case *zmq.Peer:
		if r.IntN(2) == 0 {
			_, err := t.ConnectPeer(ep)
			return err
		}
	}
	return connect(s.anySocket, ep)
}

func (s *randomSocket) waitConnected(ctx context.Context) error {
	if c, ok := s.anySocket.(connector); ok {
		return c.WaitConnected(ctx)
	}
	return nil
}

// someAddr is the destination of datagrams that are not replies.
var someAddr = netip.MustParseAddrPort("127.0.0.1:40000")

// routingID returns one of a few IDs.
func routingID(r *rand.Rand) string { return string(rune('A' + r.IntN(5))) }

// group returns one of a few names of groups and prefixes.
func group(r *rand.Rand) string { return string(rune('a' + r.IntN(4))) }

// body returns a frame. About one in 300 is large.
func body(r *rand.Rand) []byte {
	n := r.IntN(20)
	if r.IntN(300) == 0 {
		n = 20_000
	}
	b := make([]byte, n)
	if n > 0 {
		b[0] = byte('a' + r.IntN(4))
	}
	return b
}

func frames(r *rand.Rand) [][]byte {
	list := [][]byte{body(r)}
	for r.IntN(3) == 0 {
		list = append(list, body(r))
	}
	return list
}

func (s *randomSocket) send(ctx context.Context, r *rand.Rand) error {
	if r.IntN(4) == 0 {
		return s.sendBatch(ctx, r)
	}
	switch t := s.anySocket.(type) {
	case interface {
		Send(ctx context.Context, body []byte) error
	}:
		return t.Send(ctx, body(r))
	case *zmq.Radio:
		return t.Send(ctx, group(r), body(r))
	case interface {
		Send(ctx context.Context, frames ...[]byte) error
	}:
		return t.Send(ctx, frames(r)...)
	case *zmq.Router:
		if r.IntN(2) == 0 {
			return t.Reply(ctx, s.lastMessage(), frames(r)...)
		}
		return t.SendTo(ctx, routingID(r), frames(r)...)
	case *zmq.Stream:
		return t.Reply(ctx, s.lastMessage(), body(r))
	case interface {
		SendTo(ctx context.Context, number uint32, body []byte) error
	}:
		return t.SendTo(ctx, s.lastMessage().RoutingNumber(), body(r))
	case *zmq.Dgram:
		s.mu.Lock()
		to := s.datagram
		s.mu.Unlock()
		if !to.Addr.IsValid() {
			to.Addr = someAddr
		}
		return t.Reply(ctx, to, body(r))
	}
	return nil
}

// sendBatch sends a batch, if the type has such a method.
func (s *randomSocket) sendBatch(ctx context.Context, r *rand.Rand) (err error) {
	msgs := make([]zmq.Message, r.IntN(30))
	for i := range msgs {
		msgs[i] = zmq.NewMessage(body(r))
	}
	n := len(msgs)
	switch t := s.anySocket.(type) {
	case interface {
		SendBatch(ctx context.Context, msgs []zmq.Message) (int, error)
	}:
		n, err = t.SendBatch(ctx, msgs)
	case *zmq.Radio:
		n, err = t.SendBatch(ctx, group(r), msgs)
	case interface {
		SendBatchTo(ctx context.Context, id string, msgs []zmq.Message) (int, error)
	}:
		n, err = t.SendBatchTo(ctx, routingID(r), msgs)
	case interface {
		SendBatchTo(ctx context.Context, number uint32, msgs []zmq.Message) (int, error)
	}:
		n, err = t.SendBatchTo(ctx, s.lastMessage().RoutingNumber(), msgs)
	}
	if (err == nil) != (n == len(msgs)) {
		return fmt.Errorf("%d of %d messages of a batch sent: %v", n, len(msgs), err)
	}
	return err
}

func (s *randomSocket) trySend(r *rand.Rand) error {
	switch t := s.anySocket.(type) {
	case interface {
		TrySend(frames ...[]byte) error
	}:
		return t.TrySend(frames(r)...)
	case interface{ TrySend(body []byte) error }:
		return t.TrySend(body(r))
	case *zmq.Radio:
		return t.TrySend(group(r), body(r))
	case interface {
		TrySendTo(id string, frames ...[]byte) error
	}:
		return t.TrySendTo(routingID(r), frames(r)...)
	case interface {
		TrySendTo(number uint32, body []byte) error
	}:
		return t.TrySendTo(s.lastMessage().RoutingNumber(), body(r))
	case *zmq.Dgram:
		return t.TrySendTo(someAddr, body(r))
	}
	return nil
}

// recv receives with Recv, RecvBatch or Messages.
func (s *randomSocket) recv(ctx context.Context, r *rand.Rand) error {
	if b, ok := s.anySocket.(interface {
		RecvBatch(ctx context.Context, msgs []zmq.Message) (int, error)
		Messages(ctx context.Context) iter.Seq2[zmq.Message, error]
	}); ok {
		switch r.IntN(3) {
		case 0:
			msgs := make([]zmq.Message, r.IntN(20))
			n, err := b.RecvBatch(ctx, msgs)
			if n > 0 {
				s.received(msgs[n-1], nil)
			}
			return err
		case 1:
			left := r.IntN(100)
			for m, err := range b.Messages(ctx) {
				if s.received(m, err); left == 0 || err != nil {
					return err
				}
				left--
			}
		}
	}
	switch t := s.anySocket.(type) {
	case interface {
		Recv(ctx context.Context) (zmq.Message, error)
	}:
		return s.received(t.Recv(ctx))
	case *zmq.Dish:
		m, err := t.Recv(ctx)
		return s.received(m.Message, err)
	case *zmq.Dgram:
		d, err := t.Recv(ctx)
		s.mu.Lock()
		s.datagram = d
		s.mu.Unlock()
		return err
	}
	return nil
}

func (s *randomSocket) tryRecv() error {
	switch t := s.anySocket.(type) {
	case interface{ TryRecv() (zmq.Message, error) }:
		return s.received(t.TryRecv())
	case *zmq.Dish:
		m, err := t.TryRecv()
		return s.received(m.Message, err)
	}
	return nil
}

// special makes a call that only some types have.
func (s *randomSocket) special(ctx context.Context, r *rand.Rand) error {
	topics := []string{group(r), ""}[:1+r.IntN(2)]
	switch t := s.anySocket.(type) {
	case interface {
		Subscribe(prefixes ...string) error
		Unsubscribe(prefixes ...string) error
		WaitSubscribed(ctx context.Context) error
	}:
		switch r.IntN(5) {
		case 0, 1:
			return t.Subscribe(topics...)
		case 2, 3:
			return t.Unsubscribe(topics...)
		}
		return t.WaitSubscribed(ctx)
	case *zmq.Dish:
		switch r.IntN(5) {
		case 0, 1:
			return t.Join(group(r))
		case 2, 3:
			return t.Leave(group(r))
		}
		return t.WaitSubscribed(ctx)
	case *zmq.XPub:
		switch m := s.lastMessage(); r.IntN(3) {
		case 0:
			return t.SubscribePeer(m, topics...)
		case 1:
			return t.UnsubscribePeer(m, topics...)
		}
		return t.WaitSubscribers(ctx, 1+r.IntN(2), group(r))
	case interface {
		WaitSubscribers(ctx context.Context, n int, topic string) error
	}:
		return t.WaitSubscribers(ctx, 1+r.IntN(2), group(r))
	case *zmq.Req:
		_, err := t.Do(ctx, frames(r)...)
		return err
	case *zmq.Stream:
		return t.ClosePeer(ctx, s.lastMessage().RoutingID())
	case interface{ DisconnectPeer(number uint32) error }:
		if r.IntN(4) == 0 {
			return t.DisconnectPeer(s.lastMessage().RoutingNumber())
		}
	}
	return nil
}

// inUse reports whether an address of the system is in use.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
