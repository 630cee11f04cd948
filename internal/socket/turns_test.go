package socket

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPausesBetweenTurnsAverageTurnPause: if a timer is late, as it is by about 1 ms on
// some systems, the following pauses are omitted, so that a peer with a million
// subscriptions does not need a millisecond for each of its turns.
func TestPausesBetweenTurnsAverageTurnPause(t *testing.T) {
	for _, late := range []time.Duration{0, 50 * time.Microsecond, 950 * time.Microsecond, 20 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const n = 1000
			var s Socket
			s.turns.init()
			longest, row, slept := 0, 0, 0
			s.turns.sleep = func(d time.Duration) {
				time.Sleep(d + late)
				longest, row = max(longest, row), 0
				slept++
			}
			start := time.Now()
			for range n {
				s.sent.msgs++
				s.turn(func() int { row++; return changesAtOnce })
			}
			paused := time.Since(start)
			least, most := n*turnPause*99/100, n*turnPause*101/100
			if late > maxOver {
				most += time.Duration(slept) * (late - maxOver)
			}
			if paused < least || paused > most {
				t.Errorf("timers late by %v: %d turns took %v, want %v to %v", late, n, paused, least, most)
			}
			if limit := 1 + int(maxOver/turnPause); longest > limit {
				t.Errorf("timers late by %v: %d turns without a pause, want at most %d", late, longest, limit)
			}
		})
	}
}
