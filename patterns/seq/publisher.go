package seq

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// PublisherOptions configure a [Publisher]. The zero value of each field is its default.
type PublisherOptions struct {
	// Socket has options for the PUB and the ROUTER, such as security and logging. Only
	// options that both types have may be set. Default none, except that SendHWM is
	// 100000.
	Socket *zmq.Options

	// Topic is the topic of all messages. Default the empty topic.
	Topic string

	// BufferMessages and BufferBytes bound the messages that are kept for replay, in
	// number and in bytes of payload. Defaults 10000 and 64 MiB.
	BufferMessages, BufferBytes int

	// MaxReplays bounds the peers whose replay requests are answered at a time. Further
	// requests are dropped and counted; a [Subscriber] repeats them. Default 64.
	MaxReplays int

	// ReplayTimeout bounds how long a replay waits for a peer that does not read. Default
	// 10 s.
	ReplayTimeout time.Duration

	// Sockets is a registry to which the sockets are added. Default none.
	Sockets *zmqstat.Registry
}

func (o *PublisherOptions) withDefaults() (PublisherOptions, error) {
	var c PublisherOptions
	if o != nil {
		c = *o
	}
	if c.BufferMessages < 0 || c.BufferBytes < 0 || c.MaxReplays < 0 || c.ReplayTimeout < 0 {
		return c, fmt.Errorf("seq: negative limit: %w", ErrInvalidOption)
	}
	setDefault(&c.BufferMessages, 10_000)
	setDefault(&c.BufferBytes, 64<<20)
	setDefault(&c.MaxReplays, 64)
	setDefault(&c.ReplayTimeout, 10*time.Second)
	return c, nil
}

// setDefault sets an option that has the zero value.
func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// socketOptions returns a copy of the options of a socket.
func socketOptions(o *zmq.Options) zmq.Options {
	if o == nil {
		return zmq.Options{}
	}
	return *o
}

// PublisherStats are the counters of a [Publisher].
type PublisherStats struct {
	Published       uint64 // messages published
	Buffered        int    // messages in the buffer
	BufferedBytes   int    // bytes of their payloads
	Replays         uint64 // replay requests that were answered to the end
	Replayed        uint64 // messages sent in replies
	ReplaysRefused  uint64 // requests dropped because of MaxReplays, or because the peer had another one waiting
	ReplaysAborted  uint64 // requests whose peer disconnected or did not read for ReplayTimeout
	ReplayMalformed uint64 // messages to the replay endpoint that are not requests
}

// Publisher publishes numbered messages and answers replay requests. All methods may be
// called concurrently.
type Publisher struct {
	o          PublisherOptions
	pub        *zmq.Pub
	router     *zmq.Router
	generation string
	topic      []byte

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // serve and the goroutines of active replays

	mu     sync.Mutex
	closed bool
	buf    buffer
	active map[string]*replay // by routing ID
	stats  PublisherStats
}

// NewPublisher returns a publisher without endpoints. The error matches
// [ErrInvalidOption].
func NewPublisher(o *PublisherOptions) (*Publisher, error) {
	c, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Publisher{o: c, topic: []byte(c.Topic), generation: newGeneration(), active: make(map[string]*replay)}
	p.buf = buffer{maxMessages: c.BufferMessages, maxBytes: c.BufferBytes}
	so := socketOptions(c.Socket)
	so.Metadata = maps.Clone(so.Metadata)
	if so.Metadata == nil {
		so.Metadata = make(map[string]string)
	}
	so.Metadata[generationProperty] = p.generation
	if p.router, err = zmq.NewRouter(&so); err != nil {
		return nil, err
	}
	setDefault(&so.SendHWM, 100_000)
	if p.pub, err = zmq.NewPub(&so); err != nil {
		return nil, errors.Join(err, p.router.Close())
	}
	if c.Sockets != nil {
		c.Sockets.Add("", p.pub.Socket, p.router.Socket)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.wg.Add(1)
	go p.serve()
	return p, nil
}

// newGeneration returns a random text that distinguishes publishers.
func newGeneration() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Bind accepts subscribers at an endpoint, as [zmq.Socket.Bind] does.
func (p *Publisher) Bind(endpoint string) (string, error) { return p.pub.Bind(endpoint) }

// Connect connects to a subscriber that is bound to an endpoint, as [zmq.Connector.Connect]
// does.
func (p *Publisher) Connect(endpoint string) error { return p.pub.Connect(endpoint) }

// BindReplay accepts replay requests at an endpoint, as [zmq.Socket.Bind] does.
func (p *Publisher) BindReplay(endpoint string) (string, error) { return p.router.Bind(endpoint) }

// Generation returns the random text that identifies this publisher. It is the value of
// the property X-Seq-Generation of its sockets.
func (p *Publisher) Generation() string { return p.generation }

// WaitSubscribers waits until n subscribers would receive the topic, as
// [zmq.Publisher.WaitSubscribers] does.
func (p *Publisher) WaitSubscribers(ctx context.Context, n int) error {
	return p.pub.WaitSubscribers(ctx, n, p.o.Topic)
}

// Publish sends a message and keeps a copy of it for replay. It returns the number of the
// message; the first one is 0. It waits only with [zmq.OverflowBlock]: otherwise a
// subscriber whose queue is full misses the message and may request it later. After an
// error nothing was published, and the number is used for the next message. The error
// matches [ErrEmptyPayload], [zmq.ErrMessageTooLarge], [ErrClosed] or that of ctx.
func (p *Publisher) Publish(ctx context.Context, payload []byte) (number uint64, err error) {
	if len(payload) == 0 {
		return 0, ErrEmptyPayload
	}
	kept := make([]byte, 8+len(payload))
	copy(kept[8:], payload)
	p.mu.Lock()
	defer p.mu.Unlock()
	number = p.buf.next
	copy(kept, encodeNumber(number))
	if err := p.pub.SendMessage(ctx, zmq.NewMessage(p.topic, kept[:8:8], kept[8:])); err != nil {
		return 0, err
	}
	// A replay waits for the lock, so that it contains every message that a subscriber
	// has received.
	p.buf.add(kept[8:])
	p.stats.Published++
	return number, nil
}

// Stats returns the counters.
func (p *Publisher) Stats() PublisherStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Buffered, s.BufferedBytes = p.buf.count, p.buf.bytes
	return s
}

// Close ends the replays and closes the sockets: it waits until published messages are
// written, at most for the linger time of [PublisherOptions.Socket], and until all
// goroutines have ended. Later calls return nil.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
	return errors.Join(p.router.Close(), p.pub.Close())
}
