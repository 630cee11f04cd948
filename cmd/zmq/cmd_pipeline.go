package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

// queueLosses are the ways in which a sender that waits for room can still
// lose messages: all with the connection they were queued for.
var queueLosses = []zmq.DropReason{zmq.DropInFlight, zmq.DropConnLost, zmq.DropRejected}

type pushCmd struct {
	socketFlags
	sendFlags
	sendCount
}

// Help is shown by zmq push --help.
func (pushCmd) Help() string {
	return `Waits for a peer, hands every message to the next peer that has room, and ends when all is written.

Examples:

    zmq push -c tcp://127.0.0.1:5555 hello world
    zmq push -b ipc:///tmp/tasks < tasks.txt
    zmq push -c tcp://worker1:5555 -c tcp://worker2:5555 -n 1000 task
    printf 'two\tframes\n' | zmq push -c tcp://127.0.0.1:5555
    zmq push -c tcp://127.0.0.1:5555 --json '{"frames":["AAEC"]}'`
}

// Run sends the input.
func (c *pushCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sender(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPush(c.options(e))
	if err != nil {
		return err
	}
	j.losses = queueLosses
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAll(ctx, plain(s.Sender)) })
}

// sender is a job that sends only.
func (f *socketFlags) sender(e *env, in *sendFlags, n *int, l layout) (*job, error) {
	j, err := f.job(e, l)
	if err != nil {
		return nil, err
	}
	if err := needCount(n, 1); err != nil {
		return nil, err
	}
	return j, in.input(j, n, l)
}

type pullCmd struct {
	socketFlags
	recvCount
}

// Help is shown by zmq pull --help.
func (pullCmd) Help() string {
	return `Prints one message a line, a tab between frames. On a terminal control characters in a message show as \n, \x1b and so on;
in a file or a pipe they stand as they are, and --json or --quoted tell them apart.

Examples:

    zmq pull -b tcp://127.0.0.1:5555
    zmq pull -b tcp://127.0.0.1:5555 -n 100 --timeout 10s > hundred.txt
    zmq pull -c ipc:///tmp/tasks --json | jq -r '.frames[0] | @base64d'`
}

// Run prints what is received.
func (c *pullCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receiver(e, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPull(c.options(e))
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.printOnly) })
}

// receiver is a job that receives only.
func (f *socketFlags) receiver(e *env, n *int, l layout) (*job, error) {
	j, err := f.job(e, l)
	if err != nil {
		return nil, err
	}
	j.receives, j.count = true, n
	return j, needCount(n, 1)
}
