// Package exampletest has what the tests of the example programs share.
package exampletest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Endpoint returns an ipc endpoint of the test. No other program uses it, and a
// client may connect to it before it is bound.
func Endpoint(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zmq") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "ipc://" + filepath.Join(dir, "s")
}

// Background runs f until the test ends, whose context then ends. An error of f that is
// not that of its context fails the test.
func Background(t *testing.T, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Python returns a command that runs a program with an interpreter that has pyzmq. Without one
// the test is skipped, or fails if the environment has ZMQ_INTEROP_REQUIRED.
func Python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-I", "-c", "import zmq").Run(); err != nil {
		if os.Getenv("ZMQ_INTEROP_REQUIRED") != "" {
			t.Fatal("no pyzmq for /usr/bin/python3 (python3-zmq)")
		}
		t.Skip("no pyzmq for /usr/bin/python3 (python3-zmq)")
	}
	return exec.CommandContext(t.Context(), python, append([]string{"-I"}, args...)...)
}
