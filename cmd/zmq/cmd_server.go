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
	return `Sends messages of one frame to SERVER peers in turn, and prints their messages, as dealer does with ROUTER peers.

` + bothHelp + `    zmq client -c tcp://127.0.0.1:5560 -n 1 hello
    zmq client -c tcp://127.0.0.1:5560 < requests.txt`
}

// Run sends and prints.
func (c *clientCmd) Run(ctx context.Context, e *env) error {
	j, err := c.bidirectionalJob(e, &c.sendFlags, c.Count, layout{single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewClient(c.options())
	if err != nil {
		return err
	}
	return j.runBidirectional(ctx, s.Receiver, single(s.FrameSender))
}

type serverCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
	echoFlag
}

// Help is shown by zmq server --help.
func (serverCmd) Help() string {
	return `Prints messages as the routing number of the sender, a tab, and the frame. The socket assigns a number to each connection.
Messages to send are written the same way, with the routing number of the receiver. With --json the number is "number", in
addition to "frames".

` + bothHelp + `    zmq server -b tcp://127.0.0.1:5560 --echo
    zmq server -b tcp://127.0.0.1:5560    # then type a printed number, a tab, and a reply`
}

// Run prints and sends messages with routing numbers.
func (c *serverCmd) Run(ctx context.Context, e *env) error {
	j, err := c.addressedJob(e, &c.sendFlags, c.Count, c.Echo, layout{name: byNumber, single: true})
	if err != nil {
		return err
	}
	s, err := zmq.NewServer(c.options())
	if err != nil {
		return err
	}
	return j.runAddressed(ctx, s.Receiver, toNumber(s.SenderToNumber), byNumber)
}

type peerCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
	echoFlag
}

// Help is shown by zmq peer --help.
func (peerCmd) Help() string {
	return `Exchanges messages with other PEER sockets. It prints messages as the routing number of the sender, a tab, and the frame. With
--json the number is "number", in addition to "frames". A message to send may begin with a routing number and a tab. One without
goes to the peer at each endpoint of -c, also if that peer connects later. A frame in plain text cannot contain a tab; --quoted
writes one as \t.

` + bothHelp + `    zmq peer -b tcp://127.0.0.1:5561 --echo
    zmq peer -c tcp://127.0.0.1:5561 -n 1 hello
    zmq peer -c tcp://host1:5561 -c tcp://host2:5561 -n 2 hello    # to both`
}

// Run prints and sends messages with routing numbers.
func (c *peerCmd) Run(ctx context.Context, e *env) error {
	l := layout{name: byNumber, single: true}
	if len(c.Connect) > 0 {
		l.need = optional
	}
	j, err := c.addressedJob(e, &c.sendFlags, c.Count, c.Echo, l)
	if err != nil {
		return err
	}
	s, err := zmq.NewPeer(c.options())
	if err != nil {
		return err
	}
	var connected []uint32 // routing numbers of the endpoints of -c
	j.connect = func(ep string) error {
		n, err := s.ConnectPeer(ep)
		connected = append(connected, n)
		return err
	}
	return j.runAddressed(ctx, s.Receiver, func(ctx context.Context, r *record) error {
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
