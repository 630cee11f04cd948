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
	"time"

	"github.com/zerobroker/zmq"
)

func TestHintReportsLongWait(t *testing.T) {
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
			reported := false
			hint(ctx, c.wait, func() { reported = true })
			if reported != c.want {
				t.Errorf("%s: reported is %v", c.name, reported)
			}
		})
	}
}

func TestWatcherBoundsWarnings(t *testing.T) {
	var stderr bytes.Buffer
	e := &env{stderr: &stderr}
	var events []zmq.Event
	for i := range 100 {
		ev := zmq.Event{Kind: zmq.EventHandshakeFailed, Endpoint: "tcp://x:1", Err: fmt.Errorf("number %d", i)}
		events = append(events, ev, ev)
	}
	var w watcher
	w.run(e, slices.Values(events))
	if n := strings.Count(stderr.String(), "\n"); n != maxWarnings {
		t.Errorf("%d warnings:\n%s", n, &stderr)
	}
	if !strings.HasPrefix(stderr.String(), "zmq: warning: tcp://x:1: handshake failed: number 0\n") {
		t.Error(stderr.String())
	}
}

// With --verbose a failure is one line and its hint. The retry that follows does not
// repeat the error. The next failure is printed, and its hint is not.
func TestVerboseWatcherPrintsEachFailureOnce(t *testing.T) {
	denied := errors.New("authentication denied")
	at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	failed := zmq.Event{Kind: zmq.EventHandshakeFailed, Time: at, Endpoint: "tcp://x:1", Reason: zmq.CloseAuthDenied, Err: denied}
	retrying := zmq.Event{Kind: zmq.EventRetrying, Time: at, Endpoint: "tcp://x:1", Delay: 100499 * time.Microsecond, Reason: zmq.CloseAuthDenied, Err: denied}
	refused := zmq.Event{Kind: zmq.EventRetrying, Time: at, Endpoint: "tcp://x:1", Delay: time.Second, Err: errors.New("connection refused")}
	var stderr bytes.Buffer
	w := watcher{verbose: true, socket: "PUSH", hint: func(ev zmq.Event) string {
		if ev.Err == denied {
			return "give another key"
		}
		return ""
	}}
	w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{failed, retrying, refused, failed}))
	want := `time=12:00:00.000 msg="handshake failed" socket=PUSH endpoint=tcp://x:1 reason=auth_denied err="authentication denied"
zmq: hint: give another key
time=12:00:00.000 msg=retrying socket=PUSH endpoint=tcp://x:1 delay=100ms
time=12:00:00.000 msg=retrying socket=PUSH endpoint=tcp://x:1 delay=1s err="connection refused"
time=12:00:00.000 msg="handshake failed" socket=PUSH endpoint=tcp://x:1 reason=auth_denied err="authentication denied"
`
	if stderr.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &stderr, want)
	}
}

// A peer that connects to a bound endpoint and closes the connection causes no
// warning. A failed handshake with a peer that the socket connects to does.
func TestWatcherIgnoresPeersThatCloseDuringHandshake(t *testing.T) {
	broken := errors.New("broken pipe")
	var stderr bytes.Buffer
	var w watcher
	w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{
		{Kind: zmq.EventListening, Endpoint: "ipc://bound"},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://bound", Err: broken},
	}))
	if stderr.Len() > 0 {
		t.Errorf("%s", &stderr)
	}
	w.run(&env{stderr: &stderr}, slices.Values([]zmq.Event{
		{Kind: zmq.EventListening, Endpoint: "ipc://bound"},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://bound", Reason: zmq.CloseMalformed, Err: errors.New("malformed: no greeting")},
		{Kind: zmq.EventHandshakeFailed, Endpoint: "ipc://connected", Err: broken},
		{Kind: zmq.EventPeerRefused, Endpoint: "ipc://bound", Err: errors.New("peer refused: routing ID in use")},
	}))
	want := `zmq: warning: ipc://bound: handshake failed: malformed: no greeting
zmq: warning: ipc://connected: handshake failed: broken pipe
zmq: warning: ipc://bound: peer refused: routing ID in use
`
	if stderr.String() != want {
		t.Errorf("got\n%s", &stderr)
	}
}

// A command reports once that it has no peer, and only if it continues to wait.
func TestMissingPeerIsReportedOnce(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"push -c inproc://unbound --timeout 1m x", "zmq: push: no peer yet at inproc://unbound\nzmq: push: timed out after 1m0s: "},
		{"pull -b inproc://unbound --timeout 1m", "zmq: pull: no peer yet at inproc://unbound\nzmq: pull: timed out after 1m0s: "},
		{"pub -b inproc://unbound --timeout 1m x", "zmq: pub: no subscriber yet at inproc://unbound\nzmq: pub: timed out after 1m0s: "},
		{"perf remote_lat inproc://unbound 1 1 --timeout 1m", "zmq: perf remote_lat: no peer yet at inproc://unbound\nzmq: perf remote_lat: timed out after 1m0s: "},
		{"push -c inproc://unbound --timeout 1s x", "zmq: push: timed out after 1s: "},
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

// After the last peer has disconnected the report is not that no peer has
// connected yet.
func TestMissingPeerIsReportedAfterDisconnect(t *testing.T) {
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
		j.reportNoPeer()
		if err := push.Connect("inproc://x"); err != nil {
			t.Fatal(err)
		}
		push.Close()
		j.reportNoPeer()
		if want := "zmq: pull: no peer yet at inproc://x\nzmq: pull: no peer any more at inproc://x\n"; stderr.String() != want {
			t.Errorf("got\n%s", &stderr)
		}
	})
}

func TestExposedReportsEndpointsBeyondLoopback(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://0.0.0.0:5555":   true,
		"tcp://[::]:5555":      true,
		"tcp://*:5555":         true,
		"tcp://127.0.0.1:5555": false,
		"tcp://[::1]:5555":     false,
		"tcp://127.1.2.3:5555": false,
		"tcp://10.0.0.1:5555":  true,
		"tcp://[fe80::1%2]:1":  true,
		"tls+tcp://8.8.8.8:1":  true,
		"ipc:///run/0.0.0.0:1": false,
		"tcp://nonsense":       false,

		"udp://0.0.0.0:5555":               true,
		"udp://[::]:5555":                  true,
		"udp://127.0.0.1:5555":             false,
		"udp://10.0.0.1:5555":              true,
		"udp://239.1.2.3:5555":             true,
		"udp://127.0.0.1;239.1.2.3:5555":   true,
		"udp://eth0;[ff02::1]:5555":        true,
		"udp://[fe80::1%eth0]:5555":        true,
		"udp://[fe80::1];[ff02::1%1]:5555": true,
	} {
		if got := exposed(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}

func TestEphemeralReportsEndpointsChosenAtBind(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"tcp://127.0.0.1:*": true, "tcp://127.0.0.1:0": true, "ipc://*": true,
		"tcp://*:5555": false, "tcp://127.0.0.1:80": false, "ipc:///run/x": false,
	} {
		if got := ephemeral(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}
