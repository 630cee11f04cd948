package socket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/transport"
)

// Errors about endpoints.
var (
	// ErrInvalidEndpoint: the text is no endpoint.
	ErrInvalidEndpoint = errors.New("invalid endpoint")
	// ErrUnsupportedTransport: the scheme is none that we know.
	ErrUnsupportedTransport = errors.New("unsupported transport")
	// ErrIncompatible: the socket type has no use for the transport, at least in
	// that direction. [ENOCOMPATPROTO]
	ErrIncompatible = errors.New("transport not for this socket type")
	// ErrEndpointNotFound: nothing is bound or connected there.
	ErrEndpointNotFound = errors.New("endpoint not found")
)

// endpoint is one entry of a socket's table: a listener, a dialer, or either
// end of an inproc name. A single accepted connection is one too, when it is
// parted with.
type endpoint interface {
	// Finish begins to end it: nothing new, and what is queued goes out.
	Finish()
	// Wait returns when it has ended, which ctx makes happen at once.
	Wait(ctx context.Context)
	// Abort makes it end now, without what is queued.
	Abort()
	// Ended reports whether it has ended.
	Ended() bool
	// Pending is how many messages it has yet to write, Finish called.
	Pending() int
}

// entry is an endpoint in the table of a socket.
type entry struct {
	endpoint
	given string // to Bind or Connect
}

// leaver is an endpoint that is ending, and the timer of its lingering.
type leaver struct {
	endpoint
	timer *time.Timer // nil if it has for ever
}

// leave lets an endpoint that is finished linger for d, or for ever if that is
// negative.
func (s *Socket) leave(e endpoint, d time.Duration) {
	l := leaver{endpoint: e}
	switch {
	case d == 0:
		e.Abort()
	case d > 0:
		l.timer = time.AfterFunc(d, e.Abort)
	}
	s.leaveMu.Lock()
	defer s.leaveMu.Unlock()
	s.leaving = append(slices.DeleteFunc(s.leaving, leaver.forget), l)
}

