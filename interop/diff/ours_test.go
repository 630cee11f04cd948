package diff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/interop/internal/harness"
)

// waitLimit bounds every wait, of this process and of the workers. Only a
// difference between the implementations causes a wait of this length.
const waitLimit = time.Minute

// run is the state of a scenario that runs on this library.
type run struct {
	plan           *plan
	sockets        map[string]harness.Socket
	streams        map[string]*stream // plain connections
	kept           map[string]string
	lastReceived   map[string]zmq.Message // message that an XPUB received last
	handshakes     map[string]chan string // outcomes of handshakes, by socket
	refusalsBefore map[string]uint64      // refused peers before the step, by socket
	closing        sync.WaitGroup         // Close calls that wait for peers
	proxies        map[string]*proxy      // by the first socket
}

// runOurs runs a scenario. It waits for as many messages as libzmq delivered,
// so that a late message does not look like a missing one.
func runOurs(p *plan, libzmq Trace, b *barrier) (t Trace, err error) {
	r := &run{
		plan: p, sockets: map[string]harness.Socket{}, streams: map[string]*stream{},
		kept: map[string]string{}, lastReceived: map[string]zmq.Message{}, handshakes: map[string]chan string{},
		proxies: map[string]*proxy{},
	}
	defer r.end()
	names := zmq.NewNamespace()
	for _, so := range p.Sockets {
		if so.Type == byteStream {
			r.streams[so.Name] = new(stream)
			continue
		}
		o, err := options(so.Type, so.Options)
		if err != nil {
			return nil, err
		}
		o.Namespace = names
		p.authenticate(&o.Security, names)
		s, err := harness.Open(so.Type, o)
		if err != nil {
			return nil, err
		}
		r.sockets[so.Name] = s
		if slices.ContainsFunc(p.Steps, func(st Step) bool { return st.Do == doEvent && st.Socket == so.Name }) {
			r.handshakes[so.Name] = watchHandshakes(s)
		}
	}
	for i := range p.Steps {
		st := &p.Steps[i]
		r.refusalsBefore = r.refusals(st.Plan.refusers)
		var hint Outcome
		switch {
		case st.Differs != nil:
			hint = st.Differs.Ours
		case i < len(libzmq):
			hint = libzmq[i]
		}
		out := r.step(st, hint, b)
		t = append(t, out)
		if err := r.settle(st); err != nil {
			return t, fmt.Errorf("after %q: %w", st, err)
		}
	}
	return t, nil
}

