package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

// TestTimeoutWithPeers: what --timeout means to a command that has a peer. Time
// is virtual, so that a slow machine is not what times out.
func TestTimeoutWithPeers(t *testing.T) {
	for _, c := range []struct {
		name    string
		peer    string // runs until the command has ended
		command string
		out     string
		fails   bool
		says    []string // how the lines of standard error begin
	}{
		{"receiving until then is the wanted end", "pair -b inproc://x one two",
			"pair -c inproc://x --timeout 2s", "one\ntwo\n", false, nil},
		{"so it is when nothing is left to send", "router -b inproc://x --echo",
			"dealer -c inproc://x --timeout 2s hello", "hello\n", false, nil},
		{"a count is not reached", "pair -b inproc://x one two",
			"pair -c inproc://x -n 3 --timeout 2s", "one\ntwo\n", true,
			[]string{"zmq: pair: timed out after 2s: 0 sent, 2 of 3 received"}},
		{"a reply does not come", "router -b inproc://x",
			"req -c inproc://x --timeout 2s hello", "", true,
			[]string{"zmq: req: timed out after 2s: 0 answered"}},
		{"no peer joins", "dish -c inproc://x -g other",
			"radio -b inproc://x -g g --timeout 2s hello", "", true,
			[]string{`zmq: radio: waiting for 1 to join "g" (--no-wait does not)`,
				`zmq: radio: timed out after 2s: 0 sent, fewer than 1 joined "g"`}},
		{"no peer subscribes", "sub -c inproc://x -s other",
			"pub -b inproc://x --timeout 2s hello", "", true,
			[]string{`zmq: pub: waiting for 1 to subscribe to "hello" (--no-wait does not)`,
				`zmq: pub: timed out after 2s: 0 sent, fewer than 1 subscribed to "hello"`}},
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
				said := strings.Split(strings.TrimSuffix(command.notices.text.String(), "\n"), "\n")
				for i, line := range said {
					if i >= len(c.says) && line != "" || i < len(c.says) && !strings.HasPrefix(line, c.says[i]) {
						t.Errorf("said %q, want %q", said, c.says)
						break
					}
				}
			})
		})
	}
}
