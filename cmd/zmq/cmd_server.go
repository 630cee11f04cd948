package main

import (
	"context"

	"github.com/zerobroker/zmq"
)

type clientCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
}

// Help is shown by zmq client --help.
func (clientCmd) Help() string {
	return `Talks to SERVER peers, to each in turn, as a dealer does to routers; every message has one frame.

` + bothHelp + `    zmq client -c tcp://127.0.0.1:5560 -n 1 hello
    zmq client -c tcp://127.0.0.1:5560 < requests.txt`
}

// Run sends and prints.
func (c *clientCmd) Run(ctx context.Context, e *env) error {
	j, err := c.talker(e, &c.sendFlags, c.Count, layout{single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewClient(c.options(e))
	if err != nil {
		return err
	}
	return j.talk(ctx, s.Receiver, single(s.FrameSender))
}

type serverCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
	echoFlag
}

// Help is shown by zmq server --help.
func (serverCmd) Help() string {
	return `Prints messages as the sender's routing number, a tab, and the one frame that they have. Each connection gets a number of its
own as it comes. What it sends, arguments or lines of standard input, is written the same way and goes to the peer with that
number. With --json the number is "number" beside "frames".

` + bothHelp + `    zmq server -b tcp://127.0.0.1:5560 --echo
    zmq server -b tcp://127.0.0.1:5560    # then type a number that was printed, a tab, and an answer`
}

// Run prints and sends with routing numbers.
func (c *serverCmd) Run(ctx context.Context, e *env) error {
	j, err := c.answerer(e, &c.sendFlags, c.Count, c.Echo, layout{name: byNumber, single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewServer(c.options(e))
	if err != nil {
		return err
	}
	return j.answer(ctx, s.Receiver, func(ctx context.Context, r *record) error { return s.SendTo(ctx, r.number, r.frames[0]) }, byNumber)
}

type peerCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
	echoFlag
}

// Help is shown by zmq peer --help.
func (peerCmd) Help() string {
	return `A server that talks to other PEERs, and may speak first. It prints messages as the sender's routing number, a tab, and the
one frame that they have; with --json the number is "number" beside "frames". What it sends may begin with a number and a tab
too. What does not goes to whoever is at the endpoint of -c, now or later; if there are several, to each of them. So a message
in plain text has no tab; --quoted writes one as \t.

` + bothHelp + `    zmq peer -b tcp://127.0.0.1:5561 --echo
    zmq peer -c tcp://127.0.0.1:5561 -n 1 hello
    zmq peer -c tcp://host1:5561 -c tcp://host2:5561 -n 2 hello    # to both`
}

// Run prints and sends, with routing numbers where they are needed.
func (c *peerCmd) Run(ctx context.Context, e *env) error {
	l := layout{name: byNumber, single: true}
	if len(c.Connect) > 0 {
		l.need = optional
	}
	j, err := c.answerer(e, &c.sendFlags, c.Count, c.Echo, l)
	if err != nil {
		return err
	}
	s, err := zmq.NewPeer(c.options(e))
	if err != nil {
		return err
	}
	var connected []uint32 // at the endpoints of -c
	j.connect = func(ep string) error {
		n, err := s.ConnectPeer(ep)
		connected = append(connected, n)
		return err
	}
	return j.answer(ctx, s.Receiver, func(ctx context.Context, r *record) error {
		if r.number != 0 {
			return s.SendTo(ctx, r.number, r.frames[0])
		}
		for _, n := range connected {
			if err := s.SendTo(ctx, n, r.frames[0]); err != nil {
				return err
			}
		}
		return nil
	}, byNumber)
}
