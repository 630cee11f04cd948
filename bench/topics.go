package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// The topics scenario measures a PUB process whose only subscriber has a
// million subscriptions. This process is the subscriber. It uses a plain TCP
// connection and no library, so that only the publisher is measured.
// internal/peer/topics.go documents the publisher.

// fewTopics is the number of subscriptions for the first figures.
const fewTopics = 1000

// Names of the figures.
const (
	topicMemory     = "memory of a topic, B"
	topicMatchFew   = "matched at 1 k, ns"
	topicMatchAll   = "matched at all, ns"
	topicMatchRatio = "matched, all to 1 k"
	topicBatchFew   = "matched in batches at 1 k, ns"
	topicBatchAll   = "matched in batches at all, ns"
	topicBatchRatio = "matched in batches, all to 1 k"
	topicMissFew    = "unmatched at 1 k, ns"
	topicMissAll    = "unmatched at all, ns"
	topicMissRatio  = "unmatched, all to 1 k"
	topicSubscribe  = "subscribe, s"
	topicRemove     = "remove, s"
	topicStall      = "longest Send while removing, s"
)

func doTopics(ctx context.Context, lib Library, row Row) (Sample, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pub, err := start(ctx, lib, "topic_pub", anyPort, strconv.Itoa(row.Count))
	if err != nil {
		return Sample{}, err
	}
	s := Sample{figures: make(map[string]float64)}
	if err := readTopics(ctx, pub, row.Count, lib.Peer == "ours", &s); err != nil {
		cancel()
		_, end := pub.wait()
		return Sample{}, errors.Join(err, end)
	}
	pub.stdin.Close() // ends the peer
	o, err := pub.wait()
	s.CPU = o.cpu
	return s, err
}

// readTopics runs the scenario and stores its figures in s. batches reports whether
// the library has batches.
func readTopics(ctx context.Context, pub *process, count int, batches bool, s *Sample) error {
	endpoint, err := pub.line()
	if err != nil {
		return errors.New("the peer printed no endpoint")
	}
	c, err := connectBare(ctx, endpoint, "SUB")
	if err != nil {
		return err
	}
	defer c.Close()
	sub := newTopicSub(c)
	f := s.figures
	if _, err := sub.subscribe(ctx, 0, fewTopics, 0); err != nil {
		return err
	}
	if f[topicMatchFew], f[topicMissFew], err = publish(pub, count, fewTopics); err != nil {
		return err
	}
	if batches {
		if f[topicBatchFew], err = ask[float64](pub, fmt.Sprintf("batch %d %d", count, fewTopics)); err != nil {
			return err
		}
	}
	before, err := readRouter(pub, true)
	if err != nil {
		return err
	}
	took, err := sub.subscribe(ctx, fewTopics, count, 1)
	if err != nil {
		return err
	}
	f[topicSubscribe] = took.Seconds()
	if f[topicMatchAll], f[topicMissAll], err = publish(pub, count, count); err != nil {
		return err
	}
	matched := 2 * count
	if batches {
		if f[topicBatchAll], err = ask[float64](pub, fmt.Sprintf("batch %d %d", count, count)); err != nil {
			return err
		}
		f[topicBatchRatio] = f[topicBatchAll] / f[topicBatchFew]
		matched *= 2
	}
	after, err := readRouter(pub, true)
	if err != nil {
		return err
	}
	f[topicMemory] = float64(after-before) * 1024 / float64(count-fewTopics)
	f[topicMatchRatio] = f[topicMatchAll] / f[topicMatchFew]
	f[topicMissRatio] = f[topicMissAll] / f[topicMissFew]
	if err := sub.err(); err != nil {
		return fmt.Errorf("the connection to the publisher ended: %w", err)
	}
	if got := sub.others.Load(); got != int64(matched) {
		return fmt.Errorf("received %d messages, want all %d that match", got, matched)
	}
	if f[topicRemove], f[topicStall], err = disconnect(pub, sub); err != nil {
		return err
	}
	peak, err := statusOf(pub, "VmHWM")
	s.PeakKiB = []int{peak}
	return err
}

