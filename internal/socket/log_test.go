package socket_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// logged collects the output of a logger.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// lines waits until all events have been logged, and returns the lines written
// since the last call.
func (l *logged) lines() []string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := strings.TrimSpace(l.b.String())
	l.b.Reset()
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// to sets a logger that writes to l, from the given level on.
func (l *logged) to(level slog.Level) func(*socket.Options) {
	return func(o *socket.Options) {
		o.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{
			Level: level,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
					return slog.Attr{}
				}
				return a
			},
		}))
	}
}

func wantLines(t testing.TB, got []string, parts ...string) {
	t.Helper()
	if len(got) != len(parts) {
		t.Errorf("logged %d lines, want %d:\n%s", len(got), len(parts), strings.Join(got[:min(len(got), 20)], "\n"))
		return
	}
	slices.Sort(got)
	slices.Sort(parts)
	for i, part := range parts {
		if !strings.Contains(got[i], part) {
			t.Errorf("line %d is %s, want %s in it", i, got[i], part)
		}
	}
}

func TestLoggerHasMechanismAndUserOfAuthenticatedPeers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelDebug))
		for _, p := range []*msg.Peer{
			{Mechanism: "NULL"}, {Mechanism: "NULL", UserID: "tester"},
			{Mechanism: "CURVE"}, {Mechanism: "PLAIN", UserID: "alice\n"},
		} {
			socket.HostOf(s.Socket).Event(session.Event{Kind: session.Ready, Endpoint: "tcp://a:1", Peer: p})
		}
		socket.HostOf(s.Socket).Event(session.Event{Kind: session.Disconnected, Endpoint: "tcp://a:1", Peer: &msg.Peer{Mechanism: "CURVE"}})
		want := []string{
			`msg=ready socket=PULL endpoint=tcp://a:1`,
			`msg=ready socket=PULL endpoint=tcp://a:1 user=tester`,
			`msg=ready socket=PULL endpoint=tcp://a:1 mechanism=CURVE`,
			`msg=ready socket=PULL endpoint=tcp://a:1 mechanism=PLAIN user="alice\n"`,
			`msg=disconnected socket=PULL endpoint=tcp://a:1`,
		}
		if got := log.lines(); !slices.Equal(got, want) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

// refusedFrom returns a PeerRefused event for a peer at ip.
func refusedFrom(ip string) session.Event {
	return session.Event{
		Kind: session.PeerRefused, Endpoint: "tcp://a:1",
		Remote: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}, Err: fmt.Errorf("too many"),
	}
}

// TestLoggerSummarizesRepeatedWarnings: warnings with the same kind, reason,
// endpoint and source are repetitions.
func TestLoggerSummarizesRepeatedWarnings(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelWarn))
		for range 600 {
			socket.HostOf(s.Socket).Event(refusedFrom("10.0.0.1"))
		}
		wantLines(t, log.lines(), "peer refused")

		// Different warnings are logged at once.
		other := refusedFrom("10.0.0.1")
		other.Kind, other.Reason = session.HandshakeFailed, engine.CloseMalformed
		socket.HostOf(s.Socket).Event(other)
		other.Reason = engine.CloseMechanism
		socket.HostOf(s.Socket).Event(other)
		socket.HostOf(s.Socket).Event(refusedFrom("10.0.0.2"))
		elsewhere := refusedFrom("10.0.0.1")
		elsewhere.Endpoint = "tcp://b:1"
		socket.HostOf(s.Socket).Event(elsewhere)
		wantLines(t, log.lines(), "handshake failed", "handshake failed", "remote=10.0.0.2", "tcp://b:1")

		time.Sleep(10*time.Second - 1)
		w.Settle()
		wantLines(t, log.lines())
		time.Sleep(time.Nanosecond)
		w.Settle()
		wantLines(t, log.lines(), "remote=10.0.0.1:1 err=\"too many\" repeated=599")

		// A summary is written every 10 seconds while warnings repeat. After 10
		// seconds without one, the next warning is logged at once.
		time.Sleep(time.Millisecond)
		for range 30 {
			socket.HostOf(s.Socket).Event(refusedFrom("10.0.0.1"))
			time.Sleep(time.Second)
		}
		w.Settle()
		wantLines(t, log.lines(), "repeated=10", "repeated=10", "repeated=10")
		time.Sleep(20 * time.Second)
		w.Settle()
		wantLines(t, log.lines())
		socket.HostOf(s.Socket).Event(refusedFrom("10.0.0.1"))
		wantLines(t, log.lines(), "err=\"too many\"")

		if n := s.Stats().Events[session.PeerRefused]; n != 600+2+30+1 {
			t.Errorf("%d events counted", n)
		}
	})
}

