package session

import "sync/atomic"

// ending is a channel that is closed once. It is made when a goroutine waits for it,
// because the endings of most idle connections are never waited for.
type ending struct{ ch atomic.Pointer[channel] }

// channel is allocated by the goroutine that waits.
type channel struct{ c chan struct{} }

var closedChannel = func() *channel {
	ch := &channel{make(chan struct{})}
	close(ch.c)
	return ch
}()

// close closes the channel.
func (e *ending) close() {
	if ch := e.ch.Swap(closedChannel); ch != nil && ch != closedChannel {
		close(ch.c)
	}
}

// done returns the channel.
func (e *ending) done() <-chan struct{} {
	ch := e.ch.Load()
	if ch == nil {
		if ch = (&channel{make(chan struct{})}); !e.ch.CompareAndSwap(nil, ch) {
			ch = e.ch.Load()
		}
	}
	return ch.c
}

// signal is a channel that has at most one element. It is made when a goroutine
// waits for it.
type signal struct{ ch atomic.Pointer[channel] }

// signalled means that the channel is to be made with an element.
var signalled = new(channel)

// set puts an element in the channel, unless it has one.
func (s *signal) set() {
	ch := s.ch.Load()
	if ch == nil {
		if s.ch.CompareAndSwap(nil, signalled) {
			return
		}
		ch = s.ch.Load()
	}
	if ch == signalled {
		return
	}
	select {
	case ch.c <- struct{}{}:
	default:
	}
}

// wait returns the channel. Only one goroutine may call it at a time.
func (s *signal) wait() <-chan struct{} {
	ch := s.ch.Load()
	for ch == nil || ch == signalled {
		made := &channel{make(chan struct{}, 1)}
		if ch == signalled {
			made.c <- struct{}{}
		}
		if s.ch.CompareAndSwap(ch, made) {
			return made.c
		}
		ch = s.ch.Load()
	}
	return ch.c
}
