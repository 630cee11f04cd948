package ppp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// Handler carries out a request and returns the reply. request is the content of the
// REQUEST, without its address stack.
//
// ctx ends when the conversation with the queue has ended, because the queue gives the
// request to another worker then, and when the worker is closed. After an error, or a
// panic, no reply is sent, and the queue gives the request to another worker, or to this
// one again.
type Handler func(ctx context.Context, request zmq.Message) (reply zmq.Message, err error)

// WorkerOptions configure a [Worker]. In every field the zero value is the default.
type WorkerOptions struct {
	// Socket has the options of the DEALER socket, such as its security. Immediate and
	// AutoMessages are replaced. Default all defaults.
	Socket *zmq.Options

	// HeartbeatInterval is the time between two HEARTBEAT messages to the queue, which
	// should have the same. Default 1 s.
	HeartbeatInterval time.Duration

	// Liveness is after how many intervals without a message the queue is considered
	// dead, although it is connected. RFC 6 recommends 3 to 5. Default 3.
	Liveness int

	// MinBackoff is how long the worker waits before it connects to a silent queue
	// again. The time doubles after each attempt that gets no message from the queue,
	// up to MaxBackoff. Defaults 1 s and 32 s, as in the Guide. If the queue cannot be
	// connected, the delays are those of [zmq.ReconnectOptions] instead.
	MinBackoff, MaxBackoff time.Duration

	// Sockets is a registry to which the worker adds its socket, as "ppp worker".
	// Default none.
	Sockets *zmqstat.Registry
}

// Worker carries out requests of a queue, one at a time. Start several workers for
// several requests at a time. All methods may be called concurrently.
//
// While the handler runs, the worker sends heartbeats and receives those of the queue.
// When the connection to the queue is lost, the worker connects again, and begins
// another conversation.
type Worker struct {
	endpoint string
	handler  Handler
	options  zmq.Options
	registry *zmqstat.Registry
	lost     []byte // message that the socket generates when its connection is lost

	cancel  context.CancelFunc
	done    chan struct{} // closed when run has ended
	results chan result   // of the handler; it has room for one
	socket  *zmq.Dealer   // used by run, nil in phaseWaiting
	stop    context.CancelFunc
	closed  error // of the socket, set when done is closed

	mu    sync.Mutex
	state workerState // guarded by mu
}

type result struct {
	reply zmq.Message
	err   error
}

// NewWorker returns a worker that connects to the endpoint of a queue and passes its
// requests to a handler. The error matches [ErrInvalidOption], or
// [zmq.ErrInvalidEndpoint] or [zmq.ErrUnsupportedTransport].
func NewWorker(endpoint string, h Handler, o *WorkerOptions) (*Worker, error) {
	var v WorkerOptions
	if o != nil {
		v = *o
	}
	if err := errors.Join(
		positive("HeartbeatInterval", &v.HeartbeatInterval, defaultHeartbeat),
		positive("Liveness", &v.Liveness, defaultLiveness),
		positive("MinBackoff", &v.MinBackoff, defaultBackoff),
		positive("MaxBackoff", &v.MaxBackoff, max(defaultMaxBackoff, v.MinBackoff)),
	); err != nil {
		return nil, err
	}
	if v.MaxBackoff < v.MinBackoff {
		return nil, fmt.Errorf("ppp: MaxBackoff is less than MinBackoff: %w", ErrInvalidOption)
	}
	w := &Worker{
		endpoint: endpoint, handler: h, options: socketOptions(v.Socket), registry: v.Sockets,
		lost: []byte(rand.Text()), done: make(chan struct{}), results: make(chan result, 1),
	}
	w.options.Immediate = true
	w.options.AutoMessages = zmq.AutoMessages{Hello: []byte{commandReady}, Hiccup: w.lost}
	w.state = workerState{
		interval: v.HeartbeatInterval, ttl: times(v.HeartbeatInterval, v.Liveness),
		minBackoff: v.MinBackoff, maxBackoff: v.MaxBackoff, backoff: v.MinBackoff,
	}
	w.state.open(time.Now())
	w.state.out = nil
	if err := w.open(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go w.run(ctx)
	return w, nil
}

// Close closes the worker. It ends the context of the handler and waits for it. A reply
// that the handler returns is sent. Close waits until the socket has written its
// messages, at most [zmq.Options.Linger], and until all goroutines have ended. Its error
// is that of [zmq.Socket.Close].
func (w *Worker) Close() error {
	w.cancel()
	<-w.done
	return w.closed
}

// run is the goroutine of the worker.
func (w *Worker) run(ctx context.Context) {
	defer close(w.done)
	defer w.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var messages <-chan struct{}
		if w.socket != nil {
			messages = w.socket.Ready()
		}
		select {
		case <-ctx.Done():
			return
		case <-messages:
			w.receive(ctx)
		case r := <-w.results:
			w.finished(ctx, r)
		case <-timer.C:
			w.tick(ctx)
		}
		timer.Reset(time.Until(w.next()))
	}
}

