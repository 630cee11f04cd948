package session

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// conn is one live connection: the engine that speaks for it and the pipe that
// it serves. Its reader is the goroutine that calls run; its flusher is a
// goroutine that exists while there is something to write (conn_flush.go).
type conn struct {
	cfg      *Config
	endpoint string
	nc       net.Conn
	rd       *transport.Reader
	try      *transport.TryWriter // nil unless Flush is to write
	engine   *engine.Engine
	pipe     *pipe.Pipe
	owner    owner

	source string // where an accepted connection is counted; empty for none

	// Of an accepted connection while its handshake is not over; guarded by the
	// listener.
	since   time.Time     // when it was accepted
	list    *list.List    // of pendingSource, that it is in
	waiting *list.Element // in list

	halfClosed *list.Element // in its listener's half; guarded by the listener

	in        msg.Batch     // decoded and not yet handed on
	sent      atomic.Uint32 // writes of messages begun, and the Hello
	progress  atomic.Uint32 // writes that the transport has taken, if the engine encodes
	seenPongs uint64

	room chan struct{} // has an element when pipe.In has got room or the connection is closed

	mu        sync.Mutex // guards what follows
	live      bool       // the handshake is over and the connection not closed
	flushing  bool       // a flusher is at work
	pending   bool       // there may be something new for it
	finishing bool       // close when everything is written
	closed    bool       // nc is closed
	half      bool       // the peer has ended its direction, and ours goes on
	wrote     bool       // a message was written
	joined    bool       // served, its handshake over; guarded by the listener instead
	linger    bool       // closed because lingering was over
	broken    bool       // lost after our last word, before that had arrived
	verdict   error      // why the connection ends once the peer has been sent the reason; it precedes other reasons
	err       error      // why it is closed or about to be; nil while it is to stay
	control   []byte     // PINGs to send, as frames at rest
	changes   []change   // of our subscriptions, to send before them
	pong      []byte     // the answer to the last PING
	probes    []probe    // who waits for which PONG
	pings     uint64     // PINGs sent
	asked     reading    // with the last PING
	readTo    uint32     // of sent, what the peer is known to have read
	heartbeat engine.Heartbeat
	timer     *time.Timer
	leaveWait time.Duration // before leave looks again
	flushers  sync.WaitGroup

	ended  chan struct{} // closed when the reader has ended and err is final
	losses int           // messages taken to be written and lost; the flusher's
	sentTo int           // messages written; the flusher's
	cut    bool          // some of sentTo were written in part; the flusher's
}

// owner is the session a connection belongs to.
type owner interface {
	// join gives the connection its pipe once the peer is known.
	join(c *conn) error
	// unsent takes messages that were taken from the pipe and not written.
	unsent(c *conn, b *msg.Batch)
	// progressed is called once, when the peer has sent the first bytes of its
	// handshake and they are valid so far.
	progressed(c *conn)
	// halfClosed is called when the peer of a raw connection has ended its
	// direction, and reports whether the connection is kept for what may yet be
	// sent.
	halfClosed(c *conn) (keep bool)
}

// probe waits for the PONG to a PING that was sent behind something.
type probe struct {
	ping uint64
	done func(ok bool)
}

func newConn(cfg *Config, endpoint string, nc net.Conn, e *engine.Engine, o owner) *conn {
	c := &conn{
		cfg: cfg, endpoint: endpoint, nc: nc, engine: e, owner: o,
		rd:    transport.NewReader(nc),
		room:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	if cfg.Lockstep {
		c.try = transport.NewTryWriter(nc)
	}
	return c
}

// run carries the connection from greeting to end, and returns why it ended
// and whether it ever carried messages. The connection is closed then and none
// of its goroutines is left.
func (c *conn) run() (ready bool, err error) {
	rest, err := c.handshake()
	if err == nil {
		if err = c.owner.join(c); err != nil {
			c.countRefused(rest)
			c.refuse(err)
		}
	}
	if err == nil {
		ready = true
		c.admit()
		c.start()
		err = c.receive(rest)
		if err == errPeerClosed && c.cfg.HalfClose > 0 {
			c.serveHalfClosed()
		}
		c.reject(err)
	}
	if _, ok := engine.Rejected(err); ok {
		c.mu.Lock()
		c.err = err // the cause of a write error that came first
		c.mu.Unlock()
	}
	c.close(err)
	close(c.ended)
	c.flushers.Wait()
	c.countRejected()
	return ready, c.err
}

// handshake exchanges greetings and commands until the engine is ready, under
// one deadline for all of it, which admit ends. It returns what arrived behind.
func (c *conn) handshake() (rest []byte, err error) {
	if d := c.cfg.HandshakeTimeout; d > 0 {
		c.nc.SetDeadline(time.Now().Add(d))
	}
	// Small, since a pending peer should cost little; it grows by what comes.
	buf := make([]byte, 0, 512)
	progressed := false
	for {
		got := len(buf) > 0
		n, err := c.engine.Handshake(buf)
		buf = buf[n:]
		if out := c.engine.Output(); len(out) > 0 {
			// What is said before an error tells the peer why.
			if _, werr := c.nc.Write(out); werr != nil && err == nil {
				return nil, c.handshakeError(werr)
			}
		}
		if err != nil {
			return nil, err
		}
		if c.engine.HandshakeDone() {
			break
		}
		if got && !progressed {
			progressed = true
			c.owner.progressed(c)
		}
		if cap(buf)-len(buf) < 256 {
			buf = append(make([]byte, 0, 2*len(buf)+512), buf...)
		}
		n, err = c.rd.ReadInto(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n == 0 && err != nil {
			return nil, c.handshakeError(err)
		}
	}
	return buf, nil
}

// admit sends what an accepting engine has held back until its socket took the
// peer, and so lets the peer send.
func (c *conn) admit() {
	c.engine.Admit()
	if out := c.engine.Output(); len(out) > 0 {
		if _, err := c.nc.Write(out); err != nil {
			c.fail(err) // the reader takes what has arrived, and finds the end
		}
	}
	c.nc.SetDeadline(time.Time{})
}

func (c *conn) handshakeError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &engine.Error{Reason: engine.CloseHandshakeTimeout, Err: err}
	}
	return err
}

