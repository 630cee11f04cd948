package lvc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrClosed is returned by [Proxy.Run] when the proxy is closed. It is
	// [zmq.ErrClosed].
	ErrClosed = zmq.ErrClosed
	// ErrRunning is returned by [Proxy.Run] while another call runs.
	ErrRunning = errors.New("lvc: the proxy runs already")
	// ErrInvalidOption is matched by the error of [New] for options that are invalid. It
	// is [zmq.ErrInvalidOption].
	ErrInvalidOption = zmq.ErrInvalidOption
)

// Options configure a [Proxy]. The zero value of each field is its default.
type Options struct {
	// Front has the options of the XSUB, to which publishers connect. Default none.
	Front *zmq.Options

	// Back has the options of the XPUB, to which subscribers connect. Overflow and XPub
	// must not be set, because the proxy needs certain values. Default none, except
	// that SendHWM is 30000.
	Back *zmq.Options

	// Topics are the prefixes that are received from the publishers. Default one that is
	// empty: all topics.
	Topics []string

	// MaxTopics and MaxBytes bound the cache, in topics and in bytes of messages. Above
	// them the topics that were updated longest ago are evicted. Defaults 1000000 and
	// 1 GiB.
	MaxTopics, MaxBytes int

	// MaxMessageSize bounds one cached message, in bytes of all frames. A larger one is
	// forwarded and not cached. Default 1 MiB.
	MaxMessageSize int

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

// Stats are the counters of a [Proxy].
type Stats struct {
	Topics      int    // cached topics
	Bytes       int    // bytes of the cached messages
	Subscribers int    // subscribers with a subscription
	CatchingUp  int    // subscriptions, or groups of them, that receive messages from the cache now
	Received    uint64 // messages of publishers
	Snapshots   uint64 // subscriptions that were answered from the cache
	Restored    uint64 // messages sent from the cache
	Lagging     uint64 // times that the queue of a subscriber was full, so that it continued from the cache
	Evicted     uint64 // topics removed because of MaxTopics or MaxBytes
	Uncached    uint64 // messages not cached because of MaxMessageSize
	Dropped     uint64 // messages that were not cached and that a subscriber missed because its queue was full
	Upstream    uint64 // messages of subscribers that are not subscriptions; they are dropped
}

// Proxy is a last value cache. All methods may be called concurrently.
type Proxy struct {
	front *zmq.XSub
	back  *zmq.XPub

	running sync.Mutex // held by Run
	mu      sync.Mutex // held while Run processes messages; guards the following
	engine  *engine
	stats   Stats
}

// New returns a proxy without endpoints. The error matches [ErrInvalidOption].
func New(o *Options) (*Proxy, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if min(c.MaxTopics, c.MaxBytes, c.MaxMessageSize) < 0 {
		return nil, fmt.Errorf("lvc: negative limit: %w", ErrInvalidOption)
	}
	setDefault(&c.MaxTopics, 1_000_000)
	setDefault(&c.MaxBytes, 1<<30)
	setDefault(&c.MaxMessageSize, 1<<20)
	topics := slices.Clone(c.Topics)
	if len(topics) == 0 {
		topics = []string{""}
	}
	bo := zmq.Options{}
	if c.Back != nil {
		bo = *c.Back
	}
	if bo.Overflow != 0 || bo.XPub != (zmq.XPubOptions{}) {
		return nil, fmt.Errorf("lvc: Overflow or XPub is set: %w", ErrInvalidOption)
	}
	setDefault(&bo.SendHWM, 30_000)
	bo.Overflow, bo.XPub.Manual = zmq.OverflowBlock, true
	back, err := zmq.NewXPub(&bo)
	if err != nil {
		return nil, err
	}
	front, err := zmq.NewXSub(c.Front)
	if err != nil {
		return nil, errors.Join(err, back.Close())
	}
	if err := front.Subscribe(topics...); err != nil {
		return nil, errors.Join(err, front.Close(), back.Close())
	}
	if c.Sockets != nil {
		c.Sockets.Add("", front.Socket, back.Socket)
	}
	p := &Proxy{front: front, back: back}
	p.engine = newEngine(newCache(c.MaxTopics, c.MaxBytes, c.MaxMessageSize), xpub{back})
	return p, nil
}

func setDefault(option *int, value int) {
	if *option == 0 {
		*option = value
	}
}

// Front returns the handle of the XSUB, for Bind, Connect, Events and so on.
func (p *Proxy) Front() zmq.Connector { return p.front.Connector }

// Back returns the handle of the XPUB.
func (p *Proxy) Back() zmq.Connector { return p.back.Connector }

// Run forwards messages and keeps the last ones, until ctx ends or the proxy is closed. It
// returns the error of ctx, [ErrClosed], or [ErrRunning] if another call runs. The cache
// remains for the next call.
func (p *Proxy) Run(ctx context.Context) error {
	if !p.running.TryLock() {
		return ErrRunning
	}
	defer p.running.Unlock()
	poller := zmq.NewPoller()
	if err := poller.Add(p.front.Socket, p.back.Socket); err != nil {
		return err
	}
	buf := make([]zmq.Message, sendBatch)
	var pause time.Duration // before blocked walkers are tried again
	for {
		busy, progress, blocked, err := p.process(buf)
		switch {
		case err != nil:
			return err
		case busy:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			pause = 0
			continue
		case !blocked:
			pause = 0
		case progress:
			pause = minPause
		default:
			pause = min(max(2*pause, minPause), maxPause)
		}
		if err := wait(ctx, poller, pause); err != nil {
			return err
		}
	}
}

// A blocked walker is tried again after minPause, in which a peer does not read more than
// the queue holds, and later after up to maxPause.
const (
	minPause = 200 * time.Microsecond
	maxPause = 50 * time.Millisecond
)

// wait waits for messages, or if pause is not 0 at most for that long.
func wait(ctx context.Context, poller *zmq.Poller, pause time.Duration) error {
	if pause > 0 {
		bounded, cancel := context.WithTimeout(ctx, pause)
		defer cancel()
		poller.Wait(bounded)
		return ctx.Err()
	}
	_, err := poller.Wait(ctx)
	return err
}

// ended is a context that has ended: batches with it do not wait.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// process takes messages from both sockets and lets the walkers continue. busy reports that
// there is more to do, blocked that a peer does not read, progress that values were sent.
func (p *Proxy) process(buf []zmq.Message) (busy, progress, blocked bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changes, err := p.subscriptions(buf)
	if err != nil {
		return false, false, false, err
	}
	n, err := p.front.RecvBatch(ended, buf)
	if err != nil && !errors.Is(err, context.Canceled) {
		return false, false, false, err
	}
	if n > 0 {
		p.stats.Received += uint64(n)
		p.engine.update(buf[:n])
		clear(buf[:n])
	}
	before := p.engine.stats.restored
	busy, blocked = p.engine.advance()
	return busy || n > 0 || changes, p.engine.stats.restored > before, blocked, nil
}

// subscriptions processes subscriptions and cancellations.
func (p *Proxy) subscriptions(buf []zmq.Message) (changes bool, err error) {
	for range len(buf) {
		m, err := p.back.TryRecv()
		if errors.Is(err, zmq.ErrWouldBlock) {
			return changes, nil
		}
		if err != nil {
			return changes, err
		}
		changes = true
		frame := m.Frame(0)
		if m.NumFrames() != 1 || len(frame) == 0 || frame[0] > 1 {
			p.stats.Upstream++
			continue
		}
		if id, prefix := m.From().Generation(), string(frame[1:]); frame[0] == 1 {
			p.engine.subscribe(id, m, prefix)
		} else {
			p.engine.cancel(id, prefix)
		}
	}
	return changes, nil
}

// Stats returns the counters.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, e := p.stats, p.engine
	s.Topics, s.Bytes = len(e.cache.byTopic), e.cache.bytes
	s.Subscribers, s.CatchingUp = len(e.peers), len(e.cache.walkers)
	s.Snapshots, s.Restored, s.Lagging, s.Dropped = e.stats.snapshots, e.stats.restored, e.stats.lagging, e.stats.dropped
	s.Evicted, s.Uncached = e.cache.evicted, e.cache.uncached
	return s
}

