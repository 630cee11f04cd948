package interop

import (
	"testing"

	"github.com/zerobroker/zmq"
)

// watch is what happens to one of our sockets.
type watch struct {
	t      *testing.T
	events chan zmq.Event
	o      *ours
}

// watch listens from now on.
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

// wait returns the next event of a kind and forgets those before it.
func (w *watch) wait(kind zmq.EventKind) zmq.Event {
	w.t.Helper()
	for e := range w.events {
		if e.Kind == kind {
			return e
		}
	}
	w.t.Fatalf("our %s never saw %v", w.o.name, kind)
	return zmq.Event{}
}

// count is how often something has happened to the socket.
func (o *ours) count(kind zmq.EventKind) uint64 { return o.Stats().Events[kind] }
