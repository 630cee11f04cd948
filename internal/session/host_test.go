package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// host is a session.Host without a socket: a DEALER that records the calls of
// its sessions and queues what the test sends.
type host struct {
	w      *st.World
	cfg    session.Config
	halves halves              // the queues of a pipe
	reader pipe.Reader         // of every Out, if not nil
	next   *session.NextConfig // holds cfg
	sendMu sync.Mutex          // guards the writing half of every Out
	drops  pipe.Drops

	revocations atomic.Uint64

	mu          sync.Mutex // guards what follows
	calls       []string   // the methods that change a pipe, in order
	pipes       []*pipe.Pipe
	events      []session.Event
	datagrams   [][]string
	attachErr   error // what Attach returns
	refusal     error // what Connected returns
	receivedErr error // what Received returns; then it drops the messages
	unreadLimit bool
	unconfirmed int

	// Called by the methods of these names, if not nil.
	onNewPipe      func()
	onConnected    func(*pipe.Pipe)
	onReceived     func()
	onDisconnected func()
}

// halves says which queues the pipes of a host have.
type halves uint8

const (
	bothHalves halves = iota
	sendsOnly
	receivesOnly
)

// newHost returns a host. set changes its configuration.
func newHost(w *st.World, set ...func(*session.Config)) *host {
	o := w.Options()
	h := &host{w: w}
	h.cfg = session.Config{
		Host: h,
		Engine: &engine.Config{
			SocketType: "DEALER", PeerTypes: []string{"DEALER"}, SendsID: true, OnError: true,
			NewMechanism: func(md []byte) mechanism.Mechanism { return mechanism.NewNull(md) },
			Limits:       o.Limits,
		},
		Transport:         &o.Transport,
		HandshakeTimeout:  o.HandshakeTimeout,
		ConnectTimeout:    o.ConnectTimeout,
		ReconnectInterval: o.ReconnectInterval,
		ReconnectMax:      o.ReconnectMax,
	}
	for _, f := range set {
		f(&h.cfg)
	}
	h.next = session.NewNextConfig(&h.cfg)
	return h
}

// raw makes the host a STREAM that keeps half-closed connections.
func raw(c *session.Config) { c.Engine.Raw, c.HalfClose = true, 10*time.Second }

// heartbeat sends a PING every second.
func heartbeat(c *session.Config) { c.Heartbeat, c.HeartbeatTimeout = time.Second, time.Second }

// runHost runs f in virtual time, with a host.
func runHost(t *testing.T, f func(w *st.World, h *host), set ...func(*session.Config)) {
	t.Helper()
	st.Run(t, func(w *st.World) { f(w, newHost(w, set...)) })
}

// listen binds mem://a. The listener ends with the test.
func (h *host) listen() *session.Listener {
	h.w.Helper()
	l, err := session.Listen(h.next, h.w.Transport, "mem://", "a")
	if err != nil {
		h.w.Fatal(err)
	}
	h.w.Cleanup(func() {
		l.Finish()
		l.Wait(st.Ended())
	})
	return l
}

// dial connects to mem://a. The dialer ends with the test.
func (h *host) dial() *session.Dialer {
	h.w.Helper()
	d, err := session.Dial(h.next, h.w.Transport, "mem://a", "a", "")
	if err != nil {
		h.w.Fatal(err)
	}
	h.w.Cleanup(func() {
		d.Finish()
		d.Wait(st.Ended())
	})
	return d
}

// dialPeer dials a raw peer that completes its handshake, and returns it with its
// listener.
func (h *host) dialPeer() (*session.Dialer, *st.Server, *st.Peer) {
	h.w.Helper()
	s := h.w.Listen("a")
	d := h.dial()
	p := s.Accept()
	p.Handshake("DEALER")
	h.w.Settle()
	return d, s, p
}

// accept dials a raw peer that completes its handshake with the listener, and
// returns it with the pipe of its connection.
func (h *host) accept(properties ...string) (*st.Peer, *pipe.Pipe) {
	h.w.Helper()
	p := h.w.Dial("a")
	p.Handshake("DEALER", properties...)
	h.w.Settle()
	return p, h.lastPipe()
}

// unsent returns the number of messages to the peer of p that are not written yet.
func (h *host) unsent(p *pipe.Pipe) int {
	h.sendMu.Lock()
	defer h.sendMu.Unlock()
	if p.Out == nil {
		return 0
	}
	return p.Out.Unsent()
}

func (h *host) lastPipe() *pipe.Pipe {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pipes[len(h.pipes)-1]
}

// send queues a message.
func (h *host) send(p *pipe.Pipe, frames ...string) {
	h.sendMu.Lock()
	defer h.sendMu.Unlock()
	m := st.Of(frames...)
	p.Out.Put(&m)
}

