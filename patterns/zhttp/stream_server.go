package zhttp

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// StreamServerOptions configure a [StreamServer]. In every field the zero value is the
// default.
type StreamServerOptions struct {
	// Socket has the options of the three sockets, such as their security. RoutingID is
	// replaced. Options that are for other types than PULL, DEALER and PUB are an error.
	// Default all defaults.
	Socket *zmq.Options

	// Window is how many bytes of a request body are held until the handler reads them:
	// the credits that the proxy has. Default 256 KiB.
	Window int64

	// ChunkSize bounds the bytes of a response body in one message. Default 64 KiB.
	ChunkSize int

	// MaxBody bounds the body of a response to a request that permits one message only.
	// Default 8 MiB.
	MaxBody int

	// KeepAlive is the time between keep-alive messages in a session. Default 20 s.
	KeepAlive time.Duration

	// SessionTimeout is after how long without a message of the proxy a session ends.
	// Default 60 s.
	SessionTimeout time.Duration

	// MaxSessions bounds the requests at a time, each of which has a call of the handler.
	// Further ones are answered with the status 503. Default 1000.
	MaxSessions int

	// Sockets is a registry to which the server adds its sockets, as "zhttp in", "zhttp
	// in-stream" and "zhttp out". Default none.
	Sockets *zmqstat.Registry
}

// StreamServer serves the requests of proxies with an [http.Handler], in the advanced
// arrangement: the bodies of requests and responses are streams of any length. All methods
// may be called concurrently.
//
// The handler is called when the first message of a request has arrived. Reading the body
// grants credits to the proxy, and writing waits for credits of the proxy. The
// ResponseWriter is an [http.Flusher]; without Flush the response is sent in parts of
// ChunkSize. If the proxy cancels the request, or sends nothing, the context of the request
// ends. If the handler panics, the proxy is sent the error "undefined-condition", or
// "cancel" if it has a part of the response.
type StreamServer struct {
	pull    *zmq.Pull
	dealer  *zmq.Dealer
	pub     *zmq.Pub
	from    string // address of this server
	handler http.Handler
	options StreamServerOptions

	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}  // closed when run has ended
	serving sync.WaitGroup // calls of the handler

	mu       sync.Mutex // guards what follows and the exchanges
	sessions map[sessionKey]*serverStream
	stats    StreamServerStats
}

// sessionKey identifies a session: IDs are unique for an initiator only.
type sessionKey struct{ peer, id string }

// serverStream is an exchange and the call of the handler that waits for it.
type serverStream struct {
	exchange
	changed chan struct{} // closed, and replaced, when the exchange changes
	cancel  context.CancelFunc
}