// finish waits for the handler, sends its reply and closes the socket.
func (w *Worker) finish() {
	w.mu.Lock()
	running := w.state.current != nil
	w.state.pending = nil
	w.mu.Unlock()
	if running {
		w.stop()
		w.finished(context.Background(), <-w.results)
	}
	if w.socket != nil {
		w.closed = w.socket.Close()
	}
}

func (w *Worker) next() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.next()
}

func (w *Worker) receive(ctx context.Context) {
	m, err := w.socket.TryRecv()
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.NumFrames() == 1 && bytes.Equal(m.Frame(0), w.lost) {
		w.state.lost(time.Now())
	} else {
		w.state.receive(time.Now(), m)
	}
	w.perform(ctx)
}

func (w *Worker) finished(ctx context.Context, r result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop()
	w.state.finished(r.reply, r.err)
	w.perform(ctx)
}

func (w *Worker) tick(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.tick(time.Now(), w.socket != nil && w.socket.Stats().Peers > 0)
	w.perform(ctx)
}

// perform does what the state has put out. The caller holds mu.
func (w *Worker) perform(ctx context.Context) {
	for len(w.state.out) > 0 {
		a := w.state.out[0]
		w.state.out = w.state.out[1:]
		switch a.do {
		case doOpen:
			// The options and the endpoint are those with which NewWorker has
			// succeeded, so that open can fail only for want of resources. The next
			// conversation then begins after the backoff.
			if w.open() != nil {
				w.state.silent(time.Now())
				w.state.out = nil
			}
		case doClose:
			w.discard()
		case doSend:
			if err := w.socket.TrySendMessage(a.message); err != nil && a.message.NumFrames() > 1 {
				w.state.unsent(errors.Is(err, zmq.ErrMessageTooLarge))
			}
		case doStart:
			var handling context.Context
			handling, w.stop = context.WithCancel(ctx)
			go w.handle(handling, zmq.NewMessage(a.work.content...))
		case doCancel:
			w.stop()
		}
	}
}

// open opens and connects a socket.
func (w *Worker) open() error {
	s, err := zmq.NewDealer(&w.options)
	if err != nil {
		return fmt.Errorf("ppp: socket of a worker: %w", err)
	}
	if err := s.Connect(w.endpoint); err != nil {
		s.Close()
		return fmt.Errorf("ppp: %w", err)
	}
	if w.registry != nil {
		w.registry.Add("ppp worker", s.Socket)
	}
	w.socket = s
	return nil
}

// discard closes the socket without waiting for unsent messages.
func (w *Worker) discard() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	// The error reports discarded messages.
	_ = w.socket.Shutdown(ended)
	w.socket = nil
}

// handle calls the handler in a goroutine of its own, which ends with it. results has
// room for its result, because run starts no other before it has received it.
func (w *Worker) handle(ctx context.Context, request zmq.Message) {
	r := result{err: errors.New("ppp: the handler panicked or called runtime.Goexit")}
	defer func() {
		_ = recover()
		w.results <- r
	}()
	r.reply, r.err = w.handler(ctx, request)
}

// WorkerStats has the counters of a [Worker].
type WorkerStats struct {
	Requests uint64 // requests passed to the handler
	Replies  uint64 // replies sent
	Failures uint64 // errors and panics of the handler, and replies above the limits of the socket
	Expired  uint64 // conversations ended because the queue was silent
	Lost     uint64 // conversations ended because the connection was lost

	Drops WorkerDrops
}

// WorkerDrops counts the messages that a [Worker] has dropped.
type WorkerDrops struct {
	Malformed  uint64 // messages of the queue that are none of RFC 6
	Unexpected uint64 // requests that arrived before the reply to another one, or whose conversation ended before the handler was free
	StaleReply uint64 // replies whose conversation had ended
}

// Stats returns the counters.
func (w *Worker) Stats() WorkerStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.stats
}
