package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// subscriptions is the set that a subscriber tells its publishers of. It runs
// under the send lock, except wants, which runs under the receive lock.
type subscriptions struct {
	count map[string]int // how often each topic is subscribed to
	pipes map[*pipe.Pipe]struct{}
}

func newSubscriptions() subscriptions {
	return subscriptions{count: make(map[string]int), pipes: make(map[*pipe.Pipe]struct{})}
}

func (s *subscriptions) attach(p *pipe.Pipe) { s.pipes[p] = struct{}{} }
func (s *subscriptions) detach(p *pipe.Pipe) { delete(s.pipes, p) }

// Subscribe counts: a topic is cancelled when it has been as often as it was
// subscribed to. Every subscription is passed on, for a verbose XPUB wants to
// hear of them all.
func (s *subscriptions) Subscribe(topic string, on bool) (changed bool) {
	n := s.count[topic]
	switch {
	case on:
		s.count[topic] = n + 1
		return true
	case n == 0:
		return false
	case n == 1:
		delete(s.count, topic)
		return true
	}
	s.count[topic] = n - 1
	return false
}

// Topics calls f for each topic once.
func (s *subscriptions) Topics(f func(topic string)) {
	for topic := range s.count {
		f(topic)
	}
}

// TopicCount is the number of different topics.
func (s *subscriptions) TopicCount() int { return len(s.count) }

// Pipes calls f for every publisher.
func (s *subscriptions) Pipes(f func(p *pipe.Pipe)) {
	for p := range s.pipes {
		f(p)
	}
}
