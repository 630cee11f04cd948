package main

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	// hintDelay is how long nothing may happen before we say what we wait for.
	hintDelay = 1500 * time.Millisecond
	// maxWarnings bounds what strangers can make us say.
	maxWarnings = 10
)

// watcher follows a socket's events. It remembers what went wrong last, and
// says aloud what keeps peers from ever talking to us.
type watcher struct {
	mu   sync.Mutex
	last map[string]string // what is wrong with an endpoint

	disconnected func() // called when a connection has ended, if not nil

	bound  map[string]bool // endpoints that peers come to
	warned map[string]bool
}

// run ends with the events.
func (w *watcher) run(e *env, events iter.Seq[zmq.Event]) {
	w.bound = make(map[string]bool)
	w.warned = make(map[string]bool)
	for ev := range events {
		switch ev.Kind {
		case zmq.EventListening:
			w.bound[ev.Endpoint] = true
		case zmq.EventRetrying, zmq.EventAcceptFailed:
			w.remember(ev)
		case zmq.EventReady:
			w.forget(ev)
		case zmq.EventDisconnected:
			if w.disconnected != nil {
				w.disconnected()
			}
		case zmq.EventHandshakeFailed, zmq.EventPeerRefused:
			if !w.passedBy(ev) {
				w.remember(ev)
				w.warn(e, ev)
			}
		}
	}
}

// passedBy reports whether somebody came and only left again, as one does who
// wants to know whether an ipc path is in use.
func (w *watcher) passedBy(ev zmq.Event) bool {
	return ev.Kind == zmq.EventHandshakeFailed && ev.Reason == zmq.CloseNone && w.bound[ev.Endpoint]
}

func (w *watcher) remember(ev zmq.Event) {
	if ev.Err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.last = make(map[string]string)
	}
	w.last[ev.Endpoint] = trouble(ev.Err)
}

func (w *watcher) forget(ev zmq.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, ev.Endpoint)
}

// where lists endpoints, each with what went wrong there last.
func (w *watcher) where(endpoints []string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]string, len(endpoints))
	for i, ep := range endpoints {
		list[i] = ep
		if why := w.last[ep]; why != "" {
			list[i] += ": " + why
		}
	}
	return strings.Join(list, ", ")
}

// warn says each thing once.
func (w *watcher) warn(e *env, ev zmq.Event) {
	text := ev.Endpoint + ": " + happened(ev)
	if w.warned[text] || len(w.warned) == maxWarnings {
		return
	}
	w.warned[text] = true
	e.say("warning: %s", text)
}

// hint calls say if wait lasts long, unless ctx ends it.
func hint(ctx context.Context, wait func(context.Context) error, say func()) {
	soon, cancel := context.WithTimeout(ctx, hintDelay)
	defer cancel()
	if errors.Is(wait(soon), context.DeadlineExceeded) && ctx.Err() == nil {
		say()
	}
}
