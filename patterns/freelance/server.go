package freelance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// Handler carries out a request and returns the reply. It is called concurrently if
// [ServerOptions].Concurrency is above 1. ctx ends when the server is closed. After an
// error, or a panic, no reply is sent, and the client sends the request to another
// server.
type Handler func(ctx context.Context, request zmq.Message) (reply zmq.Message, err error)

// ServerOptions configure a [Server]. In every field the zero value is the default.
type ServerOptions struct {
	// Strategy is that of the clients. Default [Tracked].
	Strategy Strategy

	// Socket has the options of the ROUTER socket, such as its security. With Tracked
	// its RoutingID is replaced. Default all defaults.
	Socket *zmq.Options

	// PublicEndpoint is the endpoint to which the clients connect, if it is not that
	// which is bound. With Tracked it is the identity of the server, which RFC 10
	// requires; with a wildcard in the endpoint that is bound it must be set. Default
	// the endpoint that is bound.
	PublicEndpoint string

	// Concurrency bounds the calls of the handler at a time. Default 1.
	Concurrency int

	// MaxQueued bounds the requests that wait for the handler. Further ones are dropped,
	// and their clients send them again. Default 1000.
	MaxQueued int

	// Sockets is a registry to which the server adds its socket, as "freelance server".
	// Default none.
	Sockets *zmqstat.Registry
}

// Server serves the requests of clients. With [Tracked] it answers PING at once, also
// while all calls of the handler are in use. All methods may be called concurrently.
type Server struct {
	socket      *zmq.Router
	endpoint    string
	handler     Handler
	strategy    Strategy
	concurrency int
	maxQueued   int

	cancel  context.CancelFunc
	done    chan struct{} // closed when run has ended
	results chan handled

	mu     sync.Mutex // guards what follows
	active int        // calls of the handler
	queue  []work
	stats  ServerStats
}

// work is a request for the handler.
type work struct {
	client string
	prefix [][]byte
	body   zmq.Message
}

// handled is the result of the handler.
type handled struct {
	work
	reply zmq.Message
	err   error
}

// NewServer returns a server that is bound to an endpoint, as [zmq.Socket.Bind] binds.
// The error matches [ErrInvalidOption] or is that of Bind.
func NewServer(endpoint string, h Handler, o *ServerOptions) (*Server, error) {
	var v ServerOptions
	if o != nil {
		v = *o
	}
	if err := errors.Join(
		positive("Concurrency", &v.Concurrency, defaultConcurrency),
		positive("MaxQueued", &v.MaxQueued, defaultMaxQueued),
	); err != nil {
		return nil, err
	}
	if v.Strategy > Shotgun {
		return nil, fmt.Errorf("freelance: strategy %d: %w", v.Strategy, ErrInvalidOption)
	}
	options := socketOptions(v.Socket)
	if v.Strategy == Tracked {
		if v.PublicEndpoint == "" && (strings.Contains(endpoint, "*") || strings.HasSuffix(endpoint, ":0")) {
			return nil, fmt.Errorf("freelance: %s needs a PublicEndpoint: %w", endpoint, ErrInvalidOption)
		}
		options.RoutingID = v.PublicEndpoint
		if options.RoutingID == "" {
			options.RoutingID = endpoint
		}
	}
	socket, err := zmq.NewRouter(&options)
	if err != nil {
		return nil, fmt.Errorf("freelance: socket of a server: %w", err)
	}
	bound, err := socket.Bind(endpoint)
	if err != nil {
		socket.Close()
		return nil, fmt.Errorf("freelance: %w", err)
	}
	if v.Sockets != nil {
		v.Sockets.Add("freelance server", socket.Socket)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		socket: socket, endpoint: bound, handler: h, strategy: v.Strategy,
		concurrency: v.Concurrency, maxQueued: v.MaxQueued,
		cancel: cancel, done: make(chan struct{}), results: make(chan handled),
	}
	go s.run(ctx)
	return s, nil
}

// Endpoint returns the endpoint that is bound, with wildcards replaced.
func (s *Server) Endpoint() string { return s.endpoint }

