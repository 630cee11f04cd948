package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerobroker/zmq"
)

// exchangeTimeout ends an exchange or a measurement that is stuck.
const exchangeTimeout = time.Minute

// demoTransport is a transport and the endpoint to bind.
type demoTransport struct{ name, endpoint string }

var demoTransports = []demoTransport{
	{"tcp", "tcp://127.0.0.1:*"},
	{"ipc", "ipc://*"},
	{"inproc", "inproc://demo"},
}

type demoCmd struct {
	Quick bool `help:"A tenth of the messages: enough to see that it works, too few to measure."`
}

// Help is shown by zmq demo --help.
func (demoCmd) Help() string {
	return `Starts processes of this command that exchange messages in each basic pattern over tcp and ipc, and sockets within one
process over inproc. All that is received is compared with what was sent. Then it measures each transport with zmq perf.
A transport that this system does not have, such as ipc on some, is left out. Exit status 1 if anything was lost or wrong.`
}

// demo is one run.
type demo struct {
	e       *env
	exe     processes
	scale   int // divides numbers of messages
	over    []demoTransport
	done    int
	failed  int
	carried int
}

// Run shows everything.
func (c *demoCmd) Run(ctx context.Context, e *env) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	d := &demo{e: e, exe: processes{exe}, scale: 1}
	if c.Quick {
		d.scale = 10
	}
	start := time.Now()
	skipped := d.choose(bindable)
	if err := firstError(d.exchanges(ctx), d.table(ctx), d.printf("%s", skipped)); err != nil {
		return err
	}
	return d.verdict(time.Since(start))
}

// choose sets the transports to those that this system has, and returns a note
// on the others. Every system has tcp and inproc, or the demo is for nothing.
func (d *demo) choose(has func(endpoint string) error) (skipped string) {
	for _, t := range demoTransports {
		if t.name == "ipc" {
			if err := has(t.endpoint); err != nil {
				skipped += fmt.Sprintf("\n%s was skipped, it cannot be bound here: %s\n", t.name, failure(err))
				continue
			}
		}
		d.over = append(d.over, t)
	}
	return skipped
}

// bindable returns the error of binding an endpoint.
func bindable(endpoint string) error {
	s, err := zmq.NewPull(nil)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Bind(endpoint)
	return err
}

// printf writes progress.
func (d *demo) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(d.e.stdout, format, args...)
	return outputError(err)
}

// exchanges runs each pattern over each transport.
func (d *demo) exchanges(ctx context.Context) error {
	err := d.printf("Every basic pattern, between processes of this command (inproc: between sockets of one).\n" +
		"What is received is compared with what was sent. The time is that of the whole exchange, mostly for\n" +
		"starting processes and for text: the table at the end measures the transports.\n\n")
	if err != nil {
		return err
	}
	for _, x := range exchanges(d.scale) {
		for _, t := range d.over {
			if err := d.exchange(ctx, x, t.name, t.endpoint); err != nil {
				return err
			}
		}
	}
	return nil
}

// exchange runs one and prints its line. Its error is only one that ends all.
func (d *demo) exchange(ctx context.Context, x exchange, transport, endpoint string) error {
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	var err error
	processes := len(x.roles)
	if transport == "inproc" {
		processes = 1
		err = d.exe.inproc(limited, x.name, d.scale)
	} else {
		err = x.run(limited, d.exe, endpoint)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	result := "ok"
	d.done++
	if err != nil {
		d.failed++
		result = "FAILED: " + err.Error()
	} else {
		d.carried += x.messages()
	}
	return d.printf("%-14s %-7s %8s messages, %d sockets in %d process%s %6d ms  %s\n",
		x.name, transport, group(x.messages()), len(x.roles), processes, plural(processes, "es", "  "),
		time.Since(begin).Milliseconds(), result)
}

// verdict is the last line, and the error if not all went well.
func (d *demo) verdict(took time.Duration) error {
	if d.failed > 0 {
		return fmt.Errorf("%d of %d went wrong", d.failed, d.done)
	}
	return d.printf("\n%d exchanges, %s messages, none lost or changed, in %.1f s.\n",
		d.done, group(d.carried), took.Seconds())
}

// errUnknown is for a pattern that the demo does not have.
var errUnknown = errors.New("no such pattern")

type demoInprocCmd struct {
	Pattern string `arg:""`
	Scale   int    `arg:""`
}

// Run runs an exchange between sockets of this process, as part of the demo.
func (c *demoInprocCmd) Run(ctx context.Context, e *env) error {
	for _, x := range exchanges(c.Scale) {
		if x.name == c.Pattern {
			return x.run(ctx, goroutines{}, "inproc://demo")
		}
	}
	return usageError{errUnknown}
}

// plural is one or many.
func plural(n int, many, one string) string {
	if n == 1 {
		return one
	}
	return many
}

// group writes a number with its thousands apart.
func group(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
