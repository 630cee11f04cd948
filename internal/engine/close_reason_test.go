package engine_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

func TestCloseReasonsHaveUniqueNames(t *testing.T) {
	seen := map[string]bool{"unknown": true, "": true}
	for r := engine.CloseNone; r < engine.NumCloseReasons; r++ {
		if seen[r.String()] {
			t.Errorf("close reason %d has the name %q of another", r, r)
		}
		seen[r.String()] = true
	}
	if s := engine.NumCloseReasons.String(); s != "unknown" {
		t.Errorf("an undefined close reason has the name %q", s)
	}
}

func TestCloseReasonOfUnwrapsErrors(t *testing.T) {
	for r := engine.CloseNone; r < engine.NumCloseReasons; r++ {
		err := fmt.Errorf("wrapped: %w", &engine.Error{Reason: r, Err: io.ErrUnexpectedEOF})
		if engine.CloseReasonOf(err) != r || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("CloseReasonOf(%v) = %v", err, engine.CloseReasonOf(err))
		}
	}
	for _, err := range []error{nil, io.EOF} {
		if r := engine.CloseReasonOf(err); r != engine.CloseNone {
			t.Errorf("CloseReasonOf(%v) = %v", err, r)
		}
	}
}

func TestErrorTextStartsWithCloseReason(t *testing.T) {
	for _, tt := range []struct {
		err  engine.Error
		want string
	}{
		{engine.Error{Reason: engine.CloseHeartbeatTimeout}, "heartbeat_timeout"},
		{engine.Error{Reason: engine.CloseMalformed, Err: io.EOF}, "malformed: EOF"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}
