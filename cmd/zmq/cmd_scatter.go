package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

type scatterCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	sendCount
}

// Help is shown by zmq scatter --help.
func (scatterCmd) Help() string {
	return `Sends messages of one frame as push does: it waits for a GATHER, sends each message to the next peer whose queue is not full,
and stops when all messages are written.

Examples:

    zmq scatter -c tcp://127.0.0.1:5562 hello world
    zmq scatter -b ipc:///tmp/parts < parts.txt`
}

// Run sends the input.
func (c *scatterCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sendingJob(e, &c.sendFlags, c.Count, layout{single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewScatter(c.options())
	if err != nil {
		return err
	}
	j.losses = queueLosses
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAll(ctx, single(s.FrameSender)) })
}

type gatherCmd struct {
	socketFlags
	recvCount
}

// Help is shown by zmq gather --help.
func (gatherCmd) Help() string {
	return `Prints one message per line, as pull does.

Examples:

    zmq gather -b tcp://127.0.0.1:5562
    zmq gather -c ipc:///tmp/parts -n 100 --timeout 10s > hundred.txt`
}

// Run prints received messages.
func (c *gatherCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receivingJob(e, c.Count, layout{single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewGather(c.options())
	if err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.printOnly) })
}

type channelCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
}

// Help is shown by zmq channel --help.
func (channelCmd) Help() string {
	return `Exchanges messages of one frame with one peer, as pair does.

` + bothHelp + `    zmq channel -b ipc:///tmp/talk
    zmq channel -c ipc:///tmp/talk`
}

// Run sends and prints.
func (c *channelCmd) Run(ctx context.Context, e *env) error {
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewChannel(c.options())
	if err != nil {
		return err
	}
	return j.runBidirectional(ctx, s.Receiver, single(s.FrameSender))
}