// start lets traffic flow.
func (c *conn) start() {
	c.mu.Lock()
	c.live = !c.closed
	// Ahead of all that is queued.
	c.control = append(c.control, c.cfg.Hello...)
	if len(c.cfg.Hello) > 0 {
		c.sent.Add(1) // it is a message like others
	}
	c.heartbeat = engine.Heartbeat{Timeout: c.cfg.HeartbeatTimeout, SendsTTL: c.cfg.HeartbeatTTL > 0}
	if c.engine.Heartbeats() {
		c.heartbeat.Interval = c.cfg.Heartbeat
	}
	now := time.Now()
	c.heartbeat.Start(now)
	c.armLocked(now)
	finishing := c.finishing
	c.mu.Unlock()
	if finishing && c.said() {
		c.close(errFinished)
		return
	}
	c.kick()
}

// close ends the connection. Only the first reason counts.
func (c *conn) close(err error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed, c.live = true, false
	spoken := c.err == errFinished && err != errFinished && err != errPeerClosed
	c.noteLocked(err)
	if c.timer != nil {
		c.timer.Stop()
	}
	probes := c.probes
	c.probes = nil
	c.mu.Unlock()
	c.Room(nil)
	if spoken {
		if done, known := transport.Delivered(c.nc); known && !done {
			c.breaks(err)
		}
	}
	c.nc.Close()
	for _, p := range probes {
		p.done(false)
	}
}

// noteLocked notes why the connection ends. Only the first reason counts. The
// caller holds mu.
func (c *conn) noteLocked(err error) {
	if c.err == nil {
		c.err = cmp.Or(c.verdict, err)
	}
}

// breaks notes that what was written may not arrive, and tells the host if it is
// for want of time.
func (c *conn) breaks(why error) {
	c.mu.Lock()
	c.broken = true
	c.mu.Unlock()
	if why == context.Canceled {
		c.cfg.Host.Undelivered()
	}
}

// toll is how many messages that were taken to be written the connection has lost,
// and whether it broke before all that was written had arrived. It has ended.
func (c *conn) toll() (losses int, broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.losses, c.broken
}

// Finish ends an accepted connection when everything queued is written.
func (c *conn) Finish() {
	c.cfg.Host.Retire(c.pipe)
	c.finish()
}

// giveUp closes the connection because lingering is over.
func (c *conn) giveUp(why error) {
	c.mu.Lock()
	if !c.closed {
		c.linger = true
	}
	c.mu.Unlock()
	c.close(why)
}

// peerGone reports whether the peer has closed the connection or cannot be
// reached; the reader then ends when it has taken what has arrived. A reader that
// waits for room in the queue does not see that by itself.
//
// A peer that seems to be there gets a PING, so that the next time more is known
// of it: a system that was restarted resets the connection. While the reader
// waits for room there is no PING, because a peer that has closed after its last
// message would reset the connection and so take the rest of it back.
func (c *conn) peerGone() bool {
	c.mu.Lock()
	ended := c.closed || c.err != nil
	c.mu.Unlock()
	if ended {
		return true
	}
	if transport.PeerDisconnected(c.nc) {
		transport.CloseRead(c.nc)
		return true
	}
	c.mu.Lock()
	if c.live && c.engine.Heartbeats() && !c.heartbeat.Paused() {
		c.pingLocked()
	}
	c.mu.Unlock()
	c.kick()
	return false
}

// Refuse is close for a peer that has been let in, and has to go.
func (c *conn) Refuse(why error) { c.close(why) }

