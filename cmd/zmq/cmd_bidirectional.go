package main

import (
	"context"
	"slices"

	"github.com/zerobroker/zmq"
)

// bidirectionalJob returns a job that sends and receives at the same time.
func (f *socketFlags) bidirectionalJob(e *env, in *sendFlags, n *int, l layout) (*job, error) {
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

const bothHelp = `Sends the arguments, or the lines of standard input as they are read, and prints received messages at the same time.
Without -n it receives until Ctrl-C, also after the end of the input. With -n N it stops when the input is sent and N messages
are received. With -n 0 it receives nothing, and stops when the input is sent.

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
    zmq dealer -c tcp://127.0.0.1:5557 --routing-id worker-1
    printf '\thello\n' | zmq dealer -c tcp://127.0.0.1:5558 -n 1    # to a REP: begin with an empty frame`
}

// Run sends and prints.
func (c *dealerCmd) Run(ctx context.Context, e *env) error {
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	o, err := c.routed(c.options())
	if err != nil {
		return err
	}
	s, err := zmq.NewDealer(o)
	if err != nil {
		return err
	}
	return j.runBidirectional(ctx, s.Receiver, plain(s.Sender))
}

// runBidirectional runs the job on a socket that sends and receives.
func (j *job) runBidirectional(ctx context.Context, s zmq.Receiver, send sendFunc) error {
	return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.sendAndReceive(ctx, send, s, j.printOnly) })
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
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	s, err := zmq.NewPair(c.options())
	if err != nil {
		return err
	}
	return j.runBidirectional(ctx, s.Receiver, plain(s.Sender))
}

type xpubCmd struct {
	socketFlags
	sendFlags
	bothCount
	waitFlags
	Every bool `help:"Print every subscription and cancellation, not only the first and the last of a topic."`
}

// Help is shown by zmq xpub --help.
func (xpubCmd) Help() string {
	return `Publishes messages, and prints subscriptions: a byte 1 and the topic at the first subscription to a topic, a byte 0 and the
topic when the last one is cancelled. --quoted prints these bytes as \x01 and \x00. It also prints messages from XSUB peers.
Like pub it waits for a subscriber before it sends.

` + bothHelp + `    zmq xpub -b tcp://127.0.0.1:5556 -Q
    zmq xpub -b tcp://127.0.0.1:5556 -Q -n 1 'weather.paris 21'`
}

// Run publishes and prints subscriptions.
func (c *xpubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	o := c.publisherOptions()
	if c.Every {
		o.XPub.Notify = zmq.XPubNotifyEveryChange
	}
	s, err := zmq.NewXPub(o)
	if err != nil {
		return err
	}
	j.losses = publishLosses
	j.waitBeforeFirst(n, s.WaitSubscribers, subscription)
	return j.runBidirectional(ctx, s.Receiver, plain(s.Sender))
}

type xsubCmd struct {
	socketFlags
	sendFlags
	bothCount
	Subscribe []string `short:"s" sep:"none" placeholder:"PREFIX" help:"Subscribe to messages whose first frame begins with this. Repeatable; default none."`
}

// Help is shown by zmq xsub --help.
func (xsubCmd) Help() string {
	return `Subscribes, and sends: a message of a byte 1 and a topic subscribes, a byte 0 and a topic cancels the subscription. Every
other message is sent to the publishers; an XPUB receives it. Without -s it has no subscription at the start.

` + bothHelp + `    zmq xsub -c tcp://127.0.0.1:5556 -s weather.
    zmq xsub -c tcp://127.0.0.1:5556 -Q '\x01weather.'`
}

// Run prints messages, and sends to the publishers.
func (c *xsubCmd) Run(ctx context.Context, e *env) error {
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	prefixes, err := c.unquoted("--subscribe", c.Subscribe)
	if err != nil {
		return err
	}
	s, err := zmq.NewXSub(c.publisherOptions()) // like a PUB, it does not wait for slow peers
	if err != nil {
		return err
	}
	j.losses = slices.Concat(publishLosses, queueLosses)
	if err := s.Subscribe(prefixes...); err != nil {
		return err
	}
	return j.runBidirectional(ctx, s.Receiver, plain(s.Sender))
}
