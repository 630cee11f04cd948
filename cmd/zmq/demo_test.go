package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// canned is a launcher of commands that are over before they begin.
type canned struct {
	out string
	err error
}

func (c canned) start(_ context.Context, args []string, _ string) *running {
	r := newRunning(args)
	r.out.WriteString(c.out)
	r.err = c.err
	close(r.done)
	return r
}

// TestExchangeFindsFaults: what is lost, changed, out of order or too much.
func TestExchangeFindsFaults(t *testing.T) {
	x := exchange{"push/pull", []role{{args: []string{"pull"}, want: "a\nb\n"}}}
	for _, c := range []struct {
		name string
		canned
		want string // in the error; empty for none
	}{
		{"as sent", canned{out: "a\nb\n"}, ""},
		{"lost", canned{out: "a\n"}, `message 2 is "", not "b\n"`},
		{"changed", canned{out: "a\nB\n"}, `message 2 is "B\n", not "b\n"`},
		{"out of order", canned{out: "b\na\n"}, "message 1 is"},
		{"twice", canned{out: "a\nb\nb\n"}, `message 3 is "b\n", not ""`},
		{"failed", canned{err: errors.New("exit status 1")}, "pull: exit status 1"},
	} {
		err := x.run(t.Context(), c.canned, "inproc://x")
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := x.run(t.Context(), canned{err: errors.New("exit status 1")}, "ipc://*"); err == nil {
		t.Error("a binder that ends before it is bound is no error")
	}
}

// TestDemoFails if one exchange does.
func TestDemoFails(t *testing.T) {
	d := &demo{done: 3, failed: 1}
	if err := d.verdict(0); err == nil || err.Error() != "1 of 3 went wrong" {
		t.Error(err)
	}
}

func TestNoticesFindEndpoint(t *testing.T) {
	n := notices{bound: make(chan struct{})}
	for _, part := range []string{"zmq: hello\nzmq: listen", "ing on tcp://127.0", ".0.1:5\nzmq: bye\n"} {
		n.Write([]byte(part))
	}
	<-n.bound
	if n.endpoint != "tcp://127.0.0.1:5" || n.last() != " (zmq: bye)" {
		t.Errorf("%q %q", n.endpoint, n.last())
	}
}

func TestDemoText(t *testing.T) {
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
		t.Error("a figure that is not there")
	}
}

// TestDemoSkipsMissingTransport: what cannot be bound is left out, with the
// reason, and the rest is shown.
func TestDemoSkipsMissingTransport(t *testing.T) {
	var d demo
	if note := d.choose(func(string) error { return nil }); note != "" || len(d.over) != len(demoTransports) {
		t.Errorf("with all: %v, %q", d.over, note)
	}
	d = demo{}
	note := d.choose(func(string) error { return errors.New("address family not supported") })
	if !strings.Contains(note, "ipc was skipped") || !strings.Contains(note, "address family not supported") {
		t.Errorf("note %q", note)
	}
	if len(d.over) != 2 || d.over[0].name != "tcp" || d.over[1].name != "inproc" {
		t.Errorf("without ipc: %v", d.over)
	}
}
