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
	Group *string `short:"g" placeholder:"GROUP" help:"Send every message to this group. Messages to send then have no group."`
}

// Help is shown by zmq radio --help.
func (radioCmd) Help() string {
	return `Sends each message to the DISH peers that have joined its group. A group is a name of up to 255 bytes; it is not a prefix.
Without --group a message is written as its group, a tab, and its frame. With --json the group is "group", in addition to
"frames". Like pub, the command waits for the first member of the group before it sends; see --wait and --no-wait. It does not
wait for a slow member: when 64 MiB are queued for it, further messages to it are dropped. The command then reports their number
at the end, with exit status 1.

It may connect to udp://address:port or to a multicast group, udp://239.192.1.1:5571. Such an endpoint counts as a member of
every group: messages are sent at once, whether a program receives them or not. The group and the frame of a message have at most
8191 bytes together.

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
	j, err := c.sendingJob(e, &c.sendFlags, c.Count, l)
	if err != nil {
		return err
	}
	n, err := c.subscribers()
	if err != nil {
		return err
	}
	s, err := zmq.NewRadio(c.publisherOptions())
	if err != nil {
		return err
	}
	j.losses = append([]zmq.DropReason{zmq.DropTooLarge, zmq.DropUnreachable}, publishLosses...)
	j.waitBeforeFirst(n, s.WaitSubscribers, membership)
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		return j.sendAll(ctx, func(ctx context.Context, r *record) error { return s.Send(ctx, r.group, r.frames[0]) })
	})
}

type dishCmd struct {
	socketFlags
	recvCount
	Group []string `short:"g" sep:"none" placeholder:"GROUP" help:"Join this group. Repeatable; at least one is required."`
}

// Help is shown by zmq dish --help.
func (dishCmd) Help() string {
	return `Joins groups, and prints the messages that RADIO peers send to them: the group, a tab, and the message. With --json the group
is "group", in addition to "frames".

It may bind udp://address:port or a multicast group, udp://239.192.1.1:5571. There it cannot know whether a peer exists, so it
does not report that it has none. Datagrams that arrive faster than they are printed are dropped: by the system, which does not
report how many, or by the command, which reports their number at the end.

Examples:

    zmq dish -c tcp://127.0.0.1:5563 -g news
    zmq dish -c tcp://127.0.0.1:5563 -g news -g sport -n 10
    zmq dish -b tcp://127.0.0.1:5563 -g clock --json | jq -r '.group'
    zmq dish -b udp://239.192.1.1:5571 -g news`
}

// Run prints the messages of the groups.
func (c *dishCmd) Run(ctx context.Context, e *env) error {
	j, err := c.receivingJob(e, c.Count, layout{name: byGroup, single: true})
	if err != nil {
		return err
	}
	if len(c.Group) == 0 {
		return usagef("no group: give at least one with -g")
	}
	groups, err := c.groups(c.Group)
	if err != nil {
		return err
	}
	s, err := zmq.NewDish(c.options())
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

// groups checks the names of groups in flags.
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
			return nil, usagef("--group %s: not UTF-8, which JSON requires; use --quoted", g)
		}
	}
	return list, nil
}

// dish is a DISH as a receiver. It stores the group of each message in group,
// for the printer.
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
