package peer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"
)

// topic_pub is a PUB with one subscriber, the bench command, which subscribes
// to up to a million topics. Both sides derive a topic from its number. Between
// commands the publisher sends the two messages of [Probes] each millisecond.
// The subscriber subscribes to a probe after its topics; when the probe
// arrives, the publisher has all subscriptions. Lines of standard input are
// commands:
//
//	settle       return free memory to the system
//	match N M    publish N messages, cycling through the first M topics
//	batch N M    the same in batches, if the library has them
//	miss N       publish N messages that match no subscription
//	watch        publish messages that match no subscription, while the
//	             subscriber disconnects, until its subscriptions are removed
//
// Each command prints one line. settle prints any line. match, batch and
// miss print the time for one message in nanoseconds. watch prints when the subscriptions
// were removed, in nanoseconds of the Unix clock, and the duration of the
// longest Send in nanoseconds. The end of standard input ends the process.

// TopicSize is the length of each topic, and of each message.
const TopicSize = 32

// Misses is the number of different topics without a subscription.
const Misses = 4096

// Probes are two further topics of the same form.
var Probes = [2]string{string(Topic(-2)), string(Topic(-1))}

// Topic returns topic i: 32 hexadecimal digits that look random.
func Topic(i int) []byte {
	var b [TopicSize / 2]byte
	for half := range 2 {
		x := mix(uint64(2*i + half))
		for j := range 8 {
			b[8*half+j] = byte(x >> (8 * j))
		}
	}
	return hex.AppendEncode(nil, b[:])
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood), a bijection with
// random-looking results.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// TopicTable holds consecutive topics in one block of memory, so that reading a
// topic takes little time compared with publishing it.
type TopicTable []byte

// NewTopicTable returns a table of the topics from to from+n-1.
func NewTopicTable(from, n int) TopicTable {
	t := make(TopicTable, 0, n*TopicSize)
	for i := range n {
		t = append(t, Topic(from+i)...)
	}
	return t
}

// At returns topic i of the table.
func (t TopicTable) At(i int) []byte { return t[i*TopicSize : (i+1)*TopicSize] }

// Each publishes n messages, cycling through the first m topics, and returns
// the total time.
func (t TopicTable) Each(n, m int, send func([]byte) error) (time.Duration, error) {
	start := time.Now()
	for i, at := 0, 0; i < n; i++ {
		if err := send(t.At(at)); err != nil {
			return 0, err
		}
		if at++; at == m {
			at = 0
		}
	}
	return time.Since(start), nil
}

// topicBatch is the number of messages that Batches publishes at a time.
const topicBatch = 64

// Batches is like Each but publishes batches.
func (t TopicTable) Batches(n, m int, send func([][]byte) error) (time.Duration, error) {
	batch := make([][]byte, 0, topicBatch)
	start := time.Now()
	for at := 0; n > 0; n -= len(batch) {
		batch = batch[:0]
		for range min(n, topicBatch) {
			batch = append(batch, t.At(at))
			if at++; at == m {
				at = 0
			}
		}
		if err := send(batch); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// TopicPublisher implements topic_pub except the socket.
type TopicPublisher struct {
	Send      func([]byte) error
	SendBatch func(topics [][]byte) error // may be nil
	Left      func() int                  // number of subscribed topics

	topics, misses TopicTable
}

// Serve runs the commands from standard input.
func (p *TopicPublisher) Serve(count int) error {
	p.topics, p.misses = NewTopicTable(0, count), NewTopicTable(count, Misses)
	lines := Lines()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := p.do(line); err != nil {
				return err
			}
		case <-time.After(time.Millisecond):
			for _, probe := range Probes {
				if err := p.Send([]byte(probe)); err != nil {
					return err
				}
			}
		}
	}
}

func (p *TopicPublisher) do(line string) error {
	var n, m int
	if line == "settle" {
		debug.FreeOSMemory() // runs a garbage collection first
		fmt.Println("settled")
		return nil
	}
	if line == "watch" {
		return p.watch()
	}
	if k, _ := fmt.Sscanf(line, "match %d %d", &n, &m); k == 2 && m <= len(p.topics)/TopicSize {
		return published(n)(p.topics.Each(n, m, p.Send))
	}
	if k, _ := fmt.Sscanf(line, "batch %d %d", &n, &m); k == 2 && m <= len(p.topics)/TopicSize && p.SendBatch != nil {
		return published(n)(p.topics.Batches(n, m, p.SendBatch))
	}
	if k, _ := fmt.Sscanf(line, "miss %d", &n); k == 1 {
		return published(n)(p.misses.Each(n, Misses, p.Send))
	}
	return fmt.Errorf("unknown command: %q", line)
}

func published(n int) func(time.Duration, error) error {
	return func(d time.Duration, err error) error {
		if err == nil {
			fmt.Printf("%.2f\n", float64(d.Nanoseconds())/float64(n))
		}
		return err
	}
}

// watch publishes until all subscriptions are removed, and checks that after each
// message.
func (p *TopicPublisher) watch() error {
	var longest time.Duration
	for i := 0; ; i++ {
		start := time.Now()
		if err := p.Send(p.misses.At(i % Misses)); err != nil {
			return err
		}
		left := p.Left() // waits for the same lock as Send
		end := time.Now()
		longest = max(longest, end.Sub(start))
		if left == 0 {
			fmt.Println(end.UnixNano(), longest.Nanoseconds())
			return nil
		}
	}
}

func (c Commands) topicPub(operands []string) error {
	if c.TopicPub == nil {
		return errors.New("topic_pub: not supported by this library")
	}
	if len(operands) != 2 {
		return errors.New("topic_pub needs ENDPOINT and COUNT")
	}
	n, err := strconv.Atoi(operands[1])
	if err != nil || n < 1 {
		return fmt.Errorf("topic_pub: bad COUNT %q", operands[1])
	}
	return c.TopicPub(operands[0], n)
}
