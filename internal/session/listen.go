package session

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/slots"
	"github.com/zerobroker/zmq/internal/transport"
)

// Errors that connections are closed with before they are served.
var (
	errTooMany        = errors.New("too many connections")
	errUnreadLimit    = errors.New("too many unread messages of disconnected peers")
	errNotAccepted    = errors.New("not accepted by the application")
	errTooManyPending = errors.New("too many connections in their handshake")
)

// Listener is the session of one bound endpoint: it accepts connections. Each has
// a pipe of its own, which is detached when the connection ends.
type Listener struct {
	base     // Finish changes life under mu
	next     *NextConfig
	listener transport.Listener
	stop     chan struct{} // closed by Finish
	settled  chan struct{} // has an element when a connection is no longer pending

	// mu guards what follows.
	conns   map[*conn]struct{}
	pending pendingConns
	half    list.List // of half-closed *conn, the oldest first
	busy    int       // goroutines: accept, and one for each connection
}

// Listen binds address and starts a listener. scheme is the prefix of its
// endpoint, as "tcp://".
func Listen(next *NextConfig, t transport.Transport, scheme, address string) (*Listener, error) {
	cfg := next.Load()
	tl, err := bind(t, address, cfg.transport(func() *tls.Config { return next.Load().TLS }))
	if err != nil {
		return nil, err
	}
	l := &Listener{
		base: base{cfg: cfg, endpoint: scheme + tl.Addr(), life: endpoint.New(endpoint.Listening)},
		next: next, listener: tl,
		stop:    make(chan struct{}),
		settled: make(chan struct{}, 1),
		conns:   make(map[*conn]struct{}),
		busy:    1,
	}
	cfg.Host.Event(Event{Kind: Listening, Endpoint: l.endpoint})
	go l.accept()
	return l, nil
}

func bind(t transport.Transport, address string, o *transport.Options) (l transport.Listener, err error) {
	defer transport.RecoverHook(&err, "the function that listens")
	return t.Listen(address, o)
}

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
		nc, err := l.acceptConn()
		switch {
		case err == nil:
			delay = minAcceptDelay
			l.admit(nc)
		case l.stopped():
			return
		case l.evict():
			// Usually the process has no free descriptor. Now it has one.
		default:
			// Usually the process has no free descriptor until others are closed,
			// or the application has closed a listener that it has made.
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

func (l *Listener) acceptConn() (nc net.Conn, err error) {
	defer transport.RecoverHook(&err, "Accept of the listener")
	return l.listener.Accept()
}

// stopped reports whether Finish was called.
func (l *Listener) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
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
	cfg := l.next.Load()
	c := newConn(cfg, l.next, l.endpoint, nc, engine.NewAccepted(cfg.Engine), l)
	c.source = slots.Source(nc.RemoteAddr())
	if err := l.filter(nc); err != nil {
		nc.Close()
		l.life.Fail(err)
		c.reportEnd(false, &refusal{err})
		return
	}
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
		c.announced = true
		l.cfg.Host.Event(c.event(Accepted))
		go l.serve(c)
		return
	}
}

// filter asks Config.Accept about a connection.
func (l *Listener) filter(nc net.Conn) (err error) {
	if l.cfg.Accept == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the function Options.Accept %w", transport.PanicError(p))
		}
	}()
	var p msg.Peer
	describe(&p, nc)
	if !l.cfg.Accept(&p) {
		return errNotAccepted
	}
	return nil
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
		overdue.stage = stageEvicted
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

// serve performs the handshake of a connection. A new goroutine, with a new and
// small stack, serves it from then on: the calls of a handshake are deep, and the
// stack would keep its size while the connection is idle.
func (l *Listener) serve(c *conn) {
	early, err := c.open()
	if err != nil {
		l.ended(c, false, c.end(err))
		return
	}
	go l.receive(c, early)
}

// receive serves a connection from the end of its handshake.
func (l *Listener) receive(c *conn, early []byte) { l.ended(c, true, c.end(c.traffic(early))) }

// ended removes a connection that has ended because of err.
func (l *Listener) ended(c *conn, admitted bool, err error) {
	defer l.goroutineDone()
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
		lost += p.Out.CloseRead(c.dropReason())
	}
	far.end(lost, unconfirmed)
	if p.In != nil {
		p.In.Lock()
		p.In.Close()
		p.In.Unlock()
	}
}

// join makes a pipe for the peer.
func (l *Listener) join(c *conn) error {
	host := l.cfg.Host
	far := newAccepted(c)
	p := host.NewPipe(far, far, far)
	p.Side = pipe.Accepted
	c.pipe = p
	// Before messages can be queued to it: a later Finish then has them written.
	l.mu.Lock()
	evicted := c.stage == stageEvicted
	if !evicted {
		c.stage = stageJoined
	}
	l.settleLocked(c)
	active := l.life.State().Active()
	l.mu.Unlock()
	switch {
	case !active:
		return net.ErrClosed
	case evicted: // before the peer gets READY and sends messages
		return &refusal{errTooManyPending}
	}
	if err := host.Attach(p); err != nil {
		return attachError(err)
	}
	if err := host.Connected(p, c.peer()); err != nil {
		return &refusal{err}
	}
	if err := c.withdrawn(); err != nil {
		return err
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
		if c.stage == stageJoined {
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

// Status describes the endpoint.
func (l *Listener) Status() endpoint.Status {
	s := l.life.Status()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.stage == stageJoined {
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
