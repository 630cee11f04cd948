package socket

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// service is what serves an endpoint for Bind or Connect: a session, or one of the
// two ends of an inproc name. It is active until Finish, then it lingers until it
// has ended.
type service interface {
	finisher
	// Status describes the endpoint.
	Status() endpoint.Status
}

// finisher is a service, or a single accepted connection that is disconnected.
type finisher interface {
	// Finish begins the end: nothing more is accepted or received, and the end
	// follows when the queued messages are written.
	Finish()
	// Wait returns at the end. When ctx ends it calls Abort.
	Wait(ctx context.Context)
	// Abort causes the end now. It drops the queued messages.
	Abort()
	// Ended reports whether the end is reached.
	Ended() bool
	// Pending returns the number of messages that are not written yet, after
	// Finish.
	Pending() int
}

// endpointTable has the endpoints of a socket: the active ones by name, and those
// that linger after Unbind or Disconnect.
type endpointTable struct {
	// opMu is held by calls that change the active endpoints, from the check that
	// the socket is open to the end.
	opMu sync.Mutex

	mu     sync.Mutex         // a leaf
	active map[string][]entry // by endpoint as resolved; a change needs opMu too

	lingerMu  sync.Mutex
	lingering []lingeringEndpoint
}

// entry is an active endpoint.
type entry struct {
	service
	given    string           // the text that Bind or Connect was called with
	security *currentSecurity // of its own; nil if it has that of the socket
}

// lingeringEndpoint is a finisher after Finish, and the timer that aborts it.
type lingeringEndpoint struct {
	finisher
	timer *time.Timer // nil without a limit
}

func (t *endpointTable) init() { t.active = make(map[string][]entry) }

// add adds an active endpoint. The caller holds opMu.
func (t *endpointTable) add(ep, given string, e service) {
	t.addSecured(ep, given, e, nil)
}

// addSecured is add for an endpoint with security of its own, unless that is nil.
func (t *endpointTable) addSecured(ep, given string, e service, own *currentSecurity) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active[ep] = append(t.active[ep], entry{e, given, own})
}

// remove finishes the endpoints under a name for which which returns true, and
// reports whether there were any. The caller holds opMu.
func (t *endpointTable) remove(ep string, linger time.Duration, which func(entry) bool) (found bool) {
	var keep, removed []entry
	for _, e := range t.active[ep] {
		if which(e) {
			removed = append(removed, e)
		} else {
			keep = append(keep, e)
		}
	}
	if removed == nil {
		return false
	}
	t.mu.Lock()
	if t.active[ep] = keep; len(keep) == 0 {
		delete(t.active, ep)
	}
	t.mu.Unlock()
	for _, e := range removed {
		e.Finish()
		t.linger(e, linger)
	}
	return true
}

// linger keeps e, which is finished, for d, or without limit if d is negative.
func (t *endpointTable) linger(e finisher, d time.Duration) {
	l := lingeringEndpoint{finisher: e}
	switch {
	case d == 0:
		e.Abort()
	case d > 0:
		l.timer = time.AfterFunc(d, e.Abort)
	}
	t.lingerMu.Lock()
	defer t.lingerMu.Unlock()
	t.lingering = append(slices.DeleteFunc(t.lingering, lingeringEndpoint.ended), l)
}

