package socket

import "testing"

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
