package main

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq"
)

// talker is a job that sends and receives at the same time.
func (f *socketFlags) talker(e *env, in *sendFlags, n *int, l layout) (*job, error) {
	j, err := f.job(e, l)
	if err != nil {
		return nil, err
	}
	j.receives, j.count, j.losses = true, n, queueLosses
	if err := needCount(n, 0); err != nil {
		return nil, err
	}
	return j, in.input(j, nil, l)
}

const bothHelp = `Sends the arguments, or the lines of standard input as they come, and prints what it receives at the same time.
Without -n it goes on receiving when the input is over, until Ctrl-C; with -n N it ends when the input is over and N messages
have come; with -n 0 it does not receive, and ends when all is sent.

Examples:

`

type dealerCmd struct {
	socketFlags
	routedFlags
	sendFlags
	bothCount
}

// Help is shown by zmq dealer --help.
func (dealerCmd) Help() string {
	return bothHelp + `    zmq dealer -c tcp://127.0.0.1:5557 -n 1 hello
    zmq dealer -c tcp://127.0.0.1:5557 --identity worker-1
    printf '\thello\n' | zmq dealer -c tcp://127.0.0.1:5558 -n 1    # to a REP: an empty frame first`
}

// Run sends and prints.
func (c *dealerCmd) Run(ctx context.Context, e *env) error {
	j, err := c.talker(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewDealer(c.routed(c.options(e)))
	if err != nil {
		return err
	}
	return j.talk(ctx, s.Receiver, plain(s.Sender))
}

// talk runs the job on a socket that does both.
func (j *job) talk(ctx context.Context, s zmq.Receiver, send sendFunc) error {
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.both(ctx, send, s, j.printOnly) })
}

type pairCmd struct {
	socketFlags
	sendFlags
	bothCount
}

// Help is shown by zmq pair --help.
func (pairCmd) Help() string {
	return bothHelp + `    zmq pair -b ipc:///tmp/talk
    zmq pair -c ipc:///tmp/talk`
}

// Run sends and prints.
func (c *pairCmd) Run(ctx context.Context, e *env) error {
	j, err := c.talker(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPair(c.options(e))
	if err != nil {
		return err
	}
	return j.talk(ctx, s.Receiver, plain(s.Sender))
}

type xpubCmd struct {
	socketFlags
	sendFlags
	bothCount
	waitFlags
	Every bool `help:"Print every subscription and its end, not only the first and the last to a topic."`
}

// Help is shown by zmq xpub --help.
func (xpubCmd) Help() string {
	return `A publisher that also prints: a byte 1 and a topic when the topic has its first subscriber, a byte 0 and a topic when it
has lost its last, and whatever XSUB peers send. --quoted shows these bytes as \x01 and \x00. Like pub it waits for a
subscriber before it begins.

` + bothHelp + `    zmq xpub -b tcp://127.0.0.1:5556 -Q
    zmq xpub -b tcp://127.0.0.1:5556 -Q -n 1 'weather.paris 21'`
}

// Run publishes and prints subscriptions.
func (c *xpubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.talker(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	o := c.publisherOptions(e)
	if c.Every {
		o.XPub.Notify = zmq.XPubNotifyEveryChange
	}
	s, err := zmq.NewXPub(o)
	if err != nil {
		return err
	}
	j.losses = publishLosses
	j.awaitFirst(n, s.WaitSubscribers, subscription)
	return j.talk(ctx, s.Receiver, plain(s.Sender))
}

type xsubCmd struct {
	socketFlags
	sendFlags
	bothCount
	Subscribe []string `short:"s" sep:"none" placeholder:"PREFIX" help:"Want messages whose first frame begins with this. Repeatable; default none."`
}

// Help is shown by zmq xsub --help.
func (xsubCmd) Help() string {
	return `A subscriber that also sends: a byte 1 and a topic subscribes, a byte 0 and a topic takes that back, and anything else
goes to the publishers, of which XPUBs receive it. Without -s it begins with no subscription.

` + bothHelp + `    zmq xsub -c tcp://127.0.0.1:5556 -s weather.
    zmq xsub -c tcp://127.0.0.1:5556 -Q '\x01weather.'`
}

// Run prints what is published and sends upstream.
func (c *xsubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.talker(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	prefixes, err := c.unquoted("--subscribe", c.Subscribe)
	if err != nil {
		return err
	}
	s, err := zmq.NewXSub(c.publisherOptions(e)) // it does not wait either
	if err != nil {
		return err
	}
	j.losses = slices.Concat(publishLosses, queueLosses)
	if err := s.Subscribe(prefixes...); err != nil {
		return err
	}
	return j.talk(ctx, s.Receiver, plain(s.Sender))
}