// ended reports whether the endpoint has ended, and then stops its timer.
func (l lingeringEndpoint) ended() bool {
	if !l.Ended() {
		return false
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	return true
}

// finishAll finishes every endpoint, and returns all that linger. The caller holds
// opMu.
func (t *endpointTable) finishAll() (ends []finisher) {
	t.lingerMu.Lock()
	for _, l := range t.lingering {
		if l.timer != nil {
			l.timer.Stop()
		}
		ends = append(ends, l.finisher)
	}
	t.lingering = nil
	t.lingerMu.Unlock()
	t.mu.Lock()
	active := t.active
	t.active = nil
	t.mu.Unlock()
	// First remove the bound inproc names. When another endpoint ends, the
	// socket could admit another peer, and a blocked link must not become one.
	for _, list := range active {
		for _, e := range list {
			if b, ok := e.service.(*boundName); ok {
				b.Finish()
			}
		}
	}
	for _, list := range active {
		for _, e := range list {
			e.Finish()
			ends = append(ends, e.service)
		}
	}
	return ends
}

// pending returns the number of messages that lingering endpoints have not written
// yet.
func (t *endpointTable) pending() (n int) {
	t.lingerMu.Lock()
	list := slices.Clone(t.lingering)
	t.lingerMu.Unlock()
	for _, l := range list {
		n += l.Pending()
	}
	return n
}

// each calls f for every active endpoint.
func (t *endpointTable) each(f func(ep string, e entry)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ep, list := range t.active {
		for _, e := range list {
			f(ep, e)
		}
	}
}

// dialer returns a dialer of that endpoint that has not ended, or nil. The caller
// holds opMu.
func (t *endpointTable) dialer(ep string) *session.Dialer {
	for _, e := range t.active[ep] {
		if d, ok := e.service.(*session.Dialer); ok && !d.Ended() {
			return d
		}
	}
	return nil
}

// bound reports whether an endpoint was bound and not connected.
func bound(e entry) bool {
	switch e := e.service.(type) {
	case *session.Listener, *boundName:
		return true
	case *session.Datagrams:
		return e.Bound()
	}
	return false
}

// boundAs returns the endpoints for which Bind was called with given.
func (t *endpointTable) boundAs(given string) (list []string) {
	t.each(func(ep string, e entry) {
		if e.given == given && bound(e) && !slices.Contains(list, ep) {
			list = append(list, ep)
		}
	})
	return list
}

// onlyDatagrams reports whether there are endpoints and all are for datagrams.
func (t *endpointTable) onlyDatagrams() bool {
	any, all := false, true
	t.each(func(_ string, e entry) {
		_, ok := e.service.(*session.Datagrams)
		any, all = true, all && ok
	})
	return any && all
}

// connectedBy returns the endpoint whose Connect made a pipe, or nil if the
// connection was accepted. It waits for a Connect that is in progress.
func (t *endpointTable) connectedBy(p *pipe.Pipe) (ep string, e service) {
	if d, ok := p.To.(*session.Dialer); ok {
		return d.Endpoint(), d
	}
	if p.Side != pipe.ConnectedInproc {
		return "", nil
	}
	t.opMu.Lock()
	defer t.opMu.Unlock()
	t.each(func(at string, active entry) {
		if c, ok := active.service.(*connectedName); ok && c.l.Pipe() == p {
			ep, e = at, c
		}
	})
	return ep, e
}

// boundName is an inproc name that the socket is bound to.
type boundName struct {
	s    *Socket
	name string
	life *endpoint.Lifetime
}

func (b *boundName) Finish() {
	b.life.Close() // the links of the socket go on without the name
	if b.s.opts.Namespace.Unbind(b.name, b.s.inprocEnd()) {
		b.s.inprocEnd().event(session.ListenerClosed, b.name, nil, nil)
	}
}

func (b *boundName) Wait(context.Context) {}

func (b *boundName) Abort() {}

func (b *boundName) Pending() int { return 0 }

func (b *boundName) Ended() bool { return b.life.State() == endpoint.Closed }

func (b *boundName) Status() endpoint.Status {
	s := b.life.Status()
	for _, l := range b.s.links.all() {
		if l.Name() == b.name && l.Status().State == endpoint.Connected {
			s.Peers++
		}
	}
	return s
}

// connectedName is an inproc name that the socket is connected to.
type connectedName struct {
	s *Socket
	l *inproc.Link
}

func (c *connectedName) Finish() {
	pipeOwner{c.s}.Retire(c.l.Pipe())
	c.l.Finish(c.s.inprocEnd())
}

func (c *connectedName) Wait(ctx context.Context) { c.l.Wait(ctx) }

func (c *connectedName) Abort() { c.l.Abort() }

func (c *connectedName) Pending() int { return c.l.Pending() }

func (c *connectedName) Ended() bool { return c.l.Ended() }

func (c *connectedName) Status() endpoint.Status { return c.l.Status() }
