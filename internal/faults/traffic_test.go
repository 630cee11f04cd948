package faults

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// instance is one socket of a node from opening to closing, with the records of its
// actors, the goroutines that use it.
type instance struct {
	*handle
	sc      *script
	node    *node
	id      uint32
	epoch   int // how often it was bound or connected; guarded by sc.mu
	topic   string
	actors  sync.WaitGroup // all actors
	senders sync.WaitGroup // the actors that end before the socket is closed
	over    chan struct{}  // closed after the last event

	// Used by the goroutine that runs play.
	closed   bool
	rejoined bool

	mu        sync.Mutex
	seq       uint32
	accepted  bits // accepted by a send, or by a Do that returned a reply
	maybe     bits // possibly sent by a Do that failed
	matching  bits // with the topic A
	sent      int  // number of accepted messages
	maybeSent int
	got       int // number of received messages
	generated int // those of them that were not sent by a peer
	seen      map[uint32]*bits
	last      map[stream]*view
	refused   map[int]bool // connections that it refused
	events    []zmq.Event
}

// stream is what one sender sends over one connection.
type stream struct {
	generation uint64
	sender     uint32
}

// view is what was received of a stream.
type view struct {
	first, last uint32
	n           int
}

// startActors starts the goroutines that use a socket of this type.
func (l *instance) startActors() {
	actor := func(k uint64, sends bool, f func(r *rand.Rand)) {
		l.actors.Add(1)
		if sends {
			l.senders.Add(1)
		}
		go func() {
			defer l.actors.Done()
			if sends {
				defer l.senders.Done()
			}
			f(rand.New(rand.NewPCG(l.sc.seed, uint64(l.id)<<8+k)))
		}()
	}
	typ, sc := l.node.typ, l.sc
	switch {
	case l.call != nil:
		for k := range uint64(3) {
			actor(2+k, true, l.request)
		}
	case l.trySend != nil:
		actor(0, true, l.sendAll)
	case l.sendTo != nil && sc.hub == sc.spoke:
		actor(0, true, l.sendToPeers)
	}
	if l.recv != nil {
		actor(1, false, func(r *rand.Rand) { l.receive(r, typ == zmq.TypeRep || sc.calls()) })
	}
}

// take takes up to n of the messages that the node is still to send.
func (n *node) take(want int) int {
	n.sc.mu.Lock()
	defer n.sc.mu.Unlock()
	got := min(want, n.left)
	n.left -= got
	return got
}