// Close closes the server. It ends the contexts of the handler's calls and waits for
// them; their replies are sent. Close waits until the socket has written its messages, at
// most [zmq.Options.Linger], and until all goroutines have ended. Its error is that of
// [zmq.Socket.Close].
func (s *Server) Close() error {
	s.cancel()
	<-s.done
	return s.socket.Close()
}

// run is the goroutine of the server.
func (s *Server) run(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case <-ctx.Done():
			s.finish(ctx)
			return
		case <-s.socket.Ready():
			s.receive(ctx)
		case r := <-s.results:
			s.finished(ctx, r)
		}
	}
}

// finish waits for the calls of the handler.
func (s *Server) finish(ctx context.Context) {
	s.mu.Lock()
	s.stats.Drops.Closed += uint64(len(s.queue))
	s.queue = nil
	n := s.active
	s.mu.Unlock()
	for range n {
		s.finished(ctx, <-s.results)
	}
}

// receive processes messages that have arrived.
func (s *Server) receive(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range batch {
		m, err := s.socket.TryRecv()
		if err != nil {
			return
		}
		if m.IsConnect() || m.IsDisconnect() {
			continue
		}
		k, prefix, body := decodeRequest(s.strategy, m)
		switch {
		case k == kindPing:
			s.stats.Pings++
			// A PONG that finds a full queue is not needed: the client gets the
			// messages in the queue.
			_ = s.socket.TrySendTo(m.RoutingID(), []byte(pong))
		case k == kindInvalid:
			s.stats.Drops.Malformed++
		case len(s.queue) >= s.maxQueued:
			s.stats.Drops.QueueFull++
		default:
			s.queue = append(s.queue, work{client: m.RoutingID(), prefix: prefix, body: body})
			s.start(ctx)
		}
	}
}

// start passes queued requests to the handler. The caller holds mu.
func (s *Server) start(ctx context.Context) {
	for s.active < s.concurrency && len(s.queue) > 0 {
		w := s.queue[0]
		s.queue[0] = work{}
		s.queue = s.queue[1:]
		s.active++
		s.stats.Requests++
		go s.handle(ctx, w)
	}
}

// handle calls the handler, in a goroutine of its own, which ends when run has received
// the result.
func (s *Server) handle(ctx context.Context, w work) {
	r := handled{work: w, err: errors.New("freelance: the handler panicked or called runtime.Goexit")}
	defer func() {
		_ = recover()
		s.results <- r
	}()
	r.reply, r.err = s.handler(ctx, w.body)
}

// finished sends a reply.
func (s *Server) finished(ctx context.Context, r handled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	if r.err != nil {
		s.stats.Failures++
	} else {
		s.reply(r)
	}
	s.start(ctx)
}

// reply sends a reply without waiting, so that no client delays others. The caller holds
// mu.
func (s *Server) reply(r handled) {
	switch err := s.socket.TrySendMessageTo(r.client, encodeReply(r.prefix, r.reply)); {
	case err == nil:
		s.stats.Replies++
	case errors.Is(err, zmq.ErrWouldBlock):
		s.stats.Drops.ClientFull++
	case errors.Is(err, zmq.ErrMessageTooLarge):
		s.stats.Failures++
	default:
		s.stats.Drops.ClientGone++
	}
}

// ServerStats has the counters of a [Server].
type ServerStats struct {
	Active int // calls of the handler now
	Queued int // requests that wait for the handler

	Pings    uint64 // PING messages
	Requests uint64 // requests passed to the handler
	Replies  uint64 // replies sent
	Failures uint64 // errors and panics of the handler, and replies above the limits of the socket

	Drops ServerDrops
}

// ServerDrops counts the messages that a [Server] has dropped.
type ServerDrops struct {
	Malformed  uint64 // messages that are no request of the strategy
	QueueFull  uint64 // requests above [ServerOptions].MaxQueued
	ClientGone uint64 // replies to clients that have disconnected
	ClientFull uint64 // replies to clients whose queue is full
	Closed     uint64 // requests that waited when the server was closed
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Active, st.Queued = s.active, len(s.queue)
	return st
}
