package peer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"
)

// A PUB whose subscriber, which is the runner itself, has up to a million
// topics. The topics are known to both by number. While it is told nothing the
// publisher sends the two messages of [Probes] each millisecond: the subscriber
// subscribes to one of them behind the topics, and when it comes, the publisher
// knows them all. Lines on standard input tell it what to do:
//
//	settle       give free memory back to the system
//	match N M    publish N messages with the first M topics in turn
//	miss N       publish N messages that nobody has subscribed to
//	watch        publish messages that nobody has subscribed to until the next
//	             line, while the subscriber goes away
//
// Each is answered by one line: settle by any; match and miss by how long one
// message took, in nanoseconds; watch by when the subscriptions were gone, in
// nanoseconds of the Unix clock, and how long the longest Send took, in
// nanoseconds. With the end of standard input all ends.

// TopicSize is the length of each topic, and of each message.
const TopicSize = 32

// Misses is how many topics nobody subscribes to are published in turn.
const Misses = 4096

// Probes are topics beside those with a number, and like them.
var Probes = [2]string{string(Topic(-2)), string(Topic(-1))}

// Topic is the topic with a number: 32 hexadecimal digits in no order.
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

// mix is a bijection that scatters (the finaliser of SplitMix64, as published
// by Steele, Lea and Flood).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// TopicTable is topics by number, one behind the other, so that a publisher
// waits for its library and not for its own topics.
type TopicTable []byte

// NewTopicTable holds n topics from a number on.
func NewTopicTable(from, n int) TopicTable {
	t := make(TopicTable, 0, n*TopicSize)
	for i := range n {
		t = append(t, Topic(from+i)...)
	}
	return t
}

// At is topic i of the table.
func (t TopicTable) At(i int) []byte { return t[i*TopicSize : (i+1)*TopicSize] }

// Each publishes n topics of the first m in turn, and returns how long one took.
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

// TopicPublisher is what topic_pub does but for the socket.
type TopicPublisher struct {
	Send func([]byte) error
	Left func() int // how many topics are subscribed to

	topics, misses TopicTable
}

// Serve does what standard input says.
func (p *TopicPublisher) Serve(count int) error {
	p.topics, p.misses = NewTopicTable(0, count), NewTopicTable(count, Misses)
	lines := Lines()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := p.do(line, lines); err != nil {
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

func (p *TopicPublisher) do(line string, lines <-chan string) error {
	var n, m int
	if line == "settle" {
		debug.FreeOSMemory() // collects first
		fmt.Println("settled")
		return nil
	}
	if line == "watch" {
		return p.watch(lines)
	}
	if k, _ := fmt.Sscanf(line, "match %d %d", &n, &m); k == 2 && m <= len(p.topics)/TopicSize {
		return published(n)(p.topics.Each(n, m, p.Send))
	}
	if k, _ := fmt.Sscanf(line, "miss %d", &n); k == 1 {
		return published(n)(p.misses.Each(n, Misses, p.Send))
	}
	return fmt.Errorf("not understood: %q", line)
}

func published(n int) func(time.Duration, error) error {
	return func(d time.Duration, err error) error {
		if err == nil {
			fmt.Printf("%.2f\n", float64(d.Nanoseconds())/float64(n))
		}
		return err
	}
}

// watch publishes until a line comes, and looks after each message whether the
// subscriptions are gone.
func (p *TopicPublisher) watch(lines <-chan string) error {
	var gone time.Time
	var longest time.Duration
	for i := 0; ; i++ {
		select {
		case <-lines:
			if gone.IsZero() {
				return errors.New("subscriptions are left")
			}
			fmt.Println(gone.UnixNano(), longest.Nanoseconds())
			return nil
		default:
		}
		start := time.Now()
		if err := p.Send(p.misses.At(i % Misses)); err != nil {
			return err
		}
		left := p.Left() // which waits for the same lock
		end := time.Now()
		longest = max(longest, end.Sub(start))
		if gone.IsZero() && left == 0 {
			gone = end
		}
	}
}

func (c Commands) topicPub(operands []string) error {
	if c.TopicPub == nil {
		return errors.New("topic_pub: not supported by this library")
	}
	if len(operands) != 2 {
		return errors.New("topic_pub wants ENDPOINT and COUNT")
	}
	n, err := strconv.Atoi(operands[1])
	if err != nil || n < 1 {
		return fmt.Errorf("topic_pub: bad COUNT %q", operands[1])
	}
	return c.TopicPub(operands[0], n)
}
