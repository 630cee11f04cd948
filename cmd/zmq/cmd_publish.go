package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

// publishLosses are those that count for a publisher. A subscriber that leaves
// takes what was queued for it along, which is its own affair.
var publishLosses = []zmq.DropReason{zmq.DropHWM, zmq.DropRejected}

// publisherOptions let a publisher queue what memory allows: a PUB does not
// wait for slow subscribers, and a file sent to one should arrive whole.
func (f *socketFlags) publisherOptions(e *env) *zmq.Options {
	o := f.options(e)
	o.SendHWM = zmq.Unlimited
	return o
}

type pubCmd struct {
	socketFlags
	sendFlags
	sendCount
	waitFlags
}

// Help is shown by zmq pub --help.
func (pubCmd) Help() string {
	return `Subscribers choose by how the first frame begins. A publisher sends nothing to those that are not there yet, so this one
waits for the first subscriber before it begins; see --wait and --no-wait. Subscribers to different arguments do not add up
for --wait N: N must want one and the same. It never waits for a slow subscriber: once 64 MiB
are queued for one, that one misses messages, which is told at the end with exit status 1.

Examples:

    zmq pub -b tcp://127.0.0.1:5556 'weather.paris 21'
    zmq pub -b tcp://127.0.0.1:5556 --wait 3 < events.txt
    zmq pub -b tcp://127.0.0.1:5556 --no-wait -n 60 --interval 1s tick`
}

// Run sends the input.
func (c *pubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sender(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	s, err := zmq.NewPub(c.publisherOptions(e))
	if err != nil {
		return err
	}
	j.losses = publishLosses
	j.awaitFirst(n, s.WaitSubscribers, subscription)
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAll(ctx, plain(s.Sender)) })
}

type subCmd struct {
	socketFlags
	recvCount
	Subscribe []string `short:"s" sep:"none" placeholder:"PREFIX" help:"Want messages whose first frame begins with this. Repeatable; default all."`
}

// Help is shown by zmq sub --help.
func (subCmd) Help() string {
	return `Prints one message a line, a tab between frames.

Examples:

    zmq sub -c tcp://127.0.0.1:5556
    zmq sub -c tcp://127.0.0.1:5556 -s weather. -s sports. -n 10
    zmq sub -c tcp://10.0.0.1:5556 -c tcp://10.0.0.2:5556 --json`
}

// Run prints what is published.
func (c *subCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receiver(e, c.Count, layout{})
	if err != nil {
		return err
	}
	prefixes, err := c.unquoted("--subscribe", c.Subscribe)
	if err != nil {
		return err
	}
	if len(prefixes) == 0 {
		prefixes = []string{""}
	}
	s, err := zmq.NewSub(c.options(e))
	if err != nil {
		return err
	}
	if err := s.Subscribe(prefixes...); err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.printOnly) })
}

// unquoted is what a flag was given, without escapes if --quoted writes it so.
func (f *socketFlags) unquoted(flag string, list []string) ([]string, error) {
	if !f.Quoted {
		return list, nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		b, err := unquote([]byte(s))
		if err != nil {
			return nil, usagef("%s %s: %w", flag, s, err)
		}
		out[i] = string(b)
	}
	return out, nil
}
