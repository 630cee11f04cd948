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
	Handover bool `help:"Let a peer take over the id of another, who is disconnected, instead of refusing the newcomer."`
	Notify   bool `help:"Print a line for every peer that comes or goes: its id, a space, and \"connected\" or \"disconnected\". -n does not count them."`
}

// echoFlag is for the commands that may answer whoever has sent something.
type echoFlag struct {
	Echo bool `help:"Send every message back to its sender; nothing else is sent."`
}

// Help is shown by zmq router --help.
func (routerCmd) Help() string {
	return `Prints messages as the sender's routing id in hex, a tab, and the frames. What it sends, arguments or lines of standard
input, is written the same way and goes to the peer with that id. With --json the id is "id" beside "frames", and what --notify tells is
"event" in place of them.

` + bothHelp + `    zmq router -b tcp://127.0.0.1:5557 --echo
    zmq router -b tcp://127.0.0.1:5557 --notify --json
    printf '776f726b65722d31\thello\n' | zmq router -b tcp://127.0.0.1:5557    # to worker-1`
}

// Run prints and sends with routing ids.
func (c *routerCmd) Run(ctx context.Context, e *env) error {
	j, err := c.answerer(e, &c.sendFlags, c.Count, c.Echo, layout{name: byID})
	if err != nil {
		return err
	}
	o := c.routed(c.options(e))
	o.Router.Handover = c.Handover
	if c.Notify {
		o.Router.Notify = zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect
	}
	s, err := zmq.NewRouter(o)
	if err != nil {
		return err
	}
	return j.answer(ctx, s.Receiver, func(ctx context.Context, r *record) error { return s.SendTo(ctx, r.id, r.frames...) }, byID)
}

// answer runs the job on a socket that sends to the peer that a message names.
func (j *job) answer(ctx context.Context, s zmq.Receiver, send sendFunc, n naming) error {
	return j.run(ctx, s.Connector, j.answering(s, send, n))
}

// answering is the body of such a job.
func (j *job) answering(r receiver, send sendFunc, n naming) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if j.in == nil {
			return j.receiveAll(ctx, r, j.echo(send, n))
		}
		return j.both(ctx, j.route(send, n), r, j.printOnly)
	}
}

// answerer is a job that sends to who is named: what it is given, or what it
// receives.
func (f *socketFlags) answerer(e *env, in *sendFlags, n *int, echo bool, l layout) (*job, error) {
	if !echo {
		return f.talker(e, in, n, l)
	}
	if len(in.Messages) > 0 {
		return nil, usagef("--echo sends nothing but what it receives")
	}
	return f.receiver(e, n, l)
}
