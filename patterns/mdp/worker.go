package mdp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// Handler executes a request and returns the frames of its final reply. It is called by
// a goroutine of the worker for each request, at most WorkerOptions.Concurrency at a
// time. ctx ends when the worker closes or its conversation with the broker ends, after
// which the reply is dropped. MDP has no errors: a reply must express them. If the
// handler panics, the worker abandons its requests and registers again, as if it had
// been restarted.
type Handler func(ctx context.Context, r *Request) zmq.Message

// WorkerOptions configure a worker. In every field the zero value is the default, and
// negative values are errors that match [zmq.ErrInvalidOption].
type WorkerOptions struct {
	// Socket are the options of the DEALERs, one after the other, that connect to the
	// broker. The worker sets Immediate, AutoMessages.Hiccup and its property
	// X-MDP-Concurrency. Reconnect also bounds the delay until a new conversation is
	// begun after one has ended. Default nil.
	Socket *zmq.Options

	// Version is the version of the protocol. Default [V02].
	Version Version

	// Concurrency is how many requests are handled at a time. A broker without the
	// extension X-MDP-Concurrency sends one at a time, so that it needs more workers
	// instead. Default 1.
	Concurrency int

	// Heartbeat and Liveness are as in [BrokerOptions]: when the worker sends
	// HEARTBEAT, and after how many intervals without a message it connects to the
	// broker again. Defaults 2.5 s and 4.
	Heartbeat time.Duration
	Liveness  int

	// Sockets is a registry to which each DEALER is added as "mdp worker" and the
	// service. Default none.
	Sockets *zmqstat.Registry
}

// WorkerStats are the counters of a worker since it was made.
type WorkerStats struct {
	Connected     bool   // whether it is registered at a broker now
	Conversations uint64 // how many times it has registered
	Requests      uint64 // requests passed to the handler
	Replies       uint64 // final replies that were sent
	Partials      uint64 // partial replies that were sent
	Panics        uint64 // requests whose handler panicked

	Malformed uint64 // messages that were dropped because they are not commands of a broker
	Excess    uint64 // requests that were dropped because the broker sent more than permitted
	Stale     uint64 // replies that were dropped, and requests that were not begun, because their conversation had ended
}

// Worker registers a service at a broker and executes its requests. All methods may be
// called concurrently.
type Worker struct {
	endpoint string
	service  string
	handler  Handler
	opt      WorkerOptions
	socket   *zmq.Options
	session  session // a template

	closing context.Context // ends with Close and Shutdown
	end     context.CancelFunc
	linger  context.Context // ends when Shutdown must not wait any longer
	hurry   context.CancelFunc
	done    chan struct{} // closed by the loop when it has ended

	mu        sync.Mutex
	pending   []*Request
	running   int
	draining  bool            // no request is begun any more
	drained   context.Context // ends when draining is set and running is 0
	isDrained context.CancelFunc
	stats     WorkerStats
}

// NewWorker starts a worker of a service at a broker, which need not exist yet. Nil
// options are all defaults. The error matches [zmq.ErrInvalidOption], or is as that of
// [zmq.Connector.Connect].
func NewWorker(endpoint, service string, h Handler, o *WorkerOptions) (*Worker, error) {
	w := &Worker{endpoint: endpoint, service: service, handler: h, done: make(chan struct{})}
	if o != nil {
		w.opt = *o
	}
	if err := w.configure(); err != nil {
		return nil, fmt.Errorf("mdp: new worker: %w", err)
	}
	w.closing, w.end = context.WithCancel(context.Background())
	w.linger, w.hurry = context.WithCancel(context.Background())
	w.drained, w.isDrained = context.WithCancel(context.Background())
	go w.run()
	return w, nil
}

// configure checks the options and applies their defaults.
func (w *Worker) configure() error {
	o := &w.opt
	for name, v := range map[string]int64{"Concurrency": int64(o.Concurrency), "Heartbeat": int64(o.Heartbeat), "Liveness": int64(o.Liveness)} {
		if v < 0 {
			return negative(name, v)
		}
	}
	o.Version = cmp.Or(o.Version, V02)
	o.Concurrency = cmp.Or(o.Concurrency, 1)
	beat := cmp.Or(o.Heartbeat, defaultHeartbeat)
	w.session = session{version: o.Version, heartbeat: beat, liveness: multiple(beat, cmp.Or(o.Liveness, defaultLiveness))}
	switch {
	case o.Version > V02:
		return fmt.Errorf("%w: Version is %d", zmq.ErrInvalidOption, o.Version)
	case !validService([]byte(w.service)) || isManagement([]byte(w.service)):
		return fmt.Errorf("%w: %q cannot be the name of a service", zmq.ErrInvalidOption, w.service)
	case w.handler == nil:
		return fmt.Errorf("%w: no handler", zmq.ErrInvalidOption)
	}
	w.socket = linkOptions(withProperty(o.Socket, propertyConcurrency, strconv.Itoa(o.Concurrency)))
	return checkEndpoint(w.endpoint, w.socket)
}

