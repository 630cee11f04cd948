package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	events = append(events, zmq.Event{Kind: zmq.EventRetrying, Endpoint: "tcp://x:1", Err: errors.New("refused")},
		zmq.Event{Kind: zmq.EventRetrying, Endpoint: "tcp://x:2", Err: errors.New("refused")},
		zmq.Event{Kind: zmq.EventReady, Endpoint: "tcp://x:2"})
	var w watcher
	w.run(e, slices.Values(events))
	if n := strings.Count(stderr.String(), "\n"); n != maxWarnings {
		t.Errorf("%d warnings:\n%s", n, &stderr)
	}
	if !strings.HasPrefix(stderr.String(), "zmq: warning: tcp://x:1: handshake failed: number 0\n") {
		t.Error(stderr.String())
	}
	if got := w.where([]string{"tcp://x:1", "tcp://x:2"}); got != "tcp://x:1: refused, tcp://x:2" {
		t.Error(got)
	}
}

// TestWatcherLetsPassersByGo, who come to an endpoint we are bound to and
// leave, but tells of those we connect to.
func TestWatcherLetsPassersByGo(t *testing.T) {
	gone := errors.New("broken pipe")
	var stderr bytes.Buffer
	var w watcher
	w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{
		{Kind: zmq.EventListening, Endpoint: "ipc://bound"},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://bound", Err: gone},
	}))
	if got := w.where([]string{"ipc://bound"}); stderr.Len() > 0 || got != "ipc://bound" {
		t.Errorf("%q, where %s", &stderr, got)
	}
	w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{
		{Kind: zmq.EventListening, Endpoint: "ipc://bound"},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://bound", Reason: zmq.CloseMalformed, Err: errors.New("malformed: no greeting")},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://connected", Err: gone},
		{Kind: zmq.EventPeerRefused, Endpoint: "ipc://bound", Err: errors.New("peer refused: routing id in use")},
	}))
	want := `zmq: warning: ipc://bound: handshake failed: malformed: no greeting
zmq: warning: ipc://connected: handshake failed: broken pipe
zmq: warning: ipc://bound: peer refused: routing id in use
`
	if stderr.String() != want {
		t.Errorf("got\n%s", &stderr)
	}
}

// TestAloneIsSaidOnce, and only by those who go on waiting.
func TestAloneIsSaidOnce(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"push -c inproc://nobody --timeout 1m x", "zmq: push: no peer yet at inproc://nobody\nzmq: push: timed out after 1m0s: "},
		{"pull -b inproc://nobody --timeout 1m", "zmq: pull: no peer yet at inproc://nobody\nzmq: pull: timed out after 1m0s: "},
		{"pub -b inproc://nobody --timeout 1m x", "zmq: pub: no subscriber yet at inproc://nobody\nzmq: pub: timed out after 1m0s: "},
		{"perf remote_lat inproc://nobody 1 1 --timeout 1m", "zmq: perf remote_lat: no peer yet at inproc://nobody\nzmq: perf remote_lat: timed out after 1m0s: "},
		{"push -c inproc://nobody --timeout 1s x", "zmq: push: timed out after 1s: "},
	} {
		synctest.Test(t, func(t *testing.T) {
			var stderr bytes.Buffer
			e := &env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, inproc: true}
			if status := run(t.Context(), strings.Fields(c.args), e); status != exitFailed {
				t.Errorf("%s: exit status %d", c.args, status)
			}
			rest, ok := strings.CutPrefix(stderr.String(), c.want)
			if !ok || strings.Count(rest, "\n") != 1 {
				t.Errorf("%s:\n%s", c.args, &stderr)
			}
		})
	}
}

// TestAloneAfterAPeer says that the peer is there no more, and not that none came.
func TestAloneAfterAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &zmq.Options{Namespace: zmq.NewNamespace()}
		pull, err := zmq.NewPull(o)
		if err != nil {
			t.Fatal(err)
		}
		defer pull.Close()
		push, err := zmq.NewPush(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pull.Bind("inproc://x"); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		j := &job{e: &env{stderr: &stderr, command: "pull"}, flags: new(socketFlags), sock: pull.Socket, bound: []string{"inproc://x"}}
		j.sayAlone()
		if err := push.Connect("inproc://x"); err != nil {
			t.Fatal(err)
		}
		push.Close()
		j.sayAlone()
		if want := "zmq: pull: no peer yet at inproc://x\nzmq: pull: no peer any more at inproc://x\n"; stderr.String() != want {
			t.Errorf("got\n%s", &stderr)
		}
	})
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

		"udp://0.0.0.0:5555":               true,
		"udp://[::]:5555":                  true,
		"udp://127.0.0.1:5555":             false,
		"udp://10.0.0.1:5555":              false,
		"udp://239.1.2.3:5555":             true,
		"udp://127.0.0.1;239.1.2.3:5555":   true,
		"udp://eth0;[ff02::1]:5555":        true,
		"udp://[fe80::1%eth0]:5555":        false,
		"udp://[fe80::1];[ff02::1%1]:5555": true,
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
