package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// The error of a job with unsent messages says "interrupted" only if the job
// was.
func TestJobErrorNamesCause(t *testing.T) {
	sock, err := zmq.NewPush(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	ctx, interrupt := context.WithCancel(context.Background())
	j := &job{e: &env{}, flags: &socketFlags{}, sock: sock.Socket, ctx: ctx, connection: ctx}
	if got := j.endError(1, "ipc://x").Error(); got != "connection lost: no peer at ipc://x" {
		t.Errorf("without an interrupt: %s", got)
	}
	interrupt()
	if got := j.endError(1, "ipc://x").Error(); got != "interrupted: no peer at ipc://x" {
		t.Errorf("after an interrupt: %s", got)
	}
}

func TestMissingPeerReportHasLastFailureOfEndpoints(t *testing.T) {
	sock, err := zmq.NewPush(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // reached only if the socket hangs
	defer cancel()
	events := sock.Events(ctx)
	endpoint := "ipc://" + filepath.Join(t.TempDir(), "unbound")
	if err := sock.Connect(endpoint); err != nil {
		t.Skipf("this system has no ipc: %v", err)
	}
	for ev := range events {
		if ev.Kind == zmq.EventRetrying {
			break
		}
	}
	j := &job{sock: sock.Socket}
	if got := j.where(); !strings.HasPrefix(got, endpoint+": ") || strings.Contains(got, "dial") {
		t.Errorf("got %s", got)
	}
}
