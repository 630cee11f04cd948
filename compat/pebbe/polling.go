package zmq4

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zerobroker/zmq/internal/socket"
)

// Polled is a socket with its state, as [Poller.Poll] returns it.
type Polled struct {
	Socket *Socket // a socket of the poller
	Events State   // what it can do, of the events that were asked for
}

// Poller waits for any of several sockets. Its methods may not be called concurrently.
type Poller struct{ items []pollItem }

type pollItem struct {
	soc    *Socket
	events State
}

// NewPoller returns a poller without sockets.
func NewPoller() *Poller { return &Poller{} }

// Add adds a socket, and what to wait for: [POLLIN], [POLLOUT] or both. It returns
// the index of the socket, for [Poller.Update], [Poller.Remove] and the result of
// [Poller.PollAll].
func (p *Poller) Add(soc *Socket, events State) int {
	p.items = append(p.items, pollItem{soc, events})
	return len(p.items) - 1
}

// Update changes what to wait for, and returns what it was. The error is
// ErrorNoSocket if there is no socket with the index.
func (p *Poller) Update(id int, events State) (previous State, err error) {
	if id < 0 || id >= len(p.items) {
		return 0, ErrorNoSocket
	}
	previous, p.items[id].events = p.items[id].events, events
	return previous, nil
}

// index returns the index of a socket, or -1.
func (p *Poller) index(soc *Socket) int {
	return slices.IndexFunc(p.items, func(i pollItem) bool { return i.soc == soc })
}

// UpdateBySocket is [Poller.Update] of the first item with the socket.
func (p *Poller) UpdateBySocket(soc *Socket, events State) (previous State, err error) {
	return p.Update(p.index(soc), events)
}

// Remove removes a socket. The indexes of later ones become less by one. The error
// is ErrorNoSocket if there is no socket with the index.
func (p *Poller) Remove(id int) error {
	if id < 0 || id >= len(p.items) {
		return ErrorNoSocket
	}
	p.items = slices.Delete(p.items, id, id+1)
	return nil
}

// RemoveBySocket is [Poller.Remove] of the first item with the socket.
func (p *Poller) RemoveBySocket(soc *Socket) error { return p.Remove(p.index(soc)) }

// Poll waits until a socket can do what it was added for, at most the timeout; a
// negative timeout is without limit. It returns the sockets that can, none after the
// timeout or if the poller has none. The error is ErrorSocketClosed, or ETERM when a
// context is terminated.
//
// A socket that becomes readable ends the wait at once. Whether it has become writable
// is looked up every millisecond.
func (p *Poller) Poll(timeout time.Duration) ([]Polled, error) { return p.poll(timeout, false) }

// PollAll is like [Poller.Poll], but returns all sockets in the order in which they
// were added, without Events if they cannot do what they were added for. With an error
// it returns none.
func (p *Poller) PollAll(timeout time.Duration) ([]Polled, error) { return p.poll(timeout, true) }

// String lists the sockets.
func (p *Poller) String() string {
	list := make([]string, len(p.items))
	for i, it := range p.items {
		list[i] = fmt.Sprintf("%v%v", it.soc, it.events)
	}
	return fmt.Sprint("Poller", list)
}

// polledSocket is a socket of one call of Poll.
type polledSocket struct {
	pollItem
	s    *sock
	core *socket.Socket
}

// pollInterval is how often a call of Poll looks whether a socket can send.
const pollInterval = time.Millisecond

func (p *Poller) poll(timeout time.Duration, all bool) ([]Polled, error) {
	list := make([]polledSocket, len(p.items))
	for i, it := range p.items {
		s, core, err := it.soc.use()
		if err != nil {
			return []Polled{}, err
		}
		list[i] = polledSocket{it, s, core}
	}
	found, n, err := scan(list, all)
	if err != nil || n > 0 || len(list) == 0 || timeout == 0 {
		return found, err
	}
	return wait(list, timeout, all)
}

// wait scans the sockets until one can do what it was added for.
func wait(list []polledSocket, timeout time.Duration, all bool) ([]Polled, error) {
	w := make(chan struct{}, 1)
	var writable <-chan time.Time
	for _, it := range list {
		defer it.s.watch(it.core, w)()
		if it.events&POLLOUT != 0 && writable == nil {
			t := time.NewTicker(pollInterval)
			defer t.Stop()
			writable = t.C
		}
	}
	var expired <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		expired = t.C
	}
	for {
		found, n, err := scan(list, all)
		if err != nil || n > 0 {
			return found, err
		}
		select {
		case <-w:
		case <-writable:
		case <-expired:
			found, _, err := scan(list, all)
			return found, err
		}
	}
}

// watch puts an element in w when the socket becomes readable or is closed, and when
// its context ends, until the function that it returns is called.
func (s *sock) watch(core *socket.Socket, w chan struct{}) (stop func()) {
	core.AddWaker(w)
	stopContext := context.AfterFunc(s.ctx.live, func() { wake(w) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wakers == nil {
		s.wakers = make(map[chan struct{}]struct{})
	}
	s.wakers[w] = struct{}{}
	return func() {
		core.RemoveWaker(w)
		stopContext()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.wakers, w)
	}
}

// scan returns the sockets that can do what they were added for, or all, and the
// number of the former.
func scan(list []polledSocket, all bool) (found []Polled, n int, err error) {
	found = make([]Polled, 0, len(list))
	for _, it := range list {
		switch {
		case it.s.isClosed():
			return []Polled{}, 0, ErrorSocketClosed
		case it.s.ctx.terminated():
			return []Polled{}, 0, ETERM
		}
		var state State
		if it.events&POLLIN != 0 && it.core.Frames().Readable() {
			state |= POLLIN
		}
		if it.events&POLLOUT != 0 && it.core.Frames().Writable() {
			state |= POLLOUT
		}
		if state != 0 {
			n++
		}
		if all || state != 0 {
			found = append(found, Polled{it.soc, state})
		}
	}
	return found, n, nil
}
