package seq

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Subscriber receives the messages of numbered publishers and recovers the ones that it
// has missed. It starts no goroutines: the loop over [Subscriber.Messages] runs the
// protocol, so that a slow loop slows the reading of the sockets. All methods may be called
// concurrently.
type Subscriber struct {
	o      SubscriberOptions
	poller *zmq.Poller
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	loop   sync.Mutex // held while a loop runs; guards buf
	buf    [batch]zmq.Message

	mu         sync.Mutex
	closed     bool
	interrupt  context.CancelFunc // ends the wait of the loop; nil if no loop runs
	sources    map[string]*source // by endpoint
	readers    map[zmq.Socket]func(now time.Time)
	results    []result
	taken      int // results that were yielded
	publishers int
	stats      SubscriberStats // with the counters of former trackers
}

// NewSubscriber returns a subscriber without endpoints. The error matches
// [ErrInvalidOption].
func NewSubscriber(o *SubscriberOptions) (*Subscriber, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Subscriber{o: c, poller: zmq.NewPoller(), sources: make(map[string]*source)}
	s.readers = make(map[zmq.Socket]func(time.Time))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Connect receives the messages of the publisher at an endpoint, and requests the ones that
// it misses from the publisher's replay endpoint. With an empty replay endpoint, missed
// messages are lost. Like [zmq.Connector.Connect] it returns at once. A subscriber that is
// connected to several publishers needs one call for each. The error matches
// [ErrConnected], [ErrTooManyPublishers], [ErrInvalidOption], [zmq.ErrInvalidEndpoint] or
// [ErrClosed].
func (s *Subscriber) Connect(endpoint, replay string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publishers >= s.o.MaxPublishers {
		return ErrTooManyPublishers
	}
	c, err := s.newSource(endpoint)
	if err != nil {
		return err
	}
	c.replay = replay
	c.one = &tracker{limits: s.o.limits(replay != ""), name: endpoint}
	s.publishers++
	if err := c.sub.Connect(endpoint); err != nil {
		return errors.Join(err, c.close())
	}
	if replay != "" && !c.openDealer() {
		c.close()
		return &zmq.OpError{Op: "connect", Endpoint: replay, Err: zmq.ErrInvalidEndpoint}
	}
	s.sources[endpoint] = c
	c.one.begin(time.Now())
	c.collect(c.one)
	s.wake()
	return nil
}

// Bind receives the messages of publishers that connect to an endpoint, and returns the
// endpoint with wildcards replaced. They have no replay endpoint, so that missed messages
// are lost. Publishers are distinguished by their connection and their topic. One that
// connects again, and whose former connection has ended, continues its sequence. The
// error is as that of [zmq.Socket.Bind], or matches [ErrConnected].
func (s *Subscriber) Bind(endpoint string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.newSource(endpoint)
	if err != nil {
		return "", err
	}
	c.many = make(map[uint64]map[string]*tracker)
	bound, err := c.sub.Bind(endpoint)
	if err != nil {
		return "", errors.Join(err, c.close())
	}
	c.endpoint = bound
	s.sources[bound] = c
	s.wake()
	return bound, nil
}

// newSource returns a source whose socket has subscribed.
func (s *Subscriber) newSource(endpoint string) (*source, error) {
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.sources[endpoint] != nil:
		return nil, ErrConnected
	}
	so := socketOptions(s.o.Socket)
	sub, err := zmq.NewSub(&so)
	if err != nil {
		return nil, err
	}
	c := &source{s: s, endpoint: endpoint, sub: sub}
	if err := errors.Join(sub.Subscribe(s.o.Topics...), s.poller.Add(sub.Socket)); err != nil {
		return nil, errors.Join(err, sub.Close())
	}
	if s.o.Sockets != nil {
		s.o.Sockets.Add("", sub.Socket)
	}
	s.readers[sub.Socket] = c.readLive
	return c, nil
}

// dealerOptions returns the options of a connection for replays. Nothing that it has not
// sent is of use after it is closed.
func (s *Subscriber) dealerOptions() *zmq.Options {
	so := socketOptions(s.o.Socket)
	so.Linger = zmq.NoLinger
	return &so
}

// Disconnect ends what Connect or Bind has begun. Messages of the endpoint that were
// received and not delivered may still be delivered. The error matches [ErrNotConnected].
func (s *Subscriber) Disconnect(endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sources[endpoint]
	if c == nil {
		return ErrNotConnected
	}
	delete(s.sources, endpoint)
	return c.close()
}

