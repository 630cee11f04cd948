package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zerobroker/zmq/internal/endpoint"
	"github.com/zerobroker/zmq/internal/transport"
)

// Resolver finds the addresses that an endpoint stands for.
type Resolver interface {
	// Resolve calls update with all addresses, again whenever they have changed, and
	// returns when ctx ends. A resolver that does not learn of changes returns after
	// one call, and Resolve is called again after Resolution.Refresh.
	Resolve(ctx context.Context, name string, update func(addresses []string)) error
}

// Errors of resolvers, in events.
var (
	errNoAddresses      = errors.New("the resolver has found no address")
	errInvalidAddresses = errors.New("the resolver has found invalid addresses")
	errTooManyAddresses = errors.New("the resolver has found too many addresses: those above the limit are not used")
)

// minResolveDelay is the first delay after a failed resolution if the dialers do not
// retry.
const minResolveDelay = 100 * time.Millisecond

// Resolution says how an endpoint is resolved.
type Resolution struct {
	Resolver Resolver
	Name     string        // what is resolved
	Scheme   string        // prefix of the endpoints of the members, as "tcp://"
	Refresh  time.Duration // after a call of Resolve that has succeeded
	Max      int           // number of members
	Linger   time.Duration // of members that are removed; negative: without limit
}

// Resolved is the session of a connected endpoint that stands for a changing set of
// addresses. It has a Dialer for each, a member. Its goroutine calls the resolver. A
// resolution that fails or finds nothing does not change the members.
type Resolved struct {
	base
	Resolution
	next      *NextConfig
	transport transport.Transport
	resolving context.Context // ends with Finish
	cancel    context.CancelFunc
	done      chan struct{} // closed at the end of run

	// mu guards what follows, and is held during an update, which starts and finishes
	// members.
	members map[string]*Dialer
	removed []lingeringMember
}

// lingeringMember is a member that is removed, and the timer that aborts it.
type lingeringMember struct {
	*Dialer
	timer *time.Timer // nil without a limit
}

// Resolve starts the session of endpoint ep, whose members are connected over t.
func Resolve(next *NextConfig, t transport.Transport, ep string, res Resolution) *Resolved {
	r := &Resolved{
		base:       base{cfg: next.Load(), endpoint: ep, life: endpoint.New(endpoint.Connecting)},
		Resolution: res, next: next, transport: t,
		done: make(chan struct{}), members: make(map[string]*Dialer),
	}
	r.resolving, r.cancel = context.WithCancel(context.Background())
	go r.run()
	return r
}

func (r *Resolved) run() {
	defer close(r.done)
	first := max(r.cfg.ReconnectInterval, minResolveDelay)
	wait := first
	for {
		r.life.Attempt()
		updated, reported, err := r.resolve()
		if r.resolving.Err() != nil {
			return
		}
		if updated {
			wait = first
		}
		delay := r.Refresh
		if err != nil || !updated {
			delay = jitter(wait)
			wait = min(2*wait, max(r.cfg.ReconnectMax, first))
			if err == nil {
				err = reported
			}
			if err != reported {
				r.report(err, delay)
			}
		}
		r.life.Retry(err)
		if !sleep(r.resolving, delay) {
			return
		}
	}
}

