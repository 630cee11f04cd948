package main

import "testing"

// Ids of endpoints are short and never begin with a zero byte, as those do that
// the library makes up.
func TestEndpointID(t *testing.T) {
	for n, want := range map[int]string{1: "\x01", 255: "\xff", 256: "\x01\x00", 65536: "\x01\x00\x00"} {
		if got := endpointID(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
