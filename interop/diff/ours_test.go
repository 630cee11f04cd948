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

// patience bounds every wait, of ours and of the workers. It is no expectation:
// only a difference waits so long.
const patience = 30 * time.Second

// run is a scenario in progress on this library.
type run struct {
	plan    *plan
	sockets map[string]harness.Socket
	streams map[string]*stream // those that are no sockets
	kept    map[string]string
	notice  map[string]zmq.Message // the last that an XPUB received
	before  map[string]uint64      // peers turned away before the step
	closing sync.WaitGroup         // sockets that wait for others
}

// runOurs plays a scenario. How many messages came at libzmq tells it how many
// to wait for, so that it never mistakes late for never.
func runOurs(p *plan, libzmq Trace, b *barrier) (t Trace, err error) {
	r := &run{
		plan: p, sockets: map[string]harness.Socket{}, streams: map[string]*stream{},
		kept: map[string]string{}, notice: map[string]zmq.Message{},
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
		s, err := harness.Open(so.Type, o)
		if err != nil {
			return nil, err
		}
		r.sockets[so.Name] = s
	}
	for i := range p.Steps {
		st := &p.Steps[i]
		r.before = r.refusals(st.Plan.turns)
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

// end closes what is left, without waiting for what nobody takes.
func (r *run) end() {
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
		return Outcome{Err: errno(assign(s.(*zmq.XPub), r.notice[st.Socket], st))}
	case doTopics:
		return Outcome{Counts: []int{s.(interface{ TopicCount() int }).TopicCount()}}
	case doJoin:
		return Outcome{Err: errno(s.(*zmq.Dish).Join(string(unlatin(st.Topic))))}
	case doLeave:
		return Outcome{Err: errno(s.(*zmq.Dish).Leave(string(unlatin(st.Topic))))}
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

// assign says what the peer gets whose subscription an XPUB received last.
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

// send sends without waiting. A ROUTER's first frame is whom to.
func (r *run) send(s harness.Socket, frames []string) error {
	raw := make([][]byte, len(frames))
	for i, f := range frames {
		raw[i] = unlatin(recall(r.kept, f))
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

// oneFrame is a CLIENT, a CHANNEL or a SCATTER.
type oneFrame interface {
	TrySend(body []byte) error
	TrySendMessage(m zmq.Message) error
}

// sendOne sends one frame; more can only be asked for as a message.
func sendOne(frames [][]byte, send func([]byte) error, message func(zmq.Message) error) error {
	if len(frames) == 1 {
		return send(frames[0])
	}
	return message(zmq.NewMessage(frames...))
}

// recall is a frame, or what "$name" stands for.
func recall(kept map[string]string, f string) string {
	if len(f) > 1 && f[0] == '$' {
		return kept[f[1:]]
	}
	return f
}

// recv receives n messages. It waits for at least the first so many, and for
// the others only a moment if libzmq did not get them either.
func (r *run) recv(s harness.Socket, st *Step, n, certain int) (o Outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for len(o.Got) < n {
		if err := r.recvOne(ctx, s, st, len(o.Got) < certain, &o); err != nil {
			o.Err = errno(err)
			break
		}
	}
	return o
}

// drain receives what is there. That nothing is can only be known when
// everything has settled.
func (r *run) drain(s harness.Socket, st *Step, certain [][]string, b *barrier) (o Outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for settled := false; ; {
		wait := len(o.Got) < len(certain)
		if st.Order == newest && len(certain) > 0 && len(o.Got) > 0 {
			// However many came before the last.
			wait = !slices.Equal(o.Got[len(o.Got)-1], certain[len(certain)-1])
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

// pool drains several sockets. Who gets what may be free, so it waits for as
// many as all of them got.
func (r *run) pool(st *Step, certain int, b *barrier) (all Outcome) {
	each := make([]Outcome, len(st.Of))
	sweep := func() (n int) {
		for i, name := range st.Of {
			for r.recvOne(context.Background(), r.sockets[name], st, false, &each[i]) == nil {
			}
			n += len(each[i].Got)
		}
		return n
	}
	until(func() bool { return sweep() >= certain })
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
		r.notice[st.Socket] = m.Clone()
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

// receive receives a message, and what libzmq has beside its frames or in front
// of them: whom it is from, or to.
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

// close closes a socket, and waits for that unless it waits for others.
func (r *run) close(name string, wait bool) {
	s := r.sockets[name]
	if wait {
		s.Close()
		return
	}
	r.closing.Go(func() { s.Close() })
	until(func() bool { return errors.Is(s.Disconnect("inproc://nobody"), zmq.ErrClosed) })
}

// settle waits until the step's effects on peers and subscriptions are seen by
// all sockets.
func (r *run) settle(st *Step) error {
	sp := st.Plan
	for name, n := range sp.peers {
		s := r.sockets[name]
		if !until(func() bool { return s.Stats().Peers == n }) {
			return fmt.Errorf("%s has %d peers, want %d", name, s.Stats().Peers, n)
		}
	}
	for name, n := range r.before {
		if !until(func() bool { return refusals(r.sockets[name]) > n }) {
			return fmt.Errorf("%s has turned nobody away", name)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, w := range sp.pubs {
		pub := r.sockets[w.publisher].(interface {
			harness.Socket
			WaitSubscribers(context.Context, int, string) error
		})
		topic := string(unlatin(w.topic))
		if _, inverted := r.plan.socket(w.publisher).Options["invert_matching"]; inverted {
			// Who has subscribed does not get it: so many are left.
			ended, end := context.WithCancel(ctx)
			end()
			if !until(func() bool { return pub.WaitSubscribers(ended, pub.Stats().Peers-w.n+1, topic) != nil }) {
				return fmt.Errorf("%s still sends %q to all but fewer than %d", w.publisher, w.topic, w.n)
			}
			continue
		}
		if err := pub.WaitSubscribers(ctx, w.n, topic); err != nil {
			return fmt.Errorf("%s waits for %d subscribers of %q: %w", w.publisher, w.n, w.topic, err)
		}
	}
	for _, name := range sp.subs {
		// WaitSubscribers cannot tell of an unsubscription, nor of a topic
		// whose prefix the peer wants already. The PONG comes behind both,
		// but WaitSubscribed speaks for one publisher alone.
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

// until polls: counters have nobody to tell.
func until(done func() bool) bool {
	end := time.Now().Add(patience)
	for wait := 10 * time.Microsecond; !done(); wait = min(2*wait, time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(wait)
	}
	return true
}

// barrier is two PAIRs that send each other a message and back, by the same
// ways that other messages go. What was under way before has arrived then, as
// good as always; if not, a message that should not have come is missed here,
// and turns up at the next receive.
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

// pass returns when the messages are back. Over inproc nothing is ever under
// way.
func (b *barrier) pass(p *plan) {
	if !p.wired() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range 3 {
		for _, way := range [][2]*zmq.Pair{{b.a, b.b}, {b.b, b.a}} {
			way[0].Send(ctx, nil)
			way[1].Recv(ctx)
		}
	}
}

// wired reports whether a scenario uses any transport but inproc.
func (p *plan) wired() bool {
	return p.transport != "inproc" || slices.ContainsFunc(p.Scenario.Steps, func(s Step) bool {
		return s.Do == doConnect && s.At != "" && s.At[:3] != "inp"
	})
}

// errno names an error as libzmq does.
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
