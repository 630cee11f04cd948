// Command zmq opens a ZeroMQ socket of any type from the shell: it sends
// arguments or lines of standard input, and prints the messages it receives. It
// also measures throughput and latency as libzmq's programs do (zmq perf), and
// demonstrates the patterns and transports (zmq demo).
//
//	zmq pull -b tcp://127.0.0.1:5555 &
//	zmq push -c tcp://127.0.0.1:5555 hello world
//
// Run "zmq --help", or "zmq COMMAND --help" for examples of a command.
//
// It uses only the public API of the library.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/zerobroker/zmq"
)

// Exit statuses.
const (
	exitOK     = 0 // every message was sent, and --count was reached
	exitFailed = 1 // not every message was sent, or --count was not reached
	exitUsage  = 2 // the command line is invalid; nothing was sent or received
)

// cli is the command line as kong parses it.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Push pushCmd `cmd:"" group:"Pipelines" help:"Send messages to PULL peers in turn."`
	Pull pullCmd `cmd:"" group:"Pipelines" help:"Print messages from PUSH peers."`

	Pub  pubCmd  `cmd:"" group:"Publishing" help:"Publish messages to their subscribers."`
	Sub  subCmd  `cmd:"" group:"Publishing" help:"Subscribe, and print messages."`
	Xpub xpubCmd `cmd:"" group:"Publishing" help:"Publish messages, and print subscriptions."`
	Xsub xsubCmd `cmd:"" group:"Publishing" help:"Subscribe, print messages, and send to publishers."`

	Req    reqCmd    `cmd:"" group:"Requests" help:"Send requests one by one, and print the replies."`
	Rep    repCmd    `cmd:"" group:"Requests" help:"Print requests, and reply to them."`
	Dealer dealerCmd `cmd:"" group:"Requests" help:"Send and print messages, independently of each other."`
	Router routerCmd `cmd:"" group:"Requests" help:"Print messages with the sender's routing ID, and send to routing IDs."`

	Pair pairCmd `cmd:"" group:"Pairs" help:"Exchange messages with one PAIR peer."`

	Stream streamCmd `cmd:"" group:"Without ZeroMQ" help:"Send and print bytes over plain tcp and ipc connections."`
	Dgram  dgramCmd  `cmd:"" group:"Without ZeroMQ" help:"Send and print datagrams over udp."`

	Client  clientCmd  `cmd:"" group:"drafts" help:"Send to SERVER peers in turn, and print their messages."`
	Server  serverCmd  `cmd:"" group:"drafts" help:"Print messages from CLIENT peers with routing numbers, and send to routing numbers."`
	Peer    peerCmd    `cmd:"" group:"drafts" help:"Send to PEER peers, and print their messages with routing numbers."`
	Radio   radioCmd   `cmd:"" group:"drafts" help:"Send messages to groups."`
	Dish    dishCmd    `cmd:"" group:"drafts" help:"Join groups, and print messages sent to them."`
	Scatter scatterCmd `cmd:"" group:"drafts" help:"Send messages to GATHER peers in turn."`
	Gather  gatherCmd  `cmd:"" group:"drafts" help:"Print messages from SCATTER peers."`
	Channel channelCmd `cmd:"" group:"drafts" help:"Exchange messages with one CHANNEL peer."`

	Proxy      proxyCmd      `cmd:"" group:"Tools" help:"Forward messages between two sockets: a broker or a forwarder."`
	Monitor    monitorCmd    `cmd:"" group:"Tools" help:"Connect to an endpoint, and print the events of the connection."`
	Doctor     doctorCmd     `cmd:"" group:"Tools" help:"Connect to an endpoint in steps, and say what is wrong."`
	Sniff      sniffCmd      `cmd:"" group:"Tools" help:"Forward connections, and print the ZMTP that they contain."`
	Curve      curveCmd      `cmd:"" group:"Tools" help:"Make keys for CURVE, which encrypts and authenticates connections."`
	Perf       perfCmd       `cmd:"" group:"Tools" help:"Measure throughput and latency, as libzmq's programs of the same names do."`
	Demo       demoCmd       `cmd:"" group:"Tools" help:"Run each basic pattern over tcp, ipc and inproc, and measure the transports."`
	VersionCmd versionCmd    `cmd:"" group:"Tools" name:"version" help:"Print the version."`
	DemoInproc demoInprocCmd `cmd:"" hidden:"" name:"demo-inproc"`
}