// next returns the next message and its label.
func (l *instance) next(r *rand.Rand) (uint32, [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	this := label{l.id, l.seq}
	l.seq++
	topic := byte('A')
	if r.IntN(2) == 0 {
		topic = 'B'
	} else {
		l.matching.add(this.seq)
	}
	first := appendHeader(make([]byte, 0, headerSize+64), topic, this)
	size := r.IntN(l.sc.size + 1)
	if l.sc.security == curveSecurity {
		size += leastSealed
	}
	frames := [][]byte{append(first, payload(this, 0, size)...)}
	for i := 1; i < l.sc.frames && r.IntN(2) == 0; i++ {
		frames = append(frames, payload(this, i, 1+r.IntN(l.sc.size+1))) // an empty one would end an envelope
	}
	return this.seq, frames
}

// recordSent records whether a message was accepted.
func (l *instance) recordSent(seq uint32, err error) {
	if err != nil {
		return
	}
	l.mu.Lock()
	l.accepted.add(seq)
	l.sent++
	l.mu.Unlock()
}

// try sends a message without waiting. It reports whether it was accepted.
func (l *instance) try(r *rand.Rand) bool {
	seq, frames := l.next(r)
	err := l.trySend(frames...)
	l.recordSent(seq, err)
	return err == nil
}

// wait sends a message with a context that ends soon.
func (l *instance) wait(r *rand.Rand) error {
	seq, frames := l.next(r)
	ctx, cancel := context.WithTimeout(context.Background(), randomTime(r, time.Second))
	defer cancel()
	err := l.send(ctx, frames...)
	l.recordSent(seq, err)
	return err
}

func randomTime(r *rand.Rand, d time.Duration) time.Duration {
	return 1 + time.Duration(r.Int64N(int64(d)))
}

// pace sleeps between bursts, so that the messages last for the time of the faults.
func (l *instance) pace(r *rand.Rand) {
	time.Sleep(randomTime(r, 2*faultTime*time.Duration(l.sc.burst)/time.Duration(2*l.sc.messages+1)))
}

// sendAll sends the messages of the node.
func (l *instance) sendAll(r *rand.Rand) {
	if p, ok := l.anySocket.(interface {
		WaitSubscribers(ctx context.Context, n int, topic string, others ...string) error
	}); ok && l.sc.lossless {
		topic := "A"
		if l.node.typ == zmq.TypeRadio {
			topic = group
		}
		peers := 1
		if l.node.n == 0 {
			peers = l.sc.spokes
		}
		p.WaitSubscribers(context.Background(), peers, topic)
	}
	for {
		n := l.node.take(1 + r.IntN(l.sc.burst))
		if n == 0 {
			return
		}
		if err := l.sendSome(r, n); errors.Is(err, zmq.ErrClosed) {
			return
		}
		if r.IntN(10) == 0 {
			l.checkFlush(r)
		}
		l.pace(r)
	}
}

// sendSome sends n messages, one by one or in one call.
func (l *instance) sendSome(r *rand.Rand, n int) error {
	if r.IntN(3) == 0 {
		return l.sendInBatch(r, n)
	}
	for range n {
		if l.try(r) {
			continue
		}
		if err := l.wait(r); errors.Is(err, zmq.ErrClosed) {
			return err
		}
	}
	return nil
}

// sendInBatch sends n messages with one call, whose context ends soon.
func (l *instance) sendInBatch(r *rand.Rand, n int) error {
	seqs, msgs := make([]uint32, n), make([]zmq.Message, n)
	for i := range n {
		var frames [][]byte
		seqs[i], frames = l.next(r)
		msgs[i] = zmq.NewMessage(frames...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), randomTime(r, time.Second))
	defer cancel()
	sent, err := l.sendBatch(ctx, msgs)
	if sent < n && err == nil {
		l.sc.errorf("socket %d: a batch of %d sent %d and has no error", l.id, n, sent)
	}
	for _, seq := range seqs[:sent] {
		l.recordSent(seq, nil)
	}
	return err
}

// checkFlush calls Flush. If it succeeds, nothing is queued.
func (l *instance) checkFlush(r *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), randomTime(r, time.Second))
	defer cancel()
	err := l.flush(ctx)
	if n := l.Stats().QueuedSend; err == nil && n > 0 && !l.sc.inproc {
		l.sc.errorf("socket %d: %d messages queued after Flush", l.id, n)
	}
}

// sendToPeers sends the messages of the node to its peers.
func (l *instance) sendToPeers(r *rand.Rand) {
	for {
		n := l.node.take(1 + r.IntN(l.sc.burst))
		if n == 0 {
			return
		}
		peers := l.Peers()
		if len(peers) == 0 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			err := l.WaitConnected(ctx)
			cancel()
			if errors.Is(err, zmq.ErrClosed) {
				return
			}
			peers = l.Peers()
		}
		for range min(n, n*len(peers)) {
			seq, frames := l.next(r)
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			err := l.sendTo(ctx, peers[r.IntN(len(peers))], frames...)
			cancel()
			l.recordSent(seq, err)
		}
		l.pace(r)
	}
}

// request sends the requests of the node.
func (l *instance) request(r *rand.Rand) {
	for l.node.take(1) > 0 {
		seq, frames := l.next(r)
		ctx, cancel := context.WithTimeout(context.Background(), randomTime(r, 2*time.Second))
		answer, err := l.call(ctx, frames...)
		cancel()
		switch {
		case err == nil:
			l.recordSent(seq, nil)
			l.recordReceived(&answer)
			if r.IntN(8) == 0 {
				time.Sleep(randomTime(r, 10*time.Millisecond))
			}
			continue
		case errors.Is(err, zmq.ErrClosed):
		}
		// Do does not always know whether the request was sent.
		l.mu.Lock()
		l.maybe.add(seq)
		l.maybeSent++
		l.mu.Unlock()
		time.Sleep(randomTime(r, 100*time.Millisecond))
	}
}

