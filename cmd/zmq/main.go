// Command zmq speaks ZeroMQ from the shell: it opens a socket of any type,
// sends what it is given and prints what it receives. It also measures
// throughput and latency as libzmq's own programs do (zmq perf), and shows the
// library at work (zmq demo).
//
//	zmq pull -b tcp://127.0.0.1:5555 &
//	zmq push -c tcp://127.0.0.1:5555 hello world
//
// Run "zmq --help", or "zmq COMMAND --help" for examples of a command.
//
// It knows the library's public face only, never its internals.
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
	exitOK     = 0 // all was sent, and all that was asked for was received
	exitFailed = 1 // it was not
	exitUsage  = 2 // the command line makes no sense; nothing was done
)

// cli is the grammar of the command line.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Push pushCmd `cmd:"" group:"Pipelines" help:"Hand messages out to PULL peers in turn."`
	Pull pullCmd `cmd:"" group:"Pipelines" help:"Print the messages of PUSH peers."`

	Pub  pubCmd  `cmd:"" group:"Publishing" help:"Send messages to all that subscribe to them."`
	Sub  subCmd  `cmd:"" group:"Publishing" help:"Subscribe, and print what is published."`
	Xpub xpubCmd `cmd:"" group:"Publishing" help:"Publish, and print subscriptions as they come."`
	Xsub xsubCmd `cmd:"" group:"Publishing" help:"Subscribe, print what is published, and send upstream."`

	Req    reqCmd    `cmd:"" group:"Requests" help:"Send requests one by one and print each reply."`
	Rep    repCmd    `cmd:"" group:"Requests" help:"Print requests and answer them."`
	Dealer dealerCmd `cmd:"" group:"Requests" help:"Send and print messages, in any order."`
	Router routerCmd `cmd:"" group:"Requests" help:"Print messages with their sender's id, and send to ids."`

	Pair pairCmd `cmd:"" group:"Pairs" help:"Talk both ways with one PAIR peer."`

	Stream streamCmd `cmd:"" group:"Without ZeroMQ" help:"Send and print bytes over plain tcp and ipc connections."`
	Dgram  dgramCmd  `cmd:"" group:"Without ZeroMQ" help:"Send and print datagrams over udp."`

	Client  clientCmd  `cmd:"" group:"drafts" help:"Send to SERVER peers in turn, and print what they send."`
	Server  serverCmd  `cmd:"" group:"drafts" help:"Print messages of CLIENT peers with their numbers, and send to numbers."`
	Peer    peerCmd    `cmd:"" group:"drafts" help:"Send to PEER peers, print what they send, by numbers."`
	Radio   radioCmd   `cmd:"" group:"drafts" help:"Send messages to the members of a group."`
	Dish    dishCmd    `cmd:"" group:"drafts" help:"Join groups, and print what is sent to them."`
	Scatter scatterCmd `cmd:"" group:"drafts" help:"Hand messages out to GATHER peers in turn."`
	Gather  gatherCmd  `cmd:"" group:"drafts" help:"Print the messages of SCATTER peers."`
	Channel channelCmd `cmd:"" group:"drafts" help:"Talk both ways with one CHANNEL peer."`

	Perf       perfCmd       `cmd:"" group:"Tools" help:"Measure, as libzmq's programs of the same names do."`
	Demo       demoCmd       `cmd:"" group:"Tools" help:"Show every basic pattern over tcp, ipc and inproc, and how fast it is."`
	VersionCmd versionCmd    `cmd:"" group:"Tools" name:"version" help:"Print the version."`
	DemoInproc demoInprocCmd `cmd:"" hidden:"" name:"demo-inproc"`
}

// drafts is where the help explains itself: these commands look like others.
var drafts = kong.Group{
	Key: "drafts", Title: "Drafts",
	Description: "Newer types, with one frame a message. Peers that use libzmq need one built with drafts.",
}

// helpVars are the parts of the help that some commands replace, in a tag where
// they embed the flags.
var helpVars = kong.Vars{
	"version": versionLine(),
	"frames":  ", a tab between frames",
	"bind":    "Accept peers at an endpoint: tcp://127.0.0.1:5555, tcp://127.0.0.1:*, ipc:///run/feed. Repeatable.",
	"connect": "Connect to an endpoint, now or when it is there. Repeatable.",
}

const description = `ZeroMQ from the shell: open a socket of any type, send what you are given, print what comes.

Messages are arguments or lines of standard input, and print one a line; a tab separates the frames of a message.
Exit status: 0 all was sent and received as asked, 1 it was not, 2 wrong usage.`

func main() {
	// Whoever reads our output may go: writing fails then, and we end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], processEnv()))
}

// run executes one command line and returns its exit status.
func run(ctx context.Context, args []string, e *env) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	parser, err := kong.New(&cli{},
		kong.Name("zmq"), kong.Description(description),
		kong.Writers(e.stdout, e.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(exactString)), kong.ExplicitGroups([]kong.Group{drafts}), helpVars,
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(e))
	if err != nil {
		e.say("internal: %v", err)
		return exitFailed
	}
	c, err := parser.Parse(args)
	if err != nil {
		if unknown := unknownCommand(err); unknown != nil {
			err = unknown
		}
		e.command = commandName(parsed(err))
		return e.fail(usageError{err})
	}
	e.command = commandName(c.Selected().Path())
	return e.fail(c.Run())
}

// exactString takes an argument as it is. Kong would pass it through JSON, in
// which bytes that are no UTF-8 are lost.
func exactString(c *kong.DecodeContext, target reflect.Value) error {
	t, err := c.Scan.PopValue("string")
	if err != nil {
		return err
	}
	target.SetString(fmt.Sprint(t.Value))
	return nil
}

// commandName is a command without the name of the program.
func commandName(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "zmq"), " ")
}

// parsed is the command that a faulty command line names.
func parsed(err error) string {
	if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context.Selected() != nil {
		return p.Context.Selected().Path()
	}
	return ""
}

// usageError is a mistake in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// misused reports whether the command line is to blame for err: what the
// library calls malformed or out of range comes from there too.
func misused(err error) bool {
	_, ours := errors.AsType[usageError](err)
	return ours || errors.Is(err, zmq.ErrInvalidEndpoint) || errors.Is(err, zmq.ErrUnsupportedTransport) || errors.Is(err, zmq.ErrInvalidOption)
}

// fail reports err, if there is one, and returns the exit status for it.
func (e *env) fail(err error) int {
	if err == nil {
		return exitOK
	}
	e.sayAs("%s", failure(err))
	if misused(err) {
		fmt.Fprintf(e.stderr, "Try '%s --help'.\n", strings.TrimSpace("zmq "+e.command))
		return exitUsage
	}
	return exitFailed
}
