package session

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// Dialer is the session of one connected endpoint: it dials, serves the
// connection, and dials again after a backoff when the connection is lost. Its
// pipe outlives the connections, so queued messages wait for the next one. With
// Config.Immediate each connection has a pipe of its own.
//
// Its goroutine ends after Finish, when every queued message is written, or after
// Abort, or when the connection is lost and Config.ReconnectInterval is 0 or the
// application has made the connection.
type Dialer struct {
	base      // Finish changes life under mu
	next      *NextConfig
	transport transport.Transport
	address   string
	alias     string
	given     net.Conn             // the only connection, if the application has made it
	connected atomic.Pointer[conn] // nil unless the peer is known

	abort       context.Context // ends when life is Closing
	cancel      context.CancelFunc
	dialing     context.Context // ends also when life is Finishing and nothing is queued: no further attempt
	stopDialing context.CancelFunc
	generation  uint64          // of the last peer that was admitted; only run uses it
	retrying    context.Context // ends also when a later attempt is not wanted
	stopRetries context.CancelFunc
	retry       chan struct{} // has an element after Retry, until the next attempt

	// mu guards what follows.
	pipe        *pipe.Pipe
	current     *conn // the connection that run serves, also in its handshake
	lost        int   // messages lost since Finish
	unconfirmed bool  // the last connection ended with written messages that may not have arrived
}

// Dial starts a dialer. Unless Config.Immediate is set it attaches the pipe to
// the host, under alias if that is not empty, and returns the host's error.
func Dial(next *NextConfig, t transport.Transport, ep, address, alias string) (*Dialer, error) {
	return startDialer(next, t, ep, address, alias, nil)
}

// Attach starts a dialer for nc, a connection that the application has made and that
// t returns. The dialer ends with the connection, and closes nc. After an error of
// Attach nc is open.
func Attach(next *NextConfig, t transport.Transport, ep, address, alias string, nc net.Conn) (*Dialer, error) {
	return startDialer(next, t, ep, address, alias, nc)
}

func startDialer(next *NextConfig, t transport.Transport, ep, address, alias string, given net.Conn) (*Dialer, error) {
	cfg := next.Load()
	d := &Dialer{
		base: base{cfg: cfg, endpoint: ep, life: endpoint.New(endpoint.Connecting)},
		next: next, transport: t, address: address, alias: alias, given: given, retry: make(chan struct{}, 1),
	}
	d.abort, d.cancel = context.WithCancel(context.Background())
	d.dialing, d.stopDialing = context.WithCancel(d.abort)
	d.retrying, d.stopRetries = context.WithCancel(d.dialing)
	d.pipe = d.newPipe()
	if !cfg.Immediate {
		if err := cfg.Host.Attach(d.pipe); err != nil {
			d.cancel()
			return nil, err
		}
	}
	go d.run()
	return d, nil
}

func (d *Dialer) newPipe() *pipe.Pipe {
	p := d.cfg.Host.NewPipe(d, d, d)
	p.Side, p.Alias = pipe.Dialed, d.alias
	return p
}

// Pipe returns the current pipe: with Config.Immediate, each connection has another.
func (d *Dialer) Pipe() *pipe.Pipe {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pipe
}

// Wake starts writing. pipe.Out calls it.
func (d *Dialer) Wake(*pipe.Queue) {
	if c := d.connected.Load(); c != nil {
		c.wakeFlusher()
	}
}

// Flush is like Wake, but the caller must hold no lock. A caller that next
// waits for a reply uses it.
func (d *Dialer) Flush() {
	if c := d.connected.Load(); c != nil {
		c.Flush()
	}
}

// Refuse closes the current connection.
func (d *Dialer) Refuse(why error) {
	if c := d.connected.Load(); c != nil {
		c.close(why)
	}
}

// Room reports free capacity to the connection. pipe.In calls it.
func (d *Dialer) Room(q *pipe.Queue) {
	if c := d.connected.Load(); c != nil {
		c.Room(q)
	}
}

// Subscribe sends a change of our subscriptions to the peer. Without a
// connection it does nothing: the next one begins with the whole set.
func (d *Dialer) Subscribe(topic string, on bool) {
	if c := d.connected.Load(); c != nil {
		c.Subscribe(topic, on)
	}
}

