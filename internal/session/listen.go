package session

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/transport"
)

// Errors that connections are closed with before they are served.
var (
	errTooMany        = errors.New("too many connections")
	errUnreadLimit    = errors.New("too many unread messages of disconnected peers")
	errTooManyPending = errors.New("too many connections in their handshake")
)

// Listener is the session of one bound endpoint: it accepts connections. Each has
// a pipe of its own, which is detached when the connection ends.
type Listener struct {
	cfg      *Config
	endpoint string
	listener transport.Listener
	stop     chan struct{} // closed by Finish
	settled  chan struct{} // has an element when a connection is no longer pending
	life     *endpoint.Lifetime

	mu      sync.Mutex // guards what follows; Finish changes life under it
	conns   map[*conn]struct{}
	pending pendingConns
	half    list.List // of half-closed *conn, the oldest first
	busy    int       // goroutines: accept, and one for each connection
}

// Listen binds address and starts a listener. scheme is the prefix of its
// endpoint, as "tcp://".
func Listen(cfg *Config, t transport.Transport, scheme, address string) (*Listener, error) {
	tl, err := t.Listen(address, cfg.Transport)
	if err != nil {
		return nil, err
	}
	l := &Listener{
		cfg: cfg, endpoint: scheme + tl.Addr(), listener: tl,
		stop:    make(chan struct{}),
		settled: make(chan struct{}, 1),
		life:    endpoint.New(endpoint.Listening),
		conns:   make(map[*conn]struct{}),
		busy:    1,
	}
	cfg.Host.Event(Event{Kind: Listening, Endpoint: l.endpoint})
	go l.accept()
	return l, nil
}

// Endpoint returns the bound endpoint, with the actual address and port.
func (l *Listener) Endpoint() string { return l.endpoint }

// After a failure Accept is called again after these delays, which double from
// the first to the last.
const (
	minAcceptDelay = 5 * time.Millisecond
	maxAcceptDelay = time.Second
)

func (l *Listener) accept() {
	defer l.goroutineDone()
	delay := minAcceptDelay
	for {
		if !l.waitUnreadLimit() {
			return
		}
		nc, err := l.listener.Accept()
		switch {
		case err == nil:
			delay = minAcceptDelay
			l.admit(nc)
		case errors.Is(err, net.ErrClosed):
			return
		case l.evict():
			// Usually the process has no free descriptor. Now it has one.
		default:
			// Usually the process has no free descriptor until others are closed.
			l.life.Fail(err)
			l.cfg.Host.Event(Event{Kind: AcceptFailed, Endpoint: l.endpoint, Delay: delay, Err: err})
			select {
			case <-time.After(delay):
			case <-l.stop:
				return
			}
			delay = min(2*delay, maxAcceptDelay)
		}
	}
}

// waitUnreadLimit waits while the host admits no peer, and returns false if the
// listener is closed first. New connections wait in the system's accept queue.
func (l *Listener) waitUnreadLimit() bool {
	for delay := minAcceptDelay; l.cfg.Host.UnreadLimitReached(); delay = min(2*delay, maxAcceptDelay) {
		if delay == minAcceptDelay {
			l.life.Fail(errUnreadLimit)
			l.cfg.Host.Event(Event{Kind: AcceptFailed, Endpoint: l.endpoint, Delay: delay, Err: errUnreadLimit})
		}
		select {
		case <-time.After(delay):
		case <-l.stop:
			return false
		}
	}
	return true
}

// admit starts a connection if the limits allow it. It waits while too many
// connections are pending and none is overdue; meanwhile new ones wait in the
// system's accept queue.
func (l *Listener) admit(nc net.Conn) {
	c := newConn(l.cfg, l.endpoint, nc, engine.NewAccepted(l.cfg.Engine), l)
	c.source = Source(nc.RemoteAddr())
	for {
		evicted, wait, err := l.register(c)
		for _, e := range evicted {
			e.close(e.why)
		}
		if wait > 0 {
			l.waitSettled(wait)
			continue
		}
		if err != nil {
			nc.Close()
			l.life.Fail(err)
			c.reportEnd(false, &refusal{err})
			return
		}
		l.cfg.Host.Event(c.event(Accepted))
		go l.serve(c)
		return
	}
}

// waitSettled waits until a connection is no longer pending, at most d.
func (l *Listener) waitSettled(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.settled:
	case <-t.C:
	case <-l.stop:
	}
}

// eviction is a connection that is closed so that another can be admitted.
type eviction struct {
	*conn
	why error
}

// register counts a new connection, and returns the connections that the caller
// must close to stay within the limits: pending ones that are overdue, or the one
// that has been half-closed for longest. If too many are pending and none is
// overdue, c is not counted, and the caller must call register again after wait or
// when a connection is no longer pending.
func (l *Listener) register(c *conn) (evicted []eviction, wait time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cfg := l.cfg
	if !l.life.State().Active() {
		return nil, 0, net.ErrClosed
	}
	evict := func(overdue *conn) {
		evicted = append(evicted, eviction{overdue, &refusal{errTooManyPending}})
		l.settleLocked(overdue)
	}
	full := cfg.MaxConnections > 0 && len(l.conns) >= cfg.MaxConnections
	if full || cfg.MaxPending > 0 && l.pending.n >= cfg.MaxPending {
		overdue, wait := l.pending.overdue(time.Now())
		switch {
		case overdue != nil:
			evict(overdue)
		case full:
			half := l.evictLocked()
			if half == nil {
				return nil, 0, errTooMany
			}
			evicted = append(evicted, eviction{half, errEvicted})
		default:
			return nil, wait, nil
		}
	}
	l.conns[c] = struct{}{}
	l.busy++
	if _, ok := c.nc.(*transport.TLSConn); cfg.Engine.Raw && !ok { // no handshake
		return evicted, 0, nil
	}
	l.pending.add(c)
	if cfg.MaxPerSource <= 0 || c.source == "" { // ipc peers have no address
		return evicted, 0, nil
	}
	for s := l.pending.sources[c.source]; s.len() > cfg.MaxPerSource; {
		overdue, _ := s.overdue(c.since, sourceGrace)
		if overdue == nil {
			break
		}
		evict(overdue)
	}
	return evicted, 0, nil
}

