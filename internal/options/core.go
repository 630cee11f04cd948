package options

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// Core is a socket whose options are set and read by number at any time, as libzmq
// permits it. The socket is made on first use, because ZMQ_ROUTER_RAW must be known
// then. An option takes effect as its When says: bound and connected endpoints keep
// the values that it had before, unless it takes effect at once.
//
// All methods may be called concurrently.
type Core struct {
	typ  pattern.Type
	base socket.Options
	ask  Ask

	mu      sync.Mutex // guards the fields below
	values  *Values
	changed bool           // values that take effect with the next endpoint have changed
	socket  *socket.Socket // nil before the first use
	last    string         // ZMQ_LAST_ENDPOINT
	fd      func() (int, error)
	closed  bool
}

// NewCore returns a socket of a type in the context. base has the options of the core
// that libzmq does not have: the transports, the namespace and limits. ask asks the ZAP
// handler of the context; nil: there is none.
func (v *ContextValues) NewCore(t pattern.Type, base socket.Options, ask Ask) *Core {
	return &Core{typ: t, base: base, ask: ask, values: v.NewSocket(t)}
}

// SetFD sets the function that makes the descriptor of ZMQ_FD, which the core does not
// have: it becomes readable when ZMQ_EVENTS changes. Without it ZMQ_FD is EINVAL.
func (c *Core) SetFD(f func() (int, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fd = f
}

// Socket returns the socket, and makes it if this is its first use. The error is
// socket.ErrClosed or that of an option.
func (c *Core) Socket() (*socket.Socket, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open()
}

func (c *Core) open() (*socket.Socket, error) {
	if c.closed {
		return nil, socket.ErrClosed
	}
	if c.socket != nil {
		return c.socket, nil
	}
	o := c.base
	c.values.Apply(&o)
	var err error
	if o.Security, err = c.values.security(c.ask); err != nil {
		return nil, err
	}
	if c.socket, err = socket.New(c.typ, o); err != nil {
		return nil, err
	}
	c.changed = false
	return c.socket, nil
}

// ready returns the socket with the options for its next endpoint. ZMQ_ROUTER_NOTIFY and
// ZMQ_STREAM_NOTIFY belong to the pattern, so they apply to all endpoints from then on.
func (c *Core) ready() (*socket.Socket, error) {
	s, err := c.open()
	if err != nil || !c.changed {
		return s, err
	}
	sec, err := c.values.security(c.ask)
	if err != nil {
		return nil, err
	}
	err = s.Change(func(o *socket.Options) {
		c.values.Apply(o)
		o.Security = sec
	})
	if err != nil {
		return nil, err
	}
	s.ChangePattern(func(p *pattern.Options) { c.values.applyPattern(p, true) })
	c.changed = false
	return s, nil
}

// Set sets an option as zmq_setsockopt does. The error is an *Error, or
// socket.ErrClosed; nothing is then changed. A nil value is a NULL pointer.
func (c *Core) Set(n int, value []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return socket.ErrClosed
	}
	if n == routerRaw && c.socket != nil {
		return Find(n).fail(InUse, "set it before the first call that uses the socket")
	}
	if err := c.values.Set(n, value); err != nil {
		return err
	}
	switch {
	case n == subscribe, n == unsubscribe:
		return c.subscribe(string(value), n == subscribe)
	case c.socket == nil:
		return nil
	case n == sndHWM:
		return c.socket.SetSendHWM(int(c.values.Int(n)))
	case n == rcvHWM:
		return c.socket.SetRecvHWM(int(c.values.Int(n)))
	case n == linger:
		return c.socket.Change(func(o *socket.Options) { fields[linger].put(o, c.values.ints[linger]) })
	case Find(n).When == Live:
		c.socket.ChangePattern(func(p *pattern.Options) { c.values.applyPattern(p, false) })
	default:
		c.changed = true
	}
	return nil
}

// subscribe changes the subscriptions of a SUB, or those of the peer of a manual XPUB
// whose subscription was received last.
func (c *Core) subscribe(topic string, on bool) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	if c.typ == pattern.XPUB {
		return s.Topics().Assign(nil, []string{topic}, on)
	}
	return s.Topics().Subscribe(topic, on)
}

