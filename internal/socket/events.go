package socket

import (
	"context"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

// Stamped is an event with its time.
type Stamped struct {
	session.Event
	Time   time.Time
	Missed int // events before this one that were dropped because the listener was slow
}

// events passes events to the listeners and counts them.
type events struct {
	mu           sync.Mutex
	listeners    map[*EventWatcher]struct{}
	closed       bool
	kinds        [session.Throttled + 1]uint64
	closeReasons [engine.NumCloseReasons]uint64
}

// listenerBuffer is how many events are buffered for a slow listener.
const listenerBuffer = 1024

// EventWatcher is one listener of events.
type EventWatcher struct {
	e      *events
	c      chan Stamped
	missed int
}

// Watch returns a new listener of the socket's events.
func (s *Socket) Watch() *EventWatcher {
	e := &s.events
	l := &EventWatcher{e: e, c: make(chan Stamped, listenerBuffer)}
	e.mu.Lock()
	defer e.mu.Unlock()
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
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	if _, on := l.e.listeners[l]; on {
		delete(l.e.listeners, l)
		close(l.c)
	}
}

// event counts and logs an event, and passes it to the listeners.
func (s *Socket) event(ev session.Event) {
	e := &s.events
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kinds[ev.Kind]++
	if ev.Kind == session.HandshakeFailed || ev.Kind == session.Disconnected {
		e.closeReasons[ev.Reason]++
	}
	for l := range e.listeners {
		select {
		case l.c <- Stamped{ev, now, l.missed}:
			l.missed = 0
		default:
			l.missed++
		}
	}
	s.log.add(ev, now) // under the lock, so that the log has the order of the listeners
}

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for l := range e.listeners {
		close(l.c)
	}
	e.listeners = nil
}

// Stats are the counters of a socket.
type Stats struct {
	MsgsSent, BytesSent         uint64
	MsgsWritten                 uint64
	MsgsReceived, BytesReceived uint64
	QueuedSend, QueuedRecv      int
	Peers                       int
	Drops                       [pipe.NumDrops]uint64
	Events                      [session.Throttled + 1]uint64
	CloseReasons                [engine.NumCloseReasons]uint64
}

// unreadCounter is the connection of a pipe to a socket of this process.
type unreadCounter interface {
	// Unread returns how many messages that socket has not received yet.
	Unread() int
}

// Stats returns a snapshot. Its parts may be of different moments during the call.
func (s *Socket) Stats() Stats {
	var st Stats
	s.recvMu.Lock()
	st.MsgsReceived, st.BytesReceived = s.received.msgs, s.received.bytes
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
	var joined []unreadCounter
	for _, p := range s.peers.all() {
		if far, ok := p.To.(unreadCounter); ok {
			joined = append(joined, far)
		} else if p.Out != nil {
			st.QueuedSend += p.Out.Unsent()
		}
	}
	for i := range st.Drops {
		st.Drops[i] = s.drops[i].Load()
	}
	s.sendMu.Unlock()
	for _, far := range joined {
		st.QueuedSend += far.Unread() // takes the lock of the other socket
	}
	st.QueuedSend += s.table.pending()
	s.events.mu.Lock()
	st.Events, st.CloseReasons = s.events.kinds, s.events.closeReasons
	s.events.mu.Unlock()
	s.peers.mu.Lock()
	st.Peers = s.peers.nConnected
	s.peers.mu.Unlock()
	return st
}
