package zmq4

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/zerobroker/zmq/internal/monitor"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// Socket is a socket of any type. Its Set and Get methods set and read options by the
// names of libzmq. The methods may be called concurrently, except that one goroutine
// at a time may send the parts of a message, and one may receive them. The zero Socket
// is closed.
type Socket struct {
	s   *sock // nil if the socket was not created
	err error // of NewSocket
}

// sock is the state of a Socket.
type sock struct {
	core  *options.Core
	ctx   *contextState
	owner *Context // with ctx

	mu      sync.Mutex // guards the fields below
	closed  bool
	monitor *eventSource               // of Monitor, or nil
	wakers  map[chan struct{}]struct{} // of calls of Poll; Close puts an element in each
}

// NewSocket creates a socket in the default context.
func NewSocket(t Type) (soc *Socket, err error) { return defaultCtx.NewSocket(t) }

// NewSocket creates a socket in the context. The error is ErrorContextClosed, EINVAL
// for an unknown type, or EMFILE if the context has too many sockets. A socket that is
// not closed and no longer referenced is closed by the garbage collector.
func (ctx *Context) NewSocket(t Type) (soc *Socket, err error) {
	soc = &Socket{}
	switch {
	case ctx.c == nil:
		soc.err = ErrorContextClosed
	case !t.known():
		soc.err = einval
	default:
		soc.err = ctx.c.acquire()
	}
	if soc.err != nil {
		return soc, soc.err
	}
	soc.s = &sock{core: ctx.c.newCore(pattern.Type(t)), ctx: ctx.c, owner: ctx}
	runtime.SetFinalizer(soc, func(soc *Socket) { go soc.Close() })
	return soc, nil
}

// String describes the socket by its type and its identity, if it has one.
func (soc Socket) String() string {
	s, err := soc.open()
	if err != nil {
		return "Socket(CLOSED)"
	}
	t, err := s.integer(16, 4)
	if err != nil {
		return fmt.Sprintf("Socket(%v)", err)
	}
	if id, err := s.core.Value(5); err == nil && len(id) > 0 {
		return fmt.Sprintf("Socket(%v,%q)", Type(t), id)
	}
	return fmt.Sprintf("Socket(%v,%p)", Type(t), s)
}

// open returns the state of a socket that is not closed.
func (soc *Socket) open() (*sock, error) {
	if soc == nil || soc.s == nil || soc.s.isClosed() {
		return nil, ErrorSocketClosed
	}
	return soc.s, nil
}

// use is like open, and returns the socket of the core, which is made on first use.
func (soc *Socket) use() (*sock, *socket.Socket, error) {
	s, err := soc.open()
	if err != nil {
		return nil, nil, err
	}
	if s.ctx.terminated() {
		return nil, nil, ETERM
	}
	core, err := s.core.Socket()
	return s, core, s.convert(err)
}

func (s *sock) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// convert returns the error of a call for an error of the core.
func (s *sock) convert(err error) error {
	switch {
	case err == nil:
		return nil
	case s.ctx.terminated():
		return ETERM
	case errors.Is(err, socket.ErrClosed):
		return ErrorSocketClosed
	}
	return convert(err)
}

// Close closes the socket, and returns at once. Messages that are not written yet are
// written in the background, until the linger period ends; [Context.Term] waits for
// that. Bound endpoints are free again when Close returns. Further calls do nothing.
// The error is that of NewSocket.
func (soc *Socket) Close() error {
	if soc.s == nil {
		return soc.err
	}
	soc.s.close()
	return nil
}

func (s *sock) close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	m := s.monitor
	for w := range s.wakers {
		wake(w)
	}
	s.mu.Unlock()
	core := s.core.Close()
	if core == nil {
		s.finish(nil, m)
		return
	}
	for _, e := range core.Endpoints() {
		if e.Bound {
			core.Unbind(e.Endpoint) // it is closed below if this fails
		}
	}
	if core.Linger() == 0 {
		s.finish(core, m)
	} else {
		go s.finish(core, m)
	}
}

// finish closes the socket of the core and the monitor, if any.
func (s *sock) finish(core *socket.Socket, m *eventSource) {
	if core != nil {
		ctx := context.Background()
		if linger := core.Linger(); linger >= 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, linger)
			defer cancel()
		}
		core.Close(ctx)
	}
	if m != nil {
		m.stop()
	}
	s.ctx.release()
}

// wake puts an element in w, which has capacity for one, unless it has it.
func wake(w chan<- struct{}) {
	select {
	case w <- struct{}{}:
	default:
	}
}

// Context returns the context of the socket.
func (soc *Socket) Context() (*Context, error) {
	s, err := soc.open()
	if err != nil {
		return nil, err
	}
	return s.owner, nil
}

// Bind accepts connections at an endpoint: tcp://address:port, ipc://path or
// inproc://name. [Socket.GetLastEndpoint] returns it with wildcards replaced.
func (soc *Socket) Bind(endpoint string) error {
	s, _, err := soc.use()
	if err != nil {
		return err
	}
	if err := s.core.Bind(endpoint); err != nil {
		s.mu.Lock()
		m := s.monitor
		s.mu.Unlock()
		if m != nil {
			m.trySend(monitor.BindFailure(endpoint, err))
		}
		return s.convert(err)
	}
	return nil
}

// Unbind stops accepting connections at an endpoint that was passed to Bind or that
// GetLastEndpoint has returned. The error is ENOENT if there is none.
func (soc *Socket) Unbind(endpoint string) error { return soc.leave(endpoint) }

// Connect connects to an endpoint in the background, and again when the connection is
// lost.
func (soc *Socket) Connect(endpoint string) error {
	s, _, err := soc.use()
	if err != nil {
		return err
	}
	return s.convert(s.core.Connect(endpoint))
}

// Disconnect ends the connections to an endpoint. The error is ENOENT if there is none.
func (soc *Socket) Disconnect(endpoint string) error { return soc.leave(endpoint) }

// leave removes an endpoint. As in libzmq, Unbind and Disconnect do the same.
func (soc *Socket) leave(endpoint string) error {
	s, core, err := soc.use()
	if err != nil {
		return err
	}
	err = core.Unbind(endpoint)
	if errors.Is(err, socket.ErrEndpointNotFound) {
		err = core.Disconnect(endpoint)
	}
	return s.convert(err)
}
