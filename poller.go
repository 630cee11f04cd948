package zmq

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
)

// Ready returns a channel for a select statement that serves several sockets, Go
// channels and timers in one goroutine. The channel is closed if there is a message
// now, or as soon as one arrives, and when the socket is closed:
//
//	select {
//	case <-orders.Ready():
//		m, err := orders.TryRecv()
//		...
//	case <-prices.Ready():
//		...
//	case job := <-jobs:
//		...
//	}
//
// Call Ready for each select: its channel is closed again as long as there are
// messages, so it is enough to receive one of them. A channel that is closed stays
// closed. Because another goroutine may take the message, or the message may be one
// that Recv drops, receive with TryRecv. On a REQ or REP the channel stays open while
// Recv would return [ErrInvalidState]. Ready starts no goroutine. [ZMQ_FD, ZMQ_EVENTS]
func (r Receiver) Ready() <-chan struct{} { return r.s.Ready() }

// Ready is [Receiver.Ready].
func (d *Dish) Ready() <-chan struct{} { return d.s.Ready() }

// Ready is [Receiver.Ready].
func (s *Dgram) Ready() <-chan struct{} { return s.s.Ready() }

// Deliver receives messages and sends them to c, until ctx ends, the socket is
// closed or Recv fails, and returns that error. It loses no message: one that it has
// received and not sent to c when ctx ends is the next that the socket returns; what
// is in the buffer of c has been delivered. It does not close c. If c is closed, it
// panics, and the message stays with the socket. Run it in a goroutine:
//
//	c := make(chan zmq.Message)
//	go func() { done <- pull.Deliver(ctx, c) }()
//
// With several goroutines that receive from the socket, later messages may be
// delivered before one that is returned to it. If the socket is closed, the message
// that is not sent to c is counted under [DropUnread], as those that are not
// received. On a REQ and REP, where each message has to be answered before the next
// one is received, the error matches [ErrInvalidState] and nothing is received.
func (r Receiver) Deliver(ctx context.Context, c chan<- Message) error {
	checkContext(ctx)
	switch r.s.Type() {
	case pattern.REQ, pattern.REP:
		return opError("deliver", "", fmt.Errorf("%w: messages of a %v have to be received one by one", ErrInvalidState, r.Socket))
	}
	return deliver(ctx, r.Socket, c, r.Messages(ctx), func(m Message) msg.Msg { return m.m })
}

// Deliver is [Receiver.Deliver].
func (d *Dish) Deliver(ctx context.Context, c chan<- GroupMessage) error {
	return deliver(ctx, d.Socket, c, d.Messages(ctx), ungrouped)
}

// Deliver is [Receiver.Deliver].
func (s *Dgram) Deliver(ctx context.Context, c chan<- Datagram) error {
	return deliver(ctx, s.Socket, c, s.Messages(ctx), withAddress)
}

// deliver sends the messages of an iterator to c, as [Receiver.Deliver] documents it.
// original returns the message as the core has returned it.
func deliver[M any](ctx context.Context, s Socket, c chan<- M, msgs iter.Seq2[M, error], original func(M) msg.Msg) error {
	for m, err := range msgs {
		if err != nil {
			return err
		}
		if err := deliverOne(ctx, s, c, m, original); err != nil {
			return err
		}
	}
	return nil
}

// deliverOne sends m to c. It returns m to the socket if that fails, also if it panics
// because c is closed.
func deliverOne[M any](ctx context.Context, s Socket, c chan<- M, m M, original func(M) msg.Msg) error {
	sent := false
	defer func() {
		if !sent {
			s.s.Transfer().Return([]msg.Msg{original(m)})
		}
	}()
	select {
	case c <- m:
		sent = true
		return nil
	default:
	}
	select {
	case c <- m:
		sent = true
		return nil
	case <-ctx.Done():
		return contextError(ctx, "deliver", ctx.Err())
	case <-s.s.Closing():
		return opError("deliver", "", ErrClosed)
	}
}

// Poller waits until one or more of many sockets have messages, for code that serves
// all of them in one goroutine. For a fixed, small number of sockets, or together with
// Go channels, [Receiver.Ready] is simpler. A Poller has no channel. To combine many
// sockets with Go channels, call Wait in a goroutine of its own, which sends what it
// receives to a channel, or run [Receiver.Deliver] for each socket. The zero Poller is
// ready to use; a Poller must not be copied after its first use. Add and Remove may be
// called concurrently, also during Wait; Wait by one goroutine at a time. [zmq_poll,
// zmq_poller_new]
type Poller struct {
	once    sync.Once
	waker   chan struct{} // set by wake
	mu      sync.Mutex
	sockets []Socket
	first   int // index in sockets where the next Wait begins
}

// NewPoller returns a Poller without sockets.
func NewPoller() *Poller { return new(Poller) }

// wake returns the channel that the sockets use to wake Wait.
func (p *Poller) wake() chan struct{} {
	p.once.Do(func() { p.waker = make(chan struct{}, 1) })
	return p.waker
}

// Add adds sockets, such as pull.Socket. The error matches [ErrInvalidOption] for
// a socket whose type does not receive messages, and for the zero [Socket]; then none
// is added. A socket that was added already stays there once.
func (p *Poller) Add(sockets ...Socket) error {
	for _, s := range sockets {
		if s == (Socket{}) {
			return opError("poll", "", fmt.Errorf("%w: the zero Socket", ErrInvalidOption))
		}
		if !s.s.Receives() {
			return opError("poll", "", fmt.Errorf("%w: a %v receives no messages", ErrInvalidOption, s))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range sockets {
		if !slices.Contains(p.sockets, s) {
			p.sockets = append(p.sockets, s)
			s.s.AddWaker(p.wake())
		}
	}
	p.wakeUp()
	return nil
}

// Remove removes a socket. It does nothing if the socket was not added.
func (p *Poller) Remove(s Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.sockets, s); i >= 0 {
		p.sockets = slices.Delete(p.sockets, i, i+1)
		s.s.RemoveWaker(p.wake())
	}
}

func (p *Poller) wakeUp() {
	select {
	case p.wake() <- struct{}{}:
	default:
	}
}

// Wait returns the sockets that have messages, at least one; it waits for that until
// ctx ends, and then returns the context's error. It is level-triggered: a socket is
// returned by each call as long as it has messages, so it is enough to receive one of
// them, with TryRecv, because another goroutine may have taken it. A closed socket is
// returned, too, and its TryRecv returns [ErrClosed], until it is removed. Each call
// begins the list with another socket, in the order of Add, so that a program that
// serves the first alone serves all in turn. Sockets that are ready are returned even
// if ctx has ended.
func (p *Poller) Wait(ctx context.Context) ([]Socket, error) {
	checkContext(ctx)
	for {
		if ready := p.ready(); len(ready) > 0 {
			return ready, nil
		}
		select {
		case <-p.wake():
		case <-ctx.Done():
			return nil, contextError(ctx, "poll", ctx.Err())
		}
	}
}

// ready returns the sockets that have messages.
func (p *Poller) ready() (ready []Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.sockets)
	for i := range n {
		at := (p.first + i) % n
		if s := p.sockets[at]; s.s.CanRecv() {
			ready = append(ready, s)
			if len(ready) == 1 {
				defer func() { p.first = (at + 1) % n }()
			}
		}
	}
	return ready
}