// forget reports whether a leaver is gone, and stops its timer then.
func (l leaver) forget() bool {
	if !l.Ended() {
		return false
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	return true
}

// takeLeaving returns all that are ending, for Close to wait for.
func (s *Socket) takeLeaving() (ends []endpoint) {
	s.leaveMu.Lock()
	defer s.leaveMu.Unlock()
	for _, l := range s.leaving {
		if l.timer != nil {
			l.timer.Stop()
		}
		ends = append(ends, l.endpoint)
	}
	s.leaving = nil
	return ends
}

// leavingPending is how many messages endpoints that are ending have yet to
// write.
func (s *Socket) leavingPending() (n int) {
	s.leaveMu.Lock()
	list := slices.Clone(s.leaving)
	s.leaveMu.Unlock()
	for _, l := range list {
		n += l.Pending()
	}
	return n
}

const inprocScheme = "inproc"

// split cuts an endpoint into scheme and address.
func split(ep string) (scheme, address string, err error) {
	scheme, address, ok := strings.Cut(ep, "://")
	if !ok || scheme == "" || address == "" {
		return "", "", fmt.Errorf("%w: want scheme://address", ErrInvalidEndpoint)
	}
	return scheme, address, nil
}

// checkInproc refuses a type whose peers are no sockets.
func (s *Socket) checkInproc() error {
	if s.info.Raw {
		return fmt.Errorf("%w: %s has no sockets for peers, as inproc has", ErrIncompatible, s.info.Name)
	}
	return nil
}

func (s *Socket) transport(scheme string) (transport.Transport, error) {
	t := s.opts.Transports[scheme]
	if t == nil {
		return nil, fmt.Errorf("%w %q", ErrUnsupportedTransport, scheme)
	}
	if s.info.DatagramsOnly {
		return nil, fmt.Errorf("%w: %s is for datagrams", ErrIncompatible, s.info.Name)
	}
	return t, nil
}

// Bind listens on an endpoint and returns it with wildcards filled in.
func (s *Socket) Bind(ep string) (string, error) {
	scheme, address, err := split(ep)
	if err != nil {
		return "", err
	}
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.closing {
		return "", ErrClosed
	}
	if scheme == inprocScheme {
		if err := s.checkInproc(); err != nil {
			return "", err
		}
		if err := s.opts.Namespace.Bind(address, s); err != nil {
			return "", err
		}
		s.add(ep, ep, &boundName{s, address, time.Now()})
		s.Event(session.Event{Kind: session.Listening, Endpoint: ep})
		return ep, nil
	}
	if t := s.opts.Datagrams[scheme]; t != nil {
		return s.bindDatagrams(t, scheme, ep, address)
	}
	t, err := s.transport(scheme)
	if err != nil {
		return "", err
	}
	if err := t.CheckListen(address); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	l, err := session.Listen(&s.cfg, t, scheme+"://", address)
	if err != nil {
		return "", s.bindError(err)
	}
	s.add(l.Endpoint(), ep, l)
	return l.Endpoint(), nil
}

// bindError is what Bind returns for an error of a transport: ErrClosed if Close
// has ended a name lookup.
func (s *Socket) bindError(err error) error {
	if s.opts.Transport.Lookup.Err() != nil {
		return ErrClosed
	}
	return err
}

// Connect keeps a connection to an endpoint, from now on and in the
// background. A type that wants one for each endpoint keeps the one it has; over
// inproc, as in libzmq, it gets another.
func (s *Socket) Connect(ep string) error { return s.ConnectAs(ep, "") }

// ConnectAs is Connect to an endpoint where whoever is there has that routing
// id, for a ROUTER or a STREAM. It may be used at once.
func (s *Socket) ConnectAs(ep, alias string) error {
	if err := checkRoutingID(alias); err != nil {
		return err
	}
	_, err := s.connect(ep, alias)
	return err
}

// ConnectPeer is Connect, and returns the routing number of whoever is there,
// for a PEER. It may be used at once, which cannot be with Immediate.
func (s *Socket) ConnectPeer(ep string) (number uint32, err error) {
	if s.opts.Immediate {
		return 0, fmt.Errorf("%w: with Immediate nobody has a number before they are there", ErrInvalidOption)
	}
	p, err := s.connect(ep, "")
	if err != nil {
		return 0, err
	}
	return p.Number, nil
}

func (s *Socket) connect(ep, alias string) (*pipe.Pipe, error) {
	scheme, address, err := split(ep)
	if err != nil {
		return nil, err
	}
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.closing {
		return nil, ErrClosed
	}
	if scheme == inprocScheme {
		if err := s.checkInproc(); err != nil {
			return nil, err
		}
		l, err := s.opts.Namespace.Connect(address, alias, s)
		if err != nil {
			return nil, err
		}
		s.add(ep, ep, &connectedName{s, l})
		return l.Pipe(), nil
	}
	if t := s.opts.Datagrams[scheme]; t != nil {
		return nil, s.connectDatagrams(t, scheme, ep, address)
	}
	t, err := s.transport(scheme)
	if err != nil {
		return nil, err
	}
	if err := t.CheckDial(address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidEndpoint, err)
	}
	if d := s.dialer(ep); d != nil && s.info.ReusesConnection {
		return d.Pipe(), nil
	}
	d, err := session.Dial(&s.cfg, t, ep, address, alias)
	if err != nil {
		return nil, err
	}
	s.add(ep, ep, d)
	return d.Pipe(), nil
}

// dialer returns a dialer of that endpoint that goes on, or nil. The caller holds
// endMu.
func (s *Socket) dialer(ep string) *session.Dialer {
	for _, e := range s.endpoints[ep] {
		if d, ok := e.endpoint.(*session.Dialer); ok && !d.Ended() {
			return d
		}
	}
	return nil
}

