package main

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"
)

// brokenPipe is a pipe whose reader has exited.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

// The reader of a help text may stop early, as head does.
func TestHelpIgnoresBrokenPipe(t *testing.T) {
	var stderr bytes.Buffer
	if status := run(context.Background(), []string{"push", "--help"}, &env{stdout: brokenPipe{}, stderr: &stderr}); status != exitOK || stderr.Len() > 0 {
		t.Errorf("status %d, %s", status, &stderr)
	}
}