// Close closes both sockets and ends Run. It waits until messages for the subscribers are
// written, at most for the linger time of Options.Back. Later calls return nil.
func (p *Proxy) Close() error {
	err := errors.Join(p.front.Close(), p.back.Close())
	p.running.Lock() // until Run has returned
	defer p.running.Unlock()
	return err
}

// xpub is the socket of the subscribers as an output. Errors of its calls mean that the
// socket is closed, which ends Run.
type xpub struct{ s *zmq.XPub }

func (x xpub) subscribe(p *peer, prefixes ...string)   { x.s.SubscribePeer(p.of, prefixes...) }
func (x xpub) unsubscribe(p *peer, prefixes ...string) { x.s.UnsubscribePeer(p.of, prefixes...) }

func (x xpub) send(msgs []zmq.Message) int {
	n, err := x.s.SendBatch(ended, msgs)
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return n
	case errors.Is(err, zmq.ErrClosed):
		return len(msgs)
	}
	return n + 1 // the message exceeds the limits of the socket
}

func (x xpub) full(of []*peer) []*peer {
	byID := make(map[uint64]*peer, len(of))
	for _, p := range of {
		byID[p.id] = p
	}
	var full []*peer
	var longest *peer
	most := -1
	for _, st := range x.s.PeerStats() {
		p := byID[st.Peer.Generation()]
		if p == nil {
			continue
		}
		if st.SendHWM > 0 && st.QueuedSend >= st.SendHWM {
			full = append(full, p)
		}
		if st.QueuedSend > most {
			longest, most = p, st.QueuedSend
		}
	}
	if len(full) == 0 && longest == nil {
		longest = of[0] // it has disconnected
	}
	if len(full) == 0 {
		full = append(full, longest)
	}
	return full
}
