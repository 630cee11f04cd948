// Command pebbe is the peer that uses github.com/pebbe/zmq4, a widely used cgo
// binding of libzmq. All options have their defaults.
package main

import (
	"fmt"
	"os"
	"time"

	zmq "github.com/pebbe/zmq4"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

const module = "github.com/pebbe/zmq4"

func main() {
	major, minor, patch := zmq.Version()
	version := fmt.Sprintf("%s on libzmq %d.%d.%d", peer.Version(module), major, minor, patch)
	peer.Main(version, peer.Commands{
		Pull: pull, Push: push, Rep: rep, Req: req, InprocThr: inprocThr, InprocLat: inprocLat,
	}, os.Args[1:])
}

func bound(t zmq.Type, endpoint string) (*zmq.Socket, error) {
	s, err := zmq.NewSocket(t)
	if err != nil {
		return nil, err
	}
	if err := s.Bind(endpoint); err != nil {
		return nil, err
	}
	last, err := s.GetLastEndpoint()
	if err != nil {
		return nil, err
	}
	peer.Bound(last)
	return s, nil
}

func connected(t zmq.Type, endpoint string) (*zmq.Socket, error) {
	s, err := zmq.NewSocket(t)
	if err != nil {
		return nil, err
	}
	return s, s.Connect(endpoint)
}

// finish closes the socket and waits until all messages are sent.
func finish(s *zmq.Socket) error {
	if err := s.Close(); err != nil {
		return err
	}
	return zmq.Term()
}

func receive(s *zmq.Socket, size int) ([]byte, error) {
	body, err := s.RecvBytes(0)
	if err != nil {
		return nil, err
	}
	return body, peer.Check(body, size)
}

func pull(a peer.Args) (time.Duration, error) {
	s, err := bound(zmq.PULL, a.Endpoint)
	if err != nil {
		return 0, err
	}
	d, err := pullAll(s, a)
	if err != nil {
		return 0, err
	}
	return d, finish(s)
}

func pullAll(s *zmq.Socket, a peer.Args) (time.Duration, error) {
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

func push(a peer.Args) (time.Duration, error) {
	start := time.Now()
	s, err := connected(zmq.PUSH, a.Endpoint)
	if err != nil {
		return 0, err
	}
	if err := pushAll(s, a); err != nil {
		return 0, err
	}
	err = finish(s)
	return time.Since(start), err
}

func pushAll(s *zmq.Socket, a peer.Args) error {
	body := peer.Body(a.Size)
	for range a.Count {
		if _, err := s.SendBytes(body, 0); err != nil {
			return err
		}
	}
	return nil
}

func rep(a peer.Args) (time.Duration, error) {
	start := time.Now()
	s, err := bound(zmq.REP, a.Endpoint)
	if err != nil {
		return 0, err
	}
	if err := replyAll(s, a); err != nil {
		return 0, err
	}
	err = finish(s)
	return time.Since(start), err
}

func replyAll(s *zmq.Socket, a peer.Args) error {
	for range a.Count + peer.WarmRounds {
		body, err := receive(s, a.Size)
		if err != nil {
			return err
		}
		if _, err := s.SendBytes(body, 0); err != nil {
			return err
		}
	}
	return nil
}

func req(a peer.Args) (time.Duration, error) {
	s, err := connected(zmq.REQ, a.Endpoint)
	if err != nil {
		return 0, err
	}
	d, err := requestAll(s, a)
	if err != nil {
		return 0, err
	}
	return d, finish(s)
}

func requestAll(s *zmq.Socket, a peer.Args) (time.Duration, error) {
	var start time.Time
	body := peer.Body(a.Size)
	for i := range a.Count + peer.WarmRounds {
		if i == peer.WarmRounds {
			start = time.Now()
		}
		if _, err := s.SendBytes(body, 0); err != nil {
			return 0, err
		}
		if _, err := receive(s, a.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func inprocThr(a peer.Args) (time.Duration, error) {
	return inproc(zmq.PULL, zmq.PUSH, a, pullAll, pushAll)
}

func inprocLat(a peer.Args) (time.Duration, error) {
	return inproc(zmq.REQ, zmq.REP, a, requestAll, replyAll)
}

// inproc runs the timed side in this goroutine and the other side in a new one,
// which has its own socket.
func inproc(timedType, otherType zmq.Type, a peer.Args,
	timed func(*zmq.Socket, peer.Args) (time.Duration, error),
	other func(*zmq.Socket, peer.Args) error,
) (time.Duration, error) {
	s, err := zmq.NewSocket(timedType)
	if err != nil {
		return 0, err
	}
	if err := s.Bind("inproc://bench"); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() {
		o, err := connected(otherType, "inproc://bench")
		if err == nil {
			err = other(o, a)
		}
		done <- err
	}()
	d, err := timed(s, a)
	if err != nil {
		return 0, err
	}
	return d, <-done
}
