package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// Dialer keeps one connected endpoint alive: it dials, serves the connection,
// and when that is lost backs off and dials again, for ever. Its pipe outlives
// the connections, so what is queued waits for the next; unless the socket wants
// no queues but to peers that are there (Config.Immediate): then each connection
// has a pipe of its own.
type Dialer struct {
	cfg       *Config
	transport transport.Transport
	address   string
	endpoint  string
	alias     string
	inLock    sync.Mutex // guards the writing half of pipe.In
	live      atomic.Pointer[conn]

	stop   context.Context // ends at once, whatever is unsent
	cancel context.CancelFunc
	dials  context.Context // ends attempts when there is nothing left to send
	quit   context.CancelFunc
	done   chan struct{} // closed when run has returned
	status tracker

	mu       sync.Mutex // guards what follows
	pipe     *pipe.Pipe
	draining bool  // closed by its socket: run ends when pipe.Out is empty
	current  *conn // the connection that run is serving, from its handshake on
	losses   int   // messages that were lost, since it is draining
	broken   bool  // the last connection was lost before all that was written had arrived
}

// Dial returns a dialer at work. Unless it is to wait for a connection, the pipe
// is attached to the host, under an alias if that is not empty; an error is the
// host's refusal of that.
func Dial(cfg *Config, t transport.Transport, endpoint, address, alias string) (*Dialer, error) {
	d := &Dialer{
		cfg: cfg, transport: t, address: address, endpoint: endpoint, alias: alias,
		done: make(chan struct{}),
	}
	d.stop, d.cancel = context.WithCancel(context.Background())
	d.dials, d.quit = context.WithCancel(d.stop)
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

// Endpoint is the text that was connected to.
func (d *Dialer) Endpoint() string { return d.endpoint }

// Pipe is what whoever is there serves.
func (d *Dialer) Pipe() *pipe.Pipe {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pipe
}

// Ready is called by pipe.Out.
func (d *Dialer) Ready(*pipe.Queue) {
	if c := d.live.Load(); c != nil {
		c.kick()
	}
}

// Flush is Ready for a caller that holds no lock and will wait for an answer.
func (d *Dialer) Flush() {
	if c := d.live.Load(); c != nil {
		c.Flush()
	}
}

// Refuse ends the connection that there is.
func (d *Dialer) Refuse(why error) {
	if c := d.live.Load(); c != nil {
		c.Refuse(why)
	}
}

// Room is called by pipe.In.
func (d *Dialer) Room(q *pipe.Queue) {
	if c := d.live.Load(); c != nil {
		c.Room(q)
	}
}

// Subscribe passes a change of our subscriptions on. While there is no
// connection it does nothing: the next one begins with the whole set.
func (d *Dialer) Subscribe(topic string, on bool) {
	if c := d.live.Load(); c != nil {
		c.Subscribe(topic, on)
	}
}

// Probe calls done when the peer has processed everything sent so far, or at
// once if there is no peer.
func (d *Dialer) Probe(done func(ok bool)) {
	if c := d.live.Load(); c != nil {
		c.Probe(done)
		return
	}
	done(false)
}

// settled is how long a connection lasts that begins the back-off anew.
const settled = time.Second

func (d *Dialer) run() {
	defer close(d.done)
	defer d.end()
	wait := d.cfg.ReconnectInterval
	for !d.over() {
		if !d.waitUncrowded() {
			return
		}
		d.status.attempt()
		nc, err := d.dial()
		began := time.Now()
		most := d.cfg.longestWait(err)
		var ready bool
		if err == nil {
			ready, err = d.serve(nc)
		}
		if d.over() {
			return
		}
		if ready && time.Since(began) >= settled {
			// Unless the peer throws us out as soon as we are in, as it does
			// for a routing id that another has.
			wait = d.cfg.ReconnectInterval
		}
		if wait <= 0 {
			d.status.failed(StateClosed, err)
			return
		}
		_, rejected := engine.Rejected(err)
		if f := engine.CloseReasonOf(err); f != engine.CloseNone && f != engine.CloseSilence && !rejected {
			// This peer will not think otherwise soon. One that tells what it has
			// received may: a routing ID in use becomes free, and what it rejected
			// is not sent again.
			wait = most
		}
		wait = min(wait, most)
		delay := jitter(wait)
		d.status.failed(StateWaiting, err)
		d.cfg.Host.Event(Event{Kind: Connecting, Endpoint: d.endpoint, Delay: delay, Err: err})
		if !sleep(d.dials, delay) {
			return
		}
		wait *= 2
	}
}

// longestWait is the end of the back-off after an attempt: a tenth of
// ReconnectMax if no connection was made, as when no process listens at the address
// or its file is missing. That costs the peer's system a segment or two and the
// peer nothing. A connection, or asking for a name, costs a server more.
func (c *Config) longestWait(dialErr error) time.Duration {
	most := c.ReconnectMax
	if _, lookup := errors.AsType[*net.DNSError](dialErr); dialErr != nil && !lookup {
		most /= 10
	}
	return max(most, c.ReconnectInterval)
}

// jitter spreads the attempts of many peers that lost the same server.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// sleep waits, and returns false if ctx ends first.
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
	forget := context.AfterFunc(ctx, func() {
		defer close(done)
		f()
	})
	return func() {
		if !forget() {
			<-done
		}
	}
}

