package main

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// socketFlags are the flags of every command that opens a socket.
type socketFlags struct {
	Bind    []string      `short:"b" sep:"none" placeholder:"EP" help:"${bind}"`
	Connect []string      `short:"c" sep:"none" placeholder:"EP" help:"${connect}"`
	Timeout time.Duration `placeholder:"D" help:"Stop after this time, such as 5s. Default 0s: no timeout. The exit status is then 1, or 0 if the command receives without --count and has received a message."`
	JSON    bool          `name:"json" xor:"format" help:"Read and print messages as JSON: {\"frames\":[\"<base64>\", ...]}. Keeps every byte."`
	Quoted  bool          `short:"Q" xor:"format" help:"Read and print control characters in frames as \\t \\n \\r \\\\ \\xHH. Keeps every byte."`
	Verbose bool          `short:"v" help:"Log the events of connections to standard error."`

	securityFlags

	bindsQuietly bool // the command itself chose the endpoints of Bind: do not print them
}

// routedFlags are the flags of socket types that ROUTER peers address by
// routing ID.
type routedFlags struct {
	RoutingID *string `name:"routing-id" aliases:"identity" placeholder:"ID" help:"Routing ID that this socket announces to ROUTER peers: 1 to 255 bytes, the first not zero."`
	Probe     bool    `help:"Send an empty message to each new peer, so that a ROUTER learns the routing ID of this socket."`
}

// sendFlags are the flags of commands that send.
type sendFlags struct {
	Messages []string      `arg:"" optional:"" name:"message" help:"Messages to send${frames}. Default: the lines of standard input."`
	Interval time.Duration `placeholder:"D" help:"Wait this long between messages."`
}

// sendCount is the flag --count of commands that only send.
type sendCount struct {
	Count *int `short:"n" placeholder:"N" help:"Send N messages, repeating the arguments, or at most N lines."`
}

// recvCount is the flag --count of commands that only receive.
type recvCount struct {
	Count *int `short:"n" placeholder:"N" help:"Stop after N messages. Default: receive until Ctrl-C."`
}

// bothCount is the flag --count of commands that send and receive.
type bothCount struct {
	Count *int `short:"n" placeholder:"N" help:"Stop when the input is sent and N messages are received. 0: receive nothing. Default: receive until Ctrl-C."`
}

// usagef returns a usageError.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// job checks the flags and returns a job without input and socket, whose
// messages are printed in layout l.
func (f *socketFlags) job(e *env, l layout) (*job, error) {
	if len(f.Bind)+len(f.Connect) == 0 {
		return nil, errNoEndpoint
	}
	if f.Timeout < 0 {
		return nil, usagef("--timeout must not be negative")
	}
	for _, ep := range f.endpoints() {
		if ep == "" {
			return nil, usagef("the endpoint of -b or -c is empty")
		}
		if strings.HasPrefix(ep, "inproc://") && !e.inproc {
			return nil, usagef("%s: inproc connects sockets of one process, and this process has only one; use ipc", ep)
		}
	}
	if err := f.secure(e, f.Bind, f.Connect); err != nil {
		return nil, err
	}
	out := f.outCodec(e, l)
	return &job{e: e, flags: f, watch: watcher{hint: f.hint, verbose: f.Verbose}, out: newPrinter(e.stdout, out, f.newlines(l) && !e.terminal.out)}, nil
}

// maxRoutingID is the maximum length of a routing ID in bytes.
const maxRoutingID = 255

// routed checks these flags and sets their options.
func (f *routedFlags) routed(o *zmq.Options) (*zmq.Options, error) {
	if id := f.RoutingID; id != nil {
		if n := len(*id); n == 0 || n > maxRoutingID || (*id)[0] == 0 {
			return nil, usagef("--routing-id of %d bytes: it must have 1 to %d bytes, and the first must not be zero", n, maxRoutingID)
		}
		o.RoutingID = *id
	}
	o.AutoMessages.ProbeRouter = f.Probe
	return o, nil
}

// endpoints returns the endpoints of Bind, then those of Connect.
func (f *socketFlags) endpoints() []string {
	return append(append([]string(nil), f.Bind...), f.Connect...)
}

// options returns the options of the socket.
func (f *socketFlags) options() *zmq.Options {
	return &zmq.Options{Security: f.security}
}

// codec returns the codec of messages in arguments and input.
func (f *socketFlags) codec(l layout) codec {
	switch {
	case f.JSON:
		return jsonLines{l}
	case f.Quoted:
		return quoted.of(l)
	}
	return raw.of(l)
}

// outCodec returns the codec of printed messages. Plain text on a terminal has
// its control characters escaped.
func (f *socketFlags) outCodec(e *env, l layout) codec {
	if !f.JSON && !f.Quoted && e.terminal.out {
		return display.of(l)
	}
	return f.codec(l)
}

// newlines reports whether the newline of a line belongs to the message: in
// plain text of a STREAM it does.
func (f *socketFlags) newlines(l layout) bool { return l.stream && !f.JSON && !f.Quoted }

// needCount checks that --count, if given, is not below least.
func needCount(n *int, least int) error {
	if n != nil && *n < least {
		return usagef("--count must be at least %d", least)
	}
	return nil
}

// input sets the input of the job: the arguments, repeated to n messages unless
// n is nil, or at most n lines.
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
