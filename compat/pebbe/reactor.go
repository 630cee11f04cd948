package zmq4

import (
	"fmt"
	"slices"
	"time"
)

// Reactor calls handlers for the messages of sockets and the values of channels, in
// the goroutine that calls [Reactor.Run]. Handlers may call its other methods.
type Reactor struct {
	sockets  []*reactorSocket // in the order in which they were added
	channels []*reactorChannel
	last     uint64 // the last ID of a channel
	verbose  bool
}

type reactorSocket struct {
	soc     *Socket
	events  State
	handler func(State) error
}

// reactorChannel is a channel of any type.
type reactorChannel struct {
	id      uint64
	limit   int
	handler func(any) error
	removed bool
	// receive returns a value if there is one; open is false if the channel is closed.
	receive func() (v any, received, open bool)
}

// NewReactor returns a reactor without handlers.
func NewReactor() *Reactor { return &Reactor{} }

// AddSocket adds the handler of a socket, which replaces an earlier one. It is called
// with [POLLIN], [POLLOUT] or both.
func (r *Reactor) AddSocket(soc *Socket, events State, handler func(State) error) {
	r.RemoveSocket(soc)
	r.sockets = append(r.sockets, &reactorSocket{soc, events, handler})
}

// RemoveSocket removes the handler of a socket.
func (r *Reactor) RemoveSocket(soc *Socket) {
	r.sockets = slices.DeleteFunc(slices.Clone(r.sockets), func(s *reactorSocket) bool { return s.soc == soc })
}

// AddChannel adds a handler for the values of a channel, and returns an ID for
// [Reactor.RemoveChannel]. In each turn of [Reactor.Run] the handler is called for at
// most limit values, or for all that there are if limit is not positive.
func (r *Reactor) AddChannel(ch <-chan any, limit int, handler func(any) error) (id uint64) {
	return r.addChannel(limit, handler, receiver(ch))
}

// AddChannelTime is [Reactor.AddChannel] for a channel of times, such as that of a
// [time.Ticker].
func (r *Reactor) AddChannelTime(ch <-chan time.Time, limit int, handler func(any) error) (id uint64) {
	return r.addChannel(limit, handler, receiver(ch))
}

func receiver[T any](ch <-chan T) func() (v any, received, open bool) {
	return func() (any, bool, bool) {
		select {
		case v, ok := <-ch:
			return v, ok, ok
		default:
			return nil, false, true
		}
	}
}

func (r *Reactor) addChannel(limit int, handler func(any) error, receive func() (any, bool, bool)) uint64 {
	r.last++
	r.channels = append(r.channels, &reactorChannel{id: r.last, limit: limit, handler: handler, receive: receive})
	return r.last
}

// RemoveChannel removes a channel. Closed channels are removed by themselves.
func (r *Reactor) RemoveChannel(id uint64) {
	for _, c := range r.channels {
		if c.id == id {
			c.removed = true
		}
	}
	r.channels = slices.DeleteFunc(slices.Clone(r.channels), func(c *reactorChannel) bool { return c.removed })
}

// SetVerbose makes the reactor print what it handles to the standard output.
func (r *Reactor) SetVerbose(verbose bool) { r.verbose = verbose }

func (r *Reactor) trace(format string, args ...any) {
	if r.verbose {
		fmt.Printf("Reactor(%p) %s\n", r, fmt.Sprintf(format, args...))
	}
}

// Run alternates between the channels, whose values it handles without waiting, and
// the sockets, for which it waits up to the interval. It returns the first error of a
// handler or of [Poller.Poll], and an error if there is nothing to handle. The
// interval must not be negative if there are channels.
func (r *Reactor) Run(interval time.Duration) (err error) {
	for {
		for _, c := range r.channels {
			if err := r.handleChannel(c); err != nil {
				return err
			}
		}
		switch {
		case len(r.channels) > 0 && interval < 0:
			return errInterval
		case len(r.sockets) > 0:
			if err := r.handleSockets(interval); err != nil {
				return err
			}
		case len(r.channels) == 0:
			return errNoHandlers
		default:
			time.Sleep(interval)
		}
	}
}

// handleChannel calls the handler of a channel for the values that there are.
func (r *Reactor) handleChannel(c *reactorChannel) error {
	for n := 0; !c.removed && (c.limit <= 0 || n < c.limit); n++ {
		v, received, open := c.receive()
		if !open {
			r.trace("removing closed channel %d", c.id)
			r.RemoveChannel(c.id)
		}
		if !received {
			return nil
		}
		r.trace("channel %d: %v", c.id, v)
		if err := c.handler(v); err != nil {
			return err
		}
	}
	return nil
}

// handleSockets waits for the sockets and calls their handlers.
func (r *Reactor) handleSockets(interval time.Duration) error {
	p, list := NewPoller(), r.sockets
	for _, s := range list {
		p.Add(s.soc, s.events)
	}
	polled, err := p.PollAll(interval)
	if err != nil {
		return err
	}
	for i, item := range polled {
		s := list[i]
		if item.Events == 0 || !slices.Contains(r.sockets, s) { // removed by a handler
			continue
		}
		r.trace("%v", item)
		if err := s.handler(item.Events); err != nil {
			return err
		}
	}
	return nil
}
