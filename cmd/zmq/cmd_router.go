package main

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq"
)

type routerCmd struct {
	socketFlags
	identityFlag
	sendFlags
	bothCount
	Echo bool `help:"Send every message back to its sender; nothing else is sent."`
}

// Help is shown by zmq router --help.
func (routerCmd) Help() string {
	return `Prints messages as the sender's routing id in hex, a tab, and the frames. What it sends, arguments or lines of standard
input, is written the same way and goes to the peer with that id. With --json the id is "id" beside "frames".

` + bothHelp + `    zmq router -b tcp://127.0.0.1:5557 --echo
    printf '776f726b65722d31\thello\n' | zmq router -b tcp://127.0.0.1:5557    # to worker-1`
}

// Run prints and sends with routing ids.
func (c *routerCmd) Run(ctx context.Context, e *env) error {
	j, err := c.routerJob(e)
	if err != nil {
		return err
	}
	s, err := zmq.NewRouter(c.named(c.options(e)))
	if err != nil {
		return err
	}
	j.out.withID = true
	return j.run(ctx, s, func(ctx context.Context) error {
		if c.Echo {
			return j.receiveAll(ctx, s, j.echo(s))
		}
		return j.both(ctx, j.route(s), s, j.printOnly)
	})
}

// routerJob checks the flags.
func (c *routerCmd) routerJob(e *env) (*job, error) {
	if !c.Echo {
		return c.talker(e, &c.sendFlags, c.Count, c.codec().decodeAddressed)
	}
	if len(c.Messages) > 0 {
		return nil, usagef("--echo sends nothing but what it receives")
	}
	return c.receiver(e, c.Count)
}

// route sends to the peer that the message names. That it is not there is no
// reason to stop.
func (j *job) route(s *zmq.Router) sendFunc {
	return func(ctx context.Context, r *record) error {
		err := s.SendTo(ctx, r.id, r.frames...)
		if !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
		j.unrouted.Add(1)
		j.sent.Add(-1) // the caller is about to count it
		j.e.say("no peer has the routing id %x", r.id)
		return nil
	}
}

// echo prints a message and sends it back.
func (j *job) echo(s *zmq.Router) handleFunc {
	return func(ctx context.Context, m *zmq.Message) error {
		if err := j.out.print(m); err != nil {
			return err
		}
		err := s.SendTo(ctx, m.RoutingID(), j.out.rec.frames...)
		if errors.Is(err, zmq.ErrNoRoute) {
			j.e.say("%x is gone, so its message cannot go back", m.RoutingID())
			return nil
		}
		return err
	}
}
