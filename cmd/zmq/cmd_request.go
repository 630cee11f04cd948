package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

type reqCmd struct {
	socketFlags
	routedFlags
	sendFlags
	sendCount
}

// Help is shown by zmq req --help.
func (reqCmd) Help() string {
	return `Sends each message as a request, and prints its reply before it sends the next request.

Examples:

    zmq req -c tcp://127.0.0.1:5558 ping --timeout 2s
    zmq req -c tcp://127.0.0.1:5558 < requests.txt > replies.txt
    zmq req -c tcp://127.0.0.1:5558 -n 10 --interval 1s ping`
}

// Run sends requests and prints replies.
func (c *reqCmd) Run(ctx context.Context, e *env) error {
	j, err := c.sendingJob(e, &c.sendFlags, c.Count, layout{})
	if err != nil {
		return err
	}
	o, err := c.routed(c.options())
	if err != nil {
		return err
	}
	s, err := zmq.NewReq(o)
	if err != nil {
		return err
	}
	j.losses, j.verb = queueLosses, "answered"
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return j.sendAll(ctx, func(ctx context.Context, r *record) error { return j.exchange(ctx, s, r) })
	})
}

// exchange sends a request and prints its reply.
func (j *job) exchange(ctx context.Context, s *zmq.Req, r *record) error {
	if err := s.Send(ctx, r.frames...); err != nil {
		return err
	}
	m, err := s.Recv(ctx)
	if isStopped(err) {
		j.missing = "1 without a reply"
	}
	if err != nil {
		return err
	}
	defer m.Release()
	if err := j.out.print(&m); err != nil {
		return err
	}
	return j.out.flush()
}

type repCmd struct {
	socketFlags
	recvCount
	Reply *string `placeholder:"TEXT" help:"Reply with this message, with a tab between frames, instead of the request."`
}

// Help is shown by zmq rep --help.
func (repCmd) Help() string {
	return `Prints each request, and replies with the message of --reply, or with the request itself.

Examples:

    zmq rep -b tcp://127.0.0.1:5558
    zmq rep -b tcp://127.0.0.1:5558 --reply pong -n 1`
}

// Run replies to requests.
func (c *repCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receivingJob(e, c.Count, layout{})
	if err != nil {
		return err
	}
	reply := &j.out.rec // the request that was just printed
	if c.Reply != nil {
		reply = new(record)
		if err := c.codec(layout{}).decode([]byte(*c.Reply), reply); err != nil {
			return usagef("--reply: %w", err)
		}
	}
	s, err := zmq.NewRep(c.options())
	if err != nil {
		return err
	}
	j.malformed = "no envelope (a DEALER must begin each request with an empty frame)"
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return j.receiveAll(ctx, s, func(ctx context.Context, m *zmq.Message) error {
			if err := j.out.print(m); err != nil {
				return err
			}
			return s.Send(ctx, reply.frames...)
		})
	})
}
