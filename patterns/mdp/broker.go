package mdp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Broker is a Majordomo broker: a ROUTER to which clients and workers connect. It embeds
// the [zmq.Socket], for Bind, BindWith, Events and so on; Close, Shutdown and
// Stats are those of the broker. All methods may be called concurrently.
type Broker struct {
	zmq.Socket
	router *zmq.Router
	tick   time.Duration

	mu     sync.Mutex
	core   *core // guarded by mu
	isIdle bool  // idle is closed; guarded by mu

	closing  context.Context    // ends when the loop has to end
	end      context.CancelFunc // of closing
	done     chan struct{}      // closed by the loop when it has ended
	idle     chan struct{}      // closed by step when core is draining and has no request
	closeErr error              // of the socket; set once
	once     sync.Once
}

// NewBroker starts a broker. Bind it to one or more endpoints. Nil options are all
// defaults. The error matches [zmq.ErrInvalidOption].
func NewBroker(o *BrokerOptions) (*Broker, error) {
	if o == nil {
		o = new(BrokerOptions)
	}
	so := o.socketOptions()
	cfg, err := o.config(so)
	if err != nil {
		return nil, fmt.Errorf("mdp: new broker: %w", err)
	}
	router, err := zmq.NewRouter(so)
	if err != nil {
		return nil, fmt.Errorf("mdp: new broker: %w", err)
	}
	if o.Sockets != nil {
		o.Sockets.Add("mdp broker", router.Socket)
	}
	b := &Broker{Socket: router.Socket, router: router, core: newCore(cfg),
		tick: tickInterval(cfg.heartbeat, cfg.requestTimeout), done: make(chan struct{}), idle: make(chan struct{})}
	b.closing, b.end = context.WithCancel(context.Background())
	go b.run()
	return b, nil
}

// tickInterval returns how often timeouts are checked: often enough that they are
// at most an eighth late, but not more than 200 times a second.
func tickInterval(timeouts ...time.Duration) time.Duration {
	d := time.Second
	for _, t := range timeouts {
		d = min(d, t/8)
	}
	return max(d, 5*time.Millisecond)
}

// Stats returns the counters of the broker. Those of its socket are Socket.Stats.
func (b *Broker) Stats() BrokerStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.snapshot()
}

// Services describes the services that have workers or queued requests, sorted by name.
func (b *Broker) Services() []ServiceInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.list()
}

// Close ends the broker: it sends DISCONNECT to the workers, which then look for the
// next broker, drops all requests, and closes the socket, which writes
// queued messages for at most Options.Linger. It returns when all goroutines have ended.
// The error is that of [zmq.Socket.Close]. Later calls return the same.
func (b *Broker) Close() error { return b.close(b.Socket.Close) }

// Shutdown is like Close but first completes the requests that it holds, until ctx ends:
// meanwhile it drops new requests and refuses new workers. Its error is nil if
// all of them were completed and all replies were written. Otherwise it matches
// that of ctx, or is that of [zmq.Socket.Shutdown].
func (b *Broker) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	if b.core.state == stateServing {
		b.core.state = stateDraining
	}
	b.mu.Unlock()
	b.step(func(time.Time) {})
	var drained error
	select {
	case <-b.idle:
	case <-b.done:
	case <-ctx.Done():
		drained = fmt.Errorf("mdp: shutdown: %w", ctx.Err())
	}
	return errors.Join(drained, b.close(func() error { return b.Socket.Shutdown(ctx) }))
}

// close ends the loop and then the socket.
func (b *Broker) close(closeSocket func() error) error {
	b.once.Do(func() {
		b.end()
		<-b.done
		b.closeErr = closeSocket()
	})
	return b.closeErr
}

// run receives messages until the broker or its socket is closed.
func (b *Broker) run() {
	defer close(b.done)
	msgs := make([]zmq.Message, 256)
	for b.closing.Err() == nil {
		tick := time.Now().Add(b.tick)
		ctx, cancel := context.WithDeadline(b.closing, tick)
		err := b.receiveUntil(ctx, tick, msgs)
		cancel()
		if err != nil {
			break
		}
		b.step(b.core.tick)
	}
	b.step(b.core.close)
}

// receiveUntil processes messages until a time, and returns an error if the socket is
// closed. ctx ends at that time, or when the broker is closed.
func (b *Broker) receiveUntil(ctx context.Context, tick time.Time, msgs []zmq.Message) error {
	for {
		n, err := b.router.RecvBatch(ctx, msgs)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		var now time.Time
		b.step(func(t time.Time) {
			now = t
			for i := range msgs[:n] {
				m := &msgs[i]
				if m.IsDisconnect() {
					b.core.disconnected(t, m.RoutingID())
				} else {
					b.core.handle(t, m.RoutingID(), *m)
				}
			}
		})
		clear(msgs[:n])
		if !now.Before(tick) || b.closing.Err() != nil {
			return nil
		}
	}
}

// step runs a step of the core and sends the messages that result from it.
func (b *Broker) step(f func(now time.Time)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	f(now)
	for len(b.core.changed) > 0 { // a message that is not sent may result in others
		changed := b.core.changed
		b.core.changed = nil
		for _, p := range changed {
			b.send(now, p)
		}
		if b.core.changed == nil {
			clear(changed)
			b.core.changed = changed[:0]
		}
	}
	b.core.build.reset()
	if b.core.state != stateServing && !b.isIdle && b.core.queued+b.core.inFlight == 0 {
		b.isIdle = true
		close(b.idle)
	}
}

// noWait is a context with which a call does not wait.
var noWait = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// send sends the messages for a peer, without waiting.
func (b *Broker) send(now time.Time, p *peer) {
	out := b.core.takeOut(p)
	n, err := b.router.SendBatchTo(noWait, p.id, out)
	if err != nil {
		reason := DropClientFull
		if errors.Is(err, zmq.ErrNoRoute) {
			reason = DropClientLost
		}
		b.core.unsent(now, p, out[n:], reason)
	}
	b.core.recycle(out)
}
