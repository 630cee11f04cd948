package socket

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/session"
)

// Peers cause warnings, so their number is bounded: of those that are alike, one
// is written at once, and then one for each logInterval that says how many more
// there were.
const (
	logInterval = 10 * time.Second
	// maxLogSources is how many kinds of warnings are told apart by the peers'
	// address at a time.
	maxLogSources = 64
)

// warnings are those of the last logInterval.
type warnings struct {
	mu     sync.Mutex // held while a summary is written, so that close waits for it
	recent map[warning]*repeats
	closed bool
}

// warning is what is alike in repeated warnings.
type warning struct {
	kind     session.Kind
	fault    engine.CloseReason
	endpoint string
	source   string
}

// repeats are the warnings that followed the one that was written.
type repeats struct {
	n     int
	last  session.Event
	timer *time.Timer // writes the summary, or forgets the warning if there is none
}

// log writes an event to the socket's logger.
func (s *Socket) log(ev session.Event) {
	level := slog.LevelDebug
	if ev.Kind == session.PeerRefused || ev.Kind == session.AcceptFailed ||
		ev.Kind == session.HandshakeFailed && ev.Fault != engine.CloseNone {
		level = slog.LevelWarn // it does not mend itself
	}
	if !s.opts.Logger.Enabled(context.Background(), level) || level == slog.LevelWarn && s.repeated(ev) {
		return
	}
	s.writeLog(level, ev)
}

func (s *Socket) writeLog(level slog.Level, ev session.Event, more ...any) {
	args := []any{"socket", s.info.Name, "endpoint", ev.Endpoint}
	if ev.Remote != nil {
		args = append(args, "remote", ev.Remote.String())
	}
	if ev.Delay > 0 {
		args = append(args, "delay", ev.Delay)
	}
	if ev.Err != nil {
		args = append(args, "err", ev.Err)
	}
	s.opts.Logger.Log(context.Background(), level, ev.Kind.String(), append(args, more...)...)
}

// repeated reports whether a warning like this one was written within
// logInterval. If so, it is counted for the summary.
func (s *Socket) repeated(ev session.Event) bool {
	w := &s.warnings
	w.mu.Lock()
	defer w.mu.Unlock()
	key := warning{ev.Kind, ev.Fault, ev.Endpoint, session.Source(ev.Remote)}
	r := w.recent[key]
	if r == nil && len(w.recent) >= maxLogSources {
		key.source = ""
		r = w.recent[key]
	}
	switch {
	case r != nil:
		r.n++
		r.last = ev
		return true
	case w.closed:
		return false
	case w.recent == nil:
		w.recent = make(map[warning]*repeats)
	}
	w.recent[key] = &repeats{timer: time.AfterFunc(logInterval, func() { s.summarise(key) })}
	return false
}

// summarise writes the warnings of a logInterval as one.
func (s *Socket) summarise(key warning) {
	w := &s.warnings
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.recent[key]
	switch {
	case r == nil: // close was first
	case r.n == 0:
		delete(w.recent, key)
	default:
		s.writeSummary(r)
		r.timer.Reset(logInterval)
	}
}

func (s *Socket) writeSummary(r *repeats) {
	s.writeLog(slog.LevelWarn, r.last, "repeated", r.n)
	r.n, r.last = 0, session.Event{}
}

// closeLog writes the summaries that are due later, and stops their timers.
func (s *Socket) closeLog() {
	w := &s.warnings
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.recent {
		r.timer.Stop()
		if r.n > 0 {
			s.writeSummary(r)
		}
	}
	w.recent, w.closed = nil, true
}