// progressed records that the peer of a pending connection has sent valid
// bytes.
func (l *Listener) progressed(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending.progressed(c)
}

// settleLocked removes a connection from the pending ones. The caller holds mu.
func (l *Listener) settleLocked(c *conn) {
	if !l.pending.remove(c) {
		return
	}
	select {
	case l.settled <- struct{}{}:
	default:
	}
}

func (l *Listener) serve(c *conn) {
	defer l.goroutineDone()
	admitted, err := c.run()
	if c.pipe != nil {
		l.release(c)
	}
	l.mu.Lock()
	l.settleLocked(c)
	if c.halfClosed != nil {
		l.half.Remove(c.halfClosed)
	}
	delete(l.conns, c)
	l.mu.Unlock()
	if !admitted {
		l.life.Fail(err)
	}
	c.reportEnd(admitted, err)
}

// release detaches the pipe of a connection that has ended. Received messages can
// still be read from it.
func (l *Listener) release(c *conn) {
	p, far := c.pipe, c.pipe.To.(*accepted)
	l.cfg.Host.Disconnected(p)
	l.cfg.Host.Detach(p)
	lost, unconfirmed := c.lossStats()
	if p.Out != nil {
		n := p.Out.CloseRead()
		l.cfg.Host.Drops().Add(c.dropReason(), n)
		lost += n
	}
	far.end(lost, unconfirmed)
	if p.In != nil {
		far.inLock.Lock()
		p.In.Close()
		far.inLock.Unlock()
	}
}

// join makes a pipe for the peer.
func (l *Listener) join(c *conn) error {
	host := l.cfg.Host
	far := &accepted{}
	far.conn.Store(c)
	p := host.NewPipe(far, far, &far.inLock, far)
	p.Side = pipe.Accepted
	c.pipe = p
	// Before messages can be queued to it: a later Finish then has them written.
	l.mu.Lock()
	l.settleLocked(c)
	c.joined = true
	active := l.life.State().Active()
	l.mu.Unlock()
	if !active {
		return net.ErrClosed
	}
	if err := host.Attach(p); err != nil {
		return attachError(err)
	}
	if err := host.Connected(p, c.peer()); err != nil {
		return &refusal{err}
	}
	l.life.Recover()
	host.Event(c.event(Ready))
	return nil
}

// returnUnsent drops messages: an accepted connection is not made again. release
// counts those that still count against the limits of the queue.
func (l *Listener) returnUnsent(c *conn, b *msg.Batch) {
	if !b.Counted {
		c.pipe.Out.DropTaken(b, b.Msgs, b.Bytes, c.dropReason())
		c.msgsLost += b.Msgs
	}
	b.Recycle()
}

// dropReason returns why the connection's unsent messages are dropped at its end.
func (c *conn) dropReason() pipe.Drop {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lingerEnded {
		return pipe.DropLinger
	}
	return pipe.DropConnLost
}

// Finish stops accepting, and ends every connection when everything queued for it
// is written.
func (l *Listener) Finish() {
	l.mu.Lock()
	if !l.life.Finish() {
		l.mu.Unlock()
		return
	}
	var serving, pending []*conn
	for c := range l.conns {
		if c.joined {
			serving = append(serving, c)
		} else {
			pending = append(pending, c)
		}
	}
	l.mu.Unlock()
	close(l.stop)
	l.listener.Close()
	for _, c := range pending {
		c.close(net.ErrClosed)
	}
	for _, c := range serving {
		c.Finish()
	}
	l.cfg.Host.Event(Event{Kind: ListenerClosed, Endpoint: l.endpoint})
}

// Ended reports whether the listener and all its connections have ended.
func (l *Listener) Ended() bool { return l.life.State() == endpoint.Closed }

// Status describes the endpoint.
func (l *Listener) Status() endpoint.Status {
	s := l.life.Status()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.joined {
			s.Peers++
		}
	}
	return s
}

// goroutineDone is called at the end of accept and of the goroutine of each
// connection.
func (l *Listener) goroutineDone() {
	l.mu.Lock()
	l.busy--
	last := l.busy == 0
	l.mu.Unlock()
	if last { // accept ends after Finish only
		l.life.Close()
	}
}

// Wait returns when all connections have ended after Finish. When ctx ends it
// calls Abort.
func (l *Listener) Wait(ctx context.Context) { l.life.Wait(ctx, l.Abort) }

// Pending returns how many messages are not written yet.
func (l *Listener) Pending() (n int) {
	l.mu.Lock()
	var pipes []*pipe.Pipe
	for c := range l.conns {
		if c.joined {
			pipes = append(pipes, c.pipe)
		}
	}
	l.mu.Unlock()
	for _, p := range pipes {
		n += pending(p)
	}
	return n
}

// Abort closes every connection now, and drops what is queued.
func (l *Listener) Abort() {
	l.life.Abort()
	l.mu.Lock()
	conns := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		c.endLinger(context.Canceled)
	}
}
