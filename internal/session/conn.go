package session

import (
	"bytes"
	"container/list"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	cfg      *Config     // from the beginning to the end
	next     *NextConfig // that cfg was taken from
	endpoint string
	nc       net.Conn
	tls      *tls.ConnectionState // nil without TLS, and before its handshake
	rd       *transport.Reader
	engine   *engine.Engine
	pipe     *pipe.Pipe
	session  session

	source string // the key by which an accepted connection is counted; may be empty

	// Of an accepted connection, guarded by the listener. since, list and waiting
	// are for the time of the handshake.
	since      time.Time     // when it was accepted
	list       *list.List    // the list of pendingSource that it is in
	waiting    *list.Element // its element in list
	halfClosed *list.Element // its element in Listener.half
	stage      stage         // of its handshake

	announced bool // the session has reported Accepted or Connected

	in        msg.Batch     // decoded and not yet given to the host
	sent      atomic.Uint32 // writes of messages that have begun, and the Hello
	progress  atomic.Uint32 // writes that have ended, if the engine encodes
	seenPongs uint64

	revocations uint64 // Host.Revocations when authentication began

	began   time.Time
	arrived atomic.Int64 // when bytes have last arrived, in nanoseconds after began; 0 after heardLocked has passed it on

	room signal // has an element after pipe.In gets capacity, or the state changes

	mu           sync.Mutex // guards what follows
	state        connState
	flusher      flusherState
	finishing    bool         // the socket has asked to close when everything queued is written
	readRest     bool         // and to receive until the peer has closed the connection (FinishReading)
	lingerEnded  bool         // closed because the linger time had ended
	unconfirmed  bool         // closed with written messages that may not have arrived
	err          error        // why the connection ends; nil until state.ending()
	generation   uint64       // of peer
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

	// The reader alone uses these fields: the write of the handshake that is in
	// progress, or nil, and the error of the last one.
	writing  chan error
	writeErr error

	ended ending // closed when the reader has ended; err is final

	// The flusher alone uses these fields; others may read them when it has ended.
	msgsWritten   int
	msgsLost      int  // taken from the queue and not written, or only in part
	wrote         bool // something, after the handshake
	partlyWritten bool // some of msgsWritten are not whole; the peer has rejected them
}

// stage is how far the handshake of an accepted connection is.
type stage uint8

const (
	stagePending stage = iota
	stageJoined        // the peer is known and the pipe made
	stageEvicted       // chosen to be closed before that, for another connection
)

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

func newConn(cfg *Config, next *NextConfig, endpoint string, nc net.Conn, e *engine.Engine, s session) *conn {
	c := &conn{
		cfg: cfg, next: next, endpoint: endpoint, nc: nc, engine: e, session: s,
		rd:         transport.NewReader(nc),
		began:      time.Now(),
		generation: msg.NextGeneration(),
	}
	if cfg.Transport != nil {
		c.rd.SetSpin(cfg.Transport.Spin)
	}
	return c
}

// run serves the connection from the greeting to its end, and returns why it
// ended and whether its handshake was complete. Then the connection is closed and
// its goroutines have ended.
func (c *conn) run() (admitted bool, err error) {
	early, err := c.open()
	if err != nil {
		return false, c.end(err)
	}
	return true, c.end(c.traffic(early))
}

// open performs the handshake and joins the connection to the pipe. It returns the
// bytes that arrived after the handshake. traffic must follow, or end after an error.
func (c *conn) open() (early []byte, err error) {
	early, err = c.handshake()
	if err != nil {
		return nil, err
	}
	if err := c.join(); err != nil {
		c.countRefused(early)
		c.refuse(err)
		return nil, err
	}
	c.admit()
	c.start()
	return early, nil
}

// traffic receives until the connection fails or ends. It returns the reason.
func (c *conn) traffic(early []byte) error {
	err := c.receive(early)
	if err == errPeerClosed && c.cfg.HalfClose > 0 {
		c.serveHalfClosed()
	}
	c.reject(err)
	return err
}

// end closes the connection because of err, waits for its goroutines, and returns
// why it ended.
func (c *conn) end(err error) error {
	_, rejected := engine.Rejected(err)
	faulty := engine.CloseReasonOf(err) != engine.CloseNone
	c.mu.Lock()
	if rejected || faulty && c.state == stateWriteFailed {
		c.err = err // more precise than that a write has failed
	}
	c.mu.Unlock()
	c.awaitWrite() // a handshake that has failed: its deadline bounds the write
	c.close(err)
	c.ended.close()
	c.flushers.Wait()
	c.countRejected()
	return c.err
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
			buf, err = c.authenticate(creds, deadline, buf)
			err = c.writeOutput(err)
		}
		switch {
		case err != nil:
			return nil, err
		case c.engine.HandshakeDone():
			return buf, nil
		case waiting:
			continue // with the bytes that arrived before the verdict
		}
		if got && !progressed {
			progressed = true
			c.session.progressed(c)
		}
		if buf, err = c.appendRead(buf); err != nil {
			return nil, c.handshakeError(err)
		}
	}
}

