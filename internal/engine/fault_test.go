package engine_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

func TestFaults(t *testing.T) {
	seen := map[string]bool{"unknown": true, "": true}
	for f := engine.FaultNone; f < engine.NumFaults; f++ {
		if seen[f.String()] {
			t.Errorf("fault %d has the name %q of another", f, f)
		}
		seen[f.String()] = true
		err := fmt.Errorf("wrapped: %w", &engine.Error{Fault: f, Err: io.ErrUnexpectedEOF})
		if engine.FaultOf(err) != f || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("FaultOf(%v) = %v", err, engine.FaultOf(err))
		}
	}
	if s := engine.NumFaults.String(); s != "unknown" {
		t.Errorf("a fault of no name is %q", s)
	}
	if engine.FaultOf(io.EOF) != engine.FaultNone || engine.FaultOf(nil) != engine.FaultNone {
		t.Error("an I/O error is a fault")
	}
	for _, tt := range []struct {
		err  engine.Error
		want string
	}{
		{engine.Error{Fault: engine.FaultSilence}, "heartbeat_timeout"},
		{engine.Error{Fault: engine.FaultMalformed, Err: io.EOF}, "malformed: EOF"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}
