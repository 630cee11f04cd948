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

// act sets to work whoever uses a socket of this type.
func (l *life) act() {
	actor := func(k uint64, sends bool, f func(r *rand.Rand)) {
		l.acts.Add(1)
		if sends {
			l.sends.Add(1)
		}
		go func() {
			defer l.acts.Done()
			if sends {
				defer l.sends.Done()
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

// next makes the next message.
func (l *life) next(r *rand.Rand) (label, msg.Msg) {
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

// note keeps what became of a message.
func (l *life) note(this label, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.accepted[this] = true
	default:
		l.failed[this] = true
	}
}

// took checks and keeps a message that was received.
func (l *life) took(m *msg.Msg) {
	this, err := examine(framesOf(m))
	if err != nil {
		l.sc.Errorf("life %d: %v", l.id, err)
	}
	l.mu.Lock()
	l.delivered = append(l.delivered, delivery{this, m.From})
	l.mu.Unlock()
}

func brief(r *rand.Rand, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Duration(r.Int64N(int64(d))))
}

func nap(r *rand.Rand, d time.Duration) { time.Sleep(time.Duration(r.Int64N(int64(d)))) }

// send sends its share of messages, some of them too impatiently.
func (l *life) send(r *rand.Rand) {
	if l.Type() == pattern.PUB && l.sc.clean {
		l.WaitSubscribers(context.Background(), l.sc.spokes, []byte("A"))
	}
	gap := scriptLength / time.Duration(l.sc.messages)
	for range l.sc.messages {
		this, m := l.next(r)
		ctx, cancel := brief(r, time.Second)
		if r.IntN(4) == 0 {
			l.note(this, l.TrySend(m))
		} else {
			l.note(this, l.Send(ctx, m))
		}
		cancel()
		if r.IntN(2) == 0 {
			nap(r, gap)
		}
	}
}

// receive receives for as long as the socket is open. then is what to do about
// each message.
func (l *life) receive(then func(*rand.Rand, *msg.Msg)) func(*rand.Rand) {
	return func(r *rand.Rand) {
		for {
			if l.sc.lags && !l.sc.isHealed() {
				nap(r, 500*time.Millisecond)
			}
			ctx, cancel := brief(r, time.Second)
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
				l.sc.Errorf("life %d: receive: %v", l.id, err)
				return
			}
			l.took(&m)
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

// route answers every other message to a ROUTER.
func (l *life) route(r *rand.Rand, m *msg.Msg) {
	if r.IntN(2) == 0 {
		return
	}
	this, answer := l.next(r)
	ctx, cancel := brief(r, 100*time.Millisecond)
	defer cancel()
	l.note(this, l.SendTo(ctx, m.From.RoutingID, answer))
}

// reply answers a request.
func (l *life) reply(r *rand.Rand, _ *msg.Msg) {
	this, answer := l.next(r)
	l.note(this, l.Send(context.Background(), answer))
}

// call makes requests.
func (l *life) call(r *rand.Rand) {
	for range 1 + l.sc.messages/3 {
		this, m := l.next(r)
		ctx, cancel := brief(r, 2*time.Second)
		answer, err := l.Call(ctx, m)
		cancel()
		if err == nil {
			l.took(&answer)
			l.note(this, nil)
			continue
		}
		// Whether it was sent only the wire can tell.
		l.mu.Lock()
		l.unsure[this] = true
		l.mu.Unlock()
		nap(r, 100*time.Millisecond)
	}
}