// NewStreamServer returns a server that is not bound or connected yet. The error matches
// [ErrInvalidOption].
func NewStreamServer(h http.Handler, o *StreamServerOptions) (*StreamServer, error) {
	var v StreamServerOptions
	if o != nil {
		v = *o
	}
	if v.Window < 0 || v.ChunkSize < 0 || v.MaxBody < 0 || v.KeepAlive < 0 || v.SessionTimeout < 0 || v.MaxSessions < 0 {
		return nil, fmt.Errorf("zhttp: a negative limit: %w", ErrInvalidOption)
	}
	v.Window = cmp.Or(v.Window, 256<<10)
	v.ChunkSize = cmp.Or(v.ChunkSize, 64<<10)
	v.MaxBody = cmp.Or(v.MaxBody, defaultMaxBody)
	v.KeepAlive = cmp.Or(v.KeepAlive, 20*time.Second)
	v.SessionTimeout = cmp.Or(v.SessionTimeout, 60*time.Second)
	v.MaxSessions = cmp.Or(v.MaxSessions, 1000)
	s := &StreamServer{from: rand.Text(), handler: h, options: v, done: make(chan struct{}), sessions: map[sessionKey]*serverStream{}}
	if err := s.open(); err != nil {
		s.closeSockets()
		return nil, fmt.Errorf("zhttp: socket of a stream server: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s, nil
}

func (s *StreamServer) open() (err error) {
	if s.pull, err = zmq.NewPull(s.options.Socket); err != nil {
		return err
	}
	if s.pub, err = zmq.NewPub(s.options.Socket); err != nil {
		return err
	}
	var o zmq.Options
	if s.options.Socket != nil {
		o = *s.options.Socket
	}
	o.RoutingID = s.from
	if s.dealer, err = zmq.NewDealer(&o); err != nil {
		return err
	}
	if r := s.options.Sockets; r != nil {
		r.Add("zhttp in", s.pull.Socket)
		r.Add("zhttp in-stream", s.dealer.Socket)
		r.Add("zhttp out", s.pub.Socket)
	}
	return nil
}

func (s *StreamServer) closeSockets() error {
	var errs []error
	if s.pull != nil {
		errs = append(errs, s.pull.Close())
	}
	if s.dealer != nil {
		errs = append(errs, s.dealer.Close())
	}
	if s.pub != nil {
		errs = append(errs, s.pub.Close())
	}
	return errors.Join(errs...)
}

// Connect connects to the endpoints of a proxy. Its first message is sent to In, those
// that follow to InStream, and responses to Out.
func (s *StreamServer) Connect(e StreamEndpoints) error {
	return each(e, s.pull.Connect, s.dealer.Connect, s.pub.Connect)
}

// Bind accepts proxies at the endpoints, and returns them with wildcards replaced.
func (s *StreamServer) Bind(e StreamEndpoints) (bound StreamEndpoints, err error) {
	bind := func(to *[]string, f func(string) (string, error)) func(string) error {
		return func(endpoint string) error {
			b, err := f(endpoint)
			*to = append(*to, b)
			return err
		}
	}
	err = each(e, bind(&bound.In, s.pull.Bind), bind(&bound.InStream, s.dealer.Bind), bind(&bound.Out, s.pub.Bind))
	return bound, err
}

// each calls a function for each endpoint, until one fails.
func each(e StreamEndpoints, in, inStream, out func(string) error) error {
	for _, c := range []struct {
		endpoints []string
		f         func(string) error
	}{{e.In, in}, {e.InStream, inStream}, {e.Out, out}} {
		for _, endpoint := range c.endpoints {
			if err := c.f(endpoint); err != nil {
				return fmt.Errorf("zhttp: %w", err)
			}
		}
	}
	return nil
}

// Close closes the server. Requests in progress are cancelled, and Close waits for the
// calls of the handler, until the sockets have written their messages, at most
// [zmq.Options.Linger] each, and until all goroutines have ended.
func (s *StreamServer) Close() error {
	s.cancel()
	<-s.done
	s.serving.Wait()
	return s.closeSockets()
}

// run is the goroutine that receives.
func (s *StreamServer) run() {
	defer close(s.done)
	ticker := time.NewTicker(min(s.options.KeepAlive, s.options.SessionTimeout))
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			s.failAll()
			return
		case <-s.pull.Ready():
			if m, err := s.pull.TryRecv(); err == nil {
				s.first(m)
			}
		case <-s.dealer.Ready():
			if m, err := s.dealer.TryRecv(); err == nil {
				s.next(m)
			}
		case <-ticker.C:
			s.tick()
		}
	}
}

func (s *StreamServer) failAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sessions {
		x.fail(fmt.Errorf("zhttp: %w", ErrClosed), "undefined-condition")
		s.update(x)
	}
}

// tick sends keep-alive messages and ends sessions whose peer is silent.
func (s *StreamServer) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sessions {
		if time.Since(x.heard) >= s.options.SessionTimeout {
			s.stats.Expired++
			x.fail(ErrSessionTimeout, "session-timeout")
		} else {
			x.send(dict{"type": "keep-alive"})
		}
		s.update(x)
	}
}