// Probe calls done when the peer has processed everything sent so far, or with
// false at once if there is no peer.
func (d *Dialer) Probe(done func(ok bool)) {
	if c := d.connected.Load(); c != nil {
		c.Probe(done)
		return
	}
	done(false)
}

// stableAfter is how long a connection must last to reset the backoff.
const stableAfter = time.Second

func (d *Dialer) run() {
	defer d.end()
	wait := d.cfg.ReconnectInterval
	for !d.over() {
		if !d.waitUnreadLimit() {
			return
		}
		select {
		case <-d.retry: // this attempt is the one that Retry asks for
		default:
		}
		d.life.Attempt()
		cfg := d.next.Load()
		nc, err := d.dial(cfg)
		began := time.Now()
		most := d.cfg.maxDelay(err)
		stop := d.cfg.ReconnectStop&StopRefused != 0 && isRefused(err)
		var admitted bool
		if err == nil {
			admitted, err = d.serve(cfg, nc)
			stop = d.cfg.ReconnectStop&StopHandshakeFailed != 0 && !admitted && isHandshakeFailure(err)
		}
		if d.over() || d.retrying.Err() != nil {
			return
		}
		if admitted && time.Since(began) >= stableAfter {
			// A shorter connection may be one that the peer admits and then
			// closes, as for a routing ID that another peer has.
			wait = d.cfg.ReconnectInterval
		}
		if wait <= 0 || stop || d.given != nil {
			d.life.Fail(err)
			d.cfg.Host.Event(Event{Kind: Stopped, Endpoint: d.endpoint, Reason: engine.CloseReasonOf(err), Err: err, Connected: nc != nil})
			return
		}
		_, rejected := engine.Rejected(err)
		reason := engine.CloseReasonOf(err)
		switch {
		case reason == engine.CloseNone, reason == engine.CloseHeartbeatTimeout, reason == engine.CloseHandshakeClosed:
		case reason == engine.CloseRevoked, rejected:
			// This side ended the connection, perhaps to connect with another
			// key; or the peer rejected messages, which are not sent again.
		default:
			// The next attempt probably fails in the same way.
			wait = most
		}
		wait = min(wait, most)
		delay := jitter(wait)
		d.life.Retry(err)
		d.cfg.Host.Event(Event{Kind: retryKind(err), Endpoint: d.endpoint, Delay: delay, Reason: reason, Err: err, Connected: nc != nil})
		if d.waitRetry(delay) {
			wait = d.cfg.ReconnectInterval
		} else {
			wait *= 2
		}
		if d.retrying.Err() != nil {
			return
		}
	}
}

// waitRetry waits for the delay before the next attempt, and reports whether Retry
// has ended it. It also ends with retrying.
func (d *Dialer) waitRetry(delay time.Duration) bool {
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-d.retry:
		return true
	case <-t.C:
	case <-d.retrying.Done():
	}
	return false
}

// Retry begins the next attempt now if the dialer waits for it, because the
// security has changed. If an attempt or a connection exists, the next one follows
// it without a delay.
func (d *Dialer) Retry() {
	select {
	case d.retry <- struct{}{}:
	default:
	}
}

// isRefused reports whether no process listens at the address that was dialed.
func isRefused(dialErr error) bool {
	return errors.Is(dialErr, syscall.ECONNREFUSED) || errors.Is(dialErr, fs.ErrNotExist)
}

// isHandshakeFailure reports whether a connection without a complete handshake
// ended for another reason than this socket's refusal of the peer or replaced
// security.
func isHandshakeFailure(err error) bool {
	_, refused := errors.AsType[*refusal](err)
	return !refused && engine.CloseReasonOf(err) != engine.CloseRevoked
}

// maxDelay returns the longest backoff after an attempt: a tenth of ReconnectMax
// if no connection was made, as when no process listens at the address or the ipc
// file is missing. Such an attempt costs the peer's system one or two segments
// and the peer nothing. A connection, also one to a proxy, or a name lookup, costs a
// server more.
func (c *Config) maxDelay(dialErr error) time.Duration {
	most := c.ReconnectMax
	p, ok := errors.AsType[*transport.ProxyError](dialErr)
	if dialErr != nil && !isLookup(dialErr) && !(ok && p.Reached) {
		most /= 10
	}
	return max(most, c.ReconnectInterval)
}

// isLookup reports whether an attempt failed because the name of the peer, or of a
// proxy, was not found.
func isLookup(dialErr error) bool {
	_, lookup := errors.AsType[*net.DNSError](dialErr)
	return lookup
}

