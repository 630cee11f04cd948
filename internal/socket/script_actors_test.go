package socket_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

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
	switch l.Type() {
	case pattern.PUSH, pattern.PUB:
		actor(0, true, l.send)
	case pattern.PULL, pattern.SUB:
		actor(1, false, l.receive(nil))
	case pattern.DEALER, pattern.PAIR:
		actor(0, true, l.send)
		actor(1, false, l.receive(nil))
	case pattern.ROUTER:
		actor(1, false, l.receive(l.route))
	case pattern.REP:
		actor(1, false, l.receive(l.reply))
	case pattern.REQ:
		for k := range uint64(*scriptCallers) {
			actor(2+k, true, l.call)
		}
	}
}

// next returns the next message and its label.
func (l *instance) next(r *rand.Rand) (label, msg.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	this := label{l.id, l.seq}
	sizes := make([]int, r.IntN(l.sc.frames+1))
	for i := range sizes {
		sizes[i] = r.IntN(l.sc.size + 1)
	}
	topic := byte('A')
	if r.IntN(2) == 0 {
		topic = 'B'
	}
	return this, compose(topic, this, sizes...)
}

// recordSent records whether a message was accepted.
func (l *instance) recordSent(this label, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.accepted[this] = true
	default:
		l.failed[this] = true
	}
}

// recordReceived checks and records a received message.
func (l *instance) recordReceived(m *msg.Msg) {
	this, err := examine(framesOf(m))
	if err != nil {
		l.sc.Errorf("socket %d: %v", l.id, err)
	}
	l.mu.Lock()
	l.delivered = append(l.delivered, delivery{this, m.From})
	l.mu.Unlock()
}

func shortContext(r *rand.Rand, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Duration(r.Int64N(int64(d))))
}

func sleepUpTo(r *rand.Rand, d time.Duration) { time.Sleep(time.Duration(r.Int64N(int64(d)))) }

// send sends the planned number of messages, some with a context that ends
// early.
func (l *instance) send(r *rand.Rand) {
	if l.Type() == pattern.PUB && l.sc.lossless {
		l.WaitSubscribers(context.Background(), l.sc.spokes, []byte("A"))
	}
	gap := scriptLength / time.Duration(l.sc.messages)
	for range l.sc.messages {
		this, m := l.next(r)
		ctx, cancel := shortContext(r, time.Second)
		if r.IntN(4) == 0 {
			l.recordSent(this, l.TrySend(m))
		} else {
			l.recordSent(this, l.Send(ctx, m))
		}
		cancel()
		if r.IntN(2) == 0 {
			sleepUpTo(r, gap)
		}
	}
}

// receive receives until the socket is closed, and calls then with each
// message.
func (l *instance) receive(then func(*rand.Rand, *msg.Msg)) func(*rand.Rand) {
	return func(r *rand.Rand) {
		for {
			if l.sc.slow && !l.sc.isHealed() {
				sleepUpTo(r, 500*time.Millisecond)
			}
			ctx, cancel := shortContext(r, time.Second)
			if r.IntN(2) == 0 {
				cancel()
				ctx, cancel = context.WithCancel(context.Background())
			}
			var m msg.Msg
			err := l.Recv(ctx, &m)
			cancel()
			switch {
			case errors.Is(err, socket.ErrClosed):
				return
			case errors.Is(err, context.DeadlineExceeded):
				continue
			case err != nil:
				l.sc.Errorf("socket %d: receive: %v", l.id, err)
				return
			}
			l.recordReceived(&m)
			if then != nil {
				then(r, &m)
			}
		}
	}
}

func (sc *script) isHealed() bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.healed
}

// route replies to about half of the messages of a ROUTER.
func (l *instance) route(r *rand.Rand, m *msg.Msg) {
	if r.IntN(2) == 0 {
		return
	}
	this, answer := l.next(r)
	ctx, cancel := shortContext(r, 100*time.Millisecond)
	defer cancel()
	l.recordSent(this, l.SendTo(ctx, m.From.RoutingID, answer))
}

// reply replies to a request.
func (l *instance) reply(r *rand.Rand, _ *msg.Msg) {
	this, answer := l.next(r)
	l.recordSent(this, l.Send(context.Background(), answer))
}

// call sends requests.
func (l *instance) call(r *rand.Rand) {
	for range 1 + l.sc.messages/3 {
		this, m := l.next(r)
		ctx, cancel := shortContext(r, 2*time.Second)
		answer, err := l.Requests().Call(ctx, m)
		cancel()
		if err == nil {
			l.recordReceived(&answer)
			l.recordSent(this, nil)
			continue
		}
		// Only the bytes of the connection show whether it was sent.
		l.mu.Lock()
		l.maybeSent[this] = true
		l.mu.Unlock()
		sleepUpTo(r, 100*time.Millisecond)
	}
}
