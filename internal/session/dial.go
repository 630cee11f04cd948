package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
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
// Abort, or when Config.ReconnectInterval is 0 and the connection is lost.
type Dialer struct {
	cfg       *Config
	transport transport.Transport
	address   string
	endpoint  string
	alias     string
	inLock    sync.Mutex           // guards the writing half of pipe.In
	connected atomic.Pointer[conn] // nil unless the peer is known

	life        *endpoint.Lifetime // Finish changes it under mu
	abort       context.Context    // ends when life is Closing
	cancel      context.CancelFunc
	dialing     context.Context // ends also when life is Finishing and nothing is queued: no further attempt
	stopDialing context.CancelFunc

	mu          sync.Mutex // guards what follows
	pipe        *pipe.Pipe
	current     *conn // the connection that run serves, also in its handshake
	lost        int   // messages lost since Finish
	unconfirmed bool  // the last connection ended with written messages that may not have arrived
}

// Dial starts a dialer. Unless Config.Immediate is set it attaches the pipe to
// the host, under alias if that is not empty, and returns the host's error.
func Dial(cfg *Config, t transport.Transport, ep, address, alias string) (*Dialer, error) {
	d := &Dialer{
		cfg: cfg, transport: t, address: address, endpoint: ep, alias: alias,
		life: endpoint.New(endpoint.Connecting),
	}
	d.abort, d.cancel = context.WithCancel(context.Background())
	d.dialing, d.stopDialing = context.WithCancel(d.abort)
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
	p := d.cfg.Host.NewPipe(d, d, &d.inLock, d)
	p.Side, p.Alias = pipe.Dialed, d.alias
	return p
}

// Endpoint returns the text that was given to Connect.
func (d *Dialer) Endpoint() string { return d.endpoint }

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
		c.Refuse(why)
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
		d.life.Attempt()
		nc, err := d.dial()
		began := time.Now()
		most := d.cfg.maxDelay(err)
		var admitted bool
		if err == nil {
			admitted, err = d.serve(nc)
		}
		if d.over() {
			return
		}
		if admitted && time.Since(began) >= stableAfter {
			// A shorter connection may be one that the peer admits and then
			// closes, as for a routing ID that another peer has.
			wait = d.cfg.ReconnectInterval
		}
		if wait <= 0 {
			d.life.Fail(err)
			return
		}
		_, rejected := engine.Rejected(err)
		if f := engine.CloseReasonOf(err); f != engine.CloseNone && f != engine.CloseHeartbeatTimeout && !rejected {
			// The next attempt probably fails in the same way. A peer that has
			// rejected messages is an exception: they are not sent again.
			wait = most
		}
		wait = min(wait, most)
		delay := jitter(wait)
		d.life.Retry(err)
		d.cfg.Host.Event(Event{Kind: Retrying, Endpoint: d.endpoint, Delay: delay, Err: err})
		if !sleep(d.dialing, delay) {
			return
		}
		wait *= 2
	}
}

// maxDelay returns the longest backoff after an attempt: a tenth of ReconnectMax
// if no connection was made, as when no process listens at the address or the ipc
// file is missing. Such an attempt costs the peer's system one or two segments
// and the peer nothing. A connection, or a name lookup, costs a server more.
func (c *Config) maxDelay(dialErr error) time.Duration {
	most := c.ReconnectMax
	if _, lookup := errors.AsType[*net.DNSError](dialErr); dialErr != nil && !lookup {
		most /= 10
	}
	return max(most, c.ReconnectInterval)
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

func (d *Dialer) dial() (net.Conn, error) {
	ctx := d.dialing
	if d.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.cfg.ConnectTimeout)
		defer cancel()
	}
	return d.transport.Dial(ctx, d.address, d.cfg.Transport)
}

// serve runs one connection to its end.
func (d *Dialer) serve(nc net.Conn) (admitted bool, err error) {
	c := newConn(d.cfg, d.endpoint, nc, engine.New(d.cfg.Engine), d)
	d.mu.Lock()
	c.pipe = d.pipe
	d.current = c
	c.finishing = !d.life.State().Active()
	d.mu.Unlock()
	defer afterFunc(d.abort, func() { c.close(context.Canceled) })()

	d.life.Handshake()
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
		n := c.pipe.Out.CloseRead()
		d.cfg.Host.Drops().Add(pipe.DropLinger, n)
		lost += n
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
	d.mu.Lock()
	old := d.pipe
	if d.life.State().Active() {
		d.pipe = d.newPipe()
	}
	d.mu.Unlock()
	host.Detach(old)
	if old.Out != nil {
		host.Drops().Add(pipe.DropConnLost, old.Out.CloseRead())
	}
	d.closeIn(old)
}

// closeIn closes the queue of received messages: no more are written to it.
func (d *Dialer) closeIn(p *pipe.Pipe) {
	if p.In != nil {
		d.inLock.Lock()
		p.In.Close()
		d.inLock.Unlock()
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
	if err := d.cfg.Host.Connected(c.pipe, c.peer()); err != nil {
		return &refusal{err}
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
	p := d.Pipe()
	d.cfg.Host.Detach(p)
	if p.Out != nil {
		n := p.Out.CloseRead()
		d.cfg.Host.Drops().Add(pipe.DropLinger, n)
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

// Pending returns how many messages are not written yet.
func (d *Dialer) Pending() int { return pending(d.Pipe()) }

// pending returns how many messages of a pipe are not written yet.
func pending(p *pipe.Pipe) int {
	if p.Out == nil {
		return 0
	}
	p.Out.Lock()
	defer p.Out.Unlock()
	return p.Out.Unsent()
}

// Ended reports whether the dialer has ended.
func (d *Dialer) Ended() bool { return d.life.State() == endpoint.Closed }

// Status describes the endpoint.
func (d *Dialer) Status() endpoint.Status { return d.life.Status() }

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
	var r *refusal
	switch {
	case errors.As(err, &r):
		e.Kind = PeerRefused
	case admitted:
		e.Kind = Disconnected
	}
	c.cfg.Host.Event(e)
}

func (c *conn) event(k Kind) Event {
	return Event{
		Kind: k, Endpoint: c.endpoint, Local: c.nc.LocalAddr(), Remote: c.nc.RemoteAddr(),
		Peer: c.engine.Peer(),
	}
}

// peer returns what the handshake has revealed of the peer, and its address.
func (c *conn) peer() *msg.Peer {
	p := c.engine.Peer()
	if c.tls != nil {
		p.TLS = c.tls
	}
	if addr := c.nc.RemoteAddr(); p.Remote == nil && addr != nil {
		p.Remote, p.Address = addr, addr.String()
		if host, _, err := net.SplitHostPort(p.Address); err == nil {
			p.Address = host
		}
	}
	return p
}
