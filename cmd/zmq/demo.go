package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerobroker/zmq"
)

// exchangeTimeout bounds an exchange or a measurement.
const exchangeTimeout = time.Minute

// demoTransport is a transport and the endpoint that the demo binds.
type demoTransport struct{ name, endpoint string }

var demoTransports = []demoTransport{
	{"tcp", "tcp://127.0.0.1:*"},
	{"ipc", "ipc://*"},
	{"inproc", "inproc://demo"},
}

type demoCmd struct {
	Quick bool `help:"Send a tenth of the messages: enough for a test, too few for a measurement."`
}

// Help is shown by zmq demo --help.
func (demoCmd) Help() string {
	return `Runs each basic pattern: over tcp and ipc between processes of this command, over inproc between sockets of one process. It
compares the received messages with the sent messages. Then it measures each transport with zmq perf. ipc is skipped if the
system does not support it. The exit status is 1 if a message is lost or changed.`
}

// demo is one run of the demo.
type demo struct {
	e          *env
	exe        processes
	scale      int // divides the numbers of messages
	transports []demoTransport
	done       int
	failed     int
	messages   int
}

// Run runs the exchanges and the measurements.
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
	skipped := d.chooseTransports(bindable)
	if err := firstError(d.exchanges(ctx), d.table(ctx), d.printf("%s", skipped)); err != nil {
		return err
	}
	return d.summary(time.Since(start))
}

// chooseTransports sets the transports that the system supports, and returns a
// note about ipc if it is not supported. The demo requires tcp and inproc.
func (d *demo) chooseTransports(has func(endpoint string) error) (skipped string) {
	for _, t := range demoTransports {
		if t.name == "ipc" {
			if err := has(t.endpoint); err != nil {
				skipped += fmt.Sprintf("\n%s was skipped, this system cannot bind it: %s\n", t.name, errorText(err))
				continue
			}
		}
		d.transports = append(d.transports, t)
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

// printf writes to standard output.
func (d *demo) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(d.e.stdout, format, args...)
	return outputError(err)
}

// exchanges runs each pattern over each transport.
func (d *demo) exchanges(ctx context.Context) error {
	err := d.printf("Each basic pattern, between processes of this command (inproc: between sockets of one process).\n" +
		"Received messages are compared with sent messages. The time includes starting the processes and\n" +
		"reading and printing text. The table at the end has the speed of the transports.\n\n")
	if err != nil {
		return err
	}
	for _, x := range exchanges(d.scale) {
		for _, t := range d.transports {
			if err := d.exchange(ctx, x, t.name, t.endpoint); err != nil {
				return err
			}
		}
	}
	return nil
}

// exchange runs one exchange and prints its result. Its error ends the demo.
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
		d.messages += x.messages()
	}
	return d.printf("%-14s %-7s %8s messages, %d sockets in %d process%s %6d ms  %s\n",
		x.name, transport, group(x.messages()), len(x.roles), processes, plural(processes, "es", "  "),
		time.Since(begin).Milliseconds(), result)
}

// summary prints the last line, or returns an error if an exchange failed.
func (d *demo) summary(took time.Duration) error {
	if d.failed > 0 {
		return fmt.Errorf("%d of %d exchanges failed", d.failed, d.done)
	}
	return d.printf("\n%d exchanges, %s messages, none lost or changed, in %.1f s.\n",
		d.done, group(d.messages), took.Seconds())
}

// errUnknownPattern is the error of demo-inproc for an unknown pattern.
var errUnknownPattern = errors.New("no such pattern")

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
	return usageError{errUnknownPattern}
}

// plural returns one if n is 1, and many otherwise.
func plural(n int, many, one string) string {
	if n == 1 {
		return one
	}
	return many
}

// group formats a number with commas between its thousands.
func group(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
