package session

import (
	"container/list"
	"crypto/tls"
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

// conn is one connection: the engine that encodes and decodes for it, and the
// pipe that it joins to the peer. Its reader is the goroutine that calls run. Its
// flusher is a goroutine that exists while there is something to write
// (conn_flush.go). conn_state.go describes its lifetime.
type conn struct {
	cfg      *Config
	endpoint string
	nc       net.Conn
	tls      *tls.ConnectionState // nil without TLS, and before its handshake
	rd       *transport.Reader
	try      *transport.TryWriter // nil unless Flush writes
	engine   *engine.Engine
	pipe     *pipe.Pipe
	session  session

	source string // the key by which an accepted connection is counted; may be empty

	// Of an accepted connection, guarded by the listener. since, list and waiting
	// are for the time of the handshake.
	since      time.Time     // when it was accepted
	list       *list.List    // the list of pendingSource that it is in
	waiting    *list.Element // its element in list
	joined     bool          // the peer is known and the pipe made
	halfClosed *list.Element // its element in Listener.half

	in        msg.Batch     // decoded and not yet given to the host
	sent      atomic.Uint32 // writes of messages that have begun, and the Hello
	progress  atomic.Uint32 // writes that have ended, if the engine encodes
	seenPongs uint64

	room chan struct{} // has an element after pipe.In gets capacity, or the state changes

	mu           sync.Mutex // guards what follows
	state        connState
	flusher      flusherState
	finishing    bool         // the socket has asked to close when everything queued is written
	lingerEnded  bool         // closed because the linger time had ended
	unconfirmed  bool         // closed with written messages that may not have arrived
	err          error        // why the connection ends; nil until state.ending()
	control      []byte       // PINGs and the ERROR to send, encoded
	changes      []change     // of our subscriptions, to send before control
	pong         []byte       // the answer to the last PING
	pongWaiters  []pongWaiter // calls that wait for a PONG
	pings        uint64       // PINGs sent
	asked        pingPoint    // of the last PING
	readTo       uint32       // how many of sent the peer is known to have read
	heartbeat    engine.Heartbeat
	timer        *time.Timer
	deliveryWait time.Duration // before closeIfDelivered looks again
	flushers     sync.WaitGroup

	ended chan struct{} // closed when the reader has ended; err is final

	// The flusher alone uses these fields; others may read them when it has ended.
	wrote         bool // something, after the handshake
	msgsWritten   int
	msgsLost      int  // taken from the queue and not written, or only in part
	partlyWritten bool // some of msgsWritten are not whole; the peer has rejected them
}

// session is the Dialer or Listener of a connection.
type session interface {
	// join gives the connection its pipe once the peer is known.
	join(c *conn) error
	// returnUnsent takes messages that the flusher has taken from the pipe and not
	// written.
	returnUnsent(c *conn, b *msg.Batch)
	// progressed is called once, when the peer has sent the first bytes of its
	// handshake and they are valid so far.
	progressed(c *conn)
	// halfClosed is called when the peer of a raw connection has ended its
	// direction, and reports whether the connection is kept for later messages.
	halfClosed(c *conn) (keep bool)
}

// pongWaiter is a call that waits for the PONG to a PING.
type pongWaiter struct {
	ping uint64
	done func(ok bool)
}

func newConn(cfg *Config, endpoint string, nc net.Conn, e *engine.Engine, s session) *conn {
	c := &conn{
		cfg: cfg, endpoint: endpoint, nc: nc, engine: e, session: s,
		rd:    transport.NewReader(nc),
		room:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	if cfg.Lockstep {
		c.try = transport.NewTryWriter(nc)
	}
	return c
}

// run serves the connection from the greeting to its end, and returns why it
// ended and whether its handshake was complete. Then the connection is closed and
// its goroutines have ended.
func (c *conn) run() (admitted bool, err error) {
	early, err := c.handshake()
	if err == nil {
		if err = c.session.join(c); err != nil {
			c.countRefused(early)
			c.refuse(err)
		}
	}
	if err == nil {
		admitted = true
		c.admit()
		c.start()
		err = c.receive(early)
		if err == errPeerClosed && c.cfg.HalfClose > 0 {
			c.serveHalfClosed()
		}
		c.reject(err)
	}
	_, rejected := engine.Rejected(err)
	c.mu.Lock()
	if rejected || c.state == stateWriteFailed && engine.CloseReasonOf(err) != engine.CloseNone {
		c.err = err // more precise than that a write has failed
	}
	c.mu.Unlock()
	c.close(err)
	close(c.ended)
	c.flushers.Wait()
	c.countRejected()
	return admitted, c.err
}

// handshake performs the handshake of TLS, if the connection has it, and exchanges
// greetings and commands until the engine is ready, under one deadline, which admit
// removes. It returns the bytes that arrived after them.
func (c *conn) handshake() (early []byte, err error) {
	var deadline time.Time
	if d := c.cfg.HandshakeTimeout; d > 0 {
		deadline = time.Now().Add(d)
		c.nc.SetDeadline(deadline)
	}
	progressed := false
	if t, ok := c.nc.(*transport.TLSConn); ok {
		if err := c.handshakeTLS(t); err != nil {
			return nil, err
		}
		progressed = true
		c.session.progressed(c)
	}
	// Small, since a pending peer should cost little; it grows with the input.
	buf := make([]byte, 0, 512)
	for {
		got := len(buf) > 0
		n, err := c.engine.Handshake(buf)
		buf = buf[n:]
		err = c.writeOutput(err)
		creds, waiting := c.engine.Authenticating()
		if waiting && err == nil {
			err = c.writeOutput(c.authenticate(creds, deadline))
		}
		switch {
		case err != nil:
			return nil, err
		case c.engine.HandshakeDone():
			return buf, nil
		case waiting:
			continue // with the bytes that arrived before the check
		}
		if got && !progressed {
			progressed = true
			c.session.progressed(c)
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
}

// admit sends the READY that an accepting engine holds back until its socket has
// admitted the peer. The peer may send messages from then on.
func (c *conn) admit() {
	c.engine.Admit()
	if out := c.engine.Output(); len(out) > 0 {
		if _, err := c.nc.Write(out); err != nil {
			c.fail(err) // the reader still receives the bytes that have arrived
		}
	}
	c.nc.SetDeadline(time.Time{})
}

// writeOutput writes the output of the engine, also if the handshake has failed
// with err: it may contain an ERROR with the reason. It returns err, or else the
// error of the write.
func (c *conn) writeOutput(err error) error {
	out := c.engine.Output()
	if len(out) == 0 {
		return err
	}
	if _, werr := c.nc.Write(out); werr != nil && err == nil {
		return c.handshakeError(werr)
	}
	return err
}

func (c *conn) handshakeError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &engine.Error{Reason: engine.CloseHandshakeTimeout, Err: err}
	}
	return readError(err)
}

// readError returns the error of a read with its close reason, if it has one.
func readError(err error) error {
	if _, ok := errors.AsType[*transport.TLSError](err); ok {
		return &engine.Error{Reason: engine.CloseTLS, Err: err}
	}
	return err
}

// handshakeTLS performs the handshake of TLS.
func (c *conn) handshakeTLS(t *transport.TLSConn) (err error) {
	c.tls, err = t.Handshake()
	err = c.handshakeError(err)
	if engine.CloseReasonOf(err) == engine.CloseTLS && shutdownWrite(t.Below()) {
		// To close with unread input would reset the connection, and the peer might
		// not receive the alert.
		discard(t.Below(), time.Now().Add(refuseWait))
	}
	return err
}

// start begins traffic.
func (c *conn) start() {
	c.mu.Lock()
	c.openLocked()
	// The hello message is sent before all queued messages.
	c.control = append(c.control, c.cfg.Hello...)
	if len(c.cfg.Hello) > 0 {
		c.sent.Add(1) // the peer reads it as a message
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
	if finishing && c.flushed() {
		c.close(errFinished)
		return
	}
	c.wakeFlusher()
}

// peerDisconnected reports whether the peer has closed the connection or cannot be
// reached; the reader then ends when it has received the bytes that have arrived. A
// reader that waits for capacity in the queue does not detect this.
//
// A peer that seems to be connected gets a PING, so that a later call knows more:
// a system that was restarted resets the connection. While the reader waits for
// capacity no PING is sent: a peer that has closed after its last message would
// reset the connection, and messages not yet read would be lost.
func (c *conn) peerDisconnected() bool {
	c.mu.Lock()
	ending := c.state.ending()
	c.mu.Unlock()
	if ending {
		return true
	}
	if transport.PeerDisconnected(c.nc) {
		transport.CloseRead(c.nc)
		return true
	}
	c.mu.Lock()
	if c.state == stateOpen && c.engine.Heartbeats() && !c.heartbeat.Paused() {
		c.pingLocked()
	}
	c.mu.Unlock()
	c.wakeFlusher()
	return false
}

// change is one subscription that is made, or cancelled.
type change struct {
	topic string
	on    bool
}

// Subscribe sends a change of our subscriptions to the peer.
func (c *conn) Subscribe(topic string, on bool) {
	c.mu.Lock()
	if n := len(c.changes); n >= minCompact && n == cap(c.changes) {
		// The peer does not read: changes that undo each other must not pile up.
		c.changes = compact(c.changes)
	}
	c.changes = append(c.changes, change{topic, on})
	c.mu.Unlock()
	c.wakeFlusher()
}

const minCompact = 1024

// compact removes the changes that later ones undo. The order of different topics
// does not matter.
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

// Probe calls done when the peer has processed everything sent so far: when it
// answers a PING, or at once if its version has no PING. If the connection ends
// first, ok is false.
func (c *conn) Probe(done func(ok bool)) {
	c.mu.Lock()
	if closed := c.state == stateClosed; closed || !c.engine.Heartbeats() {
		c.mu.Unlock()
		done(!closed)
		return
	}
	c.pings++
	c.control = engine.AppendPing(c.control, c.cfg.HeartbeatTTL, c.pings)
	c.pongWaiters = append(c.pongWaiters, pongWaiter{c.pings, done})
	c.mu.Unlock()
	c.wakeFlusher()
}

// eof replaces io.EOF by errPeerClosed.
func eof(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errPeerClosed
	}
	return readError(err)
}

var errPeerClosed = errors.New("closed by peer")
