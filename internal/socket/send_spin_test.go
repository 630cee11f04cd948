package socket

import (
	"testing"
	"time"
)

// TestSpinningOnlyForCapacityOfThisProcess: a call looks for capacity before it sleeps
// only if a socket of the same process has freed the last one, and rarely after calls
// have looked in vain.
func TestSpinningOnlyForCapacityOfThisProcess(t *testing.T) {
	var s spinning
	if s.begin() {
		t.Error("looks for capacity that a connection frees")
	}
	s.inproc = true
	for range 3 {
		if !s.begin() {
			t.Fatal("does not look for capacity that another socket frees")
		}
		s.end(true)
	}
	spins := 0
	for range 1000 {
		if s.begin() {
			spins++
			s.end(false)
		}
	}
	if spins > 25 {
		t.Errorf("%d of 1000 calls have looked in vain, want at most 25", spins)
	}
	for !s.begin() {
	}
	s.end(true)
	if !s.begin() {
		t.Error("does not look after a call has succeeded")
	}
}

// TestSpinEndsWhileOtherGoroutinesCompute: a yield may take long then, and the context of
// the call has to be noticed.
func TestSpinEndsWhileOtherGoroutinesCompute(t *testing.T) {
	yields, clock := 0, time.Now()
	found := spin(make(chan struct{}), func() time.Time {
		yields++
		clock = clock.Add(10 * time.Millisecond)
		return clock
	})
	if found || yields > 3 {
		t.Errorf("found %v, looked at the clock %d times", found, yields)
	}
	w := make(chan struct{}, 1)
	w <- struct{}{}
	if !spin(w, time.Now) {
		t.Error("an element is not found")
	}
}
