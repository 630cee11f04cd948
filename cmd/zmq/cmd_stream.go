package main

import (
	"context"
	"errors"

	"github.com/zerobroker/zmq"
)

type streamCmd struct {
	socketFlags
	sendFlags `set:"frames="`
	bothCount
	echoFlag
}

// Help is shown by zmq stream --help.
func (streamCmd) Help() string {
	return `Talks to anything that speaks tcp or sits behind an ipc path, but ZeroMQ. It prints what a connection brings, in pieces cut
anywhere, as the connection's routing id in hex, a tab, and the bytes; and the id, a space, and "connected" or "disconnected"
when it begins and ends, which -n does not count. With --json the id is "id", and these are "event" in place of "frames".

With one -c and no -b, what is sent goes to that endpoint, and the command ends when the other side hangs up; exit status 1 if
there was more to send or -n asks for more. Otherwise what is sent begins with the id of its connection and a tab; without a byte
after that it ends the connection. The endpoints of -c have the ids 01, 02 and so on. "disconnected" says that a peer sends nothing
more; an accepted one can still be answered, for 10 seconds after the last write. --echo ends its connection then.

Line ends: a line of standard input is sent with its newline, an argument without one. With --quoted and --json nothing is added
to either: write \r\n where the other side wants it. Plain output in a file or a pipe ends each piece with a newline, if that is
not its last byte anyway; --quoted and --json tell the pieces apart.

` + bothHelp + `    zmq stream -b tcp://127.0.0.1:8080 --echo
    zmq stream -c tcp://127.0.0.1:8080 -n 1 hello
    printf 'GET / HTTP/1.0\r\n\r\n' | zmq stream -c tcp://127.0.0.1:8000
    zmq stream -c tcp://127.0.0.1:6379 -n 1 --quoted 'PING\r\n'`
}

// Run prints and sends bytes.
func (c *streamCmd) Run(ctx context.Context, e *env) error {
	j, alone, err := c.streamJob(e)
	if err != nil {
		return err
	}
	s, err := zmq.NewStream(c.options(e))
	if err != nil {
		return err
	}
	var ids []string // of the endpoints of -c
	j.connect = func(ep string) error {
		id := endpointID(len(ids) + 1)
		ids = append(ids, id)
		return s.ConnectAs(ep, id)
	}
	send := func(ctx context.Context, r *record) error { return s.SendTo(ctx, r.id, r.frames...) }
	if !alone && j.in == nil {
		return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.echoToEnd(send)) })
	}
	if !alone {
		return j.answer(ctx, s.Receiver, send, byID)
	}
	return j.converse(ctx, s, func(ctx context.Context, r *record) error {
		if r.empty() {
			return nil // for the library it would end the connection, and -n 0 does that
		}
		r.id = ids[0]
		return send(ctx, r)
	})
}

// echoToEnd is echo that ends a connection when its peer has: an accepted one,
// whose id the library has made and begins with a zero byte. To end one of -c
// would keep it from being made again.
func (j *job) echoToEnd(send sendFunc) handleFunc {
	echo := j.echo(send, byID)
	return func(ctx context.Context, m *zmq.Message) error {
		if err := echo(ctx, m); err != nil || !m.IsDisconnect() {
			return err
		}
		id := m.RoutingID()
		if id[0] != 0 {
			return nil
		}
		if err := send(ctx, &record{id: id, frames: [][]byte{{}}}); !errors.Is(err, zmq.ErrNoRoute) {
			return err
		}
		return nil
	}
}

// streamJob checks the flags, and reports whether there is but one connection.
func (c *streamCmd) streamJob(e *env) (j *job, alone bool, err error) {
	l := layout{name: byID, stream: true}
	alone = len(c.Bind) == 0 && len(c.Connect) == 1
	if alone {
		l.need = absent
	}
	j, err = c.answerer(e, &c.sendFlags, c.Count, c.Echo, l)
	return j, alone, err
}

// endpointID is the routing id of an endpoint, counted from 1: its number in as
// many bytes as that takes, of which the first must not be zero.
func endpointID(n int) string {
	var id []byte
	for ; n > 0; n >>= 8 {
		id = append([]byte{byte(n)}, id...)
	}
	return string(id)
}

// errHungUp is the error of a STREAM whose only connection has ended.
var errHungUp = errors.New("the peer has hung up")

// converse runs the job over one connection, and ends with it. Another one to
// the same endpoint would be another conversation.
func (j *job) converse(ctx context.Context, s *zmq.Stream, send sendFunc) error {
	j.single = true
	handle := j.printOnly
	if j.in == nil {
		handle = j.echo(j.whileConnected(send), byID)
	}
	untilHungUp := func(ctx context.Context, m *zmq.Message) error {
		if err := handle(ctx, m); err != nil || !m.IsDisconnect() {
			return err
		}
		j.hangUp() // the event may be late
		return errHungUp
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		if j.in == nil {
			return j.receiveAll(ctx, s, untilHungUp)
		}
		return j.both(ctx, send, s, untilHungUp)
	})
}

// whileConnected sends over the only connection of the job, and returns
// ErrNoRoute when it has ended: messages that arrived before are still handled.
func (j *job) whileConnected(send sendFunc) sendFunc {
	return func(_ context.Context, r *record) error {
		err := send(j.connection, r)
		if j.hungUp() && ended(err) {
			return zmq.ErrNoRoute
		}
		return err
	}
}
