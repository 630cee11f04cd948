package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
)

// beat is one thing that happens to a Heart, and what it says of it.
type beat struct {
	at   time.Duration
	do   string // "tick", "tick excused", "heard", "pause", "resume", "pledge" or "lease n"
	want string // of a tick: "ping", "dead" or nothing; then when the next is due, "-" for never
}

func TestHeart(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name              string
		interval, timeout time.Duration
		beats             []beat
	}{
		{"off", 0, 0, []beat{{0, "tick", " -"}, {time.Hour, "tick", " -"}, {time.Hour, "pause", " -"}}},
		{"timeout without interval", 0, 5 * s, []beat{{0, "tick", " -"}, {time.Hour, "tick", " -"}}},
		{"interval", 10 * s, 0, []beat{
			{0, "tick", " 10s"},
			{9 * s, "tick", " 10s"},
			{10 * s, "tick", "ping 20s"},
			{10 * s, "tick", " 20s"},
			{35 * s, "tick", "ping 45s"}, // late, once
			{time.Hour, "tick", "ping 1h0m10s"},
		}},
		{"silence", 10 * s, 15 * s, []beat{
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 25s"}, // from the first PING on
			{25*s - 1, "tick", " 25s"},
			{25 * s, "tick", "dead 25s"},
		}},
		{"timeout before interval", 10 * s, 3 * s, []beat{
			{10 * s, "tick", "ping 13s"},
			{12 * s, "heard", " 22s"},
			{13 * s, "tick", " 22s"},
			{22 * s, "tick", "ping 25s"},
			{25 * s, "tick", "dead 25s"},
		}},
		{"heard in time", 10 * s, 15 * s, []beat{
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 25s"},
			{24 * s, "heard", " 34s"},
			{34 * s, "tick", "ping 44s"},
			{44 * s, "tick", "ping 49s"},
			{49 * s, "tick", "dead 49s"},
		}},
		{"lease of none", 0, 0, []beat{{0, "lease 0", " -"}, {1000 * time.Hour, "tick", " -"}}},
		{"lease of 0.1 s", 0, 0, []beat{
			{0, "lease 1", " 100ms"},
			{100*time.Millisecond - 1, "tick", " 100ms"},
			{100 * time.Millisecond, "tick", "dead 100ms"},
		}},
		// libzmq#4226: 656 tenths times 100 do not fit 16 bits.
		{"lease of 65.5 s", 0, 0, []beat{{0, "lease 655", " 1m5.5s"}, {65 * s, "tick", " 1m5.5s"}, {66 * s, "tick", "dead 1m5.5s"}}},
		{"lease of 65.6 s", 0, 0, []beat{{0, "lease 656", " 1m5.6s"}, {65 * s, "tick", " 1m5.6s"}, {66 * s, "tick", "dead 1m5.6s"}}},
		{"lease of 109 min", 0, 0, []beat{
			{0, "lease 65535", " 1h49m13.5s"},
			{109 * time.Minute, "tick", " 1h49m13.5s"},
			{110 * time.Minute, "tick", "dead 1h49m13.5s"},
		}},
		{"lease renewed by any byte", 0, 0, []beat{
			{1 * s, "lease 20", " 2s"},
			{2*s - 1, "heard", " 3.999999999s"},
			{2 * s, "tick", " 3.999999999s"},
			{3 * s, "lease 0", " -"},
			{time.Hour, "tick", " -"},
		}},
		{"lease beside interval and timeout", 10 * s, 15 * s, []beat{
			{0, "lease 120", " 10s"},
			{10 * s, "tick", "ping 12s"},
			{12 * s, "tick", "dead 12s"},
		}},
		{"pledged", 10 * s, 15 * s, []beat{
			{1 * s, "pledge", " 10s"},
			{9 * s, "heard", " 10s"},
			{9 * s, "pause", " 10s"},
			{10 * s, "tick", "ping 20s"},
			{20 * s, "tick", "ping 30s"},
		}},
		{"excused", 10 * s, 5 * s, []beat{
			{10 * s, "tick", "ping 15s"},
			{15 * s, "tick excused", " 20s"},
			{20 * s, "tick excused", "ping 25s"},
			{25 * s, "tick", "dead 25s"},
		}},
		{"paused", 10 * s, 5 * s, []beat{
			{0, "lease 30", " 3s"},
			{1 * s, "pause", " -"},
			{10 * s, "tick", " -"},
			{time.Hour, "resume", " 1h0m3s"},
			{time.Hour + 3*s, "tick", "dead 1h0m3s"},
		}},
		{"paused with a PING out", 10 * s, 15 * s, []beat{
			{10 * s, "tick", "ping 20s"},
			{11 * s, "pause", " -"},
			{time.Minute, "tick", " -"},
			{61 * s, "resume", " 1m11s"},
			{71 * s, "tick", "ping 1m21s"},
			{81 * s, "tick", "ping 1m26s"},
			{86 * s, "tick", "dead 1m26s"},
		}},
		{"resumed without a pause", 10 * s, 15 * s, []beat{
			{10 * s, "tick", "ping 20s"},
			{12 * s, "resume", " 20s"}, // nothing was heard
			{20 * s, "tick", "ping 25s"},
			{25 * s, "tick", "dead 25s"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
			h := engine.Heart{Interval: tt.interval, Timeout: tt.timeout}
			h.Start(start)
			for i, b := range tt.beats {
				got := happen(t, &h, b, start.Add(b.at))
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

func happen(t *testing.T, h *engine.Heart, b beat, now time.Time) string {
	var tenths uint16
	switch b.do {
	case "heard":
		h.Heard(now)
	case "pause":
		h.Pause()
	case "resume":
		h.Resume(now)
	case "pledge":
		h.Pledged = true
	case "tick", "tick excused":
		switch ping, dead := h.Tick(now, b.do != "tick"); {
		case ping && dead:
			t.Fatal("a PING for the dead")
		case ping:
			return "ping"
		case dead:
			return "dead"
		}
	default:
		if _, err := fmt.Sscanf(b.do, "lease %d", &tenths); err != nil {
			t.Fatal(err)
		}
		h.Lease(tenths)
	}
	return ""
}
