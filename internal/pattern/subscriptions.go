package pattern

import "github.com/zerobroker/zmq/internal/pipe"

// subscriptions is the set of topics that a subscriber sends to its publishers.
// Subscribe runs under both locks, the other methods under the send lock.
type subscriptions struct {
	count map[string]int // number of subscriptions of each topic
	pipes map[*pipe.Pipe]struct{}
}

func newSubscriptions() subscriptions {
	return subscriptions{count: make(map[string]int), pipes: make(map[*pipe.Pipe]struct{})}
}

func (s *subscriptions) attach(p *pipe.Pipe) { s.pipes[p] = struct{}{} }
func (s *subscriptions) detach(p *pipe.Pipe) { delete(s.pipes, p) }

// Subscribe counts the subscriptions of a topic, and reports whether the peers
// have to receive the change. They receive every subscription, because an XPUB
// with XPubNotifyEverySubscribe returns all of them, but only the last cancellation.
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

// TopicCount returns the number of distinct topics.
func (s *subscriptions) TopicCount() int { return len(s.count) }

// Pipes calls f for each pipe.
func (s *subscriptions) Pipes(f func(p *pipe.Pipe)) {
	for p := range s.pipes {
		f(p)
	}
}
