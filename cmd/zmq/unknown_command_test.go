package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// The error suggests the nearest command, or lists all.
func TestUnknownCommandErrorSuggestsCommands(t *testing.T) {
	for line, want := range map[string]string{
		"psuh -c tcp://127.0.0.1:1 x": `unknown command "psuh", did you mean "push"?`,
		"PUSH":                        `unknown command "PUSH", did you mean "push"?`,
		"subscribe":                   `unknown command "subscribe", the commands are push, pull, pub, sub,`,
		"deler":                       `unknown command "deler", did you mean "dealer"?`,
		"foo":                         `unknown command "foo", the commands are push, pull, pub, sub,`,
		"demo-inprc":                  `unknown command "demo-inprc", the commands are`, // it is hidden
		"x":                           `unknown command "x", the commands are`,
		"help foo":                    `unknown command "foo", the commands are`,
	} {
		var stdout, stderr bytes.Buffer
		e := &env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		if code := run(context.Background(), strings.Fields(line), e); code != exitUsage {
			t.Errorf("zmq %s: exit status %d", line, code)
		}
		if got := stderr.String(); !strings.Contains(got, want) || !strings.Contains(got, "Try 'zmq --help'") || stdout.Len() > 0 {
			t.Errorf("zmq %s:\n%s%swant %s", line, stdout.String(), got, want)
		}
	}
	// Other errors of the command line are those of kong, except that all
	// subcommands are listed.
	for line, want := range map[string]string{
		"perf":          "zmq: perf: expected one of local_thr, remote_thr, local_lat, remote_lat, inproc_thr, inproc_lat",
		"version foo":   "unexpected argument foo",
		"--nosuch":      "unknown flag --nosuch",
		"push --nosuch": "unknown flag --nosuch",
	} {
		var stdout, stderr bytes.Buffer
		e := &env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		run(context.Background(), strings.Fields(line), e)
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("zmq %s: %s, want %s", line, stderr.String(), want)
		}
	}
}