// retryKind returns the kind of the event of an attempt that is repeated after err.
func retryKind(err error) Kind {
	if isLookup(err) {
		return ResolveFailed
	}
	return Retrying
}

// jitter spreads the attempts of many peers that have lost the same server.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// sleep waits for d, and returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// afterFunc is context.AfterFunc with a stop that waits for f if it has begun.
func afterFunc(ctx context.Context, f func()) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		f()
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// waitUnreadLimit waits while the unread messages of disconnected peers exceed
// their limit: with Config.Immediate each connection may add to them. It returns
// false if dialing ends first.
func (d *Dialer) waitUnreadLimit() bool {
	for d.cfg.Immediate && d.cfg.Host.UnreadLimitReached() {
		if !sleep(d.dialing, maxAcceptDelay) {
			return false
		}
	}
	return true
}

func (d *Dialer) dial(cfg *Config) (nc net.Conn, err error) {
	defer transport.RecoverHook(&err, "the function that dials")
	ctx := d.dialing
	if d.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.cfg.ConnectTimeout)
		defer cancel()
	}
	return d.transport.Dial(ctx, d.address, cfg.transport(func() *tls.Config { return cfg.TLS }))
}

// serve runs one connection to its end.
func (d *Dialer) serve(cfg *Config, nc net.Conn) (admitted bool, err error) {
	c := newConn(cfg, d.next, d.endpoint, nc, engine.New(cfg.Engine), d)
	d.mu.Lock()
	c.pipe = d.pipe
	d.current = c
	c.finishing = !d.life.State().Active()
	d.mu.Unlock()
	defer afterFunc(d.abort, func() { c.close(context.Canceled) })()

	d.life.Handshake()
	c.announced = true
	d.cfg.Host.Event(c.event(Connected))
	admitted, err = c.run()
	d.countLosses(c)
	if d.connected.Swap(nil) != nil {
		d.cfg.Host.Disconnected(c.pipe)
	}
	if d.cfg.Immediate {
		d.renew()
	}
	d.mu.Lock()
	d.current = nil
	d.mu.Unlock()
	c.reportEnd(admitted, err)
	return admitted, err
}

