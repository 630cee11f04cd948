package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// socketFlags are the flags of every command that opens a socket.
type socketFlags struct {
	Bind    []string      `short:"b" sep:"none" placeholder:"EP" help:"${bind}"`
	Connect []string      `short:"c" sep:"none" placeholder:"EP" help:"${connect}"`
	Timeout time.Duration `placeholder:"D" help:"End after this time, such as 5s; 0s, the default, is for ever. Exit status 1; where messages are received without --count, 0 if any came."`
	JSON    bool          `name:"json" xor:"format" help:"Read and print lines of {\"frames\":[\"<base64>\", ...]}, which is exact."`
	Quoted  bool          `short:"Q" xor:"format" help:"Read and print control characters in frames as \\t \\n \\r \\\\ \\xHH, which is exact too."`
	Verbose bool          `short:"v" help:"Tell on standard error what happens to connections."`

	bindsQuietly bool // the endpoints of -b are our own choice, and nobody asked for them
}

// routedFlags are for the commands whose sockets ROUTER peers send to by id.
type routedFlags struct {
	Identity string `placeholder:"ID" help:"Name this socket to ROUTER peers: 1 to 255 bytes."`
	Probe    bool   `help:"Send an empty message to each peer first, for a ROUTER that has to know us before we have anything to say."`
}

// sendFlags are the flags of commands that send.
type sendFlags struct {
	Messages []string      `arg:"" optional:"" name:"message" help:"Messages to send${frames}. Without any, the lines of standard input."`
	Interval time.Duration `placeholder:"D" help:"Wait this long between messages."`
}

// sendCount is --count of commands that only send.
type sendCount struct {
	Count *int `short:"n" placeholder:"N" help:"Send N messages, going round the arguments; or at most N lines."`
}

// recvCount is --count of commands that only receive.
type recvCount struct {
	Count *int `short:"n" placeholder:"N" help:"End after N messages. Without it, Ctrl-C ends."`
}

// bothCount is --count of commands that do both.
type bothCount struct {
	Count *int `short:"n" placeholder:"N" help:"End when N messages were received and the input is over; 0 when all is sent. Without it, Ctrl-C ends."`
}

// usagef makes a usageError.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// job checks the flags and returns the job they describe, still without input
// and socket.
func (f *socketFlags) job(e *env, l layout) (*job, error) {
	if len(f.Bind)+len(f.Connect) == 0 {
		return nil, usagef("where? Give at least one endpoint with -b (bind) or -c (connect)")
	}
	if f.Timeout < 0 {
		return nil, usagef("--timeout must not be negative")
	}
	for _, ep := range f.endpoints() {
		if strings.HasPrefix(ep, "inproc://") && !e.inproc {
			return nil, usagef("%s: inproc reaches only the sockets of one process, and this one has no other; use ipc", ep)
		}
	}
	out := f.outCodec(e, l)
	return &job{e: e, flags: f, out: newPrinter(e.stdout, out, f.newlines(l) && !e.terminal.out)}, nil
}

// routed adds these flags to the options of a socket.
func (f *routedFlags) routed(o *zmq.Options) *zmq.Options {
	o.RoutingID, o.AutoMessages.ProbeRouter = f.Identity, f.Probe
	return o
}

// endpoints is all endpoints, those to bind first.
func (f *socketFlags) endpoints() []string {
	return append(append([]string(nil), f.Bind...), f.Connect...)
}

// options are those of the socket.
func (f *socketFlags) options(e *env) *zmq.Options {
	o := &zmq.Options{}
	if f.Verbose {
		o.Logger = slog.New(slog.NewTextHandler(lockedStderr{e}, &slog.HandlerOptions{
			Level: slog.LevelDebug, ReplaceAttr: shortLog,
		}))
	}
	return o
}

// shortLog leaves the time of day of the time, and no level: all is the same.
func shortLog(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		return slog.String(a.Key, a.Value.Time().Format("15:04:05.000"))
	case slog.LevelKey:
		return slog.Attr{}
	}
	return a
}

// lockedStderr writes whole lines between those of say.
type lockedStderr struct{ e *env }

func (w lockedStderr) Write(b []byte) (int, error) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	return w.e.stderr.Write(b)
}

// codec is how messages are written in arguments and input.
func (f *socketFlags) codec(l layout) codec {
	switch {
	case f.JSON:
		return jsonLines{l}
	case f.Quoted:
		return quoted.of(l)
	}
	return raw.of(l)
}

// outCodec is how messages are printed: plain text on a terminal shows control
// characters instead of sending them there.
func (f *socketFlags) outCodec(e *env, l layout) codec {
	if !f.JSON && !f.Quoted && e.terminal.out {
		return display.of(l)
	}
	return f.codec(l)
}

// newlines reports whether the newline of a line is one of the bytes of a
// STREAM: plain text then passes through as in a pipe.
func (f *socketFlags) newlines(l layout) bool { return l.stream && !f.JSON && !f.Quoted }

// needCount checks a --count that is to be at least one, if it is given.
func needCount(n *int, least int) error {
	if n != nil && *n < least {
		return usagef("--count must be at least %d", least)
	}
	return nil
}

// input is the messages to send: the arguments, n of them if n is given, or
// lines, at most n.
func (f *sendFlags) input(j *job, n *int, l layout) error {
	if f.Interval < 0 {
		return usagef("--interval must not be negative")
	}
	j.interval = f.Interval
	if len(f.Messages) == 0 {
		j.in = lineInput(j, n, l)
		return nil
	}
	c := j.flags.codec(l)
	list := make([]record, len(f.Messages))
	for i, m := range f.Messages {
		if err := c.decode([]byte(m), &list[i]); err != nil {
			return usagef("message %d: %w", i+1, err)
		}
	}
	count := len(list)
	if n != nil {
		count = *n
	}
	j.in = &input{src: &listSource{list: list, n: count}}
	return nil
}

func lineInput(j *job, n *int, l layout) *input {
	src := &lineSource{
		r:      bufio.NewReaderSize(j.e.stdin, 64<<10),
		decode: j.flags.codec(l).decode, skipBlank: j.flags.JSON, newlines: j.flags.newlines(l), limit: -1,
	}
	if n != nil {
		src.limit = *n
	}
	return &input{src: src, terminal: j.e.terminal.in}
}
