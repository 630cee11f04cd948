package zmq

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// listError is an error that cannot be compared.
type listError []string

func (l listError) Error() string { return strings.Join(l, ", ") }

// matching is one that matches another error.
type matching struct {
	listError
	target error
}

func (m matching) Is(target error) bool { return target == m.target }

func TestPublicErrorTakesAnErrorThatCannotBeCompared(t *testing.T) {
	plain := listError{"a", "b"}
	if got := opError("bind", "tcp://x", plain); got.Error() != "zmq: bind tcp://x: a, b" {
		t.Errorf("got %v", got)
	}
	got := publicError(matching{plain, socket.ErrClosed})
	if !errors.Is(got, ErrClosed) || got.Error() != "a, b" {
		t.Errorf("got %v", got)
	}
}

func TestPublicErrorKeepsTheTextOfWrappedErrors(t *testing.T) {
	got := publicError(fmt.Errorf("%w: details", pattern.ErrPeerExists))
	if !errors.Is(got, ErrPeerExists) || !errors.Is(got, pattern.ErrPeerExists) || got.Error() != "socket has a peer already: details" {
		t.Errorf("got %v", got)
	}
}

func TestOpErrorReportsTimeouts(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded:                    true,
		os.ErrDeadlineExceeded:                      true,
		context.Canceled:                            false,
		ErrClosed:                                   false,
		&UnsentError{Messages: 1}:                   false,
		&UnsentError{Err: context.DeadlineExceeded}: true,
	} {
		if got := (&OpError{Op: "x", Err: err}).Timeout(); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
