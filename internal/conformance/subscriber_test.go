package conformance

import (
	"sync"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// subscriber is a peer of a publishing pattern that no socket holds.
type subscriber struct {
	p  *pipe.Pipe
	mu sync.Mutex
}

// twoSubscribers are the peers of a new XPUB.
func twoSubscribers(o *pattern.Options) (pub *pattern.Pub, first, second *subscriber) {
	pub = pattern.NewPub(o, new(pipe.Drops), true)
	var list []*subscriber
	sendMu := new(sync.Mutex)
	for range 2 {
		s := &subscriber{p: pipe.New()}
		s.p.Out = pipe.NewQueue(pipe.Config{Lock: sendMu, Reader: reader{}, Writer: new(writer), From: s.p})
		s.p.In = pipe.NewQueue(pipe.Config{Lock: &s.mu, Reader: reader{}, To: s.p})
		_ = pub.Attach(s.p) // which refuses nobody
		list = append(list, s)
	}
	return pub, list[0], list[1]
}

// asks subscribes, as a message.
func (s *subscriber) asks(pub *pattern.Pub, topic string) { s.sends(pub, "\x01"+topic) }

// sends sends a message of one frame.
func (s *subscriber) sends(pub *pattern.Pub, frame string) {
	m := msg.Of([]byte(frame))
	if queue, err := pub.Intake(s.p, &m); queue && err == nil {
		pub.Queue(s.p, &m)
	}
}

// next is the first frame of what the XPUB receives next.
func (s *subscriber) next(pub *pattern.Pub) string {
	var m msg.Msg
	if err := pub.Recv(&m); err != nil {
		return err.Error()
	}
	return string(m.First)
}

// gets is how many messages wait for the subscriber when one more is sent.
func (s *subscriber) gets(pub *pattern.Pub, first string) int {
	before := s.p.Out.Len()
	if err := pub.Send(msg.Of([]byte(first))); err != nil {
		return -1
	}
	return s.p.Out.Len() - before
}
