package main

import (
	"bufio"
	"context"
	"io"
	"testing"

	"github.com/zerobroker/zmq/examples/internal/exampletest"
)

// A watcher that begins late receives all events, and then those that follow. After a
// restart of the publisher it says so.
func TestLateWatcherReceivesAllEvents(t *testing.T) {
	endpoint, replay := exampletest.Endpoint(t), exampletest.Endpoint(t)
	r, w := io.Pipe()
	publishing, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- publish(publishing, endpoint, replay, r) }()
	io.WriteString(w, "stored 1\nstored 2\n\nremoved 1\n")

	watched, out := io.Pipe()
	exampletest.Background(t, func(ctx context.Context) error { return watch(ctx, endpoint, replay, out) })
	lines := bufio.NewScanner(watched)
	wants := func(want ...string) {
		t.Helper()
		for _, text := range want {
			if lines.Scan(); lines.Text() != text {
				t.Errorf("%q, want %q", lines.Text(), text)
			}
		}
	}
	io.WriteString(w, "stored 3\n") // the watcher may also notice the first ones by this one's number
	wants("0 stored 1", "1 stored 2", "2 removed 1", "3 stored 3")

	stop()
	<-stopped
	r, w = io.Pipe()
	exampletest.Background(t, func(ctx context.Context) error { return publish(ctx, endpoint, replay, r) })
	io.WriteString(w, "stored 1\n")
	wants("the publisher has restarted: begin again", "0 stored 1")
	go io.Copy(io.Discard, watched)
	w.Close()
}