// waitUncrowded waits while peers that have gone left too much unread, for each
// connection may leave more if it has a pipe of its own. It returns false if there
// is no more reason to dial.
func (d *Dialer) waitUncrowded() bool {
	for d.cfg.Immediate && d.cfg.Host.Crowded() {
		if !sleep(d.dials, maxAcceptDelay) {
			return false
		}
	}
	return true
}

func (d *Dialer) dial() (net.Conn, error) {
	ctx := d.dials
	if d.cfg.ConnectTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.cfg.ConnectTimeout)
		defer cancel()
	}
	return d.transport.Dial(ctx, d.address, d.cfg.Transport)
}

// serve runs one connection.
func (d *Dialer) serve(nc net.Conn) (ready bool, err error) {
	c := newConn(d.cfg, d.endpoint, nc, engine.New(d.cfg.Engine), d)
	d.mu.Lock()
	c.pipe = d.pipe
	d.current = c
	if d.draining {
		c.finishing = true
	}
	d.mu.Unlock()
	defer afterFunc(d.stop, func() { c.close(context.Canceled) })()

	d.status.enter(StateHandshaking)
	d.cfg.Host.Event(c.event(Connected))
	ready, err = c.run()
	d.tally(c)
	if d.live.Swap(nil) != nil {
		d.cfg.Host.Disconnected(c.pipe)
	}
	if d.cfg.Immediate {
		d.renew()
	}
	d.mu.Lock()
	d.current = nil
	d.mu.Unlock()
	c.reportEnd(ready, err)
	return ready, err
}

// tally notes what is lost with a connection.
func (d *Dialer) tally(c *conn) {
	unsent, broken := c.toll()
	if c.pipe.Out != nil && d.stop.Err() != nil {
		// Now, or it would be put down to the loss of the connection.
		n := c.pipe.Out.CloseRead()
		d.cfg.Host.Drops().Add(pipe.DropLinger, n)
		unsent += n
	} else if d.cfg.Engine.Raw {
		unsent += pending(c.pipe) // the next connection is another stream
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		d.losses += unsent
		d.broken = broken
	}
}

// renew drops what was queued for the connection that is lost, and makes the
// next one a pipe of its own.
func (d *Dialer) renew() {
	host := d.cfg.Host
	d.mu.Lock()
	lost := d.pipe
	if !d.draining {
		d.pipe = d.newPipe()
	}
	d.mu.Unlock()
	host.Detach(lost)
	if lost.Out != nil {
		host.Drops().Add(pipe.DropConnLost, lost.Out.CloseRead())
	}
	d.closeIn(lost)
}

// closeIn says that nothing more comes from the far end of a pipe.
func (d *Dialer) closeIn(p *pipe.Pipe) {
	if p.In != nil {
		d.inLock.Lock()
		p.In.Close()
		d.inLock.Unlock()
	}
}