// add puts an endpoint in the table, with the text that Bind or Connect was given.
// The caller holds endMu.
func (s *Socket) add(ep, given string, e endpoint) {
	s.tableMu.Lock()
	defer s.tableMu.Unlock()
	s.endpoints[ep] = append(s.endpoints[ep], entry{e, given})
}

// Unbind stops listening on an endpoint, as Bind returned it or as it was given to
// Bind, and ends the
// connections that came in there, each when what is queued for it is written.
// It does not wait for that; Close does.
func (s *Socket) Unbind(ep string) error {
	err := s.remove(ep, s.opts.Linger, bound)
	if err == ErrEndpointNotFound {
		for _, bound := range s.boundAs(ep) {
			err = s.remove(bound, s.opts.Linger, func(e entry) bool { return e.given == ep })
		}
	}
	return err
}

// bound reports whether an endpoint was bound and not connected.
func bound(e entry) bool {
	switch e := e.endpoint.(type) {
	case *session.Listener, *boundName:
		return true
	case *session.Datagrams:
		return e.Bound()
	}
	return false
}

// boundAs returns the endpoints that Bind was given as ep.
func (s *Socket) boundAs(ep string) (list []string) {
	s.tableMu.Lock()
	defer s.tableMu.Unlock()
	for at, entries := range s.endpoints {
		if slices.ContainsFunc(entries, func(e entry) bool { return e.given == ep && bound(e) }) {
			list = append(list, at)
		}
	}
	return list
}

// Disconnect ends all connections to an endpoint, as it was given to Connect,
// when what is queued for them is written. It does not wait for that; Close
// does.
func (s *Socket) Disconnect(ep string) error {
	return s.remove(ep, s.opts.Linger, func(e entry) bool { return !bound(e) })
}

func (s *Socket) remove(ep string, linger time.Duration, which func(entry) bool) error {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.closing {
		return ErrClosed
	}
	var keep []entry
	found := false
	for _, e := range s.endpoints[ep] {
		if !which(e) {
			keep = append(keep, e)
			continue
		}
		found = true
		e.Finish()
		s.leave(e.endpoint, linger)
	}
	if !found {
		return ErrEndpointNotFound
	}
	s.tableMu.Lock()
	defer s.tableMu.Unlock()
	if s.endpoints[ep] = keep; len(keep) == 0 {
		delete(s.endpoints, ep)
	}
	return nil
}

// Retire is for sessions: it takes a pipe from the pattern and closes it
// behind what is queued.
func (s *Socket) Retire(p *pipe.Pipe) {
	s.lockBoth()
	p.Retired = true
	more := s.pub != nil && s.pub.RemoveSubscriptions(p)
	s.unlockBoth()
	s.forgetRest(p, more)
	s.Detach(p)
	if p.Out != nil {
		p.Out.Lock()
		p.Out.Close()
		p.Out.Unlock()
	}
}

// boundName is a name that we have bound.
type boundName struct {
	s     *Socket
	name  string
	since time.Time
}

func (b *boundName) Finish() {
	if b.s.opts.Namespace.Unbind(b.name, b.s) {
		b.s.Event(session.Event{Kind: session.ListenerClosed, Endpoint: inprocScheme + "://" + b.name})
	}
}

func (b *boundName) Wait(context.Context) {}

func (b *boundName) Abort() {}

func (b *boundName) Pending() int { return 0 }

func (b *boundName) Ended() bool { return true }

// connectedName is a name that we have connected to.
type connectedName struct {
	s *Socket
	l *inproc.Link
}

func (c *connectedName) Finish() {
	c.s.Retire(c.l.Pipe())
	c.l.Finish(c.s)
}

func (c *connectedName) Wait(ctx context.Context) { c.l.Wait(ctx) }

func (c *connectedName) Abort() { c.l.Abort() }

func (c *connectedName) Pending() int { return c.l.Pending() }

func (c *connectedName) Ended() bool { return c.l.Ended() }
