// Command ours is the peer that uses the public API of this library: Send(ctx,
// body), which copies, and Recv(ctx). All options have their defaults. With
// -release before the sub-command, the receiver calls Message.Release for each
// message. With -curve, pull, push, rep and req use CURVE.
package main

import (
	"context"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

var (
	background = context.Background()
	release    bool // the -release flag
	secured    bool // the -curve flag
)

func main() {
	args := os.Args[1:]
	for ; len(args) > 0 && strings.HasPrefix(args[0], "-"); args = args[1:] {
		release = release || args[0] == "-release"
		secured = secured || args[0] == "-curve"
	}
	peer.Main(version(), peer.Commands{
		Pull: pull, Push: push, Rep: rep, Req: req,
		InprocThr: inprocThr, InprocLat: inprocLat, IdleRouter: idleRouter,
		Pub: pub(true), PubDrop: pub(false), Subs: subs, TopicPub: topicPub,
	}, args)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "this checkout"
	}
	return "this checkout, built by " + info.GoVersion
}

// receiver is implemented by Pull and Req.
type receiver interface {
	Recv(context.Context) (zmq.Message, error)
}

// drain sends all queued messages and closes the socket.
func drain(s interface{ Shutdown(context.Context) error }) error {
	ctx, cancel := context.WithTimeout(background, time.Minute)
	defer cancel()
	return s.Shutdown(ctx)
}

func pull(a peer.Args) (time.Duration, error) {
	o, err := options(true)
	if err != nil {
		return 0, err
	}
	s, err := zmq.NewPull(o)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	endpoint, err := s.Bind(a.Endpoint)
	if err != nil {
		return 0, err
	}
	peer.Bound(endpoint)
	return pullAll(s, a)
}

func pullAll(s *zmq.Pull, a peer.Args) (time.Duration, error) {
	if err := takeOne(s, a.Size); err != nil {
		return 0, err
	}
	start := time.Now()
	for range a.Count - 1 {
		m, err := s.Recv(background)
		if err != nil {
			return 0, err
		}
		if err := peer.Check(m.Frame(0), a.Size); err != nil {
			return 0, err
		}
		if release {
			m.Release()
		}
	}
	return time.Since(start), nil
}

func takeOne(s receiver, size int) error {
	m, err := s.Recv(background)
	if err != nil {
		return err
	}
	if err := peer.Check(m.Frame(0), size); err != nil {
		return err
	}
	if release {
		m.Release()
	}
	return nil
}

func push(a peer.Args) (time.Duration, error) {
	start := time.Now()
	o, err := options(false)
	if err != nil {
		return 0, err
	}
	s, err := zmq.NewPush(o)
	if err != nil {
		return 0, err
	}
	if err := s.Connect(a.Endpoint); err != nil {
		return 0, err
	}
	if err := pushAll(s, a); err != nil {
		return 0, err
	}
	err = drain(s)
	return time.Since(start), err
}

func pushAll(s *zmq.Push, a peer.Args) error {
	body := peer.Body(a.Size)
	for range a.Count {
		if err := s.Send(background, body); err != nil {
			return err
		}
	}
	return nil
}

func rep(a peer.Args) (time.Duration, error) {
	start := time.Now()
	o, err := options(true)
	if err != nil {
		return 0, err
	}
	s, err := zmq.NewRep(o)
	if err != nil {
		return 0, err
	}
	endpoint, err := s.Bind(a.Endpoint)
	if err != nil {
		return 0, err
	}
	peer.Bound(endpoint)
	if err := replyAll(s, a); err != nil {
		return 0, err
	}
	err = drain(s)
	return time.Since(start), err
}

func replyAll(s *zmq.Rep, a peer.Args) error {
	for range a.Count + peer.WarmRounds {
		m, err := s.Recv(background)
		if err != nil {
			return err
		}
		if err := peer.Check(m.Frame(0), a.Size); err != nil {
			return err
		}
		if err := s.Send(background, m.Frame(0)); err != nil {
			return err
		}
	}
	return nil
}

func req(a peer.Args) (time.Duration, error) {
	o, err := options(false)
	if err != nil {
		return 0, err
	}
	s, err := zmq.NewReq(o)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := s.Connect(a.Endpoint); err != nil {
		return 0, err
	}
	return requestAll(s, a)
}

func requestAll(s *zmq.Req, a peer.Args) (time.Duration, error) {
	var start time.Time
	body := peer.Body(a.Size)
	for i := range a.Count + peer.WarmRounds {
		if i == peer.WarmRounds {
			start = time.Now()
		}
		if err := s.Send(background, body); err != nil {
			return 0, err
		}
		if err := takeOne(s, a.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