// first processes the first message of a request.
func (s *StreamServer) first(m zmq.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &serverStream{exchange: exchange{from: s.from}, changed: make(chan struct{})}
	d, _, err := decodeMessage(m.Frame(m.NumFrames() - 1))
	if err == nil {
		err = x.begin(time.Now(), d, s.options.Window)
	}
	key := sessionKey{x.peer, x.id}
	if err != nil || s.sessions[key] != nil {
		s.stats.Drops.Malformed++
		return
	}
	delete(d, "more")
	ctx, cancel := context.WithCancel(s.ctx)
	x.cancel = cancel
	r, err := decodeRequest(ctx, d)
	switch {
	case err != nil:
		s.stats.Drops.BadRequest++
		cancel()
		x.fail(err, "bad-request")
	case len(s.sessions) >= s.options.MaxSessions:
		s.stats.Drops.SessionLimit++
		cancel()
		x.out, x.outSeq = nil, 0
		x.write(http.StatusServiceUnavailable, nil, nil, true)
	default:
		s.stats.Requests++
		s.sessions[key] = x
		r.Body = &requestBody{s, x}
		if !x.complete {
			r.ContentLength = -1
			r.Header.Del("Content-Length")
		}
		s.serving.Go(func() { s.serve(x, r) })
	}
	s.update(x)
}

// next processes a message that follows the first.
func (s *StreamServer) next(m zmq.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _, err := decodeMessage(m.Frame(m.NumFrames() - 1))
	id, e1 := d.text("id")
	peer, e2 := d.text("from")
	old, e3 := d.text("old-from")
	if err := errors.Join(err, e1, e2, e3); err != nil {
		s.stats.Drops.Malformed++
		return
	}
	x := s.sessions[sessionKey{cmp.Or(old, peer), id}]
	if x == nil {
		// The last messages of an initiator cross the end of the response.
		s.stats.Drops.UnknownSession++
		return
	}
	if old != "" && x.handoff == handoffDone {
		delete(s.sessions, sessionKey{old, id})
		x.peer = peer
		s.sessions[sessionKey{peer, id}] = x
	}
	x.receive(time.Now(), d)
	s.update(x)
}

// update sends what an exchange has put out, and wakes the handler. The caller holds mu.
func (s *StreamServer) update(x *serverStream) {
	for _, d := range x.ready() {
		b := encodeMessage(d, true)
		// A PUB does not wait: without a subscriber, or with a full queue, the message is
		// dropped, and the initiator finds a gap in the sequence numbers.
		_ = s.pub.TrySend(append(append([]byte(x.peer), ' '), b...))
	}
	if x.over {
		if key := (sessionKey{x.peer, x.id}); s.sessions[key] == x {
			delete(s.sessions, key)
		}
		if x.err != nil {
			x.cancel()
		}
	}
	close(x.changed)
	x.changed = make(chan struct{})
}

// serve calls the handler.
func (s *StreamServer) serve(x *serverStream, r *http.Request) {
	defer x.cancel()
	w := &streamWriter{s: s, x: x, header: http.Header{}, head: r.Method == http.MethodHead}
	failed := true
	defer func() {
		_ = recover()
		if !failed {
			failed = w.finish() != nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if failed {
			s.stats.Failures++
			x.fail(errors.New("zhttp: the handler panicked, or the response was too large"), "undefined-condition")
			s.update(x)
		} else {
			s.stats.Responses++
		}
	}()
	s.handler.ServeHTTP(w, r)
	failed = false
}

// StreamServerStats has the counters of a [StreamServer].
type StreamServerStats struct {
	Sessions int // requests in progress

	Requests  uint64 // requests passed to the handler
	Responses uint64 // complete responses
	Failures  uint64 // responses that are not complete: cancelled, expired, too large, or of a handler that panicked
	Expired   uint64 // sessions whose proxy was silent

	Drops StreamServerDrops
}

// StreamServerDrops counts the messages that a [StreamServer] has received and not
// processed. Those that the sockets have dropped are in their own counters
// ([StreamServerOptions].Sockets).
type StreamServerDrops struct {
	Malformed      uint64 // messages that are none of RFC 33, which are not answered
	BadRequest     uint64 // requests that lack a field, or have invalid ones; answered with an error
	SessionLimit   uint64 // requests above MaxSessions, answered with the status 503
	UnknownSession uint64 // messages of a session that has ended, or that there never was
}

// Stats returns the counters.
func (s *StreamServer) Stats() StreamServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Sessions = len(s.sessions)
	return st
}
