package zhttp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqstat"
)

var (
	// ErrSessionTimeout is matched by the error of a [StreamTransport] if the peer has
	// sent nothing for [StreamOptions].SessionTimeout.
	ErrSessionTimeout = errors.New("zhttp: session timeout")
	// ErrTooManySessions is matched by the error of a [StreamTransport] for a request
	// above [StreamOptions].MaxSessions. Nothing was sent.
	ErrTooManySessions = errors.New("zhttp: too many sessions")
)

// StreamEndpoints are the endpoints of a peer of the advanced arrangement, with the names
// that they have in the configuration of zurl. Several peers may be connected: the first
// message of a request goes to one of them.
type StreamEndpoints struct {
	In       []string // for the PUSH that sends the first message of a request
	InStream []string // for the ROUTER that sends the messages after that
	Out      []string // for the SUB that receives responses
}

// StreamOptions configure a [StreamTransport]. In every field the zero value is the
// default.
type StreamOptions struct {
	// Socket has the options of the three sockets, such as their security. Options that
	// are for other types than PUSH, ROUTER and SUB are an error. Default all defaults.
	Socket *zmq.Options

	// Window is how many bytes of a response body are held until they are read: the
	// credits that the peer has. Default 256 KiB.
	Window int64

	// ChunkSize bounds the bytes of a request body in one message. Default 64 KiB.
	ChunkSize int

	// KeepAlive is the time between keep-alive messages in a session. Default 20 s.
	KeepAlive time.Duration

	// SessionTimeout is after how long without a message of the peer a session ends.
	// Default 60 s.
	SessionTimeout time.Duration

	// MaxSessions bounds the requests in progress: those whose response is not complete.
	// Default 1000.
	MaxSessions int

	// Target changes how the peer carries out the requests. Default as the URLs say.
	Target Target

	// Sockets is a registry to which the transport adds its sockets, as "zhttp in",
	// "zhttp in-stream" and "zhttp out". Default none.
	Sockets *zmqstat.Registry
}

// StreamTransport is an [http.RoundTripper] of the advanced arrangement: the bodies of
// requests and responses are streams of any length. Credits bound what each side holds of
// a body that the other has not read. All methods may be called concurrently.
//
// A message that is lost, because a connection is or the queue of the peer's PUB is full,
// ends its request with [ErrMalformed] when the next one arrives, because messages have
// sequence numbers.
type StreamTransport struct {
	push    *zmq.Push
	router  *zmq.Router
	sub     *zmq.Sub
	from    string // address of this transport
	options StreamOptions

	cancel context.CancelFunc
	done   sync.WaitGroup // of run and of the goroutines that send bodies

	mu       sync.Mutex // guards what follows and the sessions
	closed   bool
	sessions map[string]*stream
	stats    StreamStats
}

// stream is a session and those who wait for it.
type stream struct {
	session
	changed chan struct{} // closed, and replaced, when the session changes
}

