package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

// queueLosses are the drop reasons that count as losses of a sender that blocks
// while queues are full. Such a sender loses messages only if a connection fails
// or its peer rejects them.
var queueLosses = []zmq.DropReason{zmq.DropInFlight, zmq.DropConnLost, zmq.DropRejected}

type pushCmd struct {
	socketFlags
	sendFlags
	sendCount
}

// Help is shown by zmq push --help.
func (pushCmd) Help() string {
	return `Waits for a peer, sends each message to the next peer whose queue is not full, and stops when all messages are written.

Examples:

    zmq push -c tcp://127.0.0.1:5555 hello world
    zmq push -b ipc:///tmp/tasks < tasks.txt
    zmq push -c tcp://worker1:5555 -c tcp://worker2:5555 -n 1000 task
    printf 'two\tframes\n' | zmq push -c tcp://127.0.0.1:5555
    zmq push -c tcp://127.0.0.1:5555 --json '{"frames":["AAEC"]}'`
}

// Run sends the input.
func (c *pushCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sendingJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPush(c.options())
	if err != nil {
		return err
	}
	j.losses = queueLosses
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAll(ctx, plain(s.Sender)) })
}

// sendingJob returns a job that only sends.
func (f *socketFlags) sendingJob(e *env, in *sendFlags, n *int, l layout) (*job, error) {
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
	return `Prints one message per line, with a tab between frames. On a terminal, control characters in a message are printed as \n, \x1b
and so on. In a file or a pipe they are printed unchanged; use --json or --quoted to distinguish them from the separators.

Examples:

    zmq pull -b tcp://127.0.0.1:5555
    zmq pull -b tcp://127.0.0.1:5555 -n 100 --timeout 10s > hundred.txt
    zmq pull -c ipc:///tmp/tasks --json | jq -r '.frames[0] | @base64d'`
}

// Run prints received messages.
func (c *pullCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receivingJob(e, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPull(c.options())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.printOnly) })
}

// receivingJob returns a job that only receives.
func (f *socketFlags) receivingJob(e *env, n *int, l layout) (*job, error) {
	j, err := f.job(e, l)
	if err != nil {
		return nil, err
	}
	j.receives, j.count = true, n
	return j, needCount(n, 1)
}
