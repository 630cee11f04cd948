//go:build !linux

package engine_test

import "time"

var testStart = time.Now()

// threadTime returns the time since the start of the test.
func threadTime() time.Duration { return time.Since(testStart) }