// publish has the peer publish messages with the first topics, and as many that
// match no subscription. The results are nanoseconds per message.
func publish(pub *process, count, topics int) (match, miss float64, err error) {
	if match, err = ask[float64](pub, fmt.Sprintf("match %d %d", count, topics)); err != nil {
		return 0, 0, err
	}
	miss, err = ask[float64](pub, fmt.Sprintf("miss %d", count))
	return match, miss, err
}

// disconnect closes the connection of the subscriber. It returns the time in
// seconds until the publisher had removed the subscriptions, and the duration
// of the longest call during that time.
func disconnect(pub *process, sub *topicSub) (removed, stall float64, err error) {
	if _, err := io.WriteString(pub.stdin, "watch\n"); err != nil {
		return 0, 0, err
	}
	time.Sleep(quiet)
	closed := time.Now()
	sub.c.Close()
	line, err := pub.line()
	if err != nil {
		return 0, 0, err
	}
	var at, longest int64
	if _, err := fmt.Sscan(line, &at, &longest); err != nil {
		return 0, 0, fmt.Errorf("watch: %q", line)
	}
	return time.Unix(0, at).Sub(closed).Seconds(), float64(longest) / 1e9, nil
}

// ask sends a line and reads the answer.
func ask[T any](p *process, line string) (answer T, err error) {
	if _, err = io.WriteString(p.stdin, line+"\n"); err != nil {
		return answer, err
	}
	reply, err := p.line()
	if err != nil {
		return answer, err
	}
	if _, err := fmt.Sscan(reply, &answer); err != nil {
		return answer, fmt.Errorf("%s: %q", line, reply)
	}
	return answer, nil
}

// topicSub is the subscriber. It reads continuously and detects the probes.
type topicSub struct {
	c      net.Conn
	probes [len(peer.Probes)]chan struct{} // closed when the first such probe arrives
	others atomic.Int64                    // number of messages other than probes
	ended  chan struct{}
	end    error // valid once ended is closed
}

func newTopicSub(c net.Conn) *topicSub {
	s := &topicSub{c: c, ended: make(chan struct{})}
	for i := range s.probes {
		s.probes[i] = make(chan struct{})
	}
	go s.read()
	return s
}

func (s *topicSub) err() error {
	select {
	case <-s.ended:
		return s.end
	default:
		return nil
	}
}

// read receives messages until the connection ends. It counts them and signals
// the probes. All frames are short frames.
func (s *topicSub) read() {
	defer close(s.ended)
	buf := make([]byte, 0, 256<<10)
	found, others := 0, int64(0)
	for {
		n, err := s.c.Read(buf[len(buf):cap(buf)])
		if err != nil {
			s.end = err
			return
		}
		buf = buf[:len(buf)+n]
		at := 0
		for at+2 <= len(buf) && at+2+int(buf[at+1]) <= len(buf) {
			body := buf[at+2 : at+2+int(buf[at+1])]
			at += 2 + len(body)
			if !slices.Contains(peer.Probes[:], string(body)) {
				others++
			} else if found < len(s.probes) && string(body) == peer.Probes[found] {
				close(s.probes[found])
				found++
			}
		}
		s.others.Store(others)
		buf = buf[:copy(buf, buf[at:])]
	}
}

// subscribe subscribes to topics from to to-1 in random order, and then to a
// probe. It returns the time from the first byte until the probe arrives.
func (s *topicSub) subscribe(ctx context.Context, from, to, probe int) (time.Duration, error) {
	var b bytes.Buffer
	for _, i := range rand.New(rand.NewPCG(1, uint64(from))).Perm(to - from) {
		b.Write(subscription(peer.Topic(from + i)))
	}
	b.Write(subscription([]byte(peer.Probes[probe])))
	start := time.Now()
	if _, err := s.c.Write(b.Bytes()); err != nil {
		return 0, fmt.Errorf("subscribing: %w", err)
	}
	select {
	case <-s.probes[probe]:
		return time.Since(start), nil
	case <-s.ended:
		return 0, fmt.Errorf("subscribing: %w", s.end)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// subscription returns a SUBSCRIBE command of ZMTP 3.1 in a short frame.
func subscription(topic []byte) []byte {
	body := slices.Concat([]byte("\x09SUBSCRIBE"), topic)
	return append([]byte{0x04, byte(len(body))}, body...)
}
