package socket

import (
	"context"
	"slices"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// Stamped is an event with its time.
type Stamped struct {
	session.Event
	Time   time.Time
	Missed int // events before this one that were dropped because the listener was slow
}

// events passes events to the listeners and counts them. Socket.mu guards it.
type events struct {
	listeners    map[*EventWatcher]struct{}
	closed       bool
	kinds        [session.NumKinds]uint64
	closeReasons [engine.NumCloseReasons]uint64
	failures     []Stamped // the last events with an error, oldest first
}

// maxFailures is how many events with an error are kept.
const maxFailures = 8

// listenerBuffer is how many events are buffered for a slow listener.
const listenerBuffer = 1024

// EventWatcher is one listener of events.
type EventWatcher struct {
	s      *Socket
	c      chan Stamped
	missed int
}

// Watch returns a new listener of the socket's events.
func (s *Socket) Watch() *EventWatcher {
	e := &s.events
	l := &EventWatcher{s: s, c: make(chan Stamped, listenerBuffer)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.closed {
		close(l.c)
		return l
	}
	if e.listeners == nil {
		e.listeners = make(map[*EventWatcher]struct{})
	}
	e.listeners[l] = struct{}{}
	return l
}

// Next returns the next event, or false when ctx has ended or the socket is
// closed and there are no more.
func (l *EventWatcher) Next(ctx context.Context) (Stamped, bool) {
	select {
	case ev, ok := <-l.c:
		return ev, ok
	default:
	}
	select {
	case ev, ok := <-l.c:
		return ev, ok
	case <-ctx.Done():
		return Stamped{}, false
	}
}

// Stop removes the listener.
func (l *EventWatcher) Stop() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if _, on := l.s.events.listeners[l]; on {
		delete(l.s.events.listeners, l)
		close(l.c)
	}
}

// ReportEvent reports an event of the code that uses the socket, such as a proxy.
func (s *Socket) ReportEvent(ev session.Event) { s.event(ev) }

// event counts and logs an event, and passes it to the listeners.
func (s *Socket) event(ev session.Event) {
	e := &s.events
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.kinds[ev.Kind]++
	if ev.Kind == session.HandshakeFailed || ev.Kind == session.Disconnected {
		e.closeReasons[ev.Reason]++
	}
	if ev.Err != nil {
		if len(e.failures) == maxFailures {
			e.failures = append(e.failures[:0], e.failures[1:]...)
		}
		e.failures = append(e.failures, Stamped{ev, now, 0})
	}
	for l := range e.listeners {
		select {
		case l.c <- Stamped{ev, now, l.missed}:
			l.missed = 0
		default:
			l.missed++
		}
	}
	s.log.addLocked(ev, now)
}

// closeEvents ends the listeners, and returns when the log handler has returned
// from the last record.
func (s *Socket) closeEvents() {
	e := &s.events
	s.mu.Lock()
	e.closed = true
	for l := range e.listeners {
		close(l.c)
	}
	e.listeners = nil
	written := s.log.closeLocked()
	s.mu.Unlock()
	if written != nil {
		<-written
	}
}

// Stats are the counters of a socket.
type Stats struct {
	MsgsSent, BytesSent         uint64
	MsgsWritten                 uint64
	MsgsReceived, BytesReceived uint64
	QueuedSend, QueuedRecv      int
	Peers                       int
	Subscriptions               int // distinct topics or groups, of the socket or of its peers
	Drops                       [pipe.NumDrops]uint64
	Events                      [session.NumKinds]uint64
	CloseReasons                [engine.NumCloseReasons]uint64
	Failures                    []Stamped // the last events with an error, oldest first
}

// Stats returns a snapshot. Its parts may be of different moments during the call.
func (s *Socket) Stats() Stats {
	var st Stats
	s.recvMu.Lock()
	s.reclaim()
	st.MsgsReceived, st.BytesReceived = s.received.msgs, s.received.bytes
	st.QueuedRecv = len(s.returned)
	for _, p := range s.peers.all() {
		if p.In != nil {
			st.QueuedRecv += p.In.Unread()
		}
	}
	s.recvMu.Unlock()
	s.sendMu.Lock()
	// The numbers of messages sent, written, queued and dropped after Send change
	// only under this lock, and each message sent is in one of the other three.
	st.MsgsSent, st.BytesSent, st.MsgsWritten = s.sent.msgs, s.sent.bytes, s.written
	var joined []*inproc.Side
	for _, p := range s.peers.all() {
		if p.Out == nil || p.Retired {
			continue
		}
		if far, ok := p.To.(*inproc.Side); ok {
			joined = append(joined, far)
		} else {
			st.QueuedSend += p.Out.Unsent()
		}
	}
	s.retired.each(func(out *pipe.Queue) {
		queued, _ := out.CountsUnsent().Sent()
		st.QueuedSend += queued
	})
	for i := range st.Drops {
		st.Drops[i] = s.drops[i].Load()
	}
	switch {
	case s.pub != nil:
		st.Subscriptions = s.pub.TopicCount()
	case s.sub != nil:
		st.Subscriptions = s.sub.TopicCount()
	}
	s.sendMu.Unlock()
	for _, far := range joined {
		queued, unacked := far.Counts().Sent() // takes the lock of the other socket
		st.QueuedSend += queued
		st.MsgsWritten += uint64(unacked)
	}
	s.mu.Lock()
	st.Events, st.CloseReasons = s.events.kinds, s.events.closeReasons
	st.Failures = slices.Clone(s.events.failures)
	st.Peers = s.peers.nConnected
	s.mu.Unlock()
	return st
}