// TestLoggerIsBoundedForManySources: every warning comes from a different
// address.
func TestLoggerIsBoundedForManySources(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelWarn))
		for i := range 10_000 {
			socket.HostOf(s.Socket).Event(refusedFrom(fmt.Sprintf("2001:db8:%x:%x::1", i>>8, i&255)))
		}
		if n := len(log.lines()); n != 65 {
			t.Errorf("%d lines at once, want 65: 64 sources and one for all others", n)
		}
		time.Sleep(10 * time.Second)
		w.Settle()
		wantLines(t, log.lines(), fmt.Sprintf("repeated=%d", 10_000-65))
	})
}

// TestCloseLogsPendingSummary: Close writes the summary and stops its timer.
func TestCloseLogsPendingSummary(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelWarn))
		for range 5 {
			socket.HostOf(s.Socket).Event(refusedFrom("10.0.0.1"))
		}
		s.CloseIn(0)
		wantLines(t, log.lines(), "err=\"too many\"", "repeated=4")
		time.Sleep(time.Minute)
		wantLines(t, log.lines())
	})
}

func TestLoggerLogsEveryEventAtDebugLevel(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelDebug))
		s.MustBind("mem://a")
		for range 10 {
			w.Dial("a").Close()
		}
		w.Settle()
		n := 0
		for _, l := range log.lines() {
			if strings.Contains(l, "accepted") || strings.Contains(l, "handshake failed") {
				n++
			}
		}
		if n != 20 {
			t.Errorf("%d lines, want 20", n)
		}
	})
}

// TestLoggerWarnsOfRejectedMessage: both ends log a message above the limits of
// the receiver as a warning, and do not log a peer that closes.
func TestLoggerWarnsOfRejectedMessage(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var receives, sends logged
		pull := w.Socket(pattern.PULL, receives.to(slog.LevelWarn), func(o *socket.Options) { o.Limits.Frame = 100 })
		push := w.Socket(pattern.PUSH, sends.to(slog.LevelWarn))
		pull.MustBind("mem://a")
		push.MustConnect("mem://a")
		push.WaitPeers(1)
		push.MustSend(st.Large(101))
		time.Sleep(5 * time.Second)
		for name, log := range map[string]*logged{"receiver": &receives, "sender": &sends} {
			if lines := log.lines(); len(lines) != 1 || !strings.Contains(lines[0], "frame_size") {
				t.Errorf("the %s logged %q, want one line with frame_size", name, lines)
			}
		}
		push.CloseIn(0)
		if lines := receives.lines(); lines != nil {
			t.Errorf("logged %q when the peer closed", lines)
		}
	})
}

// TestLoggerSummarizesFailedHandshakes is like
// TestLoggerSummarizesRepeatedWarnings with warnings that invalid greetings
// cause.
func TestLoggerSummarizesFailedHandshakes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var log logged
		s := w.Socket(pattern.PULL, log.to(slog.LevelWarn))
		s.MustBind("mem://a")
		for range 100 {
			p := w.Dial("a")
			p.MustWrite(append(st.Greeting()[:12], make([]byte, 52)...))
			p.WaitClosed()
		}
		wantLines(t, log.lines(), "handshake failed")
		if n := s.Stats().CloseReasons[engine.CloseMechanism]; n != 100 {
			t.Errorf("%d connections counted, want 100", n)
		}
		time.Sleep(10 * time.Second)
		w.Settle()
		wantLines(t, log.lines(), "repeated=99")
	})
}
