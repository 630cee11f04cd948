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
	return `Sends and receives bytes over tcp and ipc connections to programs that do not use ZeroMQ. Received bytes are printed in pieces
cut at any place: the routing ID of the connection in hex, a tab, and the bytes. When a connection begins and ends, the command
prints its routing ID, a space, and "connected" or "disconnected"; -n does not count these lines. With --json the routing ID is
"id", and these lines have "event" instead of "frames".

With one -c and no -b, every message goes to that endpoint. The command stops when the peer closes the connection; the exit
status is 1 if input was left or -n was not reached. Otherwise each message begins with the routing ID of a connection and a
tab; a message without a byte after the tab closes the connection. The endpoints of -c have the routing IDs 01, 02 and so on.
After "disconnected" the peer sends no more bytes. A peer that the command has accepted can still be sent to, until no write has
succeeded for 10 seconds; with --echo the command closes that connection.

Line ends: a line of standard input is sent with its newline, an argument without one. With --quoted and --json nothing is added:
write \r\n where the peer expects it. Plain output to a file or a pipe adds a newline to a piece that does not end with one;
--quoted and --json show where pieces end.

` + bothHelp + `    zmq stream -b tcp://127.0.0.1:8080 --echo
    zmq stream -c tcp://127.0.0.1:8080 -n 1 hello
    printf 'GET / HTTP/1.0\r\n\r\n' | zmq stream -c tcp://127.0.0.1:8000
    zmq stream -c tcp://127.0.0.1:6379 -n 1 --quoted 'PING\r\n'`
}

// Run sends and prints bytes.
func (c *streamCmd) Run(ctx context.Context, e *env) error {
	c.noMechanism = true
	j, alone, err := c.streamJob(e)
	if err != nil {
		return err
	}
	s, err := zmq.NewStream(c.options())
	if err != nil {
		return err
	}
	var ids []string // routing IDs of the endpoints of -c
	j.connect = func(ep string) error {
		id := endpointID(len(ids) + 1)
		ids = append(ids, id)
		return s.ConnectAs(ep, id)
	}
	send := toID(s.SenderToID)
	if !alone && j.in == nil {
		return j.run(ctx, s.Connector, func(ctx context.Context) error { return j.receiveAll(ctx, s, j.echoAndClose(send)) })
	}
	if !alone {
		return j.runAddressed(ctx, s.Receiver, send, byID)
	}
	return j.runOneConnection(ctx, s, func(ctx context.Context, r *record) error {
		if r.empty() {
			return nil // the library would close the connection
		}
		r.id = ids[0]
		return send(ctx, r)
	})
}

// echoAndClose is echo that also closes an accepted connection whose peer has
// ended its sending direction. The library generates the routing ID of an
// accepted connection, which begins with a zero byte. Closing a connection of
// -c would disconnect its endpoint.
func (j *job) echoAndClose(send sendFunc) handleFunc {
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

// streamJob checks the flags. alone reports that the only connection is that of
// one -c.
func (c *streamCmd) streamJob(e *env) (j *job, alone bool, err error) {
	l := layout{name: byID, stream: true}
	alone = len(c.Bind) == 0 && len(c.Connect) == 1
	if alone {
		l.need = absent
	}
	j, err = c.addressedJob(e, &c.sendFlags, c.Count, c.Echo, l)
	return j, alone, err
}

// endpointID returns the routing ID of the n-th endpoint of -c, counted from 1:
// n in big-endian order, without leading zero bytes.
func endpointID(n int) string {
	var id []byte
	for ; n > 0; n >>= 8 {
		id = append([]byte{byte(n)}, id...)
	}
	return string(id)
}

// errPeerClosed is the error of a STREAM whose only connection has ended.
var errPeerClosed = errors.New("the peer closed the connection")

// runOneConnection runs the job until its connection ends. The library would
// connect again, but that begins another stream of bytes.
func (j *job) runOneConnection(ctx context.Context, s *zmq.Stream, send sendFunc) error {
	j.oneConnection = true
	handle := j.printOnly
	if j.in == nil {
		handle = j.echo(j.whileConnected(send), byID)
	}
	untilPeerCloses := func(ctx context.Context, m *zmq.Message) error {
		if err := handle(ctx, m); err != nil || !m.IsDisconnect() {
			return err
		}
		j.endConnection() // the watcher may handle the event later
		return errPeerClosed
	}
	return j.run(ctx, s.Connector, func(ctx context.Context) error {
		if j.in == nil {
			return j.receiveAll(ctx, s, untilPeerCloses)
		}
		return j.sendAndReceive(ctx, send, s, untilPeerCloses)
	})
}

// whileConnected returns a sendFunc that sends over the only connection of the
// job. When the connection has ended it returns ErrNoRoute, with which the job
// continues: it still handles the messages that arrived earlier.
func (j *job) whileConnected(send sendFunc) sendFunc {
	return func(_ context.Context, r *record) error {
		err := send(j.connection, r)
		if j.peerClosed() && isStopped(err) {
			return zmq.ErrNoRoute
		}
		return err
	}
}
