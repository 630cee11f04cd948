package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// perfCmd holds the commands with the arguments and the output of libzmq's
// programs of the same names (its directory perf). So results can be compared,
// and one side of a measurement can be libzmq's.
type perfCmd struct {
	LocalThr  localThrCmd  `cmd:"" name:"local_thr" help:"Bind a PULL, and measure the received messages per second."`
	RemoteThr remoteThrCmd `cmd:"" name:"remote_thr" help:"Connect a PUSH, and send to local_thr."`
	LocalLat  localLatCmd  `cmd:"" name:"local_lat" help:"Bind a REP, and reply to remote_lat."`
	RemoteLat remoteLatCmd `cmd:"" name:"remote_lat" help:"Connect a REQ, and measure round trips with local_lat."`
	InprocThr inprocThrCmd `cmd:"" name:"inproc_thr" help:"Measure messages per second from PUSH to PULL in one process."`
	InprocLat inprocLatCmd `cmd:"" name:"inproc_lat" help:"Measure round trips between REQ and REP in one process."`
}

// Help is shown by zmq perf --help.
func (perfCmd) Help() string {
	return `The arguments and the output are those of libzmq's programs of the same names, and one side of a measurement may be such a program.

Examples:

    zmq perf local_thr tcp://127.0.0.1:5555 64 1000000 & zmq perf remote_thr tcp://127.0.0.1:5555 64 1000000
    zmq perf local_lat tcp://127.0.0.1:5555 64 10000 & zmq perf remote_lat tcp://127.0.0.1:5555 64 10000
    zmq perf inproc_thr 64 1000000
    zmq perf local_thr tcp://127.0.0.1:5555 64 1000000 1 & zmq perf remote_thr tcp://127.0.0.1:5555 64 1000000 1    # with CURVE`
}

// load is the size and the number of the messages of a measurement.
type load struct {
	Size  int `arg:"" name:"message-size" help:"Bytes in a message."`
	Count int `arg:"" name:"count" help:"Messages, or round trips."`
}

func (l load) check() error {
	if l.Size < 0 {
		return usagef("the message size must not be negative")
	}
	if l.Count < 1 {
		return usagef("the count must be at least 1")
	}
	return nil
}

// errSize has the text of libzmq's programs.
var errSize = errors.New("message of incorrect size received")

// receiveSized receives one message and checks its size.
func receiveSized(ctx context.Context, s zmq.Receiver, size int) error {
	m, err := s.Recv(ctx)
	if err != nil {
		return err
	}
	got := m.Size()
	m.Release()
	if got != size {
		return errSize
	}
	return nil
}

// receiveFlood receives all messages, and returns the time between the first
// and the last.
func (l load) receiveFlood(ctx context.Context, s zmq.Receiver) (time.Duration, error) {
	if err := receiveSized(ctx, s, l.Size); err != nil {
		return 0, err
	}
	start := time.Now()
	for range l.Count - 1 {
		if err := receiveSized(ctx, s, l.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// sendFlood sends all messages.
func (l load) sendFlood(ctx context.Context, s zmq.Sender) error {
	body := make([]byte, l.Size)
	for range l.Count {
		if err := s.Send(ctx, body); err != nil {
			return err
		}
	}
	return nil
}

// echo replies to each request with the request.
func (l load) echo(ctx context.Context, s *zmq.Rep) error {
	for range l.Count {
		m, err := s.Recv(ctx)
		if err != nil {
			return err
		}
		if m.Size() != l.Size {
			return errSize
		}
		if err := s.SendMessage(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// roundTrips sends a request and waits for its reply, Count times.
func (l load) roundTrips(ctx context.Context, s *zmq.Req) (time.Duration, error) {
	body := make([]byte, l.Size)
	start := time.Now()
	for range l.Count {
		if err := s.Send(ctx, body); err != nil {
			return 0, err
		}
		if err := receiveSized(ctx, s.Receiver, l.Size); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// throughput divides Count by the time, as libzmq's programs do, although the
// time begins after the first message.
func (l load) throughput(d time.Duration) float64 {
	return float64(l.Count) / float64(max(1, d.Microseconds())) * 1e6
}

// latency is half a round trip, in microseconds.
func (l load) latency(d time.Duration) float64 {
	return float64(d.Microseconds()) / float64(2*l.Count)
}

// printThroughput prints the two lines that end a throughput measurement.
func (l load) printThroughput(e *env, perSecond float64) error {
	_, err := fmt.Fprintf(e.stdout, "mean throughput: %d [msg/s]\nmean throughput: %.3f [Mb/s]\n",
		int(perSecond), perSecond*float64(l.Size)*8/1e6)
	return outputError(err)
}

// printLatency prints the line that ends a latency measurement.
func (l load) printLatency(e *env, d time.Duration) error {
	_, err := fmt.Fprintf(e.stdout, "average latency: %.3f [us]\n", l.latency(d))
	return outputError(err)
}

// printLoad prints the size and the number of messages. what is "message" or
// "roundtrip".
func (l load) printLoad(e *env, what string) error {
	_, err := fmt.Fprintf(e.stdout, "message size: %d [B]\n%s count: %d\n", l.Size, what, l.Count)
	return outputError(err)
}
