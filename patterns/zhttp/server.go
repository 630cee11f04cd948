package zhttp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

// ServerOptions configure a [Server]. In every field the zero value is the default.
type ServerOptions struct {
	// Socket has the options of the ROUTER socket, such as its security. Default all
	// defaults.
	Socket *zmq.Options

	// MaxBody bounds the body of a request and of a response, in bytes. A request above
	// it is answered with the status 413. The handler's Write above it returns
	// [ErrBodyTooLarge], and the response is an error. Default 8 MiB.
	MaxBody int64

	// Concurrency bounds the calls of the handler at a time. Default 64.
	Concurrency int

	// MaxQueued bounds the requests that wait for the handler. Further ones are answered
	// with the status 503. Default 1000.
	MaxQueued int

	// MaxQueuedBytes bounds the bodies of the requests that wait for the handler. Further
	// ones are answered with the status 503. Default 64 MiB.
	MaxQueuedBytes int64

	// Sockets is a registry to which the server adds its socket, as "zhttp server".
	// Default none.
	Sockets *zmqstat.Registry
}

// Server serves the requests of proxies with an [http.Handler]. Its peers are REQ and
// DEALER sockets. All methods may be called concurrently.
//
// The handler's request has a body that was read completely. Its URL is absolute, and
// RemoteAddr is that of the HTTP client, if the proxy reports it; the proxy must be
// trusted for that. The response is sent when the handler returns. The response to a
// handler that panics is the error "undefined-condition".
type Server struct {
	socket      *zmq.Router
	handler     http.Handler
	maxBody     int64
	concurrency int
	maxQueued   int
	maxBytes    int64

	cancel  context.CancelFunc
	done    chan struct{} // closed when run has ended
	results chan answer

	mu     sync.Mutex // guards what follows
	active int        // calls of the handler
	queue  []call
	bytes  int64 // of the bodies in queue
	stats  ServerStats
}

// call is a request for the handler.
type call struct {
	message  zmq.Message // the request, for Reply
	request  *http.Request
	reply    dict // the fields that every response has
	prefixed bool
}

// answer is the response to a request.
type answer struct {
	call
	failed bool
}

// NewServer returns a server that is not bound or connected yet. The error matches
// [ErrInvalidOption].
func NewServer(h http.Handler, o *ServerOptions) (*Server, error) {
	var v ServerOptions
	if o != nil {
		v = *o
	}
	if v.MaxBody < 0 || v.Concurrency < 0 || v.MaxQueued < 0 || v.MaxQueuedBytes < 0 {
		return nil, fmt.Errorf("zhttp: a negative limit: %w", ErrInvalidOption)
	}
	socket, err := zmq.NewRouter(v.Socket)
	if err != nil {
		return nil, fmt.Errorf("zhttp: socket of a server: %w", err)
	}
	if v.Sockets != nil {
		v.Sockets.Add("zhttp server", socket.Socket)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		socket: socket, handler: h, maxBody: cmp.Or(v.MaxBody, defaultMaxBody),
		concurrency: cmp.Or(v.Concurrency, defaultConcurrency), maxQueued: cmp.Or(v.MaxQueued, defaultMaxQueued),
		maxBytes: cmp.Or(v.MaxQueuedBytes, defaultMaxQueuedBytes),
		cancel:   cancel, done: make(chan struct{}), results: make(chan answer),
	}
	go s.run(ctx)
	return s, nil
}

// Bind accepts proxies at an endpoint, as [zmq.Socket.Bind] does.
func (s *Server) Bind(endpoint string) (string, error) { return s.socket.Bind(endpoint) }

// Connect connects to the endpoint of a proxy, as [zmq.Connector.Connect] does.
func (s *Server) Connect(endpoint string) error { return s.socket.Connect(endpoint) }

// Close closes the server. It ends the contexts of the handler's requests and waits for
// the handler; the responses are sent. Close waits until the socket has written its
// messages, at most [zmq.Options.Linger], and until all goroutines have ended. Its error
// is that of [zmq.Socket.Close].
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
			s.finish()
			return
		case <-s.socket.Ready():
			if m, err := s.socket.TryRecv(); err == nil {
				s.receive(ctx, m)
			}
		case a := <-s.results:
			s.finished(a)
		}
	}
}

// finish waits for the calls of the handler.
func (s *Server) finish() {
	s.mu.Lock()
	s.stats.Drops.Closed += uint64(len(s.queue))
	s.queue = nil
	n := s.active
	s.mu.Unlock()
	for range n {
		s.finished(<-s.results)
	}
}

// receive processes a request.
func (s *Server) receive(ctx context.Context, m zmq.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.IsConnect() || m.IsDisconnect() {
		return
	}
	body := m.Body()
	var d dict
	var prefixed bool
	err := errMalformed
	if body.NumFrames() == 1 && len(m.Envelope()) > 0 {
		d, prefixed, err = decodeMessage(body.Bytes())
	}
	if err != nil {
		s.stats.Drops.Malformed++ // without an ID there is nothing to answer
		return
	}
	c := call{message: m, prefixed: prefixed, reply: dict{}}
	for _, key := range []string{"id", "user-data"} {
		if v, ok := d[key]; ok {
			c.reply[key] = v
		}
	}
	c.request, err = decodeRequest(ctx, d)
	switch {
	case err != nil:
		s.stats.Drops.BadRequest++
		s.fail(c, "bad-request")
	case c.request.ContentLength > s.maxBody:
		s.stats.Drops.TooLarge++
		s.status(c, http.StatusRequestEntityTooLarge)
	case len(s.queue) >= s.maxQueued, s.bytes+c.request.ContentLength > s.maxBytes:
		s.stats.Drops.QueueFull++
		s.status(c, http.StatusServiceUnavailable)
	default:
		s.queue = append(s.queue, c)
		s.bytes += c.request.ContentLength
		s.start()
	}
}

