package main

import (
	"context"
	"unicode/utf8"

	"github.com/zerobroker/zmq"
)

type radioCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	sendCount
	waitFlags
	Group *string `short:"g" placeholder:"GROUP" help:"Send everything to this group; messages are written without one then."`
}

// Help is shown by zmq radio --help.
func (radioCmd) Help() string {
	return `Sends each message to the DISH peers that have joined its group: a name of up to 255 bytes, compared whole. Without --group
a message is written as its group, a tab, and the one frame that it has; with --json the group is "group" beside "frames".
Like pub it waits before it begins, for the first member of the group, see --wait and --no-wait, and never for a slow one:
once 64 MiB are queued for one, that one misses messages, which is told at the end with exit status 1.

It may connect to udp://address:port or to a multicast group, udp://239.192.1.1:5571. There everything is sent at once, whether
anybody listens or not: each such endpoint counts as a member of every group. A message has at most 8191 bytes there, its group
included.

Examples:

    zmq radio -b tcp://127.0.0.1:5563 --group news hello world
    printf 'news\thello\nsport\t2:1\n' | zmq radio -b tcp://127.0.0.1:5563
    zmq radio -b tcp://127.0.0.1:5563 -g clock --no-wait -n 60 --interval 1s tick
    zmq radio -c udp://239.192.1.1:5571 -g news hello`
}

// Run sends the input.
func (c *radioCmd) Run(ctx context.Context, e *env) error {
	l := layout{name: byGroup, single: true}
	if c.Group != nil {
		groups, err := c.groups([]string{*c.Group})
		if err != nil {
			return err
		}
		l.need, l.group = absent, groups[0]
	}
	j, err := c.sender(e, &c.sendFlags, c.Count, l)
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	s, err := zmq.NewRadio(c.publisherOptions(e))
	if err != nil {
		return err
	}
	j.losses = append([]zmq.DropReason{zmq.DropTooLarge, zmq.DropUnreachable}, publishLosses...)
	j.awaitFirst(n, s.WaitSubscribers, membership)
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return j.sendAll(ctx, func(ctx context.Context, r *record) error { return s.Send(ctx, r.group, r.frames[0]) })
	})
}

type dishCmd struct {
	socketFlags
	recvCount
	Group []string `short:"g" sep:"none" placeholder:"GROUP" help:"Join this group, the whole name of it. Repeatable, and needed."`
}

// Help is shown by zmq dish --help.
func (dishCmd) Help() string {
	return `Joins groups, and prints what RADIO peers send to them: the group, a tab, and the message. With --json the group is "group"
beside "frames".

It may be bound to udp://address:port or to a multicast group, udp://239.192.1.1:5571. Who sends there is not known before
something comes, so it waits without a word. What comes faster than it can be taken is lost there: the system does not tell how
much, and what was lost after that is told at the end.

Examples:

    zmq dish -c tcp://127.0.0.1:5563 -g news
    zmq dish -c tcp://127.0.0.1:5563 -g news -g sport -n 10
    zmq dish -b tcp://127.0.0.1:5563 -g clock --json | jq -r '.group'
    zmq dish -b udp://239.192.1.1:5571 -g news`
}

// Run prints what is sent to the groups.
func (c *dishCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receiver(e, c.Count, layout{name: byGroup, single: true})
	if err != nil {
		return err
	}
	if len(c.Group) == 0 {
		return usagef("which group? Give at least one with -g")
	}
	groups, err := c.groups(c.Group)
	if err != nil {
		return err
	}
	s, err := zmq.NewDish(c.options(e))
	if err != nil {
		return err
	}
	if err := s.Join(groups...); err != nil {
		return usageError{err}
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return j.receiveAll(ctx, dish{s, &j.out.rec.group}, j.printOnly)
	})
}

// groups reads the names of groups that flags give.
func (f *socketFlags) groups(list []string) ([]string, error) {
	list, err := f.unquoted("--group", list)
	if err != nil {
		return nil, err
	}
	for _, g := range list {
		if err := new(record).setGroup(g); err != nil {
			return nil, usagef("--group %.20s: %w", g, err)
		}
		if f.JSON && !utf8.ValidString(g) {
			return nil, usagef("--group %s: not UTF-8, which JSON is in; use --quoted", g)
		}
	}
	return list, nil
}

// dish is a DISH as a receiver, which puts the group of the message that it
// returns where the printer finds it.
type dish struct {
	s     *zmq.Dish
	group *string
}

func (d dish) Recv(ctx context.Context) (zmq.Message, error) {
	m, err := d.s.Recv(ctx)
	*d.group = m.Group
	return m.Message, err
}

func (d dish) TryRecv() (zmq.Message, error) {
	m, err := d.s.TryRecv()
	*d.group = m.Group
	return m.Message, err
}
