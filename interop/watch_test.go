package interop

import (
	"testing"

	"github.com/zerobroker/zmq"
)

// watch queues the events of one of our sockets.
type watch struct {
	t      *testing.T
	events chan zmq.Event
	o      *ours
}

// watch starts to queue the events of the socket.
func (o *ours) watch() *watch {
	w := &watch{t: o.t, o: o, events: make(chan zmq.Event, 1<<12)}
	seq := o.Events(o.ctx)
	go func() {
		defer close(w.events)
		for e := range seq {
			w.events <- e
		}
	}()
	return w
}

// wait returns the next event of a kind and discards earlier events.
func (w *watch) wait(kind zmq.EventKind) zmq.Event {
	w.t.Helper()
	for e := range w.events {
		if e.Kind == kind {
			return e
		}
	}
	w.t.Fatalf("our %s had no event %v", w.o.name, kind)
	return zmq.Event{}
}

// count returns how many events of a kind the socket has had.
func (o *ours) count(kind zmq.EventKind) uint64 { return o.Stats().Events[kind] }
