package main

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
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

// watcher follows the events of a socket. It prints each event, or only warnings
// about peers that the socket cannot communicate with.
type watcher struct {
	disconnected func()                 // called when a connection has ended, if not nil
	hint         func(zmq.Event) string // what the user can do about an event, if not nil
	verbose      bool                   // print each event
	socket       string                 // the type of the socket

	bound   map[string]bool   // bound endpoints
	warned  map[string]bool   // texts of the warnings and hints so far
	printed map[string]string // the last error that logEvent has printed, for each endpoint
}

// run returns when events end.
func (w *watcher) run(e *env, events iter.Seq[zmq.Event]) {
	w.bound = make(map[string]bool)
	w.warned = make(map[string]bool)
	w.printed = make(map[string]string)
	for ev := range events {
		if w.verbose {
			w.logEvent(e, ev)
		}
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

// warn reports an event and its hint, unless the same was reported before. If
// each event is printed, it reports only the hint.
func (w *watcher) warn(e *env, ev zmq.Event) {
	hint := ""
	if w.hint != nil {
		hint = w.hint(ev)
	}
	text := "warning: " + ev.Endpoint + ": " + eventText(ev)
	switch {
	case w.verbose && hint == "":
		return
	case w.verbose:
		text = "hint: " + hint
	case hint != "":
		text += " (" + hint + ")"
	}
	if w.warned[text] || len(w.warned) == maxWarnings {
		return
	}
	w.warned[text] = true
	e.logf("%s", text)
}

// logEvent prints an event as a line of keys and values. A retry does not repeat
// the error, and its reason, that was printed last for its endpoint, which often is
// its cause.
func (w *watcher) logEvent(e *env, ev zmq.Event) {
	var attrs []slog.Attr
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("socket", w.socket)
	add("endpoint", ev.Endpoint)
	if ev.RemoteAddr != nil {
		add("remote", ev.RemoteAddr.String())
	}
	if ev.Kind == zmq.EventReady {
		if m := ev.Peer.Mechanism(); m != "NULL" {
			add("mechanism", m)
		}
		add("user", ev.Peer.UserID())
	}
	if ev.Delay > 0 {
		add("delay", ev.Delay.Round(time.Millisecond).String())
	}
	text, repeated := "", false
	if ev.Err != nil {
		text = connectFailure(ev.Err)
		repeated = (ev.Kind == zmq.EventRetrying || ev.Kind == zmq.EventResolveFailed) && text == w.printed[ev.Endpoint]
		w.printed[ev.Endpoint] = text
	}
	if !repeated {
		if ev.Reason != zmq.CloseNone {
			add("reason", ev.Reason.String())
		}
		add("err", text)
	}
	if ev.Missed > 0 {
		attrs = append(attrs, slog.Int("missed", ev.Missed))
	}
	r := slog.NewRecord(ev.Time, slog.LevelInfo, kindText(ev), 0)
	r.AddAttrs(attrs...)
	var line bytes.Buffer
	slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: shortLog}).Handle(context.Background(), r)
	e.writeError(line.Bytes())
}

// shortLog shortens the time to the time of day, and removes the level.
func shortLog(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		return slog.String(a.Key, a.Value.Time().Format("15:04:05.000"))
	case slog.LevelKey:
		return slog.Attr{}
	}
	return a
}

// hint calls report if wait takes longer than hintDelay and ctx has not ended.
func hint(ctx context.Context, wait func(context.Context) error, report func()) {
	soon, cancel := context.WithTimeout(ctx, hintDelay)
	defer cancel()
	if errors.Is(wait(soon), context.DeadlineExceeded) && ctx.Err() == nil {
		report()
	}
}