// decodeRequest returns the request for the handler.
func decodeRequest(ctx context.Context, d dict) (*http.Request, error) {
	method, e1 := d.text("method")
	uri, e2 := d.text("uri")
	headers, e3 := d.headers()
	body, e4 := d.bytes("body")
	address, e5 := d.text("peer-address")
	port, e6 := d.number("peer-port")
	typ, e7 := d.text("type")
	u, e8 := url.Parse(uri)
	if err := errors.Join(e1, e2, e3, e4, e5, e6, e7, e8); err != nil {
		return nil, err
	}
	// A body with "more" is one of the advanced arrangement.
	if !validName(method) || !u.IsAbs() || u.Host == "" || typ != "" || d["more"] == true {
		return nil, fmt.Errorf("%w: method %q, URI %q, type %q", errMalformed, method, uri, typ)
	}
	for _, name := range perConnection {
		headers.Del(name)
	}
	host := cmp.Or(headers.Get("Host"), u.Host)
	headers.Del("Host")
	if len(body) > 0 {
		headers.Set("Content-Length", strconv.Itoa(len(body)))
	}
	r := &http.Request{
		Method: method, URL: u, RequestURI: u.RequestURI(), Host: host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: headers,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	if address != "" {
		r.RemoteAddr = net.JoinHostPort(address, strconv.FormatInt(port, 10))
	}
	return r.WithContext(ctx), nil
}

// start passes queued requests to the handler. The caller holds mu.
func (s *Server) start() {
	for s.active < s.concurrency && len(s.queue) > 0 {
		c := s.queue[0]
		s.queue[0] = call{}
		s.queue = s.queue[1:]
		s.bytes -= c.request.ContentLength
		s.active++
		s.stats.Requests++
		go s.serve(c)
	}
}

// serve calls the handler, in a goroutine of its own, which ends when run has received
// the response.
func (s *Server) serve(c call) {
	w := &writer{header: http.Header{}, limit: s.maxBody}
	failed := true
	defer func() {
		_ = recover()
		a := answer{call: c, failed: failed || w.exceeded}
		if !a.failed {
			w.WriteHeader(http.StatusOK)
			body := w.body.Bytes()
			if c.request.Method == http.MethodHead {
				body = nil
			}
			c.response(w.code, w.sent, body)
		}
		s.results <- a
	}()
	s.handler.ServeHTTP(w, c.request)
	failed = false
}

// response adds the fields of a response.
func (c call) response(code int, h http.Header, body []byte) {
	c.reply["code"] = code
	c.reply["reason"] = http.StatusText(code)
	c.reply["headers"] = headerList(h)
	c.reply["body"] = body
}

// finished sends a response.
func (s *Server) finished(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	if a.failed {
		s.stats.Failures++
		s.fail(a.call, "undefined-condition")
	} else {
		s.send(a.call)
	}
	s.start()
}

// fail sends an error. The caller holds mu.
func (s *Server) fail(c call, condition string) {
	c.reply["type"], c.reply["condition"] = "error", condition
	s.send(c)
}

// status sends a response without a body. The caller holds mu.
func (s *Server) status(c call, code int) {
	c.response(code, nil, nil)
	s.send(c)
}

// send sends a response without waiting, so that no proxy delays others. The caller
// holds mu.
func (s *Server) send(c call) {
	frames := append(c.message.Envelope(), encodeMessage(c.reply, c.prefixed))
	switch err := s.socket.TrySendMessageTo(c.message.RoutingID(), zmq.NewMessage(frames...)); {
	case err == nil:
		s.stats.Responses++
	case errors.Is(err, zmq.ErrWouldBlock):
		s.stats.Drops.ProxyFull++
	default:
		s.stats.Drops.ProxyGone++
	}
}

// ServerStats has the counters of a [Server].
type ServerStats struct {
	Active int // calls of the handler now
	Queued int // requests that wait for the handler

	Requests  uint64 // requests passed to the handler
	Responses uint64 // responses sent, including errors
	Failures  uint64 // panics of the handler, and responses above MaxBody

	Drops ServerDrops
}

// ServerDrops counts the messages that a [Server] has received and not passed to the
// handler, or not sent.
type ServerDrops struct {
	Malformed  uint64 // messages that are no dictionary, which are not answered
	BadRequest uint64 // requests that lack a field, or have invalid ones; answered with an error
	TooLarge   uint64 // requests above MaxBody, answered with the status 413
	QueueFull  uint64 // requests above MaxQueued or MaxQueuedBytes, answered with the status 503
	ProxyGone  uint64 // responses to proxies that have disconnected, or above the limits of the socket
	ProxyFull  uint64 // responses to proxies whose queue is full
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

// writer is the ResponseWriter of a handler. It keeps the response until the handler
// returns.
type writer struct {
	header   http.Header
	sent     http.Header // header when the status was set
	code     int
	body     bytes.Buffer
	limit    int64
	exceeded bool
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(code int) {
	if w.code == 0 && code >= 200 {
		w.code, w.sent = code, w.header.Clone()
	}
}

func (w *writer) Write(b []byte) (int, error) {
	if w.code == 0 {
		if w.header.Get("Content-Type") == "" {
			w.header.Set("Content-Type", http.DetectContentType(b))
		}
		w.WriteHeader(http.StatusOK)
	}
	if int64(w.body.Len()+len(b)) > w.limit {
		w.exceeded = true
		return 0, ErrBodyTooLarge
	}
	return w.body.Write(b)
}
