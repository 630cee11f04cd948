package zbeacon

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/netip"
	"sync"
	"time"
)

// Signal is a beacon that was received.
type Signal struct {
	// Payload belongs to the caller.
	Payload []byte
	// Source is the source address of the datagram, with a zone if it is a link-local
	// address of IPv6. It may be forged.
	Source netip.Addr
}

// Stats has the counters of a Beacon since it was made. Received is the sum of Delivered
// and of the counters after it, except for signals that are in the queue or were there
// when the Beacon was closed.
type Stats struct {
	Sent       uint64 // datagrams that the system has accepted
	SendErrors uint64 // datagrams that it has not accepted; the socket is then opened again
	Reopened   uint64 // times that the socket was opened again

	Received    uint64 // datagrams
	Delivered   uint64 // signals that Recv has returned
	Own         uint64 // dropped: equal to the published payload
	Filtered    uint64 // dropped: without the subscribed prefix, or nothing is subscribed
	TooLarge    uint64 // dropped: more than MaxPayload bytes
	OverRate    uint64 // dropped: above Options.SourceRate
	OverSources uint64 // dropped: above Options.NewSourceRate
	QueueFull   uint64 // dropped: Options.QueueSize signals are unread
	Sources     int    // source addresses that are remembered
}

// Beacon sends and receives beacons. All methods may be called concurrently.
type Beacon struct {
	o      Options
	queue  chan Signal
	wake   chan struct{} // a change of the published payload
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned

	mu       sync.Mutex
	conn     Conn // nil while the socket is being opened again
	addr     netip.Addr
	payload  []byte // nil: nothing is published
	interval time.Duration
	nextAt   time.Time // when the payload is sent next
	prefix   []byte    // nil: nothing is subscribed
	limits   *limiter
	stats    Stats
}

// New opens the socket and returns a Beacon that neither publishes nor receives. The
// options may be nil. The error matches ErrInvalidOption or ErrNoInterface, or is that of
// the system.
func New(o *Options) (*Beacon, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	conn, err := c.Listen(&c)
	if err != nil {
		return nil, fmt.Errorf("zbeacon: listen to UDP port %d: %w", c.Port, err)
	}
	b := &Beacon{
		o:      c,
		queue:  make(chan Signal, c.QueueSize),
		wake:   make(chan struct{}, 1),
		done:   make(chan struct{}),
		conn:   conn,
		addr:   conn.Addr(),
		limits: newLimiter(&c, time.Now()),
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	go b.run(conn)
	return b, nil
}

// Addr returns the address of the selected interface, which other programs see as the
// source of the beacons. It is unspecified if Options.Interface is "*".
func (b *Beacon) Addr() netip.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.addr
}

// Publish broadcasts a payload at once and then at each interval, in place of the one
// published before. It copies the payload. An interval of 0 is one second. The error
// matches ErrPayloadSize, ErrInvalidOption for a negative interval, or ErrClosed. A
// broadcast that fails is repeated after the socket was opened again. [PUBLISH]
func (b *Beacon) Publish(payload []byte, interval time.Duration) error {
	switch {
	case len(payload) == 0 || len(payload) > MaxPayload:
		return fmt.Errorf("zbeacon: publish %d bytes: %w", len(payload), ErrPayloadSize)
	case interval < 0:
		return fmt.Errorf("zbeacon: publish: %w: interval %s", ErrInvalidOption, interval)
	case b.ctx.Err() != nil:
		return fmt.Errorf("zbeacon: publish: %w", ErrClosed)
	}
	if interval == 0 {
		interval = defaultInterval
	}
	b.mu.Lock()
	b.payload, b.interval, b.nextAt = bytes.Clone(payload), interval, time.Now()
	b.mu.Unlock()
	b.notify()
	return nil
}

// Silence stops publishing. [SILENCE]
func (b *Beacon) Silence() {
	b.mu.Lock()
	b.payload = nil
	b.mu.Unlock()
	b.notify()
}

// Send broadcasts a payload once, at the time of the call, such as the last beacon of a
// program that ends. The error matches ErrPayloadSize or ErrClosed, or is that of the
// system.
func (b *Beacon) Send(payload []byte) error {
	if len(payload) == 0 || len(payload) > MaxPayload {
		return fmt.Errorf("zbeacon: send %d bytes: %w", len(payload), ErrPayloadSize)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return fmt.Errorf("zbeacon: send: %w", ErrClosed)
	}
	if b.conn == nil {
		return fmt.Errorf("zbeacon: send: %w", ErrNoInterface)
	}
	return b.broadcast(b.conn, payload)
}

// Subscribe receives the beacons that begin with a prefix, in place of the one subscribed
// to before. An empty prefix is all beacons. The payload that this Beacon publishes is
// never received. [SUBSCRIBE]
func (b *Beacon) Subscribe(prefix []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prefix = append([]byte{}, prefix...)
}

// Unsubscribe stops receiving. Signals in the queue can still be read. [UNSUBSCRIBE]
func (b *Beacon) Unsubscribe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prefix = nil
}

// Recv returns the next signal. It waits until there is one, and returns the error of ctx
// if that ends first, or one that matches ErrClosed.
func (b *Beacon) Recv(ctx context.Context) (Signal, error) {
	select {
	case s := <-b.queue:
		return b.delivered(s), nil
	default:
	}
	select {
	case s := <-b.queue:
		return b.delivered(s), nil
	case <-ctx.Done():
		return Signal{}, ctx.Err()
	case <-b.ctx.Done():
		return Signal{}, fmt.Errorf("zbeacon: receive: %w", ErrClosed)
	}
}

// Signals returns an iterator over the signals as Recv returns them. Its last pair has
// the error that ends it.
func (b *Beacon) Signals(ctx context.Context) iter.Seq2[Signal, error] {
	return func(yield func(Signal, error) bool) {
		for {
			s, err := b.Recv(ctx)
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Stats returns the counters.
func (b *Beacon) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stats
	s.Sources = len(b.limits.sources)
	return s
}

// Close stops publishing, closes the socket and waits until all goroutines have ended.
// It returns nil.
func (b *Beacon) Close() error {
	b.cancel()
	<-b.done
	return nil
}

func (b *Beacon) delivered(s Signal) Signal {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Delivered++
	return s
}

// notify makes run look at the published payload again.
func (b *Beacon) notify() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
