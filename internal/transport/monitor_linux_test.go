package transport

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRawCallsAreMadeOnlyWhileTheTimerIsSet: the first call sets it, and it ends after a
// period without a call.
func TestRawCallsAreMadeOnlyWhileTheTimerIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitorTimer()
		for range 2 {
			if m.raw() {
				t.Error("a raw call before the timer is set")
			}
			for range 10 { // used in each period
				if !m.raw() {
					t.Error("no raw call while the timer is set")
				}
				time.Sleep(monitorPeriod / 2)
			}
			time.Sleep(2 * monitorPeriod)
			if m.state.Load() != timerOff {
				t.Error("the timer is set, and was not used")
			}
		}
	})
}

// TestMonitorTimerIsSetByOneOfManyCalls: with the race detector.
func TestMonitorTimerIsSetByOneOfManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitorTimer()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 1000 {
					m.raw()
					time.Sleep(3 * monitorPeriod / 2) // it ends now and then
				}
			})
		}
		wg.Wait()
		time.Sleep(2 * monitorPeriod)
		if m.state.Load() != timerOff {
			t.Error("the timer is still set")
		}
	})
}