// resolve calls the resolver, and returns whether it has found valid addresses, and
// the error of the last update if that had none, which an event has reported. err is
// that of the resolver, or that it has not called update.
func (r *Resolved) resolve() (updated bool, reported, err error) {
	over := false
	err = r.callResolver(func(addresses []string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if over || r.resolving.Err() != nil {
			return // the resolver has returned and still calls, or was to return
		}
		if len(addresses) == 0 {
			reported = r.noAddressesLocked()
			r.report(reported, 0)
			return
		}
		if reported = r.updateLocked(addresses); reported == nil {
			updated = true
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	over = true
	if err == nil && reported == nil && !updated {
		err = r.noAddressesLocked()
	}
	return updated, reported, err
}

// noAddressesLocked returns the error for a resolution that has found nothing.
func (r *Resolved) noAddressesLocked() error {
	if n := len(r.members); n > 0 {
		return fmt.Errorf("%w: the present %d are kept", errNoAddresses, n)
	}
	return errNoAddresses
}

func (r *Resolved) callResolver(update func([]string)) (err error) {
	defer transport.RecoverHook(&err, "the resolver")
	return r.Resolver.Resolve(r.resolving, r.Name, update)
}

// report reports that resolving has failed.
func (r *Resolved) report(err error, delay time.Duration) {
	r.life.Fail(err)
	r.cfg.Host.Event(Event{Kind: ResolveFailed, Endpoint: r.endpoint, Delay: delay, Err: err})
}

// updateLocked makes the addresses the members. If none of them is valid, it returns
// the error that it has reported. Above the limit, present members are kept first.
func (r *Resolved) updateLocked(addresses []string) error {
	valid := make(map[string]bool, min(len(addresses), r.Max))
	var added []string
	var invalid error // of the first invalid address
	bad := 0
	excess := false
	for _, a := range addresses {
		if r.members[a] != nil && len(valid) < r.Max {
			valid[a] = true
		}
	}
	for _, a := range addresses {
		switch err := r.transport.CheckDial(a); {
		case err != nil:
			if bad++; bad == 1 {
				invalid = fmt.Errorf("%q: %w", a, err)
			}
		case valid[a]:
		case len(valid) >= r.Max:
			excess = true
		default:
			valid[a] = true
			added = append(added, a)
		}
	}
	r.removed = slices.DeleteFunc(r.removed, lingeringMember.ended)
	if len(valid) > 0 {
		for a, d := range r.members {
			if !valid[a] {
				delete(r.members, a)
				r.removeLocked(d)
			}
		}
	}
	for _, a := range added {
		if err := r.addLocked(a); err != nil {
			if bad++; bad == 1 {
				invalid = fmt.Errorf("%q: %w", a, err)
			}
		}
	}
	if len(valid) > 0 {
		r.life.Recover()
	}
	if invalid != nil {
		invalid = fmt.Errorf("%w: %d of %d, the first is %w", errInvalidAddresses, bad, len(addresses), invalid)
		r.report(invalid, 0)
	}
	if excess {
		r.report(fmt.Errorf("%w: %d, the limit is %d", errTooManyAddresses, len(addresses), r.Max), 0)
	}
	if len(valid) > 0 {
		return nil
	}
	return invalid
}

// addLocked connects to a new member.
func (r *Resolved) addLocked(address string) error {
	if r.resolving.Err() != nil {
		return nil
	}
	d, err := Dial(r.next, r.transport, r.Scheme+address, address, "")
	if err != nil {
		return err
	}
	r.members[address] = d
	return nil
}

// removeLocked finishes a member that is no longer one.
func (r *Resolved) removeLocked(d *Dialer) {
	m := lingeringMember{Dialer: d}
	d.Finish()
	switch {
	case r.Linger == 0:
		d.Abort()
	case r.Linger > 0:
		m.timer = time.AfterFunc(r.Linger, d.Abort)
	}
	r.removed = append(r.removed, m)
}

// ended reports whether the member has ended, and then stops its timer.
func (m lingeringMember) ended() bool {
	if m.Ended() && m.timer != nil {
		m.timer.Stop()
	}
	return m.Ended()
}

// all returns the members and those that linger.
func (r *Resolved) all() (list []*Dialer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.members {
		list = append(list, d)
	}
	for _, m := range r.removed {
		list = append(list, m.Dialer)
	}
	return list
}

// Retry begins the next attempts of the members that wait for it.
func (r *Resolved) Retry() {
	for _, d := range r.all() {
		d.Retry()
	}
}

// Finish ends resolving, and the members when everything queued is written.
func (r *Resolved) Finish() {
	r.life.Finish()
	r.cancel() // before all, so that no update adds a member later
	for _, d := range r.all() {
		d.Finish()
	}
}

// Abort ends everything now, and drops what is queued.
func (r *Resolved) Abort() {
	r.life.Abort()
	r.cancel()
	for _, d := range r.all() {
		d.Abort()
	}
}

// Wait returns when all members have ended after Finish. When ctx ends it calls
// Abort.
func (r *Resolved) Wait(ctx context.Context) {
	select {
	case <-r.done:
	case <-ctx.Done():
		r.Abort()
		<-r.done
	}
	for _, d := range r.all() {
		d.Wait(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.removed {
		m.ended() // stops its timer
	}
	r.life.Close()
}

// Ended reports whether resolving and all members have ended.
func (r *Resolved) Ended() bool {
	select {
	case <-r.done:
	default:
		return false
	}
	return !slices.ContainsFunc(r.all(), func(d *Dialer) bool { return !d.Ended() })
}

// Status describes the endpoint. It is Connected if a member is, and its peers are
// the connected members. While none is connected, the error is that of a member if
// resolving has not failed.
func (r *Resolved) Status() endpoint.Status {
	s := r.life.Status()
	r.mu.Lock()
	defer r.mu.Unlock()
	var failed error
	for _, d := range r.members {
		m := d.Status()
		s.Peers += m.Peers
		if m.Err != nil {
			failed = m.Err
		}
	}
	switch {
	case !s.State.Active():
	case s.Peers > 0:
		s.State = endpoint.Connected
	case s.Err == nil:
		s.Err = failed
	}
	return s
}
