// Command ours is the peer that uses the public API of this library: Send(ctx,
// body), which copies, and Recv(ctx). All options have their defaults. Flags precede
// the sub-command:
//
//	-release  the receiver calls Message.Release for each message
//	-own      push calls SendMessage, which copies no large frame
//	-batch    push and pull call SendBatch and RecvBatch with 64 messages
//	-iterate  pull loops over Messages
//	-hwm N    the high-water marks of push and pull
//	-spin D   Options.Latency.Spin of pull, push, rep and req
//	-curve    pull, push, rep and req use CURVE
package main

import (
	"context"
	"flag"
	"os"
	"runtime/debug"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/bench/internal/peer"
)

var (
	background = context.Background()
	release    bool // the flags
	secured    bool
	own        bool
	batch      bool
	iterate    bool
	hwm        int
	spin       time.Duration
)

// batchSize is the number of messages of a batch.
const batchSize = 64

func main() {
	args := os.Args[1:]
	flags := flag.NewFlagSet("ours", flag.ExitOnError)
	flags.BoolVar(&release, "release", false, "")
	flags.BoolVar(&secured, "curve", false, "")
	flags.BoolVar(&own, "own", false, "")
	flags.BoolVar(&batch, "batch", false, "")
	flags.BoolVar(&iterate, "iterate", false, "")
	flags.DurationVar(&spin, "spin", 0, "")
	flags.IntVar(&hwm, "hwm", 0, "")
	flags.Parse(args)
	args = flags.Args()
	peer.Main(version(), peer.Commands{
		Pull: pull, Push: push, Rep: rep, Req: req,
		InprocThr: inprocThr, InprocLat: inprocLat, IdleRouter: idleRouter,
		Pub: pub(true), PubDrop: pub(false), Subs: subs, TopicPub: topicPub,
		Proxy: proxy, ProxySend: proxySend, ProxyRecv: proxyRecv,
		BeatRouter: beatRouter, Crowd: crowd,
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
	o.RecvHWM = hwm
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
	count := a.Count - 1
	var err error
	switch {
	case batch:
		err = pullBatches(s, a.Size, count)
	case iterate:
		err = iterateAll(s, a.Size, count)
	default:
		err = pullEach(s, a.Size, count)
	}
	return time.Since(start), err
}

func pullEach(s *zmq.Pull, size, count int) error {
	for range count {
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
	}
	return nil
}

func pullBatches(s *zmq.Pull, size, count int) error {
	var msgs [batchSize]zmq.Message
	for count > 0 {
		n, err := s.RecvBatch(background, msgs[:min(batchSize, count)])
		if err != nil {
			return err
		}
		count -= n
		for i := range msgs[:n] {
			if err := peer.Check(msgs[i].Frame(0), size); err != nil {
				return err
			}
			if release {
				msgs[i].Release()
			}
		}
	}
	return nil
}

func iterateAll(s *zmq.Pull, size, count int) error {
	for m, err := range s.Messages(background) {
		if err != nil {
			return err
		}
		if err := peer.Check(m.Frame(0), size); err != nil {
			return err
		}
		if release {
			m.Release()
		}
		if count--; count == 0 {
			break
		}
	}
	return nil
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
	o.SendHWM = hwm
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
	switch {
	case batch:
		return pushBatches(s, body, a.Count)
	case own:
		for range a.Count {
			if err := s.SendMessage(background, zmq.NewMessage(body)); err != nil {
				return err
			}
		}
		return nil
	}
	for range a.Count {
		if err := s.Send(background, body); err != nil {
			return err
		}
	}
	return nil
}

func pushBatches(s *zmq.Push, body []byte, count int) error {
	var msgs [batchSize]zmq.Message
	for i := range msgs {
		msgs[i] = zmq.NewMessage(body)
	}
	for count > 0 {
		n, err := s.SendBatch(background, msgs[:min(batchSize, count)])
		if err != nil {
			return err
		}
		count -= n
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