// join makes c the connection behind the pipe.
func (d *Dialer) join(c *conn) error {
	if d.cfg.Immediate {
		if err := d.cfg.Host.Attach(c.pipe); err != nil {
			return attachError(err)
		}
	}
	d.live.Store(c)
	if err := d.cfg.Host.Connected(c.pipe, c.peer()); err != nil {
		return &refusal{err}
	}
	d.status.connected()
	d.cfg.Host.Event(c.event(Ready))
	return nil
}

// unsent puts messages back for the next connection.
func (d *Dialer) unsent(c *conn, b *msg.Batch) { c.pipe.Out.Return(b) }

// progressed has no meaning for a dialer, which has one connection at a time.
func (d *Dialer) progressed(*conn) {}

// over reports whether there is nothing left to dial for.
func (d *Dialer) over() bool {
	if d.stop.Err() != nil {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draining && (d.pipe.Out == nil || d.pipe.Out.Ended())
}

// end gives up what is left in the pipe.
func (d *Dialer) end() {
	d.cancel()
	p := d.Pipe()
	d.cfg.Host.Detach(p)
	if p.Out != nil {
		n := p.Out.CloseRead()
		d.cfg.Host.Drops().Add(pipe.DropLinger, n)
		d.mu.Lock()
		d.losses += n
		d.mu.Unlock()
	}
	d.closeIn(p)
	d.status.enter(StateClosed)
}

// Lost tells, after Wait, how many messages were not written or were rejected by
// the peer, and whether the
// connection broke before what was had arrived.
func (d *Dialer) Lost() (unsent int, broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.losses, d.broken
}

// Finish lets the dialer end when everything queued is written.
func (d *Dialer) Finish() {
	d.mu.Lock()
	d.draining = true
	c, p := d.current, d.pipe
	d.mu.Unlock()
	d.cfg.Host.Retire(p)
	if c != nil {
		c.finish()
	}
	if d.over() {
		d.quit()
		if c != nil && d.live.Load() != c {
			c.close(net.ErrClosed) // in a handshake that nobody waits for now
		}
	}
}

// Abort gives up what is left.
func (d *Dialer) Abort() { d.cancel() }

// Pending is how many messages are yet to be written.
func (d *Dialer) Pending() int { return pending(d.Pipe()) }

// pending is how many messages to a peer are yet to be written.
func pending(p *pipe.Pipe) int {
	if p.Out == nil {
		return 0
	}
	p.Out.Lock()
	defer p.Out.Unlock()
	return p.Out.Unsent()
}

// Gone reports whether the dialer has ended.
func (d *Dialer) Gone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// Wait returns when the dialer has ended after Finish. When ctx ends it gives
// up what is left.
func (d *Dialer) Wait(ctx context.Context) {
	select {
	case <-d.done:
	case <-ctx.Done():
		d.cancel()
		<-d.done
	}
}

// refusal is the pattern's word against a peer.
type refusal struct{ err error }

func (r *refusal) Error() string { return "peer refused: " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// attachError is the end of a connection whose pipe the host did not take. A
// socket that is being closed does not refuse the peer: it only hangs up.
func attachError(err error) error {
	if err == ErrClosed {
		return net.ErrClosed
	}
	return &refusal{err}
}

// reportEnd says how a connection ended.
func (c *conn) reportEnd(ready bool, err error) {
	e := c.event(HandshakeFailed)
	e.Err, e.Fault = err, engine.CloseReasonOf(err)
	var r *refusal
	switch {
	case errors.As(err, &r):
		e.Kind = PeerRefused
	case ready:
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

// peer completes what the handshake told of the peer with its address.
func (c *conn) peer() *msg.Peer {
	p := c.engine.Peer()
	if addr := c.nc.RemoteAddr(); p.Remote == nil && addr != nil {
		p.Remote, p.Address = addr, addr.String()
		if host, _, err := net.SplitHostPort(p.Address); err == nil {
			p.Address = host
		}
	}
	return p
}