// WaitSubscribed waits until each connected publisher has processed the subscriptions, as
// [zmq.Subscriber.WaitSubscribed] does.
func (s *Subscriber) WaitSubscribed(ctx context.Context) error {
	s.mu.Lock()
	var subs []*zmq.Sub
	for _, c := range s.sources {
		subs = append(subs, c.sub)
	}
	s.mu.Unlock()
	for _, sub := range subs {
		if err := sub.WaitSubscribed(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Messages returns an iterator over the messages of all publishers: those of one publisher
// in the order of their numbers. A pair with a [*LostError] or a [*RestartedError] reports
// an event of a publisher, and the iterator continues; its Message has only Publisher and
// Topic. The last pair has the error that ends the iterator: that of ctx, [ErrClosed], or
// [ErrBusy] if another loop runs. After a loop has ended another one continues.
func (s *Subscriber) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if !s.loop.TryLock() {
			yield(Message{}, ErrBusy)
			return
		}
		defer s.loop.Unlock()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		for {
			for r, ok := s.take(); ok; r, ok = s.take() {
				if !yield(r.m, r.err) {
					return
				}
			}
			if err := s.step(ctx); err != nil {
				yield(Message{}, err)
				return
			}
		}
	}
}

// take returns the next result.
func (s *Subscriber) take() (result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == len(s.results) || s.closed {
		clear(s.results)
		s.results, s.taken = s.results[:0], 0
		return result{}, false
	}
	s.taken++
	return s.results[s.taken-1], true
}

// step waits for messages or a deadline and processes them.
func (s *Subscriber) step(ctx context.Context) error {
	wait, at, cancel := s.prepare(ctx)
	ready, err := s.poller.Wait(wait)
	cancel()
	if ctx.Err() != nil {
		if s.ctx.Err() != nil {
			return ErrClosed
		}
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err == nil {
		for _, socket := range ready {
			if read := s.readers[socket]; read != nil {
				read(now)
			}
		}
	}
	if !at.IsZero() && !now.Before(at) {
		s.expire(now)
	}
	return nil
}

// prepare returns a context for a wait, which ends at the first deadline of a tracker.
func (s *Subscriber) prepare(ctx context.Context) (wait context.Context, at time.Time, cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sources {
		c.trackers(func(t *tracker) {
			if d := t.deadline(); !d.IsZero() && (at.IsZero() || d.Before(at)) {
				at = d
			}
		})
	}
	if at.IsZero() {
		wait, cancel = context.WithCancel(ctx)
	} else {
		wait, cancel = context.WithDeadline(ctx, at)
	}
	s.interrupt = cancel
	return wait, at, cancel
}

// expire lets the trackers whose deadline has passed continue.
func (s *Subscriber) expire(now time.Time) {
	for _, c := range s.sources {
		c.trackers(func(t *tracker) {
			t.expire(now)
			c.collect(t)
		})
	}
}

// wake makes the loop consider a new deadline.
func (s *Subscriber) wake() {
	if s.interrupt != nil {
		s.interrupt()
	}
}

// retire adds the counters of a tracker that is not used any more.
func (s *Subscriber) retire(t *tracker) {
	s.publishers--
	s.stats.add(t)
}

// add adds the counters of a tracker.
func (s *SubscriberStats) add(t *tracker) {
	s.Delivered += t.stats.delivered
	s.Recovered += t.stats.recovered
	s.Gaps += t.stats.gaps
	s.Lost += t.stats.lost
	s.Restarts += t.stats.restarts
	s.Duplicates += t.stats.duplicates
	s.Requests += t.stats.requests
	s.ReplayTimeouts += t.stats.timeouts
}

// Stats returns the counters.
func (s *Subscriber) Stats() SubscriberStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	for _, c := range s.sources {
		c.trackers(func(t *tracker) {
			st.add(t)
			st.Pending += len(t.pending)
		})
	}
	st.Publishers = s.publishers
	return st
}

// Close closes the subscriber. A loop over its messages ends with [ErrClosed]. Later calls
// return nil.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.cancel()
	var errs []error
	for _, c := range s.sources {
		errs = append(errs, c.close())
	}
	clear(s.sources)
	return errors.Join(errs...)
}