// end closes all sockets without waiting for unsent messages.
func (r *run) end() {
	for _, p := range r.proxies {
		p.stop()
		<-p.ended
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range r.sockets {
		s.Shutdown(now)
	}
	for _, s := range r.streams {
		s.close()
	}
	r.closing.Wait()
}

func (r *run) step(st *Step, hint Outcome, b *barrier) Outcome {
	if s := r.streams[st.Socket]; s != nil {
		return s.step(st, r.kept)
	}
	s := r.sockets[st.Socket]
	switch st.Do {
	case doBind:
		_, err := s.Bind(st.At)
		return Outcome{Err: errno(err)}
	case doUnbind:
		return Outcome{Err: errno(s.Unbind(st.At))}
	case doConnect:
		return Outcome{Err: errno(connect(s, st))}
	case doDisconnect:
		return Outcome{Err: errno(s.Disconnect(st.At))}
	case doClose:
		r.close(st.Socket, st.Plan.Wait)
		return Outcome{}
	case doSubscribe, doUnsubscribe:
		return Outcome{Err: errno(subscribe(s, st))}
	case doAssign, doUnassign:
		return Outcome{Err: errno(assign(s.(*zmq.XPub), r.lastReceived[st.Socket], st))}
	case doEvent:
		return nextHandshake(r.handshakes[st.Socket])
	case doTopics:
		return Outcome{Counts: []int{s.(interface{ TopicCount() int }).TopicCount()}}
	case doJoin:
		return Outcome{Err: errno(s.(*zmq.Dish).Join(string(unlatin(st.Topic))))}
	case doLeave:
		return Outcome{Err: errno(s.(*zmq.Dish).Leave(string(unlatin(st.Topic))))}
	case doProxy:
		r.proxies[st.Socket] = r.startProxy(st)
		return Outcome{}
	case doProxyEnd:
		return r.proxies[st.Socket].wait()
	case doSend:
		return Outcome{Err: errno(r.send(s, st.Frames))}
	case doFill:
		n := 0
		for n < st.Count && r.send(s, []string{fmt.Sprint(n + 1)}) == nil {
			n++
		}
		return Outcome{Counts: []int{n}}
	case doRecv:
		return r.recv(s, st, st.Count, len(hint.Got))
	case doDrain:
		return r.drain(s, st, hint.Got, b)
	case doPool:
		return r.pool(st, len(hint.Got), b)
	}
	return Outcome{Err: "unknown step " + st.Do}
}

func connect(s harness.Socket, st *Step) error {
	if st.As == "" {
		return s.Connect(st.At)
	}
	as, ok := s.(interface {
		ConnectAs(endpoint, id string) error
	})
	if !ok {
		return syscall.EINVAL
	}
	return as.ConnectAs(st.At, string(unlatin(st.As)))
}

// assign subscribes or unsubscribes the peer whose subscription the XPUB
// received last.
func assign(p *zmq.XPub, notice zmq.Message, st *Step) error {
	if st.Do == doAssign {
		return p.SubscribePeer(notice, string(unlatin(st.Topic)))
	}
	return p.UnsubscribePeer(notice, string(unlatin(st.Topic)))
}

func subscribe(s harness.Socket, st *Step) error {
	sub, ok := s.(interface {
		Subscribe(...string) error
		Unsubscribe(...string) error
	})
	if !ok {
		return syscall.EINVAL
	}
	if st.Do == doSubscribe {
		return sub.Subscribe(string(unlatin(st.Topic)))
	}
	return sub.Unsubscribe(string(unlatin(st.Topic)))
}

// send sends without blocking. At a ROUTER or STREAM the first frame is the
// routing ID, at a SERVER the routing number, at a RADIO the group.
func (r *run) send(s harness.Socket, frames []string) error {
	raw := make([][]byte, len(frames))
	for i, f := range frames {
		raw[i] = unlatin(substitute(r.kept, f))
	}
	switch s := s.(type) {
	case *zmq.Router:
		return s.TrySendTo(string(raw[0]), raw[1:]...)
	case *zmq.Stream:
		return s.TrySendTo(string(raw[0]), raw[1:]...)
	case harness.Sender:
		return s.TrySend(raw...)
	case oneFrame:
		return sendOne(raw, s.TrySend, s.TrySendMessage)
	case *zmq.Radio:
		group := string(raw[0])
		return sendOne(raw[1:],
			func(body []byte) error { return s.TrySend(group, body) },
			func(m zmq.Message) error { return s.TrySendMessage(group, m) })
	case *zmq.Server:
		n, err := strconv.ParseUint(string(raw[0]), 10, 32)
		if err != nil {
			return err
		}
		return sendOne(raw[1:],
			func(body []byte) error { return s.TrySendTo(uint32(n), body) },
			func(m zmq.Message) error { return s.TrySendMessageTo(uint32(n), m) })
	}
	return syscall.ENOTSUP
}

// oneFrame is the send interface of CLIENT, CHANNEL and SCATTER.
type oneFrame interface {
	TrySend(body []byte) error
	TrySendMessage(m zmq.Message) error
}

// sendOne sends a single frame with send, and several frames with message.
func sendOne(frames [][]byte, send func([]byte) error, message func(zmq.Message) error) error {
	if len(frames) == 1 {
		return send(frames[0])
	}
	return message(zmq.NewMessage(frames...))
}

// substitute returns a frame, or for "$name" the stored frame.
func substitute(kept map[string]string, f string) string {
	if len(f) > 1 && f[0] == '$' {
		return kept[f[1:]]
	}
	return f
}

// recv receives n messages. It blocks for the first expected ones, which libzmq
// also received, and does not block for the others.
func (r *run) recv(s harness.Socket, st *Step, n, expected int) (o Outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	for len(o.Got) < n {
		if err := r.recvOne(ctx, s, st, len(o.Got) < expected, &o); err != nil {
			o.Err = errno(err)
			break
		}
	}
	return o
}

// drain receives all available messages. It blocks for the messages that libzmq
// received. Before it concludes that there are no more, it waits until messages
// in flight have arrived.
func (r *run) drain(s harness.Socket, st *Step, expected [][]string, b *barrier) (o Outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	for settled := false; ; {
		wait := len(o.Got) < len(expected)
		if st.Order == newest && len(expected) > 0 && len(o.Got) > 0 {
			// The number of messages before the last is arbitrary.
			wait = !slices.Equal(o.Got[len(o.Got)-1], expected[len(expected)-1])
		}
		if !wait && !settled {
			b.pass(r.plan)
			settled = true
		}
		err := r.recvOne(ctx, s, st, wait, &o)
		if err != nil {
			if o.Err = errno(err); o.Err == "EAGAIN" || o.Err == "EFSM" && len(o.Got) > 0 {
				o.Err = ""
			}
			return o
		}
	}
}

// pool drains several sockets. The distribution of the messages over the
// sockets may vary, so pool waits for their total number.
func (r *run) pool(st *Step, expected int, b *barrier) (all Outcome) {
	each := make([]Outcome, len(st.Of))
	sweep := func() (n int) {
		for i, name := range st.Of {
			for r.recvOne(context.Background(), r.sockets[name], st, false, &each[i]) == nil {
			}
			n += len(each[i].Got)
		}
		return n
	}
	until(func() bool { return sweep() >= expected })
	b.pass(r.plan)
	sweep()
	for _, o := range each {
		all.Got = append(all.Got, o.Got...)
		all.Counts = append(all.Counts, len(o.Got))
	}
	return all
}

func (r *run) recvOne(ctx context.Context, s harness.Socket, st *Step, wait bool, o *Outcome) error {
	m, head, err := receive(ctx, s, wait)
	if err != nil {
		return err
	}
	frames := head
	for _, f := range m.Frames() {
		frames = append(frames, latin(string(f)))
	}
	if _, ok := s.(*zmq.XPub); ok {
		r.lastReceived[st.Socket] = m.Clone()
	}
	for i, name := range st.Keep {
		if name != "" && len(o.Got) == 0 && i < len(frames) {
			r.kept[name] = frames[i]
		}
	}
	o.Got = append(o.Got, frames)
	m.Release()
	return nil
}

// receive receives a message. head is the frame that libzmq, or the worker,
// prepends: the routing ID, routing number or group.
func receive(ctx context.Context, s harness.Socket, wait bool) (m zmq.Message, head []string, err error) {
	switch s := s.(type) {
	case *zmq.Dish:
		var g zmq.GroupMessage
		if wait {
			g, err = s.Recv(ctx)
		} else {
			g, err = s.TryRecv()
		}
		return g.Message, []string{latin(g.Group)}, err
	case harness.Receiver:
		if wait {
			m, err = s.Recv(ctx)
		} else {
			m, err = s.TryRecv()
		}
	default:
		return m, nil, syscall.ENOTSUP
	}
	switch s.(type) {
	case *zmq.Router, *zmq.Stream:
		head = []string{latin(m.RoutingID())}
	case *zmq.Server:
		head = []string{fmt.Sprint(m.RoutingNumber())}
	}
	return m, head, err
}

// close closes a socket. If wait is false, Close may wait for peers and runs in
// the background.
func (r *run) close(name string, wait bool) {
	s := r.sockets[name]
	if wait {
		s.Close()
		return
	}
	r.closing.Go(func() { s.Close() })
	until(func() bool { return errors.Is(s.Disconnect("inproc://unused"), zmq.ErrClosed) })
}

// settle waits until the effects of a step on peers and subscriptions are
// visible to all sockets.
func (r *run) settle(st *Step) error {
	sp := st.Plan
	for name, n := range sp.peers {
		s := r.sockets[name]
		if !until(func() bool { return s.Stats().Peers == n }) {
			return fmt.Errorf("%s has %d peers, want %d", name, s.Stats().Peers, n)
		}
	}
	for name, n := range r.refusalsBefore {
		if !until(func() bool { return refusals(r.sockets[name]) > n }) {
			return fmt.Errorf("%s has refused no peer", name)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	for _, w := range sp.pubs {
		pub := r.sockets[w.publisher].(interface {
			harness.Socket
			WaitSubscribers(context.Context, int, string, ...string) error
		})
		topic := string(unlatin(w.topic))
		if _, inverted := r.plan.socket(w.publisher).Options["invert_matching"]; inverted {
			// With inverted matching, subscribers do not receive the topic.
			// The other peers do.
			ended, end := context.WithCancel(ctx)
			end()
			if !until(func() bool { return pub.WaitSubscribers(ended, pub.Stats().Peers-w.n+1, topic) != nil }) {
				return fmt.Errorf("%s still sends %q to all but fewer than %d peers", w.publisher, w.topic, w.n)
			}
			continue
		}
		if err := pub.WaitSubscribers(ctx, w.n, topic); err != nil {
			return fmt.Errorf("%s waits for %d subscribers of %q: %w", w.publisher, w.n, w.topic, err)
		}
	}
	for _, name := range sp.subs {
		// WaitSubscribers cannot wait for an unsubscription, or for a topic
		// with an already subscribed prefix. WaitSubscribed waits for a PONG, which
		// follows both, but only from one publisher.
		if sp.peers[name] == 0 {
			continue
		}
		sub := r.sockets[name].(interface{ WaitSubscribed(context.Context) error })
		if err := sub.WaitSubscribed(ctx); err != nil {
			return fmt.Errorf("%s waits for its publishers: %w", name, err)
		}
	}
	return nil
}

func (r *run) refusals(names []string) map[string]uint64 {
	m := map[string]uint64{}
	for _, n := range names {
		m[n] = refusals(r.sockets[n])
	}
	return m
}

func refusals(s harness.Socket) uint64 {
	e := s.Stats().Events
	return e[zmq.EventPeerRefused] + e[zmq.EventHandshakeFailed]
}

// until polls until done returns true. Counters offer no notification.
func until(done func() bool) bool {
	end := time.Now().Add(waitLimit)
	for wait := 10 * time.Microsecond; !done(); wait = min(2*wait, time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(wait)
	}
	return true
}

// barrier is two PAIR sockets that exchange messages over a real transport.
// After such an exchange, messages sent before it have almost always arrived.
// If one has not, drain misses an unexpected message, and the next receive
// finds it.
type barrier struct{ a, b *zmq.Pair }

func newBarrier(at string) (*barrier, error) {
	a, err := zmq.NewPair(nil)
	if err != nil {
		return nil, err
	}
	b, err := zmq.NewPair(nil)
	if err != nil {
		return nil, err
	}
	at, err = a.Bind(at)
	if err != nil {
		return nil, err
	}
	return &barrier{a, b}, b.Connect(at)
}

func (b *barrier) close() {
	b.a.Close()
	b.b.Close()
}

// pass exchanges messages in both directions. It returns immediately if the
// scenario uses only inproc, where messages are never in flight.
func (b *barrier) pass(p *plan) {
	if !p.wired() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	for range 3 {
		for _, way := range [][2]*zmq.Pair{{b.a, b.b}, {b.b, b.a}} {
			way[0].Send(ctx, nil)
			way[1].Recv(ctx)
		}
	}
}

// wired reports whether a scenario uses tcp or ipc.
func (p *plan) wired() bool {
	return p.transport != "inproc" || slices.ContainsFunc(p.Scenario.Steps, func(s Step) bool {
		return s.Do == doConnect && s.At != "" && s.At[:3] != "inp"
	})
}

// errno returns the name of the libzmq error that corresponds to err.
func errno(err error) string {
	for _, e := range []struct {
		is   error
		name string
	}{
		{nil, ""},
		{zmq.ErrWouldBlock, "EAGAIN"},
		{context.DeadlineExceeded, "EAGAIN"},
		{zmq.ErrInvalidState, "EFSM"},
		{zmq.ErrNoRoute, "EHOSTUNREACH"},
		{zmq.ErrEndpointInUse, "EADDRINUSE"},
		{syscall.EADDRINUSE, "EADDRINUSE"},
		{zmq.ErrEndpointNotFound, "ENOENT"},
		{zmq.ErrInvalidEndpoint, "EINVAL"},
		{zmq.ErrInvalidOption, "EINVAL"},
		{zmq.ErrDuplicateRoutingID, "EINVAL"},
		{zmq.ErrInvalidGroup, "EINVAL"},
		{zmq.ErrUnsupportedTransport, "EPROTONOSUPPORT"},
		{zmq.ErrInvalidMessage, "EINVAL"},
		{syscall.EINVAL, "EINVAL"},
		{syscall.ENOTSUP, "ENOTSUP"},
	} {
		if errors.Is(err, e.is) {
			return e.name
		}
	}
	return err.Error()
}