// drafts is the group of the draft types in the help.
var drafts = kong.Group{
	Key: "drafts", Title: "Draft types",
	Description: "Newer socket types, whose messages have one frame. Peers that use libzmq need a build of it with drafts.",
}

// helpVars are the variable parts of the help of flags. A command replaces them
// in the tag of the embedded flags.
var helpVars = kong.Vars{
	"version": versionLine(),
	"frames":  ", with a tab between frames",
	"bind":    "Accept peers at an endpoint: tcp://127.0.0.1:5555, tcp://127.0.0.1:*, ipc:///run/feed. Repeatable.",
	"connect": "Connect to an endpoint, and retry until a peer is bound there. Repeatable.",
}

const description = `ZeroMQ from the shell: open a socket of any type, send messages, print received messages.

Messages to send are the arguments, or the lines of standard input. Received messages are printed one per line.
A tab separates the frames of a message.
Exit status: 0 if all messages were sent and --count was reached, 1 if not, 2 if the command line is invalid.`

func main() {
	// When the reader of standard output exits, writing fails with an error.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(interruptible(), os.Args[1:], processEnv()))
}

// run executes one command line and returns its exit status.
func run(ctx context.Context, args []string, e *env) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	parser, err := newParser(ctx, grammar(args), e)
	if err != nil {
		e.logf("internal: %v", err)
		return exitFailed
	}
	c, err := parser.Parse(args)
	if errors.Is(err, syscall.EPIPE) {
		return exitOK // the reader of the help has seen enough
	}
	if err != nil {
		e.command = commandName(parsed(err))
		return e.fail(usageError{explain(err)})
	}
	e.command = commandName(c.Selected().Path())
	return e.fail(explainNoEndpoint(c.Run(), args))
}

// newParser returns a parser of command lines with the given grammar.
func newParser(ctx context.Context, grammar any, e *env) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name("zmq"), kong.Description(description),
		kong.Writers(e.stdout, e.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(exactString)), kong.ExplicitGroups([]kong.Group{drafts, securityGroup}), helpVars,
		kong.PostBuild(limitSecurityFlags), kong.PostBuild(prefixFlagNames),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(e))
}

// exactString decodes a string argument without a change. Kong's own decoder
// replaces bytes that are not UTF-8.
func exactString(c *kong.DecodeContext, target reflect.Value) error {
	t, err := c.Scan.PopValue("string")
	if err != nil {
		return err
	}
	target.SetString(fmt.Sprint(t.Value))
	return nil
}

// commandName removes the name of the program from a command.
func commandName(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "zmq"), " ")
}

// parsed returns the command of an invalid command line, if it has one.
func parsed(err error) string {
	if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context.Selected() != nil {
		return p.Context.Selected().Path()
	}
	return ""
}

// usageError is an error in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// isUsageError reports whether the command line caused err. Invalid endpoints
// and options that the library rejects are from the command line too.
func isUsageError(err error) bool {
	_, ours := errors.AsType[usageError](err)
	return ours || errors.Is(err, zmq.ErrInvalidEndpoint) || errors.Is(err, zmq.ErrUnsupportedTransport) || errors.Is(err, zmq.ErrInvalidOption)
}

// fail reports err, unless it is nil, and returns the exit status for it.
func (e *env) fail(err error) int {
	if err == nil {
		return exitOK
	}
	e.logCommandf("%s", errorText(err))
	if isUsageError(err) {
		fmt.Fprintf(e.stderr, "Try '%s --help'.\n", strings.TrimSpace("zmq "+e.command))
		return exitUsage
	}
	return exitFailed
}