// receive receives until the socket is closed, and replies to all or to half of
// the messages if the type can.
func (l *instance) receive(r *rand.Rand, always bool) {
	replies := l.reply != nil && (l.sendTo == nil || l.sc.hub != l.sc.spoke)
	received := func(m zmq.Message) {
		l.recordReceived(&m)
		if !replies || !always && r.IntN(2) == 0 {
			return
		}
		seq, frames := l.next(r)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		l.recordSent(seq, l.reply(ctx, m, frames...))
		cancel()
	}
	for {
		if l.sc.slow && r.IntN(8) == 0 && !l.sc.isHealed() {
			time.Sleep(randomTime(r, 100*time.Millisecond))
		}
		switch err := l.receiveSome(r, received); {
		case errors.Is(err, zmq.ErrClosed):
			return
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			l.sc.errorf("socket %d: receive: %v", l.id, err)
			return
		}
	}
}

// receiveSome receives one or more messages: with TryRecv or Recv, with RecvBatch, or with
// a loop over Messages that ends early.
func (l *instance) receiveSome(r *rand.Rand, received func(zmq.Message)) error {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if r.IntN(8) == 0 {
		ctx, cancel = context.WithTimeout(ctx, randomTime(r, time.Second))
	}
	defer cancel()
	n := 1 + r.IntN(8)
	switch kind := r.IntN(3); {
	case kind == 0 && l.recvBatch != nil:
		msgs := make([]zmq.Message, n)
		got, err := l.recvBatch(ctx, msgs)
		for _, m := range msgs[:got] {
			received(m)
		}
		return err
	case kind == 1 && l.messages != nil:
		for m, err := range l.messages(ctx) {
			if err != nil {
				return err
			}
			received(m)
			if n--; n == 0 {
				break
			}
			if r.IntN(16) == 0 && !l.sc.isHealed() { // the loop has taken more messages
				time.Sleep(randomTime(r, 10*time.Millisecond))
			}
		}
		return nil
	}
	m, err := l.tryRecv()
	if errors.Is(err, zmq.ErrWouldBlock) {
		m, err = l.recv(ctx)
	}
	if err == nil {
		received(m)
	}
	return err
}

// recordReceived checks and records a received message.
func (l *instance) recordReceived(m *zmq.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got++
	if l.node.typ == zmq.TypeXPub {
		l.generated++ // subscriptions; SUB peers send no messages
		return
	}
	this, err := examine(m)
	if err != nil {
		l.sc.errorf("socket %d: %v", l.id, err)
		return
	}
	seen := l.seen[this.sender]
	if seen == nil {
		if l.seen == nil {
			l.seen = make(map[uint32]*bits)
		}
		seen = new(bits)
		l.seen[this.sender] = seen
	}
	if !seen.add(this.seq) {
		l.sc.errorf("socket %d: message %v was delivered twice", l.id, this)
	}
	s := stream{m.From().Generation(), this.sender}
	v := l.last[s]
	if v == nil {
		v = &view{first: this.seq, last: this.seq}
		l.last[s] = v
	} else if this.seq <= v.last && !l.sc.calls() { // concurrent requests have no order
		l.sc.errorf("socket %d: message %v was delivered after %d of the same connection", l.id, this, v.last)
	}
	v.last = this.seq
	v.n++
}

// watch records the events of the socket.
func (l *instance) watch(events iter.Seq[zmq.Event]) {
	defer close(l.over)
	for ev := range events {
		l.mu.Lock()
		l.events = append(l.events, ev)
		if ev.Kind == zmq.EventPeerRefused {
			l.refused[max(ordinal(ev.LocalAddr), ordinal(ev.RemoteAddr))] = true
		}
		l.mu.Unlock()
	}
}
