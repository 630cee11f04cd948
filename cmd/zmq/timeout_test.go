package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

// The effect of --timeout on a command that has a peer. Time is virtual, so
// that a slow machine does not cause a timeout.
func TestTimeoutOfCommandWithPeer(t *testing.T) {
	for _, c := range []struct {
		name    string
		peer    string // runs until the command has ended
		command string
		out     string
		fails   bool
		stderr  []string // prefixes of the lines of standard error
	}{
		{"has received without a count", "pair -b inproc://x one two",
			"pair -c inproc://x --timeout 2s", "one\ntwo\n", false, nil},
		{"has sent and received without a count", "router -b inproc://x --echo",
			"dealer -c inproc://x --timeout 2s hello", "hello\n", false, nil},
		{"a count is not reached", "pair -b inproc://x one two",
			"pair -c inproc://x -n 3 --timeout 2s", "one\ntwo\n", true,
			[]string{"zmq: pair: timed out after 2s: 0 sent, 2 of 3 received"}},
		{"has no reply", "router -b inproc://x",
			"req -c inproc://x --timeout 2s hello", "", true,
			[]string{"zmq: req: timed out after 2s: 0 answered"}},
		{"no peer joins", "dish -c inproc://x -g other",
			"radio -b inproc://x -g g --timeout 2s hello", "", true,
			[]string{`zmq: radio: waiting for 1 to join "g" (--no-wait does not)`,
				`zmq: radio: timed out after 2s: 0 sent, no peer joined "g"`}},
		{"no peer subscribes", "sub -c inproc://x -s other",
			"pub -b inproc://x --timeout 2s hello", "", true,
			[]string{`zmq: pub: waiting for 1 to subscribe to "hello" (--no-wait does not)`,
				`zmq: pub: timed out after 2s: 0 sent, no peer subscribed to "hello"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				peer := goroutines{}.start(ctx, strings.Fields(c.peer), "")
				command := goroutines{}.start(t.Context(), strings.Fields(c.command), "")
				<-command.done
				stop()
				<-peer.done
				if got := command.out.String(); got != c.out {
					t.Errorf("printed %q, want %q", got, c.out)
				}
				if (command.err != nil) != c.fails || peer.err != nil {
					t.Errorf("ended with %v, its peer with %v", command.err, peer.err)
				}
				lines := strings.Split(strings.TrimSuffix(command.stderr.text.String(), "\n"), "\n")
				for i, line := range lines {
					if i >= len(c.stderr) && line != "" || i < len(c.stderr) && !strings.HasPrefix(line, c.stderr[i]) {
						t.Errorf("standard error %q, want %q", lines, c.stderr)
						break
					}
				}
			})
		})
	}
}
