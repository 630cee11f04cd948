package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
)

// heartbeatStep is one call of a method of Heartbeat and its result.
type heartbeatStep struct {
	at   time.Duration
	do   string // "tick", "tick excused", "receive", "pause", "resume", "send TTL" or "peer TTL n"
	want string // what Tick returns, a space, and what Next returns ("-" for never)
}

func TestHeartbeatSendsPingsAndDetectsTimeout(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name              string
		interval, timeout time.Duration
		steps             []heartbeatStep
	}{
		{"off", 0, 0, []heartbeatStep{{0, "tick", " -"}, {time.Hour, "tick", " -"}, {time.Hour, "pause", " -"}}},
		{"timeout without interval", 0, 5 * s, []heartbeatStep{{0, "tick", " -"}, {time.Hour, "tick", " -"}}},
		{"interval", 10 * s, 0, []heartbeatStep{
			{0, "tick", " 10s"},
			{9 * s, "tick", " 10s"},
			{10 * s, "tick", "ping 20s"},
			{10 * s, "tick", " 20s"},
			{35 * s, "tick", "ping 45s"}, // one PING although two are overdue
			{time.Hour, "tick", "ping 1h0m10s"},
		}},
		{"timeout after first PING", 10 * s, 15 * s, []heartbeatStep{
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 25s"}, // from the first PING on
			{25*s - 1, "tick", " 25s"},
			{25 * s, "tick", "timeout 25s"},
		}},
		{"timeout before interval", 10 * s, 3 * s, []heartbeatStep{
			{10 * s, "tick", "ping 13s"},
			{12 * s, "receive", " 22s"},
			{13 * s, "tick", " 22s"},
			{22 * s, "tick", "ping 25s"},
			{25 * s, "tick", "timeout 25s"},
		}},
		{"bytes received in time", 10 * s, 15 * s, []heartbeatStep{
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 25s"},
			{24 * s, "receive", " 34s"},
			{34 * s, "tick", "ping 44s"},
			{44 * s, "tick", "ping 49s"},
			{49 * s, "tick", "timeout 49s"},
		}},
		{"peer TTL of zero", 0, 0, []heartbeatStep{{0, "peer TTL 0", " -"}, {1000 * time.Hour, "tick", " -"}}},
		{"peer TTL of 0.1 s", 0, 0, []heartbeatStep{
			{0, "peer TTL 1", " 100ms"},
			{100*time.Millisecond - 1, "tick", " 100ms"},
			{100 * time.Millisecond, "tick", "timeout 100ms"},
		}},
		// 656 tenths of a second in milliseconds exceed 16 bits (libzmq issue
		// 4226).
		{"peer TTL of 65.5 s", 0, 0, []heartbeatStep{{0, "peer TTL 655", " 1m5.5s"}, {65 * s, "tick", " 1m5.5s"}, {66 * s, "tick", "timeout 1m5.5s"}}},
		{"peer TTL of 65.6 s", 0, 0, []heartbeatStep{{0, "peer TTL 656", " 1m5.6s"}, {65 * s, "tick", " 1m5.6s"}, {66 * s, "tick", "timeout 1m5.6s"}}},
		{"peer TTL of 109 min", 0, 0, []heartbeatStep{
			{0, "peer TTL 65535", " 1h49m13.5s"},
			{109 * time.Minute, "tick", " 1h49m13.5s"},
			{110 * time.Minute, "tick", "timeout 1h49m13.5s"},
		}},
		{"peer TTL restarted by any byte", 0, 0, []heartbeatStep{
			{1 * s, "peer TTL 20", " 2s"},
			{2*s - 1, "receive", " 3.999999999s"},
			{2 * s, "tick", " 3.999999999s"},
			{3 * s, "peer TTL 0", " -"},
			{time.Hour, "tick", " -"},
		}},
		{"peer TTL with interval and timeout", 10 * s, 15 * s, []heartbeatStep{
			{0, "peer TTL 120", " 10s"},
			{10 * s, "tick", "ping 12s"},
			{12 * s, "tick", "timeout 12s"},
		}},
		{"PINGs with TTL", 10 * s, 15 * s, []heartbeatStep{
			{1 * s, "send TTL", " 10s"},
			{9 * s, "receive", " 10s"},
			{9 * s, "pause", " 10s"},
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 30s"},
		}},
		{"excused timeouts", 10 * s, 5 * s, []heartbeatStep{
			{10 * s, "tick", "ping 15s"},
			{15 * s, "tick excused", " 20s"},
			{20 * s, "tick excused", "ping 25s"},
			{25 * s, "tick", "timeout 25s"},
		}},
		{"paused", 10 * s, 5 * s, []heartbeatStep{
			{0, "peer TTL 30", " 3s"},
			{1 * s, "pause", " -"},
			{10 * s, "tick", " -"},
			{time.Hour, "resume", " 1h0m3s"},
			{time.Hour + 3*s, "tick", "timeout 1h0m3s"},
		}},
		{"paused after a PING", 10 * s, 15 * s, []heartbeatStep{
			{10 * s, "tick", "ping 20s"},
			{11 * s, "pause", " -"},
			{time.Minute, "tick", " -"},
			{61 * s, "resume", " 1m11s"},
			{71 * s, "tick", "ping 1m21s"},
			{81 * s, "tick", "ping 1m26s"},
			{86 * s, "tick", "timeout 1m26s"},
		}},
		{"resumed without a pause", 10 * s, 15 * s, []heartbeatStep{
			{10 * s, "tick", "ping 20s"},
			{12 * s, "resume", " 20s"}, // no bytes were received
			{20 * s, "tick", "ping 25s"},
			{25 * s, "tick", "timeout 25s"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
			h := engine.Heartbeat{Interval: tt.interval, Timeout: tt.timeout}
			h.Start(start)
			for i, b := range tt.steps {
				got := applyStep(t, &h, b, start.Add(b.at))
				if next := h.Next(); next.IsZero() {
					got += " -"
				} else {
					got += " " + next.Sub(start).String()
				}
				if got != b.want {
					t.Fatalf("%d: %s at %v: %q, want %q", i, b.do, b.at, got, b.want)
				}
			}
		})
	}
}

func applyStep(t *testing.T, h *engine.Heartbeat, b heartbeatStep, now time.Time) string {
	var tenths uint16
	switch b.do {
	case "receive":
		h.Received(now)
	case "pause":
		h.Pause()
	case "resume":
		h.Resume(now)
	case "send TTL":
		h.SendsTTL = true
	case "tick", "tick excused":
		switch ping, timedOut := h.Tick(now, b.do != "tick"); {
		case ping && timedOut:
			t.Fatal("Tick sends a PING after a timeout")
		case ping:
			return "ping"
		case timedOut:
			return "timeout"
		}
	default:
		if _, err := fmt.Sscanf(b.do, "peer TTL %d", &tenths); err != nil {
			t.Fatal(err)
		}
		h.SetPeerTTL(tenths)
	}
	return ""
}