// NewStreamTransport returns a transport that is connected to the endpoints. The error
// matches [ErrInvalidOption], [zmq.ErrInvalidEndpoint] or
// [zmq.ErrUnsupportedTransport].
func NewStreamTransport(e StreamEndpoints, o *StreamOptions) (*StreamTransport, error) {
	var v StreamOptions
	if o != nil {
		v = *o
	}
	if v.Window < 0 || v.ChunkSize < 0 || v.KeepAlive < 0 || v.SessionTimeout < 0 || v.MaxSessions < 0 || !v.Target.valid() ||
		len(e.In) == 0 || len(e.InStream) == 0 || len(e.Out) == 0 {
		return nil, fmt.Errorf("zhttp: options of a stream transport, or no endpoints: %w", ErrInvalidOption)
	}
	v.Window = cmp.Or(v.Window, 256<<10)
	v.ChunkSize = cmp.Or(v.ChunkSize, 64<<10)
	v.KeepAlive = cmp.Or(v.KeepAlive, 20*time.Second)
	v.SessionTimeout = cmp.Or(v.SessionTimeout, 60*time.Second)
	v.MaxSessions = cmp.Or(v.MaxSessions, 1000)
	t := &StreamTransport{from: rand.Text(), options: v, sessions: map[string]*stream{}}
	if err := t.open(e); err != nil {
		t.closeSockets()
		return nil, fmt.Errorf("zhttp: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	t.done.Go(func() { t.run(ctx) })
	t.done.Go(func() { t.watch(ctx) })
	return t, nil
}

// open opens and connects the sockets.
func (t *StreamTransport) open(e StreamEndpoints) (err error) {
	if t.push, err = zmq.NewPush(t.options.Socket); err != nil {
		return err
	}
	if t.router, err = zmq.NewRouter(t.options.Socket); err != nil {
		return err
	}
	if t.sub, err = zmq.NewSub(t.options.Socket); err != nil {
		return err
	}
	if err := t.sub.Subscribe(t.from + " "); err != nil {
		return err
	}
	for _, c := range []struct {
		name      string
		connector zmq.Connector
		endpoints []string
	}{{"zhttp in", t.push.Connector, e.In}, {"zhttp in-stream", t.router.Connector, e.InStream}, {"zhttp out", t.sub.Connector, e.Out}} {
		for _, endpoint := range c.endpoints {
			if err := c.connector.Connect(endpoint); err != nil {
				return err
			}
		}
		if t.options.Sockets != nil {
			t.options.Sockets.Add(c.name, c.connector.Socket)
		}
	}
	return nil
}

func (t *StreamTransport) closeSockets() error {
	var errs []error
	if t.push != nil {
		errs = append(errs, t.push.Close())
	}
	if t.router != nil {
		errs = append(errs, t.router.Close())
	}
	if t.sub != nil {
		errs = append(errs, t.sub.Close())
	}
	return errors.Join(errs...)
}

// Close closes the transport. Requests in progress, and reads of bodies that are not
// complete, end with [ErrClosed], and the peers are sent "cancel". Close waits until the
// sockets have written their messages, at most [zmq.Options.Linger] each, and until all
// goroutines have ended, for which Read of a request's body must return.
func (t *StreamTransport) Close() error {
	t.mu.Lock()
	t.closed = true
	for _, s := range t.sessions {
		s.fail(fmt.Errorf("zhttp: %w", ErrClosed), true)
		t.update(s)
	}
	t.mu.Unlock()
	t.cancel()
	t.done.Wait()
	return t.closeSockets()
}

// run receives the messages of responders.
func (t *StreamTransport) run(ctx context.Context) {
	for m, err := range t.sub.Messages(ctx) {
		if err != nil {
			return
		}
		t.receive(m.Bytes())
	}
}

// receive processes a message: the address of this transport, a space and a tnetstring.
func (t *StreamTransport) receive(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, _ = bytes.CutPrefix(b, []byte(t.from+" "))
	d, _, err := decodeMessage(b)
	id, e1 := d.text("id")
	from, e2 := d.text("from")
	typ, e3 := d.text("type")
	if err := errors.Join(err, e1, e2, e3); err != nil {
		t.stats.Drops.Malformed++
		return
	}
	s := t.sessions[id]
	if s == nil {
		// The request was cancelled before its responder was known.
		t.stats.Drops.UnknownSession++
		if typ != "cancel" && typ != "error" {
			t.transmit(from, dict{"from": t.from, "id": id, "type": "cancel"})
		}
		return
	}
	s.receive(time.Now(), d)
	t.update(s)
}

// update sends what a session has put out, and wakes those who wait for it. The caller
// holds mu.
func (t *StreamTransport) update(s *stream) {
	for _, d := range s.ready() {
		if !t.transmit(s.peer, d) {
			s.fail(fmt.Errorf("zhttp: cannot send to the peer %q", s.peer), false)
		}
	}
	if s.over() && t.sessions[s.id] == s {
		delete(t.sessions, s.id)
		if s.phase == phaseFailed {
			t.stats.Failures++
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// transmit sends a message to a responder, without waiting.
func (t *StreamTransport) transmit(peer string, d dict) bool {
	return t.router.TrySendTo(peer, nil, encodeMessage(d, true)) == nil
}

// watch sends keep-alive messages and ends sessions whose peer is silent.
func (t *StreamTransport) watch(ctx context.Context) {
	ticker := time.NewTicker(min(t.options.KeepAlive, t.options.SessionTimeout))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		t.mu.Lock()
		for _, s := range t.sessions {
			if time.Since(s.heard) >= t.options.SessionTimeout {
				s.fail(ErrSessionTimeout, true)
			} else if s.peer != "" {
				s.send(dict{"type": "keep-alive"})
			}
			t.update(s)
		}
		t.mu.Unlock()
	}
}

// RoundTrip sends a request and returns the response when its header has arrived. It
// waits until peers are connected to all sockets. The caller reads and closes the body of
// the response; Close cancels the rest. If the context of the request ends, RoundTrip and
// reads of the body return its error, and the peer is sent "cancel".
//
// The error is a *[ConditionError] if the peer reports one, or has cancelled the request,
// or matches [ErrMalformed], [ErrSessionTimeout], [ErrTooManySessions], [ErrClosed], or
// that of the context or of the request's body. The request may have been carried out,
// except with ErrTooManySessions.
func (t *StreamTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	s, rest, err := t.begin(ctx, r)
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { t.fail(s, ctx.Err()) })
	if rest != nil {
		t.done.Go(func() { t.sendBody(s, rest) })
	}
	for {
		t.mu.Lock()
		head, err, changed := s.code != 0, s.err, s.changed
		t.mu.Unlock()
		switch {
		case head: // an error that has followed it is that of the body
			return t.response(r, s, stop), nil
		case err != nil:
			stop()
			return nil, err
		}
		<-changed
	}
}

func (t *StreamTransport) fail(s *stream, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.over() {
		s.fail(err, true)
		t.update(s)
	}
}

// begin sends the first message of a request, with the first part of its body. rest is
// the body if there is more of it.
func (t *StreamTransport) begin(ctx context.Context, r *http.Request) (s *stream, rest io.ReadCloser, err error) {
	if err := errors.Join(t.router.WaitConnected(ctx), t.sub.WaitSubscribed(ctx)); err != nil {
		return nil, nil, fmt.Errorf("zhttp: %w", err)
	}
	var first []byte
	if r.Body != nil {
		first = make([]byte, t.options.ChunkSize)
		n, err := io.ReadFull(r.Body, first)
		switch first = first[:n]; {
		case err == nil:
			rest = r.Body
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			r.Body.Close()
		default:
			return nil, nil, err
		}
	}
	s = &stream{session: session{
		id: rand.Text(), from: t.from, granted: t.options.Window, heard: time.Now(), sentAll: rest == nil,
	}, changed: make(chan struct{})}
	d := encodeRequest(r, s.id, first)
	t.options.Target.encode(d)
	d["stream"], d["credits"] = true, t.options.Window
	if rest != nil {
		d["more"] = true
	}
	if err := t.add(s, d); err != nil {
		return nil, nil, err
	}
	if err := t.push.Send(ctx, encodeMessage(d, true)); err != nil {
		t.fail(s, err)
		return nil, nil, fmt.Errorf("zhttp: %w", err)
	}
	return s, rest, nil
}

// add adds a session and completes its first message, which goes to no known responder.
func (t *StreamTransport) add(s *stream, d dict) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Requests++
	switch {
	case t.closed:
		return fmt.Errorf("zhttp: %w", ErrClosed)
	case len(t.sessions) >= t.options.MaxSessions:
		return ErrTooManySessions
	}
	s.send(d)
	s.out = nil
	t.sessions[s.id] = s
	return nil
}

// sendBody sends the rest of a request's body, as the responder grants credits.
func (t *StreamTransport) sendBody(s *stream, body io.ReadCloser) {
	defer body.Close()
	chunk := make([]byte, t.options.ChunkSize)
	for {
		n := t.waitCredits(s)
		if n == 0 {
			return
		}
		n, err := io.ReadFull(body, chunk[:min(n, len(chunk))])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		t.mu.Lock()
		switch {
		case s.over():
			last = true
		case err != nil && !last:
			s.fail(err, true)
			last = true
		default:
			s.write(append([]byte(nil), chunk[:n]...), last)
		}
		t.update(s)
		t.mu.Unlock()
		if last {
			return
		}
	}
}

// waitCredits waits until a part of the request body may be sent, and returns how much.
// It returns 0 when the session has ended.
func (t *StreamTransport) waitCredits(s *stream) int {
	for {
		t.mu.Lock()
		over, credits, changed := s.over(), s.credits, s.changed
		t.mu.Unlock()
		if over {
			return 0
		}
		if credits > 0 {
			return int(min(credits, 1<<30))
		}
		<-changed
	}
}

// response returns the response of a session whose header has arrived.
func (t *StreamTransport) response(r *http.Request, s *stream, stop func() bool) *http.Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Responses++
	removePerConnection(s.headers)
	length := int64(-1)
	if n, err := strconv.ParseInt(s.headers.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		length = n
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", s.code, s.reason), StatusCode: s.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.headers, Body: &streamBody{t: t, s: s, stop: stop}, ContentLength: length, Request: r,
	}
}

// streamBody is the body of a response.
type streamBody struct {
	t    *StreamTransport
	s    *stream
	stop func() bool // of the function that ends the session with the context
}

func (b *streamBody) Read(p []byte) (int, error) {
	for {
		b.t.mu.Lock()
		n := b.s.read(p, b.t.options.Window/4)
		phase, err, changed, left := b.s.phase, b.s.err, b.s.changed, len(b.s.buffer)
		if n > 0 && phase == phaseBody {
			b.t.update(b.s)
		}
		b.t.mu.Unlock()
		switch {
		case n > 0 || len(p) == 0:
			return n, nil
		case phase == phaseFailed:
			b.stop()
			return 0, err
		case phase == phaseEnded && left == 0:
			b.stop()
			return 0, io.EOF
		}
		<-changed
	}
}

// Close ends the session if it is not complete.
func (b *streamBody) Close() error {
	b.stop()
	b.t.fail(b.s, errors.New("zhttp: read on closed response body"))
	return nil
}

// StreamStats has the counters of a [StreamTransport].
type StreamStats struct {
	Sessions int // requests in progress

	Requests  uint64 // calls of RoundTrip whose peers were connected
	Responses uint64 // responses returned
	Failures  uint64 // sessions that ended before the response was complete

	Drops StreamDrops
}

// StreamDrops counts the messages that a [StreamTransport] has received and dropped.
type StreamDrops struct {
	Malformed      uint64 // messages that are no response of RFC 33
	UnknownSession uint64 // messages of a session that has ended, or that there never was; the peer is sent "cancel"
}

// Stats returns the counters.
func (t *StreamTransport) Stats() StreamStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := t.stats
	st.Sessions = len(t.sessions)
	return st
}

var _ http.RoundTripper = (*StreamTransport)(nil)
