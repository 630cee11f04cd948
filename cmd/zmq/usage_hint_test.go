package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// usage runs a command line that is invalid and returns the first line of
// standard error.
func usage(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	if code := run(context.Background(), args, e); code != exitUsage {
		t.Errorf("zmq %q: exit status %d", args, code)
	}
	line, try, _ := strings.Cut(stderr.String(), "\n")
	if stdout.Len() > 0 || !strings.HasPrefix(try, "Try 'zmq") || strings.Count(try, "\n") != 1 {
		t.Errorf("zmq %q:\n%s%s", args, &stdout, &stderr)
	}
	return line
}

func TestUsageErrorSaysWhatToWrite(t *testing.T) {
	for line, want := range map[string]string{
		"-v push -c tcp://127.0.0.1:1 x":        "zmq: the flag -v must follow the command: zmq push -v",
		"--json pull -b ipc://x":                "zmq: the flag --json must follow the command: zmq pull --json",
		"--timeout=1s pull -b ipc://x":          "zmq: the flag --timeout must follow the command: zmq pull --timeout",
		"perf --timeout 1s local_thr":           "zmq: perf: the flag --timeout must follow the command: zmq perf local_thr --timeout",
		"-x push":                               "zmq: unknown flag -x",
		"push tcp://127.0.0.1:1":                "zmq: push: no endpoint: write -c tcp://127.0.0.1:1 to connect, or -b tcp://127.0.0.1:1 to bind",
		"push x":                                "zmq: push: no endpoint: give at least one endpoint with -b (bind) or -c (connect)",
		"pull tcp://127.0.0.1:1":                "zmq: pull: unexpected argument tcp://127.0.0.1:1: write -c tcp://127.0.0.1:1 to connect, or -b tcp://127.0.0.1:1 to bind",
		"pull x":                                "zmq: pull: unexpected argument x",
		"push -c":                               "zmq: push: --connect needs an endpoint, such as tcp://127.0.0.1:5555",
		"push -b -v x":                          "zmq: push: --bind needs an endpoint, such as tcp://127.0.0.1:5555",
		"push -c ipc://x -n":                    "zmq: push: --count needs a value",
		"dealer -c ipc://x --routing-id":        "zmq: dealer: --routing-id needs a value",
		"push -c ipc://x --interval -1s":        "zmq: push: --interval needs a value; if -1s is the value, write --interval=-1s",
		"push -c ipc://x --verbos":              "zmq: push: unknown flag --verbos, did you mean --verbose?",
		"push -c ipc://x --curve-serverk=x":     "zmq: push: unknown flag --curve-serverk, did you mean --curve-serverkey?",
		"push -c ipc://x --curve":               "zmq: push: unknown flag --curve", // several flags begin with it
		"push -c ipc://x --nosuch":              "zmq: push: unknown flag --nosuch",
		"push -c ipc://x -i 2s":                 "zmq: push: unknown flag -i",
		"router -c ipc://x --routing_id worker": "zmq: router: unknown flag --routing_id, did you mean --routing-id?",
	} {
		if got := usage(t, strings.Fields(line)...); got != want {
			t.Errorf("zmq %s:\n%s\nwant\n%s", line, got, want)
		}
	}
	if got := usage(t, "push", "-c", "", "x"); got != "zmq: push: the endpoint of -b or -c is empty" {
		t.Error(got)
	}
}

func TestRoutingIDFlagRefusesInvalidIDs(t *testing.T) {
	for _, id := range []string{"", "\x00a", strings.Repeat("a", 256)} {
		for _, flag := range []string{"--routing-id=", "--identity="} {
			for _, command := range []string{"req", "dealer", "router"} {
				got := usage(t, command, "-c", "ipc://x", flag+id)
				if !strings.Contains(got, "it must have 1 to 255 bytes, and the first must not be zero") {
					t.Errorf("zmq %s %s%q: %s", command, flag, id, got)
				}
			}
		}
	}
}