// armLocked sets the timer for the next deadline of the heartbeat. The caller holds mu.
func (c *conn) armLocked(now time.Time) {
	next := c.heartbeat.Next()
	if next.IsZero() || c.err != nil || c.verdict != nil {
		return
	}
	d := max(next.Sub(now), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(d, c.beat)
		return
	}
	c.timer.Reset(d)
}

// reading is a PING and what was sent before it: when it is answered, the peer
// has read that.
type reading struct {
	ping uint64
	sent uint32
}

// beat is called by the timer. It does not close the connection of a peer that
// has been silent for too long: the reader may only have been late, as in a
// process that was stopped, and what the peer has sent is then still unread. So
// it interrupts the reader, which decides (confirmSilence).
func (c *conn) beat() {
	if c.tick() {
		c.nc.SetReadDeadline(interrupted)
	}
}

// interrupted is a read deadline that has passed.
var interrupted = time.Unix(1, 0)

// tick sends a PING if one is due, and reports whether the peer has been silent
// for too long. If not, it sets the timer again. A peer that may not have read
// all messages sent to it cannot be blamed for not answering: its application
// may be slow, and then it reads nothing. Unless its system does not answer
// either, it is waited for.
func (c *conn) tick() (silent bool) {
	now := time.Now()
	c.mu.Lock()
	excused := c.sent.Load() != c.readTo
	c.mu.Unlock()
	excused = excused && !transport.Unreachable(c.nc, c.cfg.HeartbeatTimeout)
	c.mu.Lock()
	if c.err != nil || c.verdict != nil {
		c.mu.Unlock()
		return false
	}
	ping, silent := c.heartbeat.Tick(now, excused)
	if ping {
		c.pingLocked()
	}
	if !silent {
		c.armLocked(now)
	}
	c.mu.Unlock()
	if !silent {
		c.kick()
	}
	return silent
}

// confirmSilence is called by the reader when beat has interrupted it. The
// reader alone reads, so what the peer has sent is either counted as heard or still
// unread, and any of it is a sign of life. It returns nil if there is one.
func (c *conn) confirmSilence() error {
	c.nc.SetReadDeadline(time.Time{})
	if transport.Readable(c.nc) {
		c.heard()
	}
	if c.tick() {
		return &engine.Error{Reason: engine.CloseSilence, Err: errSilence}
	}
	return nil
}

var errSilence = errors.New("nothing heard from peer")

// pingLocked queues a PING, unless many wait already to be written: the peer
// does not read then, and one is as good as many. The caller holds mu.
func (c *conn) pingLocked() {
	if len(c.control) < maxControlForPing {
		c.pings++
		c.asked = reading{c.pings, c.sent.Load()}
		c.control = engine.AppendPing(c.control, c.cfg.HeartbeatTTL, c.pings)
	}
}

const maxControlForPing = 4 << 10

// change is one of our subscriptions, made or taken back.
type change struct {
	topic string
	on    bool
}

// Subscribe sends a change of our subscriptions to the peer.
func (c *conn) Subscribe(topic string, on bool) {
	c.mu.Lock()
	if n := len(c.changes); n >= minCompact && n == cap(c.changes) {
		// A peer that does not read must not make us keep what is undone.
		c.changes = compact(c.changes)
	}
	c.changes = append(c.changes, change{topic, on})
	c.mu.Unlock()
	c.kick()
}

const minCompact = 1024

// compact removes the changes that later ones have undone. Between two topics
// the order does not matter.
func compact(list []change) []change {
	first := make(map[string]bool)
	last := make(map[string]bool, len(list))
	for _, ch := range list {
		if _, ok := first[ch.topic]; !ok {
			first[ch.topic] = ch.on
		}
		last[ch.topic] = ch.on
	}
	kept := list[:0]
	for _, ch := range list {
		on, ok := last[ch.topic]
		if ok && first[ch.topic] == on {
			kept = append(kept, change{ch.topic, on})
		}
		delete(last, ch.topic)
	}
	clear(list[len(kept):])
	return kept
}

// Probe calls done when the peer has seen everything sent so far, as far as
// its version lets us know: when it answers a PING, or at once if it knows
// none. If the connection ends first, ok is false.
func (c *conn) Probe(done func(ok bool)) {
	c.mu.Lock()
	if c.closed || !c.engine.Heartbeats() {
		closed := c.closed
		c.mu.Unlock()
		done(!closed)
		return
	}
	c.pings++
	c.control = engine.AppendPing(c.control, c.cfg.HeartbeatTTL, c.pings)
	c.probes = append(c.probes, probe{c.pings, done})
	c.mu.Unlock()
	c.kick()
}

// eof makes a clean end an error that tells what it means here.
func eof(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errPeerClosed
	}
	return err
}

var errPeerClosed = errors.New("closed by peer")
