package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

type routerCmd struct {
	socketFlags
	routedFlags
	sendFlags
	bothCount
	echoFlag
	Handover string `enum:"none,same-user,any" default:"none" placeholder:"WHO" help:"If a new peer has the routing ID of another, disconnect the other instead of refusing the new one: same-user if the same user has authenticated both, or any. Default none."`
	Notify   bool   `help:"Print a line when a peer connects or disconnects: its routing ID, a space, and \"connected\" or \"disconnected\". -n does not count these lines."`
}

// echoFlag is the flag --echo of commands that send to a peer chosen by the
// message.
type echoFlag struct {
	Echo bool `help:"Send every received message back to its sender, and nothing else."`
}

// Help is shown by zmq router --help.
func (routerCmd) Help() string {
	return `Prints messages as the routing ID of the sender in hex, a tab, and the frames. Messages to send are written the same way, with
the routing ID of the receiver. With --json the routing ID is "id", in addition to "frames"; lines of --notify have "event"
instead of "frames".

` + bothHelp + `    zmq router -b tcp://127.0.0.1:5557 --echo
    zmq router -b tcp://127.0.0.1:5557 --notify --json
    printf '776f726b65722d31\thello\n' | zmq router -b tcp://127.0.0.1:5557    # to worker-1`
}

// Run prints and sends messages with routing IDs.
func (c *routerCmd) Run(ctx context.Context, e *env) error {
	j, err := c.addressedJob(e, &c.sendFlags, c.Count, c.Echo, layout{name: byID})
	if err != nil {
		return err
	}
	o, err := c.routed(c.options())
	if err != nil {
		return err
	}
	o.Router.Handover = map[string]zmq.RouterHandover{
		"none": zmq.RouterHandoverNone, "same-user": zmq.RouterHandoverSameUser, "any": zmq.RouterHandoverAny,
	}[c.Handover]
	if c.Notify {
		o.Router.Notify = zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect
	}
	s, err := zmq.NewRouter(o)
	if err != nil {
		return err
	}
	return j.runAddressed(ctx, s.Receiver, toID(s.SenderToID), byID)
}

// runAddressed runs the job on a socket that sends to the peer a message names.
func (j *job) runAddressed(ctx context.Context, s zmq.Receiver, send sendFunc, n naming) error {
	return j.run(ctx, s.Connector, j.addressedBody(s, send, n))
}

// addressedBody is the body of such a job.
func (j *job) addressedBody(r receiver, send sendFunc, n naming) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if j.in == nil {
			return j.receiveAll(ctx, r, j.echo(send, n))
		}
		return j.sendAndReceive(ctx, j.skipUnroutable(send, n), r, j.printOnly)
	}
}

// addressedJob returns a job that sends its input to the peers that the
// messages name, or, with echo, each received message to its sender.
func (f *socketFlags) addressedJob(e *env, in *sendFlags, n *int, echo bool, l layout) (*job, error) {
	if !echo {
		return f.bidirectionalJob(e, in, n, l)
	}
	if len(in.Messages) > 0 {
		return nil, usagef("--echo sends only received messages: messages to send cannot be used with it")
	}
	return f.receivingJob(e, n, l)
}
