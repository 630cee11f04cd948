package main

import (
	"context"
	"os"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

// proxy forwards messages until standard input ends.
func proxy(kind string) error {
	front, back, err := proxySockets(kind)
	if err != nil {
		return err
	}
	defer front.Close()
	defer back.Close()
	for _, s := range []zmq.Socket{front, back} {
		endpoint, err := s.Bind("tcp://127.0.0.1:*")
		if err != nil {
			return err
		}
		peer.Bound(endpoint)
	}
	ctx, cancel := context.WithCancel(background)
	go func() {
		os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	if err := zmq.Proxy(ctx, front, back, nil); ctx.Err() == nil {
		return err
	}
	return nil
}

func proxySockets(kind string) (front, back zmq.Socket, err error) {
	if kind == peer.RouterDealer {
		router, err := zmq.NewRouter(nil)
		if err != nil {
			return front, back, err
		}
		dealer, err := zmq.NewDealer(nil)
		if err != nil {
			return front, back, err
		}
		return router.Socket, dealer.Socket, nil
	}
	xsub, err := zmq.NewXSub(nil)
	if err != nil {
		return front, back, err
	}
	xpub, err := zmq.NewXPub(&zmq.Options{Overflow: zmq.OverflowBlock})
	if err != nil {
		return front, back, err
	}
	return xsub.Socket, xpub.Socket, nil
}

func proxySend(kind string, a peer.Args) (time.Duration, error) {
	start := time.Now()
	body := peer.Body(a.Size)
	if kind == peer.RouterDealer {
		s, err := zmq.NewDealer(nil)
		if err != nil {
			return 0, err
		}
		if err := s.Connect(a.Endpoint); err != nil {
			return 0, err
		}
		for range a.Count {
			if err := s.Send(background, body); err != nil {
				return 0, err
			}
		}
		return time.Since(start), drain(s)
	}
	s, err := zmq.NewPub(&zmq.Options{Overflow: zmq.OverflowBlock})
	if err != nil {
		return 0, err
	}
	if err := s.Connect(a.Endpoint); err != nil {
		return 0, err
	}
	if err := s.WaitSubscribers(background, 1, ""); err != nil {
		return 0, err
	}
	for range a.Count {
		if err := s.Send(background, body); err != nil {
			return 0, err
		}
	}
	return time.Since(start), drain(s)
}

func proxyRecv(kind string, a peer.Args) (time.Duration, error) {
	var s receiver
	if kind == peer.RouterDealer {
		dealer, err := zmq.NewDealer(nil)
		if err != nil {
			return 0, err
		}
		if err := dealer.Connect(a.Endpoint); err != nil {
			return 0, err
		}
		s = dealer
	} else {
		sub, err := zmq.NewSub(nil)
		if err != nil {
			return 0, err
		}
		if err := sub.Subscribe(""); err != nil {
			return 0, err
		}
		if err := sub.Connect(a.Endpoint); err != nil {
			return 0, err
		}
		s = sub
	}
	var start time.Time
	for range a.Count {
		m, err := s.Recv(background)
		if err != nil {
			return 0, err
		}
		if start.IsZero() {
			start = time.Now()
		}
		// The body is the last frame, after the routing ID of a ROUTER.
		if err := peer.Check(m.Frame(m.NumFrames()-1), a.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
