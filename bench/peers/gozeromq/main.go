// Command gozeromq is the peer that uses github.com/go-zeromq/zmq4, a pure-Go
// library. All options have their defaults. The library has no high-water mark
// on these sockets, because its Send writes directly to the connection.
package main

import (
	"context"
	"os"
	"strings"
	"time"

	zmq "github.com/go-zeromq/zmq4"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

const module = "github.com/go-zeromq/zmq4"

// linger is how long rep keeps running after its last reply: the requester may
// otherwise see the end of the connection before the reply and drop it. The
// requester does not measure this time.
const linger = 200 * time.Millisecond

var background = context.Background()

func main() {
	peer.Main(peer.Version(module), peer.Commands{
		Pull: pull, Push: push, Rep: rep, Req: req,
		InprocThr: inprocThr, InprocLat: inprocLat, IdleRouter: idleRouter,
	}, os.Args[1:])
}

// bound listens on a port that the system chooses. The library does not support
// *.
func bound(s zmq.Socket, endpoint string) error {
	if err := s.Listen(strings.Replace(endpoint, "*", "0", 1)); err != nil {
		return err
	}
	peer.Bound("tcp://" + s.Addr().String())
	return nil
}

func receive(s zmq.Socket, size int) ([]byte, error) {
	m, err := s.Recv()
	if err != nil {
		return nil, err
	}
	body := m.Bytes()
	return body, peer.Check(body, size)
}

func pull(a peer.Args) (time.Duration, error) {
	s := zmq.NewPull(background)
	if err := bound(s, a.Endpoint); err != nil {
		return 0, err
	}
	return pullAll(s, a)
}

func pullAll(s zmq.Socket, a peer.Args) (time.Duration, error) {
	if _, err := receive(s, a.Size); err != nil {
		return 0, err
	}
	start := time.Now()
	for range a.Count - 1 {
		if _, err := receive(s, a.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// push does not close its socket: Send has written all messages to the
// connection, and the end of the process closes the connection cleanly.
func push(a peer.Args) (time.Duration, error) {
	start := time.Now()
	s := zmq.NewPush(background)
	if err := s.Dial(a.Endpoint); err != nil {
		return 0, err
	}
	err := pushAll(s, a)
	return time.Since(start), err
}

func pushAll(s zmq.Socket, a peer.Args) error {
	body := peer.Body(a.Size)
	for range a.Count {
		if err := s.Send(zmq.NewMsg(body)); err != nil {
			return err
		}
	}
	return nil
}

func rep(a peer.Args) (time.Duration, error) {
	start := time.Now()
	s := zmq.NewRep(background)
	if err := bound(s, a.Endpoint); err != nil {
		return 0, err
	}
	err := replyAll(s, a)
	time.Sleep(linger)
	return time.Since(start), err
}

func replyAll(s zmq.Socket, a peer.Args) error {
	for range a.Count + peer.WarmRounds {
		body, err := receive(s, a.Size)
		if err != nil {
			return err
		}
		if err := s.Send(zmq.NewMsg(body)); err != nil {
			return err
		}
	}
	return nil
}

func req(a peer.Args) (time.Duration, error) {
	s := zmq.NewReq(background)
	if err := s.Dial(a.Endpoint); err != nil {
		return 0, err
	}
	return requestAll(s, a)
}

func requestAll(s zmq.Socket, a peer.Args) (time.Duration, error) {
	var start time.Time
	body := peer.Body(a.Size)
	for i := range a.Count + peer.WarmRounds {
		if i == peer.WarmRounds {
			start = time.Now()
		}
		if err := s.Send(zmq.NewMsg(body)); err != nil {
			return 0, err
		}
		if _, err := receive(s, a.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func inprocThr(a peer.Args) (time.Duration, error) {
	return inproc(zmq.NewPull(background), zmq.NewPush(background), a, pullAll, pushAll)
}

func inprocLat(a peer.Args) (time.Duration, error) {
	return inproc(zmq.NewReq(background), zmq.NewRep(background), a, requestAll, replyAll)
}

// inproc runs the timed side in this goroutine and the other side in a new one.
// The timed side dials, because a listening REQ fails to send without a peer.
func inproc(s, o zmq.Socket, a peer.Args,
	timed func(zmq.Socket, peer.Args) (time.Duration, error),
	other func(zmq.Socket, peer.Args) error,
) (time.Duration, error) {
	if err := o.Listen("inproc://bench"); err != nil {
		return 0, err
	}
	if err := s.Dial("inproc://bench"); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- other(o, a) }()
	d, err := timed(s, a)
	if err != nil {
		return 0, err
	}
	return d, <-done
}

func idleRouter(endpoint string) error {
	s := zmq.NewRouter(background)
	if err := bound(s, endpoint); err != nil {
		return err
	}
	go func() {
		for {
			if _, err := s.Recv(); err != nil {
				return
			}
		}
	}()
	return peer.Serve()
}
