package peer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// The fan-out work has one publisher and many subscribers. A PUB drops messages
// for subscribers that are not connected yet. It therefore first sends a
// warm-up message each millisecond, until every subscriber has received one. At
// the end it sends an end message each millisecond, because it may drop one for
// a full subscriber. The messages in between are measured. Warm-up and end
// messages have the sizes warmSize and endSize, which no measured message has.

// Subscribers is the number of SUB sockets that subs opens. pubsub.c has the
// same constants.
const (
	Subscribers = 100
	warmSize    = 1
	endSize     = 2
	minFanout   = 3 // smallest SIZE
)

// Publish implements pub and pub_drop with a function that sends a body. It
// returns the time that sending the COUNT measured messages took.
func Publish(a Args, send func([]byte) error) (time.Duration, error) {
	if a.Size < minFanout {
		return 0, fmt.Errorf("SIZE must be at least %d", minFanout)
	}
	lines := Lines()
	if err := every(time.Millisecond, lines, func() error { return send(Body(warmSize)) }); err != nil {
		return 0, err
	}
	body := Body(a.Size)
	start := time.Now()
	for range a.Count {
		if err := send(body); err != nil {
			return 0, err
		}
	}
	d := time.Since(start)
	return d, every(time.Millisecond, lines, func() error { return send(Body(endSize)) })
}

// every calls f after each pause until lines has a line or is closed.
func every(pause time.Duration, lines <-chan string, f func() error) error {
	for {
		select {
		case <-lines:
			return nil
		case <-time.After(pause):
			if err := f(); err != nil {
				return err
			}
		}
	}
}

// Lines returns a channel with the lines of standard input. It is closed at the
// end of the input.
func Lines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	return lines
}

// Tally counts the messages that all subscribers received.
type Tally struct {
	mu          sync.Mutex
	size        int
	warm        int // number of subscribers that have received a warm-up message
	messages    int
	first, last time.Time
}

// NewTally returns a Tally for messages of a.Size bytes.
func NewTally(a Args) *Tally { return &Tally{size: a.Size} }

// Receive receives the messages of one subscriber with recv until the end
// message.
func (t *Tally) Receive(recv func() ([]byte, error)) error {
	var first time.Time
	messages, warm := 0, false
	for {
		body, err := recv()
		if err != nil {
			return err
		}
		switch len(body) {
		case warmSize:
			if !warm {
				warm = true
				t.reached()
			}
			continue
		case endSize:
			t.add(messages, first)
			return nil
		}
		if err := Check(body, t.size); err != nil {
			return err
		}
		if messages == 0 {
			first = time.Now()
		}
		messages++
	}
}

// reached counts a ready subscriber, and prints "ready" after the last one.
func (t *Tally) reached() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.warm++; t.warm == Subscribers {
		fmt.Println("ready")
	}
}

func (t *Tally) add(messages int, first time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages += messages
	t.last = time.Now()
	if messages > 0 && (t.first.IsZero() || first.Before(t.first)) {
		t.first = first
	}
}

func (c Commands) subs(operands []string) error {
	if c.Subs == nil {
		return errors.New("subs: not supported by this library")
	}
	a, err := parse("subs", operands)
	if err != nil {
		return err
	}
	t, err := c.Subs(a)
	if err != nil {
		return fmt.Errorf("subs: %w", err)
	}
	return report(t.messages, t.last.Sub(t.first))
}