// appendRead appends the result of one Read to buf. An error that comes with bytes is
// returned by the next call.
func (c *conn) appendRead(buf []byte) ([]byte, error) {
	if cap(buf)-len(buf) < 256 {
		buf = append(make([]byte, 0, 2*len(buf)+512), buf...)
	}
	n, err := c.rd.ReadInto(buf[len(buf):cap(buf)])
	if n > 0 {
		err = nil
	}
	return buf[:len(buf)+n], err
}

// join gives the connection its pipe, unless the peer may not become ready any longer.
// The session checks this again when the peer is connected: a revocation ends only
// connected peers, and may have come before that.
func (c *conn) join() error {
	if err := c.withdrawn(); err != nil {
		return err
	}
	return c.session.join(c)
}

// The reasons why a pending connection ends before its peer is ready. They are no close
// reasons, so that a Dialer connects again soon. For the same reason the peer gets no
// ERROR.
var (
	errReplaced = errors.New("security was replaced during the handshake")
	errOutdated = errors.New("peers were disconnected after this one was authenticated: it has to connect again")
)

// withdrawn returns an error if the peer may not become ready: the security of the
// connection is not the current one, or the authenticator may have decided before
// something was revoked. Accept has chosen the configuration of TLS before newConn,
// and security may have been replaced in between.
func (c *conn) withdrawn() error {
	t, ok := c.nc.(*transport.TLSConn)
	switch {
	case c.next.Load() != c.cfg, ok && t.Config() != c.cfg.TLS:
		return errReplaced
	case c.cfg.Authenticator != nil && c.revocations != c.cfg.Host.Revocations():
		return errOutdated
	}
	return nil
}

// admit sends the READY that an accepting engine holds back until its socket has
// admitted the peer. The peer may send messages from then on.
func (c *conn) admit() {
	c.engine.Admit()
	if out := c.engine.Output(); len(out) > 0 {
		c.writeHandshake(out)
	}
	// Before a flusher starts.
	if err := c.awaitWrite(); err != nil {
		c.fail(err) // the reader still receives the bytes that have arrived
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
	if werr := c.writeHandshake(out); werr != nil && err == nil {
		return c.handshakeError(werr)
	}
	return err
}

// writeHandshake writes the bytes of a handshake. Both peers write their greetings
// before they read. If a Write of the connection waits for the Read of the peer, as
// that of net.Pipe does, the bytes are written in a goroutine, and the error is that
// of the write before. Then no write waits for ever: a peer that sends more has
// read what it answers.
func (c *conn) writeHandshake(out []byte) error {
	if transport.Buffers(c.nc) {
		_, err := c.nc.Write(out)
		c.writeErr = err
		return err
	}
	if err := c.awaitWrite(); err != nil {
		return err
	}
	out = bytes.Clone(out)
	writing := make(chan error, 1)
	c.writing = writing
	go func() {
		_, err := c.nc.Write(out)
		writing <- err
	}()
	return nil
}

// awaitWrite waits until the bytes of writeHandshake are written, and returns the
// error of that.
func (c *conn) awaitWrite() error {
	if c.writing != nil {
		c.writeErr = <-c.writing
		c.writing = nil
	}
	return c.writeErr
}

func (c *conn) handshakeError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return c.engine.HandshakeTimedOut(os.ErrDeadlineExceeded)
	}
	_, overTLS := c.nc.(*transport.TLSConn)
	if err = readError(err); engine.CloseReasonOf(err) == engine.CloseNone && closedByPeer(err) {
		early := "it may refuse connections from here, not speak ZMTP, or expect another mechanism"
		switch {
		case overTLS && c.tls == nil:
			early = "it may refuse connections from here, or not use TLS"
		case strings.HasPrefix(c.endpoint, "tcp:"):
			early = "it may refuse connections from here, or expect another transport, such as tls+tcp, or another mechanism"
		}
		if closed := c.engine.HandshakeClosed(early); closed != nil {
			return closed
		}
	}
	return eof(err)
}

// closedByPeer reports whether the peer has closed or reset the connection.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
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
	if c.tls, err = t.Handshake(); err == nil {
		return nil
	}
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
