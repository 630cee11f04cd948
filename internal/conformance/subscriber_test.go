package conformance

import (
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// subscriber is a peer of a publishing pattern without a socket.
type subscriber struct {
	p  *pipe.Pipe
	mu sync.Mutex
}

// twoSubscribers returns a new XPUB pattern with two peers.
func twoSubscribers(o *pattern.Options) (pub *pattern.Pub, first, second *subscriber) {
	pub = pattern.NewPub(o, new(pipe.Drops), true)
	var list []*subscriber
	sendMu := new(sync.Mutex)
	for range 2 {
		s := &subscriber{p: pipe.New()}
		s.p.Out = pipe.NewQueue(pipe.Config{Lock: sendMu, Reader: nopReader{}, Writer: new(roomCounter), From: s.p})
		s.p.In = pipe.NewQueue(pipe.Config{Lock: &s.mu, Reader: nopReader{}, To: s.p})
		_ = pub.Attach(s.p) // never fails for a publisher
		list = append(list, s)
	}
	return pub, list[0], list[1]
}

// subscribes sends a subscription as a message.
func (s *subscriber) subscribes(pub *pattern.Pub, topic string) { s.sends(pub, "\x01"+topic) }

// sends sends a message of one frame.
func (s *subscriber) sends(pub *pattern.Pub, frame string) {
	m := msg.Of([]byte(frame))
	_, _ = pub.ProcessMessage(s.p, &m) // fails only if the limits of subscriptions are set
}

// recvFirst returns the first frame of the next message that the XPUB receives.
func recvFirst(pub *pattern.Pub) string {
	var m msg.Msg
	if err := pub.Recv(&m); err != nil {
		return err.Error()
	}
	return string(m.First)
}

// deliveries sends a message and returns how many messages are added to the
// subscriber's queue.
func (s *subscriber) deliveries(pub *pattern.Pub, first string) int {
	before := s.p.Out.Len()
	if err := pub.Send(msg.Of([]byte(first))); err != nil {
		return -1
	}
	return s.p.Out.Len() - before
}
