package main

import (
	"context"
	"fmt"
	"strings"
)

// exchange is one pattern with its sockets.
type exchange struct {
	name  string
	roles []role // the first binds, the others connect
}

// role is one socket of an exchange: the arguments of a zmq command, its input,
// and the output that it must print.
type role struct {
	args  []string
	input string
	want  string
}

// exchanges returns the exchanges of the demo, with numbers of messages divided
// by scale.
func exchanges(scale int) []exchange {
	n := 10_000 / scale
	all, even := numbered("", n), numbered("even", n)
	count := fmt.Sprint(n)
	fewer := numbered("", n/10) // one message at a time takes longer
	fewerCount := fmt.Sprint(n / 10)
	there, back := numbered("there", n), numbered("back", n)
	return []exchange{
		{"push/pull", []role{
			{args: []string{"pull", "-n", count}, want: all},
			{args: []string{"push"}, input: all},
		}},
		{"pub/sub", []role{
			{args: []string{"pub", "--wait", "2"}, input: interleave(even, numbered("odd", n))},
			{args: []string{"sub", "-n", fmt.Sprint(2 * n)}, want: interleave(even, numbered("odd", n))},
			{args: []string{"sub", "-s", "even", "-n", count}, want: even},
		}},
		{"req/rep", []role{
			{args: []string{"rep", "-n", fewerCount}, want: fewer},
			{args: []string{"req"}, input: fewer, want: fewer},
		}},
		{"dealer/router", []role{
			{args: []string{"router", "--echo", "-n", count}, want: prefixed("64656d6f\t", all)},
			{args: []string{"dealer", "--routing-id", "demo", "-n", count}, input: all, want: all},
		}},
		{"pair", []role{
			{args: []string{"pair", "-n", count}, input: there, want: back},
			{args: []string{"pair", "-n", count}, input: back, want: there},
		}},
	}
}

// numbered returns n lines, each a message of three frames.
func numbered(topic string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s\t%d\tThe quick brown fox jumps over the lazy dog\n", topic, i)
	}
	return b.String()
}

// prefixed returns the lines with a prefix before each.
func prefixed(prefix, lines string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n"+prefix) + "\n"
}

// interleave returns the lines of a and b in turn.
func interleave(a, b string) string {
	var out strings.Builder
	others := strings.SplitAfter(b, "\n")
	for i, line := range strings.SplitAfter(a, "\n") {
		out.WriteString(line)
		out.WriteString(others[i])
	}
	return out.String()
}

// messages returns the number of messages that all sockets receive.
func (x exchange) messages() int {
	n := 0
	for _, r := range x.roles {
		n += strings.Count(r.want, "\n")
	}
	return n
}

// run runs the exchange, and returns the first error.
func (x exchange) run(ctx context.Context, l launcher, endpoint string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan error, len(x.roles))
	for i, r := range x.roles {
		flag := "-c"
		if i == 0 {
			flag = "-b"
		}
		p := l.start(ctx, append(r.args[:len(r.args):len(r.args)], flag, endpoint), r.input)
		go func() { outcomes <- r.check(p) }()
		if i == 0 {
			var err error
			if endpoint, err = p.endpoint(endpoint); err != nil {
				return <-outcomes
			}
		}
	}
	var first error
	for range x.roles {
		if err := <-outcomes; err != nil && first == nil {
			first = err
			cancel() // the other commands would wait for this one
		}
	}
	return first
}

// check waits until the command has ended, and compares its output.
func (r role) check(p *running) error {
	out, err := p.wait()
	if err != nil {
		return err
	}
	if out == r.want {
		return nil
	}
	got, want := strings.SplitAfter(out, "\n"), strings.SplitAfter(r.want, "\n")
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Errorf("%s: message %d is %q, want %q", r.args[0], i+1, got[i], want[i])
		}
	}
	return fmt.Errorf("%s: %d messages, want %d", r.args[0], len(got)-1, len(want)-1)
}
