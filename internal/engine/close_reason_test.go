package engine_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
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

func TestErrorTextSaysInWordsWhatFailed(t *testing.T) {
	for r := engine.CloseNone; r < engine.NumCloseReasons; r++ {
		if text := (&engine.Error{Reason: r}).Error(); text == "" || strings.Contains(text, "_") {
			t.Errorf("the error text of %v without details is %q", r, text)
		}
	}
	for _, tt := range []struct {
		err  engine.Error
		want string
	}{
		{engine.Error{Reason: engine.CloseHeartbeatTimeout}, "heartbeat timed out"},
		{engine.Error{Reason: engine.CloseFrameSize, Err: errors.New("9 bytes")}, "frame too large: 9 bytes"},
		{engine.Error{Reason: engine.CloseMalformed, Err: errors.New("malformed greeting: x")}, "malformed greeting: x"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}
