package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zerobroker/zmq"
)

func TestHintAfterAWhile(t *testing.T) {
	never := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for _, c := range []struct {
		name string
		wait func(context.Context) error
		stop bool
		want bool
	}{
		{"nothing happens", never, false, true},
		{"all is well", func(context.Context) error { return nil }, false, false},
		{"the job ends first", never, true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.stop {
				cancel()
			}
			said := false
			hint(ctx, c.wait, func() { said = true })
			if said != c.want {
				t.Errorf("%s: said is %v", c.name, said)
			}
		})
	}
}

func TestWatcherWarnsOnceAndNotForEver(t *testing.T) {
	var stderr bytes.Buffer
	e := &env{stderr: &stderr}
	var events []zmq.Event
	for i := range 100 {
		ev := zmq.Event{Kind: zmq.EventHandshakeFailed, Endpoint: "tcp://x:1", Err: fmt.Errorf("number %d", i)}
		events = append(events, ev, ev)
	}
	events = append(events, zmq.Event{Kind: zmq.EventRetrying, Err: errors.New("refused")})
	var w watcher
	w.run(e, slices.Values(events))
	if n := strings.Count(stderr.String(), "\n"); n != maxWarnings {
		t.Errorf("%d warnings:\n%s", n, &stderr)
	}
	if !strings.HasPrefix(stderr.String(), "zmq: warning: tcp://x:1: handshake failed: number 0\n") {
		t.Error(stderr.String())
	}
	if w.trouble() != "refused" {
		t.Error(w.trouble())
	}
}

func TestExposed(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://0.0.0.0:5555":   true,
		"tcp://[::]:5555":      true,
		"tcp://*:5555":         true,
		"tcp://127.0.0.1:5555": false,
		"tcp://[::1]:5555":     false,
		"tcp://10.0.0.1:5555":  false,
		"ipc:///run/0.0.0.0:1": false,
		"tcp://nonsense":       false,
	} {
		if got := exposed(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}

func TestEphemeral(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://127.0.0.1:*": true, "tcp://127.0.0.1:0": true, "ipc://*": true,
		"tcp://*:5555": false, "tcp://127.0.0.1:80": false, "ipc:///run/x": false,
	} {
		if got := ephemeral(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}
