package socket

import (
	"context"
	"maps"
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
}

// endpointTable has the endpoints of a socket: the active ones by name, those that
// linger after Unbind or Disconnect, and the links to the names that are bound.
type endpointTable struct {
	// opMu is held by calls that change the active endpoints, from the check that
	// the socket is open to the end.
	opMu sync.Mutex

	attached []attachedConn // guarded by opMu; some of them are removed
	sweepAt  int            // length of attached at which ended connections are removed

	mu        *sync.Mutex        // Socket.mu, guards what follows
	active    map[string][]entry // by endpoint as resolved; a change needs opMu too
	lingering []*lingeringEndpoint
	links     map[*inproc.Link]struct{} // made to names that are bound, so that Close can end them
}

// entry is an active endpoint.
type entry struct {
	service
	given string              // the text that Bind or Connect was called with
	own   *session.NextConfig // with security of its own; nil if it has that of the socket
}

// lingeringEndpoint is a finisher after Finish, and the timer that aborts it.
type lingeringEndpoint struct {
	finisher
	timer *time.Timer // nil without a limit
	ended bool        // guarded by mu
}

func (t *endpointTable) init(mu *sync.Mutex) {
	t.mu, t.active, t.links = mu, make(map[string][]entry), make(map[*inproc.Link]struct{})
}

// add adds an active endpoint. The caller holds opMu.
func (t *endpointTable) add(ep, given string, e service) {
	t.addSecured(ep, given, e, nil)
}

// addSecured is add for an endpoint with security of its own, unless that is nil.
func (t *endpointTable) addSecured(ep, given string, e service, own *session.NextConfig) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active[ep] = append(t.active[ep], entry{e, given, own})
}

// attachedConn is the endpoint of a connection that the application has made.
type attachedConn struct {
	ep string
	*session.Dialer
}

// addAttached adds the endpoint of a connection that the application has made. The
// caller holds opMu.
func (t *endpointTable) addAttached(ep string, d *session.Dialer, own *session.NextConfig) {
	t.addSecured(ep, ep, d, own)
	t.attached = append(t.attached, attachedConn{ep, d})
}

// removeEndedAttached removes connections of the application that have ended, once
// there are twice as many as after the last call that did: such an endpoint has no
// further use, and an application may make any number of them. The caller holds opMu.
func (t *endpointTable) removeEndedAttached() {
	if len(t.attached) < t.sweepAt {
		return
	}
	t.attached = slices.DeleteFunc(t.attached, func(a attachedConn) bool {
		ended := a.Ended()
		if ended {
			t.remove(a.ep, 0, func(e entry) bool { return e.service == a.Dialer })
		}
		return ended
	})
	t.sweepAt = max(2*len(t.attached), 64)
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

// removeAll finishes every endpoint of a socket that only receives, and returns
// them. They linger until their peers have closed the connections, or Abort. The
// caller holds opMu.
func (t *endpointTable) removeAll() (ends []finisher) {
	t.mu.Lock()
	active := t.active
	t.active = make(map[string][]entry)
	t.mu.Unlock()
	for _, list := range active {
		for _, e := range list {
			if r, ok := e.service.(interface{ FinishReading() }); ok {
				r.FinishReading()
			} else {
				e.Finish()
			}
			t.linger(e.service, -1)
			ends = append(ends, e.service)
		}
	}
	return ends
}

// linger keeps e, which is finished, for d, or without limit if d is negative.
func (t *endpointTable) linger(e finisher, d time.Duration) {
	l := &lingeringEndpoint{finisher: e}
	switch {
	case d == 0:
		e.Abort()
	case d > 0:
		l.timer = time.AfterFunc(d, e.Abort)
	}
	t.mu.Lock()
	t.lingering = append(t.lingering, l)
	list := slices.Clone(t.lingering)
	t.mu.Unlock()
	list = slices.DeleteFunc(list, func(l *lingeringEndpoint) bool { return !l.Ended() })
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range list {
		l.ended = true
		l.stopTimer()
	}
	t.lingering = slices.DeleteFunc(t.lingering, func(l *lingeringEndpoint) bool { return l.ended })
}

func (l *lingeringEndpoint) stopTimer() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// finishAll finishes every endpoint, and returns all that linger. The caller holds
// opMu.
func (t *endpointTable) finishAll() (ends []finisher) {
	t.mu.Lock()
	for _, l := range t.lingering {
		l.stopTimer()
		ends = append(ends, l.finisher)
	}
	active := t.active
	t.lingering, t.active = nil, nil
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

// namedEntry is an active endpoint and its name.
type namedEntry struct {
	ep string
	entry
}

// all returns the active endpoints.
func (t *endpointTable) all() (list []namedEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ep, entries := range t.active {
		for _, e := range entries {
			list = append(list, namedEntry{ep, e})
		}
	}
	return list
}

// allLinks returns the links that AddLink has added.
func (t *endpointTable) allLinks() []*inproc.Link {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.links))
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
	for _, e := range t.all() {
		if e.given == given && bound(e.entry) && !slices.Contains(list, e.ep) {
			list = append(list, e.ep)
		}
	}
	return list
}

// onlyDatagrams reports whether there are endpoints and all are for datagrams.
func (t *endpointTable) onlyDatagrams() bool {
	all := t.all()
	return len(all) > 0 && !slices.ContainsFunc(all, func(e namedEntry) bool {
		_, ok := e.service.(*session.Datagrams)
		return !ok
	})
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
	for _, active := range t.all() {
		if c, ok := active.service.(*connectedName); ok && c.Pipe() == p {
			return active.ep, c
		}
	}
	return "", nil
}

// boundName is an inproc name that the socket is bound to.
type boundName struct {
	s    *Socket
	name string
	life *endpoint.Lifetime
}

func (b *boundName) Finish() {
	b.life.Close() // the links of the socket go on without the name
	if b.s.opts.Load().Namespace.Unbind(b.name, b.s.inprocEnd()) {
		b.s.inprocEnd().event(session.ListenerClosed, b.name, nil, nil)
	}
}

func (b *boundName) Wait(context.Context) {}

func (b *boundName) Abort() {}

func (b *boundName) Ended() bool { return b.life.State() == endpoint.Closed }

func (b *boundName) Status() endpoint.Status {
	s := b.life.Status()
	for _, l := range b.s.table.allLinks() {
		if l.Name() == b.name && l.Status().State == endpoint.Connected {
			s.Peers++
		}
	}
	return s
}

// connectedName is an inproc name that the socket is connected to.
type connectedName struct {
	*inproc.Link
	s *Socket
}

func (c *connectedName) Finish() {
	pipeOwner{c.s}.Retire(c.Pipe())
	c.Link.Finish(c.s.inprocEnd())
}
