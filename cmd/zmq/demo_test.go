package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// fakeLauncher starts commands that have ended already.
type fakeLauncher struct {
	out string
	err error
}

func (c fakeLauncher) start(_ context.Context, args []string, _ string) *running {
	r := newRunning(args)
	r.out.WriteString(c.out)
	r.err = c.err
	close(r.done)
	return r
}

func TestExchangeReportsWrongOutput(t *testing.T) {
	x := exchange{"push/pull", []role{{args: []string{"pull"}, want: "a\nb\n"}}}
	for _, c := range []struct {
		name string
		fakeLauncher
		want string // in the error; empty for none
	}{
		{"as sent", fakeLauncher{out: "a\nb\n"}, ""},
		{"lost", fakeLauncher{out: "a\n"}, `message 2 is "", want "b\n"`},
		{"changed", fakeLauncher{out: "a\nB\n"}, `message 2 is "B\n", want "b\n"`},
		{"out of order", fakeLauncher{out: "b\na\n"}, "message 1 is"},
		{"twice", fakeLauncher{out: "a\nb\nb\n"}, `message 3 is "b\n", want ""`},
		{"failed", fakeLauncher{err: errors.New("exit status 1")}, "pull: exit status 1"},
	} {
		err := x.run(t.Context(), c.fakeLauncher, "inproc://x")
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := x.run(t.Context(), fakeLauncher{err: errors.New("exit status 1")}, "ipc://*"); err == nil {
		t.Error("no error for a command that ends before it is bound")
	}
}

func TestDemoFailsIfExchangeFails(t *testing.T) {
	d := &demo{done: 3, failed: 1}
	if err := d.summary(0); err == nil || err.Error() != "1 of 3 exchanges failed" {
		t.Error(err)
	}
}

func TestStderrLogFindsBoundEndpoint(t *testing.T) {
	n := stderrLog{bound: make(chan struct{})}
	for _, part := range []string{"zmq: hello\nzmq: listen", "ing on tcp://127.0", ".0.1:5\nzmq: bye\n"} {
		n.Write([]byte(part))
	}
	<-n.bound
	if n.endpoint != "tcp://127.0.0.1:5" || n.last() != " (zmq: bye)" {
		t.Errorf("%q %q", n.endpoint, n.last())
	}
}

func TestDemoFormatsLinesAndNumbers(t *testing.T) {
	if got := interleave("a\nb\n", "1\n2\n"); got != "a\n1\nb\n2\n" {
		t.Errorf("%q", got)
	}
	if got := prefixed("x\t", "a\nb\n"); got != "x\ta\nx\tb\n" {
		t.Errorf("%q", got)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := group(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if _, err := figure("nothing", "mean: ", " x", nil); err == nil {
		t.Error("no error for output without the number")
	}
}

func TestDemoSkipsUnsupportedIPC(t *testing.T) {
	var d demo
	if note := d.chooseTransports(func(string) error { return nil }); note != "" || len(d.transports) != len(demoTransports) {
		t.Errorf("with all: %v, %q", d.transports, note)
	}
	d = demo{}
	note := d.chooseTransports(func(string) error { return errors.New("address family not supported") })
	if !strings.Contains(note, "ipc was skipped") || !strings.Contains(note, "address family not supported") {
		t.Errorf("note %q", note)
	}
	if len(d.transports) != 2 || d.transports[0].name != "tcp" || d.transports[1].name != "inproc" {
		t.Errorf("without ipc: %v", d.transports)
	}
}