// Get writes the value of an option to buf as zmq_getsockopt does, and returns its
// length. An int needs a buffer of exactly 4 bytes, except ZMQ_RCVMORE, ZMQ_FD,
// ZMQ_EVENTS, ZMQ_THREAD_SAFE and ZMQ_TOPICS_COUNT; texts and bytes need at least
// their length. The error is an *Error, or socket.ErrClosed.
func (c *Core) Get(n int, buf []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, socket.ErrClosed
	}
	st, err := c.state(n)
	if err != nil {
		return 0, err
	}
	return c.values.Get(n, buf, st)
}

// Value returns the value of an option.
func (c *Core) Value(n int) ([]byte, error) {
	size := 32
	if o := Find(n); o != nil && o.Kind.size() > 0 {
		size = o.Kind.size()
	}
	for {
		buf := make([]byte, size)
		length, err := c.Get(n, buf)
		if e, ok := err.(*Error); !ok || e.Problem != WrongSize {
			return buf[:length], err
		}
		size *= 8 // a text or bytes
	}
}

// state returns the part of the state that option n reads.
func (c *Core) state(n int) (st State, err error) {
	switch n {
	case rcvMore, events, topicsCount:
		s := c.socket
		if s == nil {
			// The options may not be complete yet, such as the keys of CURVE: the state
			// is that of a socket with the options of its pattern alone.
			var o socket.Options
			c.values.applyPattern(&o.Pattern, true)
			if s, err = socket.New(c.typ, o); err != nil {
				return st, err
			}
			defer s.Close(context.Background())
		}
		switch n {
		case rcvMore:
			st.More = s.Frames().More()
		case topicsCount:
			st.Topics = s.Topics().TopicCount()
		default:
			st.Events = int(number(s.Frames().Readable()) + 2*number(s.Frames().Writable()))
		}
	case lastEndpoint:
		st.LastEndpoint = c.last
	case fd:
		switch {
		case c.values.threadSafe():
		case c.fd == nil:
			return st, Find(fd).fail(NoSuchOption, "%s", Find(fd).Reason)
		default:
			st.FD, err = c.fd()
		}
	}
	return st, err
}

// Bind binds as zmq_bind does. With ZMQ_USE_FD an endpoint of tcp or ipc is that of the
// descriptor, which must listen and belongs to the socket from then on; the address is
// not used.
func (c *Core) Bind(ep string) error {
	c.mu.Lock()
	s, err := c.ready()
	use := int(c.values.Int(useFD))
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if scheme, _, _ := strings.Cut(ep, "://"); use >= 0 && (scheme == "tcp" || scheme == "ipc") {
		ep, err = bindDescriptor(s, use)
	} else {
		ep, err = s.Bind(ep)
	}
	return c.used(ep, err)
}

// bindDescriptor accepts connections from a descriptor.
func bindDescriptor(s *socket.Socket, fd int) (string, error) {
	l, err := transport.AdoptListener(fd)
	if err != nil {
		return "", err
	}
	return s.BindListener(l, socket.EndpointOptions{})
}

// Connect connects as zmq_connect does. It uses up ZMQ_CONNECT_ROUTING_ID.
func (c *Core) Connect(ep string) error {
	c.mu.Lock()
	s, err := c.ready()
	if err != nil {
		c.mu.Unlock()
		return err
	}
	alias := c.values.TakeConnectRoutingID()
	c.mu.Unlock()
	return c.used(ep, s.ConnectWith(ep, socket.EndpointOptions{Alias: string(alias)}))
}

// used sets ZMQ_LAST_ENDPOINT if there is no error.
func (c *Core) used(ep string, err error) error {
	if err == nil {
		c.mu.Lock()
		c.last = ep
		c.mu.Unlock()
	}
	return err
}

// SendTimeout returns ZMQ_SNDTIMEO, and RecvTimeout ZMQ_RCVTIMEO: how long a call
// waits; negative is without limit.
func (c *Core) SendTimeout() time.Duration { return c.timeout(sndTimeo) }

// RecvTimeout is described with SendTimeout.
func (c *Core) RecvTimeout() time.Duration { return c.timeout(rcvTimeo) }

func (c *Core) timeout(n int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.values.ints[n]) * time.Millisecond
}

// Close ends the use of the options and returns the socket for its Close, or nil if it
// was not made. Socket.Linger then returns ZMQ_LINGER, negative without limit. Further
// calls of all methods return socket.ErrClosed, and of Close nil.
func (c *Core) Close() *socket.Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.socket
	c.closed, c.socket = true, nil
	return s
}
