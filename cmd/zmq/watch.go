package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	// hintDelay is how long a command waits before it reports what it waits
	// for.
	hintDelay = 1500 * time.Millisecond
	// maxWarnings bounds the warnings that peers can cause.
	maxWarnings = 10
)

// watcher follows the events of a socket, and warns about peers that the socket
// cannot communicate with.
type watcher struct {
	disconnected func()                 // called when a connection has ended, if not nil
	hint         func(zmq.Event) string // the end of a warning, if not nil

	bound  map[string]bool // bound endpoints
	warned map[string]bool // texts of the warnings so far
}

// run returns when events end.
func (w *watcher) run(e *env, events iter.Seq[zmq.Event]) {
	w.bound = make(map[string]bool)
	w.warned = make(map[string]bool)
	for ev := range events {
		switch ev.Kind {
		case zmq.EventListening:
			w.bound[ev.Endpoint] = true
		case zmq.EventDisconnected:
			if w.disconnected != nil {
				w.disconnected()
			}
			if ev.Reason == zmq.CloseRevoked || ev.Reason == zmq.CloseCrypto {
				w.warn(e, ev)
			}
		case zmq.EventHandshakeFailed, zmq.EventPeerRefused:
			if !w.closedDuringHandshake(ev) {
				w.warn(e, ev)
			}
		}
	}
}

// closedDuringHandshake reports whether a peer connected to a bound endpoint and
// closed the connection in the handshake, without a protocol error. A program
// that checks whether an ipc path is in use does that.
func (w *watcher) closedDuringHandshake(ev zmq.Event) bool {
	return ev.Kind == zmq.EventHandshakeFailed && ev.Reason == zmq.CloseNone && w.bound[ev.Endpoint]
}

// warn reports an event, unless the same was reported before.
func (w *watcher) warn(e *env, ev zmq.Event) {
	text := ev.Endpoint + ": " + eventText(ev)
	if w.hint != nil {
		text += w.hint(ev)
	}
	if w.warned[text] || len(w.warned) == maxWarnings {
		return
	}
	w.warned[text] = true
	e.logf("warning: %s", text)
}

// hint calls report if wait takes longer than hintDelay and ctx has not ended.
func hint(ctx context.Context, wait func(context.Context) error, report func()) {
	soon, cancel := context.WithTimeout(ctx, hintDelay)
	defer cancel()
	if errors.Is(wait(soon), context.DeadlineExceeded) && ctx.Err() == nil {
		report()
	}
}