// countLosses counts the messages that are lost with a connection.
func (d *Dialer) countLosses(c *conn) {
	lost, unconfirmed := c.lossStats()
	if c.pipe.Out != nil && !d.life.State().Writes() {
		// Before the connection's end is reported, which would count them as
		// DropConnLost.
		lost += c.pipe.Out.CloseRead(pipe.DropLinger)
	} else if d.cfg.Engine.Raw {
		lost += pending(c.pipe) // the next connection is another stream
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.life.State().Active() {
		d.lost += lost
		d.unconfirmed = unconfirmed
	}
}

// renew drops the messages queued for a lost connection, and makes the pipe of
// the next one.
func (d *Dialer) renew() {
	host := d.cfg.Host
	next := d.newPipe()
	d.mu.Lock()
	old := d.pipe
	if d.life.State().Active() {
		d.pipe = next
	}
	d.mu.Unlock()
	host.Detach(old)
	if old.Out != nil {
		old.Out.CloseRead(pipe.DropConnLost)
	}
	d.closeIn(old)
}

// closeIn closes the queue of received messages: no more are written to it.
func (d *Dialer) closeIn(p *pipe.Pipe) {
	if p.In != nil {
		p.In.Lock()
		p.In.Close()
		p.In.Unlock()
	}
}

// join makes c the connection of the pipe.
func (d *Dialer) join(c *conn) error {
	if d.cfg.Immediate {
		if err := d.cfg.Host.Attach(c.pipe); err != nil {
			return attachError(err)
		}
	}
	d.connected.Store(c)
	peer := c.peer()
	peer.Replaces = d.generation
	if err := d.cfg.Host.Connected(c.pipe, peer); err != nil {
		return &refusal{err}
	}
	d.generation = peer.Generation
	if err := c.withdrawn(); err != nil {
		return err
	}
	d.life.Connect()
	d.cfg.Host.Event(c.event(Ready))
	return nil
}

// returnUnsent puts messages back at the head of the queue, for the next
// connection.
func (d *Dialer) returnUnsent(c *conn, b *msg.Batch) { c.pipe.Out.Return(b) }

// progressed does nothing: a dialer has no limit of pending connections.
func (d *Dialer) progressed(*conn) {}

// over reports whether no further connection is needed.
func (d *Dialer) over() bool {
	switch d.life.State() {
	case endpoint.Finishing:
		out := d.Pipe().Out
		return out == nil || out.Ended()
	case endpoint.Closing, endpoint.Closed:
		return true
	}
	return false
}

// end detaches the pipe and drops what is still queued.
func (d *Dialer) end() {
	defer d.life.Close()
	d.Abort()
	if d.given != nil {
		d.given.Close() // it may not have been served
	}
	p := d.Pipe()
	d.cfg.Host.Detach(p)
	if p.Out != nil {
		n := p.Out.CloseRead(pipe.DropLinger)
		d.mu.Lock()
		d.lost += n
		d.mu.Unlock()
	}
	d.closeIn(p)
}

// LossStats returns, after Wait, how many messages were not written or were
// rejected by the peer, and whether written messages may not have arrived.
func (d *Dialer) LossStats() (lost int, unconfirmed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost, d.unconfirmed
}

// Finish ends the dialer when everything queued is written.
func (d *Dialer) Finish() {
	d.mu.Lock()
	d.life.Finish()
	c, p := d.current, d.pipe
	d.mu.Unlock()
	if d.cfg.ReconnectStop&StopAfterDisconnect != 0 {
		d.stopRetries()
	}
	d.cfg.Host.Retire(p)
	if c != nil {
		c.finish()
	}
	if d.over() {
		d.stopDialing()
		if c != nil && d.connected.Load() != c {
			c.close(net.ErrClosed) // still in its handshake, and nothing is queued
		}
	}
}

// Abort ends the dialer now, and drops what is queued.
func (d *Dialer) Abort() {
	d.life.Abort()
	d.cancel()
}

// pending returns how many messages of a pipe are not written yet.
func pending(p *pipe.Pipe) int {
	if p.Out == nil {
		return 0
	}
	p.Out.Lock()
	defer p.Out.Unlock()
	return p.Out.Unsent()
}

// Wait returns when the dialer has ended after Finish. When ctx ends it calls
// Abort.
func (d *Dialer) Wait(ctx context.Context) { d.life.Wait(ctx, d.Abort) }

// refusal is the error of a peer that the host, or a limit, has refused.
type refusal struct{ err error }

func (r *refusal) Error() string { return "peer refused: " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// attachError returns the reason of a connection whose pipe the host did not
// attach. A closing socket does not refuse the peer: it closes the connection.
func attachError(err error) error {
	if err == ErrClosed {
		return net.ErrClosed
	}
	return &refusal{err}
}

// reportEnd reports the end of a connection to the host.
func (c *conn) reportEnd(admitted bool, err error) {
	e := c.event(HandshakeFailed)
	e.Err, e.Reason = err, engine.CloseReasonOf(err)
	if e.Peer == nil {
		if e.Peer = c.engine.Announced(); e.Peer != nil {
			describe(e.Peer, c.nc)
		}
	}
	var r *refusal
	switch {
	case errors.As(err, &r):
		e.Kind, e.Connected = PeerRefused, c.announced
	case admitted:
		e.Kind = Disconnected
	}
	c.cfg.Host.Event(e)
}

func (c *conn) event(k Kind) Event {
	_, bound := c.session.(*Listener)
	return Event{
		Bound: bound,
		Kind:  k, Endpoint: c.endpoint, Local: c.nc.LocalAddr(), Remote: c.nc.RemoteAddr(),
		Peer: c.engine.Peer(),
	}
}

// peer returns what the handshake has revealed of the peer, and its address.
func (c *conn) peer() *msg.Peer {
	p := c.engine.Peer()
	if c.tls != nil {
		p.TLS = c.tls
	}
	p.Generation = c.generation
	describe(p, c.nc)
	return p
}

// describe sets what the system knows of a peer.
func describe(p *msg.Peer, nc net.Conn) {
	if addr := nc.RemoteAddr(); p.Remote == nil && addr != nil {
		p.Remote, p.Address = addr, addr.String()
		if host, _, err := net.SplitHostPort(p.Address); err == nil {
			p.Address = host
		}
	}
	if uid, gid, pid, ok := transport.PeerCred(nc); ok {
		p.Credentials = &msg.Credentials{PID: pid, UID: uid, GID: gid}
	}
}