// receive returns the messages in p.In, of one frame each.
func receive(p *pipe.Pipe) (bodies []string) {
	var m msg.Msg
	for p.In.Next(&m) {
		bodies = append(bodies, string(m.First))
	}
	return bodies
}

// set changes a field under the lock.
func (h *host) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// past returns the events so far.
func (h *host) past() []session.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// kinds returns the kinds of the events so far.
func (h *host) kinds() (kinds []session.Kind) {
	for _, ev := range h.past() {
		kinds = append(kinds, ev.Kind)
	}
	return kinds
}

// lastEvent returns the newest event.
func (h *host) lastEvent() session.Event {
	list := h.past()
	return list[len(list)-1]
}

// wantCalls compares the recorded calls.
func (h *host) wantCalls(want ...string) {
	h.w.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.calls, want) {
		h.w.Errorf("the session called %v, want %v", h.calls, want)
	}
}

// wantDrops compares one counter of dropped messages.
func (h *host) wantDrops(why pipe.Drop, want uint64) {
	h.w.Helper()
	if n := h.drops[why].Load(); n != want {
		h.w.Errorf("%d messages dropped as %v, want %d", n, why, want)
	}
}

// waitTime returns how long the session takes to end after Finish.
func waitTime(s interface{ Wait(context.Context) }) time.Duration {
	return st.After(func() { s.Wait(context.Background()) })
}

func (h *host) record(call string) { h.set(func() { h.calls = append(h.calls, call) }) }

func (h *host) NewPipe(r pipe.Reader, w pipe.Writer, sub pipe.Subscriptions) *pipe.Pipe {
	p := pipe.New()
	p.To, _ = r.(pipe.Connection)
	if h.reader != nil {
		r = h.reader
	}
	if h.halves != receivesOnly {
		p.Out = pipe.NewQueue(pipe.Config{Lock: &h.sendMu, HWM: 1000, Pooled: true, Reader: r, From: p, Drops: &h.drops})
	}
	if h.halves != sendsOnly {
		p.In = pipe.NewQueue(pipe.Config{HWM: 2, Writer: w, To: p, Drops: &h.drops})
	}
	p.Sub = sub
	h.set(func() { h.pipes = append(h.pipes, p) })
	if h.onNewPipe != nil {
		h.onNewPipe()
	}
	return p
}

func (h *host) Attach(*pipe.Pipe) error {
	h.record("Attach")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attachErr
}

func (h *host) Connected(p *pipe.Pipe, _ *msg.Peer) error {
	h.record("Connected")
	h.mu.Lock()
	f, err := h.onConnected, h.refusal
	h.mu.Unlock()
	if f != nil {
		f(p)
	}
	return err
}

func (h *host) Received(p *pipe.Pipe, b *msg.Batch) error {
	h.mu.Lock()
	err := h.receivedErr
	h.mu.Unlock()
	if err != nil {
		b.Recycle()
		return err
	}
	p.Enqueue(b)
	if h.onReceived != nil {
		h.onReceived()
	}
	return nil
}

func (h *host) Datagram(_ *pipe.Pipe, m *msg.Msg) {
	h.set(func() { h.datagrams = append(h.datagrams, st.Frames(m)) })
}

func (h *host) HalfClosed(*pipe.Pipe) { h.record("HalfClosed") }

func (h *host) Disconnected(*pipe.Pipe) {
	h.record("Disconnected")
	h.mu.Lock()
	f := h.onDisconnected
	h.mu.Unlock()
	if f != nil {
		f()
	}
}

func (h *host) Retire(p *pipe.Pipe) {
	h.record("Retire")
	if p.Out == nil {
		return
	}
	h.sendMu.Lock()
	defer h.sendMu.Unlock()
	p.Out.Close()
}

func (h *host) Detach(*pipe.Pipe) { h.record("Detach") }

func (h *host) Event(ev session.Event) { h.set(func() { h.events = append(h.events, ev) }) }

func (h *host) Revocations() uint64 { return h.revocations.Load() }

func (h *host) Drops() *pipe.Drops { return &h.drops }

func (h *host) UnreadLimitReached() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unreadLimit
}

func (h *host) Unconfirmed() { h.set(func() { h.unconfirmed++ }) }

// malformed is a frame with reserved flags.
var malformed = []byte{0xFF, 0}

func errorIs(ev session.Event, target error) bool { return errors.Is(ev.Err, target) }

// wantError reads an ERROR whose reason begins with prefix.
func wantError(t *testing.T, p *st.Peer, prefix string) {
	t.Helper()
	flags, body := p.Frame()
	if flags&wire.FlagCommand == 0 || !strings.HasPrefix(string(body), "\x05ERROR") || !strings.HasPrefix(string(body[7:]), prefix) {
		t.Errorf("received frame %x %q, want an ERROR with %q", flags, body, prefix)
	}
}