// Stats returns the counters.
func (w *Worker) Stats() WorkerStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Close ends the worker: it begins no further request, ends the contexts of handlers and
// waits for them, sends their replies and DISCONNECT, and closes the
// socket. It returns when all goroutines have ended.
func (w *Worker) Close() error {
	w.end()
	w.hurry()
	<-w.done
	return nil
}

// Shutdown is like Close but lets handlers complete until ctx ends. Requests that the
// worker has received and not begun are executed by other workers, if the broker
// supports the extension X-MDP-Concurrency; otherwise the broker sends the worker one
// request at a time, and may lose one. The error matches that of ctx.
func (w *Worker) Shutdown(ctx context.Context) error {
	w.end()
	stop := context.AfterFunc(ctx, w.hurry)
	<-w.done
	w.hurry()
	if !stop() {
		return fmt.Errorf("mdp: shutdown: %w", ctx.Err())
	}
	return nil
}

// run holds one conversation after the other, until the worker closes.
func (w *Worker) run() {
	defer func() {
		w.drain()
		<-w.drained.Done()
		close(w.done)
	}()
	delay := newBackoff(w.socket)
	for {
		w.converse(&delay)
		if w.closing.Err() != nil || !delay.wait(w.closing) {
			return
		}
	}
}

// converse connects to the broker, registers and serves requests until the conversation
// ends.
func (w *Worker) converse(delay *backoff) {
	l, err := dial(w.closing, w.endpoint, w.socket, func(d *zmq.Dealer) { register(w.opt.Sockets, "mdp worker "+w.service, d.Socket) })
	if err != nil {
		return
	}
	c := &conversation{w: w, link: l, session: w.session}
	c.ctx, c.end = context.WithCancelCause(w.linger)
	c.session.heard = time.Now()
	if c.send(w.closing, cmdReady, []byte(w.service)) == nil {
		w.mu.Lock()
		w.stats.Connected = true
		w.stats.Conversations++
		w.mu.Unlock()
		err = c.receive(delay)
	}
	c.finish(err)
}

// drain begins no further request. w.drained ends when all handlers have returned.
func (w *Worker) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draining = true
	w.checkDrainedLocked()
}

// checkDrainedLocked ends w.drained if there is nothing to wait for.
func (w *Worker) checkDrainedLocked() {
	if w.draining && w.running == 0 {
		w.isDrained()
	}
}

// count changes the counters.
func (w *Worker) count(f func(*WorkerStats)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.stats)
}

// begin handles a request, as soon as fewer than Concurrency are being handled.
func (w *Worker) begin(r *Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.draining:
		w.stats.Stale++
	case w.running < w.opt.Concurrency:
		w.running++
		go w.serve(r)
	case len(w.pending) < w.opt.Concurrency:
		w.pending = append(w.pending, r)
	default:
		w.stats.Excess++
	}
}

// serve handles a request and those that wait.
func (w *Worker) serve(r *Request) {
	defer func() {
		if r != nil { // the handler has called runtime.Goexit
			w.mu.Lock()
			defer w.mu.Unlock()
			w.endServeLocked()
		}
	}()
	for r != nil {
		w.count(func(s *WorkerStats) { s.Requests++ })
		if reply, ok := w.call(r); ok {
			r.reply(cmdFinal, reply)
		}
		r = w.next()
	}
}

// next returns the next request that waits, or nil, which ends the goroutine.
func (w *Worker) next() *Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) == 0 || w.draining {
		w.endServeLocked()
		return nil
	}
	r := w.pending[0]
	w.pending[0] = nil
	w.pending = w.pending[1:]
	return r
}

// endServeLocked counts the end of a goroutine of serve.
func (w *Worker) endServeLocked() {
	w.running--
	w.checkDrainedLocked()
}

// call calls the handler. It reports whether that has returned a reply.
func (w *Worker) call(r *Request) (reply zmq.Message, ok bool) {
	defer func() {
		if ok {
			return
		}
		v := recover() // nil after runtime.Goexit, which ends this goroutine
		w.mu.Lock()
		w.stats.Panics++
		r.c.panics = true
		w.mu.Unlock()
		if log := w.socket.Logger; log != nil {
			log.Error("mdp: handler panicked", slog.String("service", w.service), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
		}
		r.c.end(errors.New("a handler panicked"))
	}()
	reply = w.handler(r.c.ctx, r)
	return reply, true
}
