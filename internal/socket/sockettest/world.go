// Package sockettest provides tests of sockets in virtual time with a [World]: a
// network in memory, a namespace, sockets whose methods fail the test instead of
// returning errors, and peers at which the test reads and writes the bytes of
// ZMTP. Only tests use it, those of several packages.
package sockettest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// World has the network and the namespace of one synctest bubble.
type World struct {
	testing.TB
	Net   *memnet.Network
	Air   *memnet.Packets // the transport of datagrams, with the scheme "air"
	Names *inproc.Namespace

	// Transport is the transport of the scheme "mem": Net, unless a test wraps
	// it.
	Transport transport.Transport
}

// longest is more virtual time than any test takes. It ends a test whose timers
// would otherwise fire for ever, which takes real time too.
const longest = 1000 * time.Hour

// Run runs f in virtual time.
func Run(t *testing.T, f func(w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(New(t, 1)) })
}

// New returns a World. It must be called in a synctest bubble.
func New(t testing.TB, seed uint64) *World {
	n := memnet.New(seed)
	guard := time.AfterFunc(longest, func() {
		buf := make([]byte, 1<<20)
		panic(fmt.Sprintf("%s: still running after %v of virtual time\n%s", t.Name(), longest, buf[:runtime.Stack(buf, true)]))
	})
	t.Cleanup(func() { guard.Stop() })
	return &World{TB: t, Net: n, Air: memnet.NewPackets(), Names: inproc.NewNamespace(), Transport: n}
}

// Settle waits until every other goroutine of the bubble is blocked, as
// synctest.Wait does. Virtual time does not advance meanwhile.
func (w *World) Settle() { synctest.Wait() }

// After returns the virtual time that f takes.
func After(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// Options returns the default options of package zmq, without heartbeats.
func (w *World) Options() socket.Options {
	return socket.Options{
		SendHWM: 1000, RecvHWM: 1000, MaxQueuedBytes: 64 << 20,
		Namespace:         w.Names,
		Transports:        map[string]transport.Transport{"mem": w.Transport},
		Datagrams:         map[string]transport.Packets{"air": w.Air},
		Linger:            30 * time.Second,
		HandshakeTimeout:  10 * time.Second,
		ConnectTimeout:    30 * time.Second,
		ReconnectInterval: 100 * time.Millisecond,
		ReconnectMax:      5 * time.Second,
		MaxConnections:    65536, MaxPending: 1024, MaxPerSource: 64,
		Limits: engine.Limits{
			Handshake: 128 << 10, Commands: 16, Metadata: 8 << 10, Properties: 64,
			Frame: 64 << 20, Frames: 65536, Message: 256 << 20, Command: 128 << 10, Useless: 16 << 20,
		},
	}
}

// HWM sets both high-water marks.
func HWM(send, recv int) func(*socket.Options) {
	return func(o *socket.Options) { o.SendHWM, o.RecvHWM = send, recv }
}

// ID sets the routing ID.
func ID(id string) func(*socket.Options) { return func(o *socket.Options) { o.RoutingID = id } }

// Heartbeat enables heartbeats.
func Heartbeat(interval, timeout, ttl time.Duration) func(*socket.Options) {
	return func(o *socket.Options) { o.Heartbeat, o.HeartbeatTimeout, o.HeartbeatTTL = interval, timeout, ttl }
}

// Reconnect sets the backoff.
func Reconnect(interval, most time.Duration) func(*socket.Options) {
	return func(o *socket.Options) { o.ReconnectInterval, o.ReconnectMax = interval, most }
}

// Socket returns a socket that is closed without lingering at the end of the test.
func (w *World) Socket(typ pattern.Type, set ...func(*socket.Options)) *Socket {
	w.Helper()
	o := w.Options()
	for _, f := range set {
		f(&o)
	}
	core, err := socket.New(typ, o)
	if err != nil {
		w.Fatal(err)
	}
	return w.Wrap(core)
}

// Wrap returns a socket as Socket does, for one that was made otherwise.
func (w *World) Wrap(core *socket.Socket) *Socket {
	s := &Socket{Socket: core, Addressed: core.Addressed(), Topics: core.Topics(), Frames: core.Frames(), w: w, listener: core.Watch()}
	w.Cleanup(func() { s.CloseIn(0) })
	return s
}

// Ended returns a context that is cancelled.
func Ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
