package zmq4

import (
	"context"
	"encoding/binary"
	"math"
	"sync"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// The defaults of context options.
const (
	MaxSocketsDflt = 1023
	IoThreadsDflt  = 1
)

// Context is a set of sockets that share their inproc names and their ZAP handler,
// and that [Context.Term] ends. Its methods may be called concurrently. The zero
// Context is closed.
type Context struct{ c *contextState }

// contextState is the state of a context. It does not refer to the Sockets, so that
// they are finalized.
type contextState struct {
	values *options.ContextValues
	space  *inproc.Namespace
	live   context.Context // ends with Term
	end    context.CancelFunc

	mu       sync.Mutex // guards the fields below
	released sync.Cond  // open has become less
	open     int        // sockets that are open, or whose messages are being written
	retry    bool       // of SetRetryAfterEINTR
}

// defaultCtx is the context of the functions without a context.
var defaultCtx = newContext()

func newContext() *Context {
	c := &contextState{values: options.NewContext(), space: inproc.NewNamespace(), retry: true}
	c.live, c.end = context.WithCancel(context.Background())
	c.released.L = &c.mu
	return &Context{c}
}

// NewContext returns a new context. The error is always nil.
func NewContext() (ctx *Context, err error) { return newContext(), nil }

// Term terminates the default context, as [Context.Term] does.
func Term() error { return defaultCtx.Term() }

// Term terminates the context: all calls on its sockets that wait, and all later
// ones but Close, return ETERM. Term then waits until every socket of the context
// is closed and its messages are written, or its linger period has ended. So other
// goroutines must close the sockets. Further calls return at once. The error is always
// nil.
func (ctx *Context) Term() error {
	c := ctx.c
	if c == nil || c.terminated() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	for c.open > 0 {
		c.released.Wait()
	}
	return nil
}

func (c *contextState) terminated() bool { return c.live.Err() != nil }

// acquire counts a new socket. The error is ErrorContextClosed, or EMFILE above the
// maximum number of sockets.
func (c *contextState) acquire() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.terminated():
		return ErrorContextClosed
	case int64(c.open) >= c.values.Int(ctxMaxSockets):
		return emfile
	}
	c.open++
	return nil
}

// release undoes acquire.
func (c *contextState) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	c.released.Broadcast()
}

// Limits that libzmq does not have. They bound what a peer can cause before it is
// authenticated, and by subscriptions; there is none on messages.
const (
	maxConnections = 65536
	maxPending     = 1024 // handshakes
	maxPerSource   = 64   // handshakes of one IP address
	maxTopics      = 100_000
	maxTopicBytes  = 32 << 20
)

// newCore returns a socket of the core that belongs to the context.
func (c *contextState) newCore(t pattern.Type) *options.Core {
	base := socket.Options{
		Namespace:      c.space,
		Transports:     map[string]transport.Transport{"tcp": transport.TCP, "ipc": transport.IPC},
		Limits:         engine.Limits{Handshake: 128 << 10, Commands: 16, Metadata: 8 << 10, Properties: 64, Command: 128 << 10, Useless: 16 << 20},
		MaxConnections: maxConnections,
		MaxPending:     maxPending,
		MaxPerSource:   maxPerSource,
		Pattern:        pattern.Options{MaxTopics: maxTopics, MaxTopicBytes: maxTopicBytes},
	}
	return c.values.NewCore(t, base, c.ask)
}

// The numbers of context options.
const (
	ctxIOThreads   = 1
	ctxMaxSockets  = 2
	ctxPriority    = 3
	ctxSchedPolicy = 4
	ctxMaxMsgsz    = 5
	ctxIPv6        = 42
	ctxBlocky      = 70
)

func (ctx *Context) get(n int) (int, error) {
	if ctx.c == nil || ctx.c.terminated() {
		return 0, ErrorContextClosed
	}
	return int(ctx.c.values.Int(n)), nil
}

func (ctx *Context) getBool(n int) (bool, error) {
	i, err := ctx.get(n)
	return i != 0, err
}

func (ctx *Context) set(n, value int) error {
	if ctx.c == nil || ctx.c.terminated() {
		return ErrorContextClosed
	}
	if value < math.MinInt32 || value > math.MaxInt32 {
		return einval
	}
	return convert(ctx.c.values.Set(n, binary.NativeEndian.AppendUint32(nil, uint32(value))))
}

// GetIoThreads returns what [SetIoThreads] has set.
func GetIoThreads() (int, error) { return defaultCtx.GetIoThreads() }

// GetIoThreads returns what [Context.SetIoThreads] has set.
func (ctx *Context) GetIoThreads() (int, error) { return ctx.get(ctxIOThreads) }

// GetMaxSockets returns the maximum number of sockets of the default context.
func GetMaxSockets() (int, error) { return defaultCtx.GetMaxSockets() }

// GetMaxSockets returns the maximum number of sockets.
func (ctx *Context) GetMaxSockets() (int, error) { return ctx.get(ctxMaxSockets) }

