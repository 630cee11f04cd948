package peer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// One publisher and many subscribers. A PUB knows nobody who is not there yet,
// so it begins with messages that only say that it is up, one each millisecond,
// until every subscriber has had one; and it ends with messages that say so,
// again one each millisecond, since a PUB may drop one for a subscriber that is
// behind. What is between them is measured. The two kinds have the sizes
// warmSize and endSize, which no measured message has.

// Subscribers is how many SUB sockets subs opens. pubsub.c has the same
// constants.
const (
	Subscribers = 100
	warmSize    = 1
	endSize     = 2
	minFanout   = 3 // the least SIZE
)

// Publish does what pub and pub_drop do, with a function that sends a body. It
// returns how long the COUNT measured messages took to send.
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

// every calls f again and again until a line comes, or the end of all.
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

// Lines are those of standard input. The channel is closed at its end.
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

// Tally is what all subscribers together received.
type Tally struct {
	mu          sync.Mutex
	size        int
	warm        int // subscribers that the publisher has reached
	messages    int
	first, last time.Time
}

// NewTally says how large the messages are.
func NewTally(a Args) *Tally { return &Tally{size: a.Size} }

// Receive is the loop of one subscriber, with the function that receives.
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

// reached tells the runner once all subscribers are.
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
