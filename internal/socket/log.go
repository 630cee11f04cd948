package socket

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/slots"
)

// Peers cause warnings, so the number of warnings is bounded: the first of
// several that are alike is logged at once, then one for each logInterval, with
// the number of those it stands for.
const (
	logInterval = 10 * time.Second
	// maxLogSources limits how many addresses of peers distinguish warnings at a
	// time. Warnings of further addresses are alike.
	maxLogSources = 64
	// maxQueuedRecords limits how many records wait for a handler that is slow.
	maxQueuedRecords = 1024
)

// eventLog logs the events of a socket. Sessions and links report events with
// locks of the socket held, so addLocked only queues a record. A goroutine of its
// own, which exists while records are queued, calls the handler: a handler may
// therefore call the socket, and records reach it in order, one at a time.
type eventLog struct {
	handler slog.Handler // nil to log nothing
	socket  string       // the name of the socket's type

	mu      *sync.Mutex // Socket.mu, guards what follows
	queue   []logRecord
	dropped int                  // records dropped for a full queue since the writer last took the queue
	written chan struct{}        // closed when the writer ends; nil while there is none
	recent  map[warning]*repeats // the warnings of the last logInterval
	closed  bool
}

func (l *eventLog) init(mu *sync.Mutex, socket string, logger *slog.Logger) {
	l.mu, l.socket = mu, socket
	if logger != nil {
		l.handler = logger.Handler()
	}
}

// logRecord is an event to be logged.
type logRecord struct {
	session.Event
	time     time.Time
	level    slog.Level
	repeated int // number of warnings that this one stands for; 0 for a single one
}

// warning is what warnings that are alike have in common.
type warning struct {
	kind     session.Kind
	reason   engine.CloseReason
	endpoint string
	source   string
}

// repeats are the warnings since the last one that was logged.
type repeats struct {
	n     int
	last  logRecord
	timer *time.Timer // logs the summary, or removes the entry if there is none
}

// logLevel returns Warn for an event whose cause persists until the operator of
// one side removes it.
func logLevel(ev *session.Event) slog.Level {
	switch ev.Kind {
	case session.PeerRefused, session.AcceptFailed, session.TransformPanicked:
		return slog.LevelWarn
	case session.HandshakeFailed:
		if ev.Reason != engine.CloseNone {
			return slog.LevelWarn
		}
	case session.Disconnected:
		switch ev.Reason {
		case engine.CloseNone, engine.CloseHeartbeatTimeout: // a lost or silent peer needs no operator
		case engine.CloseRevoked: // this program has called DisconnectPeers
		default:
			return slog.LevelWarn
		}
	}
	return slog.LevelDebug
}

// addLocked logs an event, or counts it if it repeats a warning. It does not block.
func (l *eventLog) addLocked(ev session.Event, now time.Time) {
	if l.handler == nil {
		return
	}
	r := logRecord{Event: ev, time: now, level: logLevel(&ev)}
	if l.closed || r.level == slog.LevelWarn && l.countRepeated(r) {
		return
	}
	l.enqueue(r)
}

// enqueue queues a record and starts the writer if there is none. The caller
// holds mu.
func (l *eventLog) enqueue(r logRecord) {
	if len(l.queue) >= maxQueuedRecords {
		l.dropped++
		return
	}
	l.queue = append(l.queue, r)
	if l.written == nil {
		l.written = make(chan struct{})
		go l.write()
	}
}

// write calls the handler with the queued records until there are none.
func (l *eventLog) write() {
	for {
		l.mu.Lock()
		records, dropped := l.queue, l.dropped
		l.queue, l.dropped = nil, 0
		if len(records) == 0 {
			close(l.written)
			l.written = nil
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for i := range records {
			l.handle(&records[i])
		}
		if dropped > 0 {
			l.handleText(time.Now(), slog.LevelWarn, "log records dropped", slog.Int("records", dropped))
		}
	}
}

func (l *eventLog) handle(r *logRecord) {
	var attrs []slog.Attr
	if r.Endpoint != "" {
		attrs = append(attrs, slog.String("endpoint", r.Endpoint))
	}
	if r.Remote != nil {
		attrs = append(attrs, slog.String("remote", r.Remote.String()))
	}
	if p := r.Peer; p != nil && r.Kind == session.Ready {
		if p.Mechanism != "" && p.Mechanism != "NULL" {
			attrs = append(attrs, slog.String("mechanism", p.Mechanism))
		}
		if state, ok := p.TLS.(*tls.ConnectionState); ok {
			attrs = append(attrs, slog.String("tls", tls.VersionName(state.Version)))
			if len(state.VerifiedChains) > 0 {
				attrs = append(attrs, slog.String("subject", state.PeerCertificates[0].Subject.String()))
			}
		}
		if p.UserID != "" {
			attrs = append(attrs, slog.String("user", p.UserID))
		}
	}
	if r.Delay > 0 {
		attrs = append(attrs, slog.Duration("delay", r.Delay))
	}
	if r.Reason != engine.CloseNone {
		attrs = append(attrs, slog.String("reason", r.Reason.String()))
	}
	if r.Err != nil {
		attrs = append(attrs, slog.Any("err", r.Err))
	}
	if r.repeated > 0 {
		attrs = append(attrs, slog.Int("repeated", r.repeated))
	}
	l.handleText(r.time, r.level, r.Kind.Words(), attrs...)
}

func (l *eventLog) handleText(at time.Time, level slog.Level, text string, attrs ...slog.Attr) {
	if !l.handler.Enabled(context.Background(), level) {
		return
	}
	r := slog.NewRecord(at, level, text, 0)
	r.AddAttrs(slog.String("socket", l.socket))
	r.AddAttrs(attrs...)
	l.handler.Handle(context.Background(), r) // there is nowhere to report an error
}

// countRepeated reports whether a warning like r was logged within logInterval.
// If so, it counts r for the summary. The caller holds mu.
func (l *eventLog) countRepeated(r logRecord) bool {
	key := warning{r.Kind, r.Reason, r.Endpoint, slots.Source(r.Remote)}
	at := l.recent[key]
	if at == nil && len(l.recent) >= maxLogSources {
		key.source = ""
		at = l.recent[key]
	}
	if at != nil {
		at.n++
		at.last = r
		return true
	}
	if l.recent == nil {
		l.recent = make(map[warning]*repeats)
	}
	l.recent[key] = &repeats{timer: time.AfterFunc(logInterval, func() { l.summarise(key) })}
	return false
}

// summarise logs the warnings of a logInterval as one.
func (l *eventLog) summarise(key warning) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.recent[key]
	switch {
	case r == nil: // close came first
	case r.n == 0:
		delete(l.recent, key)
	default:
		l.enqueueSummary(r)
		r.timer.Reset(logInterval)
	}
}

// enqueueSummary queues the summary of repeated warnings. The caller holds mu.
func (l *eventLog) enqueueSummary(r *repeats) {
	r.last.repeated = r.n
	l.enqueue(r.last)
	r.n, r.last = 0, logRecord{}
}

// closeLocked logs the summaries that are due later and stops their timers. It
// returns a channel that is closed when the handler has returned from the last
// record, or nil if it has.
func (l *eventLog) closeLocked() (written chan struct{}) {
	for _, r := range l.recent {
		r.timer.Stop()
		if r.n > 0 {
			l.enqueueSummary(r)
		}
	}
	l.recent, l.closed = nil, true
	return l.written
}
