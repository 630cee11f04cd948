package zmq4

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

// Defaults of options, and the time for which Close waits.
const (
	defaultRetry      = 250 * time.Millisecond
	defaultMaxRetries = 10
	defaultTimeout    = 5 * time.Minute
	linger            = time.Second
)

// socket is a socket of any type. A type that does not send has no send, and one that
// does not receive no recv.
type socket struct {
	typ    SocketType
	failed error // of the constructor, returned by all calls
	ctx    context.Context
	cancel context.CancelFunc

	id          SocketIdentity
	security    Security
	retry       time.Duration
	maxRetries  int
	dialTimeout time.Duration
	timeout     time.Duration
	logger      *log.Logger

	connector  zmq.Connector
	send       func(context.Context, Msg) error
	recv       func(context.Context) (Msg, error)
	subscriber *zmq.Subscriber // of a SUB
	setHWM     []func(int) error
	done       sync.WaitGroup // of the goroutine of a PUB

	mu     sync.Mutex
	values map[string]any      // of SetOption; guarded by mu
	topics map[string]struct{} // guarded by mu
	addr   net.Addr            // guarded by mu
}

// newSocket applies the options. open makes the socket.
func newSocket(ctx context.Context, typ SocketType, opts []Option, open func(*socket, *zmq.Options) error) *socket {
	if ctx == nil {
		ctx = context.Background()
	}
	s := &socket{
		typ: typ, retry: defaultRetry, maxRetries: defaultMaxRetries, dialTimeout: defaultTimeout, timeout: defaultTimeout,
		values: map[string]any{}, topics: map[string]struct{}{},
	}
	for _, o := range opts {
		o(s)
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	if err := open(s, s.options()); err != nil {
		s.failed = fmt.Errorf("zmq4: %w", err)
	}
	return s
}

// options returns the options of the socket.
func (s *socket) options() *zmq.Options {
	retry := max(s.retry, time.Millisecond)
	o := &zmq.Options{Linger: linger, Immediate: true}
	o.Reconnect = zmq.ReconnectOptions{Interval: retry, MaxInterval: retry, ConnectTimeout: max(s.dialTimeout, time.Millisecond)}
	o.Network.Transports = adapters(&net.Dialer{Timeout: s.dialTimeout})
	if s.typ == Req || s.typ == Dealer || s.typ == Router {
		o.RoutingID = string(s.id)
	}
	if s.logger != nil {
		o.Logger = slog.New(slog.NewTextHandler(lineWriter{s.logger}, nil))
	}
	return o
}

// lineWriter writes lines to a logger.
type lineWriter struct{ logger *log.Logger }

func (w lineWriter) Write(b []byte) (int, error) {
	w.logger.Print(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// endpointOptions returns the security of an endpoint, which depends on the side.
func (s *socket) endpointOptions(server bool) (zmq.EndpointOptions, error) {
	if s.security == nil || s.security.Type() == NullSecurity {
		return zmq.EndpointOptions{}, nil
	}
	c, ok := s.security.(interface{ Credentials() (string, string) })
	if s.security.Type() != PlainSecurity || !ok {
		return zmq.EndpointOptions{}, fmt.Errorf("zmq4: security mechanism %s of type %T is not supported", s.security.Type(), s.security)
	}
	user, pass := c.Credentials()
	if !server {
		return zmq.EndpointOptions{Security: &zmq.Security{Mechanism: zmq.Plain{Username: user, Password: pass}}}, nil
	}
	return zmq.EndpointOptions{Security: &zmq.Security{
		Mechanism: zmq.PlainServer{},
		Authenticator: func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
			same := subtle.ConstantTimeCompare([]byte(r.Username), []byte(user)) & subtle.ConstantTimeCompare([]byte(r.Password), []byte(pass))
			if same != 1 {
				return zmq.Identity{}, errors.New("zmq4: wrong user or password")
			}
			return zmq.Identity{UserID: user}, nil
		},
	}}, nil
}

func (s *socket) Close() error {
	s.cancel()
	if s.failed != nil {
		return s.failed
	}
	err := s.connector.Close()
	s.done.Wait()
	return err
}

func (s *socket) Type() SocketType        { return s.typ }
func (s *socket) SendMulti(msg Msg) error { return s.Send(msg) }

func (s *socket) Send(msg Msg) error {
	switch {
	case s.failed != nil:
		return s.failed
	case s.send == nil:
		return fmt.Errorf("zmq4: %s sockets can't send messages", s.typ)
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	return s.result(ctx, s.send(ctx, msg))
}

func (s *socket) Recv() (Msg, error) {
	switch {
	case s.failed != nil:
		return Msg{}, s.failed
	case s.recv == nil:
		return Msg{}, fmt.Errorf("zmq4: %s sockets can't recv messages", s.typ)
	case s.ctx.Err() != nil:
		return Msg{}, s.ctx.Err()
	}
	m, err := s.recv(s.ctx)
	return m, s.result(s.ctx, err)
}

// result returns the error of a call. Programs compare the error of the context, which
// is therefore not wrapped.
func (s *socket) result(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, zmq.ErrClosed):
		return context.Canceled
	}
	return fmt.Errorf("zmq4: %w", err)
}

func (s *socket) Listen(ep string) error {
	if err := s.check(ep); err != nil {
		return err
	}
	o, err := s.endpointOptions(true)
	if err != nil {
		return err
	}
	bound, err := s.connector.BindWith(ep, o)
	if err != nil {
		return fmt.Errorf("zmq4: could not listen to %q: %w", ep, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = address(bound)
	return nil
}

// check returns an error if an endpoint cannot be used.
func (s *socket) check(ep string) error {
	if s.failed != nil {
		return s.failed
	}
	return checkTransport(ep)
}

// Dial connects, and waits for the first handshake, or for the last retry.
func (s *socket) Dial(ep string) error {
	if err := s.check(ep); err != nil {
		return err
	}
	o, err := s.endpointOptions(false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	events := s.connector.Events(ctx)
	if err := s.connector.ConnectWith(ep, o); err != nil {
		return fmt.Errorf("zmq4: could not dial to %q: %w", ep, err)
	}
	failures := 0
	for e := range events {
		if e.Endpoint != ep {
			continue
		}
		switch e.Kind {
		case zmq.EventReady:
			return nil
		case zmq.EventHandshakeFailed:
			_ = s.connector.Disconnect(ep)
			return fmt.Errorf("zmq4: could not open a ZMTP connection: %w", cause(e))
		case zmq.EventRetrying, zmq.EventResolveFailed, zmq.EventStopped:
			if failures++; s.maxRetries >= 0 && failures > s.maxRetries {
				_ = s.connector.Disconnect(ep)
				return fmt.Errorf("zmq4: could not dial to %q (retry=%v): %w", ep, s.retry, cause(e))
			}
		}
	}
	return fmt.Errorf("zmq4: could not dial to %q: %w", ep, context.Canceled)
}

// cause returns the error of an event.
func cause(e zmq.Event) error {
	if e.Err != nil {
		return e.Err
	}
	return errors.New(e.String())
}

func (s *socket) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// address returns the address of a bound endpoint.
func address(endpoint string) net.Addr {
	scheme, text, _ := strings.Cut(endpoint, "://")
	if scheme == "tcp" {
		if a, err := net.ResolveTCPAddr("tcp", text); err == nil {
			return a
		}
	}
	if scheme == "ipc" {
		return &net.UnixAddr{Name: text, Net: "unix"}
	}
	return endpointAddr{scheme, text}
}

// endpointAddr is the address of an endpoint that package net does not know.
type endpointAddr struct{ network, text string }

func (a endpointAddr) Network() string { return a.network }
func (a endpointAddr) String() string  { return a.text }

func (s *socket) GetOption(name string) (interface{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	return nil, ErrBadProperty
}

func (s *socket) SetOption(name string, value interface{}) error {
	if s.failed != nil {
		return s.failed
	}
	var err error
	text, isText := value.(string)
	hwm, isNumber := value.(int)
	switch {
	case name == OptionSubscribe && s.subscriber != nil && isText:
		err = s.subscribe(text)
	case name == OptionUnsubscribe && s.subscriber != nil && isText:
		err = s.unsubscribe(text)
	case name == OptionHWM && isNumber:
		for _, set := range s.setHWM {
			err = errors.Join(err, set(hwm))
		}
	default:
		err = ErrBadProperty
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[name] = value
	return nil
}

// subscribe subscribes once, as a set of topics does.
func (s *socket) subscribe(topic string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.topics[topic]; found {
		return nil
	}
	s.topics[topic] = struct{}{}
	return s.subscriber.Subscribe(topic)
}

func (s *socket) unsubscribe(topic string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.topics[topic]; !found {
		return nil
	}
	delete(s.topics, topic)
	return s.subscriber.Unsubscribe(topic)
}

// sortedTopics returns the topics of a SUB, or of the peers of a PUB or XPUB.
func (s *socket) sortedTopics() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.topics))
}

// noteSubscription processes a message that an XPUB has received.
func (s *socket) noteSubscription(m zmq.Message) {
	if m.NumFrames() != 1 || len(m.Frame(0)) == 0 || m.Frame(0)[0] > 1 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	topic := string(m.Frame(0)[1:])
	if m.Frame(0)[0] == 1 {
		s.topics[topic] = struct{}{}
	} else {
		delete(s.topics, topic)
	}
}