// GetMaxMsgsz returns what [SetMaxMsgsz] has set.
func GetMaxMsgsz() (int, error) { return defaultCtx.GetMaxMsgsz() }

// GetMaxMsgsz returns what [Context.SetMaxMsgsz] has set.
func (ctx *Context) GetMaxMsgsz() (int, error) { return ctx.get(ctxMaxMsgsz) }

// GetIpv6 reports whether new sockets of the default context use IPv6.
func GetIpv6() (bool, error) { return defaultCtx.GetIpv6() }

// GetIpv6 reports whether new sockets use IPv6.
func (ctx *Context) GetIpv6() (bool, error) { return ctx.getBool(ctxIPv6) }

// GetBlocky returns the blocky option of the default context.
func GetBlocky() (bool, error) { return defaultCtx.GetBlocky() }

// GetBlocky returns the blocky option, as [Context.SetBlocky] describes it.
func (ctx *Context) GetBlocky() (bool, error) { return ctx.getBool(ctxBlocky) }

// GetRetryAfterEINTR returns what [SetRetryAfterEINTR] has set.
func GetRetryAfterEINTR() bool { return defaultCtx.GetRetryAfterEINTR() }

// GetRetryAfterEINTR returns what [Context.SetRetryAfterEINTR] has set, at first true.
func (ctx *Context) GetRetryAfterEINTR() bool {
	if ctx.c == nil {
		return false
	}
	ctx.c.mu.Lock()
	defer ctx.c.mu.Unlock()
	return ctx.c.retry
}

// SetIoThreads sets the option of the default context, as [Context.SetIoThreads] does.
func SetIoThreads(n int) error { return defaultCtx.SetIoThreads(n) }

// SetIoThreads stores the size of libzmq's pool of threads. It has no effect: the
// Go scheduler runs the goroutines of the sockets.
func (ctx *Context) SetIoThreads(n int) error { return ctx.set(ctxIOThreads, n) }

// SetThreadSchedPolicy sets the option of the default context, as
// [Context.SetThreadSchedPolicy] does.
func SetThreadSchedPolicy(n int) error { return defaultCtx.SetThreadSchedPolicy(n) }

// SetThreadSchedPolicy stores the scheduling policy of libzmq's threads. It has no
// effect, because there are no such threads.
func (ctx *Context) SetThreadSchedPolicy(n int) error { return ctx.set(ctxSchedPolicy, n) }

// SetThreadPriority sets the option of the default context, as
// [Context.SetThreadPriority] does.
func SetThreadPriority(n int) error { return defaultCtx.SetThreadPriority(n) }

// SetThreadPriority stores the priority of libzmq's threads. It has no effect,
// because there are no such threads.
func (ctx *Context) SetThreadPriority(n int) error { return ctx.set(ctxPriority, n) }

// SetMaxMsgsz sets the option of the default context, as [Context.SetMaxMsgsz] does.
func SetMaxMsgsz(n int) error { return defaultCtx.SetMaxMsgsz(n) }

// SetMaxMsgsz stores a maximum size of messages. As in libzmq it has no effect:
// [Socket.SetMaxmsgsize] limits received messages.
func (ctx *Context) SetMaxMsgsz(n int) error { return ctx.set(ctxMaxMsgsz, n) }

// SetMaxSockets sets the option of the default context, as [Context.SetMaxSockets] does.
func SetMaxSockets(n int) error { return defaultCtx.SetMaxSockets(n) }

// SetMaxSockets limits the number of sockets, including those that are closed and
// whose messages are being written. Above it NewSocket returns EMFILE. Default 1023.
func (ctx *Context) SetMaxSockets(n int) error { return ctx.set(ctxMaxSockets, n) }

// SetIpv6 sets the option of the default context, as [Context.SetIpv6] does.
func SetIpv6(i bool) error { return defaultCtx.SetIpv6(i) }

// SetIpv6 lets sockets that are created from then on use IPv6. Default false.
func (ctx *Context) SetIpv6(i bool) error { return ctx.set(ctxIPv6, integer(i)) }

// SetBlocky sets the option of the default context, as [Context.SetBlocky] does.
func SetBlocky(i bool) error { return defaultCtx.SetBlocky(i) }

// SetBlocky selects the linger period of sockets that are created from then on:
// without limit if it is true, which is the default, and otherwise zero.
func (ctx *Context) SetBlocky(i bool) error { return ctx.set(ctxBlocky, integer(i)) }

// SetRetryAfterEINTR sets the option of the default context, as
// [Context.SetRetryAfterEINTR] does.
func SetRetryAfterEINTR(retry bool) { defaultCtx.SetRetryAfterEINTR(retry) }

// SetRetryAfterEINTR stores whether calls are repeated after EINTR. It has no effect,
// because signals do not interrupt calls and EINTR is never returned.
func (ctx *Context) SetRetryAfterEINTR(retry bool) {
	if ctx.c == nil {
		return
	}
	ctx.c.mu.Lock()
	defer ctx.c.mu.Unlock()
	ctx.c.retry = retry
}

func integer(b bool) int {
	if b {
		return 1
	}
	return 0
}
