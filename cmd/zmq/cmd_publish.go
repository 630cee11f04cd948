package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

// publishLosses are the drop reasons that count as losses of a publisher.
// Messages queued for a subscriber that disconnects do not count.
var publishLosses = []zmq.DropReason{zmq.DropHWM, zmq.DropRejected}

// publisherOptions removes the limit on the number of queued messages: a PUB
// does not wait for slow subscribers, but a whole file is to arrive. The limit
// on their bytes remains.
func (f *socketFlags) publisherOptions() *zmq.Options {
	o := f.options()
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
	return `Subscribers subscribe to prefixes of the first frame. A message without a subscriber is lost, so the command waits for the
first subscriber before it sends; see --wait and --no-wait. --wait N waits until N subscribers would receive the first line, or
one and the same argument. The command does not wait for a slow subscriber: when 64 MiB are queued for it, further messages to
it are dropped. The command then reports their number at the end, with exit status 1.

Examples:

    zmq pub -b tcp://127.0.0.1:5556 'weather.paris 21'
    zmq pub -b tcp://127.0.0.1:5556 --wait 3 < events.txt
    zmq pub -b tcp://127.0.0.1:5556 --no-wait -n 60 --interval 1s tick`
}

// Run sends the input.
func (c *pubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sendingJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	s, err := zmq.NewPub(c.publisherOptions())
	if err != nil {
		return err
	}
	j.losses = publishLosses
	j.waitBeforeFirst(n, s.WaitSubscribers, subscription)
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAll(ctx, plain(s.Sender)) })
}

type subCmd struct {
	socketFlags
	recvCount
	Subscribe []string `short:"s" sep:"none" placeholder:"PREFIX" help:"Subscribe to messages whose first frame begins with this. Repeatable; default all."`
}

// Help is shown by zmq sub --help.
func (subCmd) Help() string {
	return `Prints one message per line, with a tab between frames.

Examples:

    zmq sub -c tcp://127.0.0.1:5556
    zmq sub -c tcp://127.0.0.1:5556 -s weather. -s sports. -n 10
    zmq sub -c tcp://10.0.0.1:5556 -c tcp://10.0.0.2:5556 --json`
}

// Run prints received messages.
func (c *subCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receivingJob(e, c.Count, layout{})
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
	s, err := zmq.NewSub(c.options())
	if err != nil {
		return err
	}
	if err := s.Subscribe(prefixes...); err != nil {
		return err
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.printOnly) })
}

// unquoted returns the values of a flag. With --quoted it replaces their
// escapes.
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
