package main

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
)

const (
	// hintDelay is how long nothing may happen before we say what we wait for.
	hintDelay = 2 * time.Second
	// maxWarnings bounds what strangers can make us say.
	maxWarnings = 10
)

// watcher follows a socket's events. It remembers what went wrong last, and
// says aloud what keeps peers from ever talking to us.
type watcher struct {
	mu     sync.Mutex
	last   string
	warned map[string]bool
}

// run ends with the events.
func (w *watcher) run(e *env, events iter.Seq[zmq.Event]) {
	for ev := range events {
		switch ev.Kind {
		case zmq.EventRetrying, zmq.EventAcceptFailed:
			w.remember(ev)
		case zmq.EventHandshakeFailed, zmq.EventPeerRefused:
			w.remember(ev)
			w.warn(e, ev)
		}
	}
}

func (w *watcher) remember(ev zmq.Event) {
	if ev.Err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = ev.Err.Error()
}

// trouble is what went wrong last, or empty.
func (w *watcher) trouble() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// warn says each thing once.
func (w *watcher) warn(e *env, ev zmq.Event) {
	text := fmt.Sprintf("%s: %v", ev.Endpoint, ev.Kind)
	if ev.Err != nil {
		text += ": " + ev.Err.Error()
	}
	if w.warned[text] || len(w.warned) == maxWarnings {
		return
	}
	if w.warned == nil {
		w.warned = make(map[string]bool)
	}
	w.warned[text] = true
	e.say("warning: %s", text)
}

// hint calls say if wait lasts long.
func hint(ctx context.Context, wait func(context.Context) error, say func()) {
	soon, cancel := context.WithTimeout(ctx, hintDelay)
	defer cancel()
	if wait(soon) != nil && ctx.Err() == nil {
		say()
	}
}
