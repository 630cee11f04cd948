package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Notifier is a pattern that receives messages about its peers which no peer has
// sent.
type Notifier interface {
	// Notices returns the messages that are pending, in order, and forgets them.
	// It runs under both locks. Each is queued when the send lock has been given
	// back, before the receive lock is.
	Notices() []PeerNotice
}

// PeerNotice is an empty message which says that a peer has connected or that its
// connection is lost.
type PeerNotice struct {
	pipe *pipe.Pipe
	from *msg.Peer
}

// Queue appends the notice to what the peer has sent. It takes the lock of the
// queue's writer, which over inproc is the send lock of another socket: the
// caller holds its own receive lock and not its own send lock.
func (n *PeerNotice) Queue() {
	in := n.pipe.In
	in.Lock()
	defer in.Unlock()
	if !in.ReadClosed() {
		in.PutFrom(n.from, &msg.Msg{})
	}
}

// notices are those that are not queued yet. The send lock guards them.
type notices struct{ pending []PeerNotice }

// notify has Recv return an empty message of the peer, after all that it has
// sent, that says what has happened to it.
func (s *notices) notify(p *pipe.Pipe, peer *msg.Peer, what msg.Notice) {
	from := *peer
	from.Notice = what
	s.pending = append(s.pending, PeerNotice{p, &from})
}

// Notices returns the notices that are not queued yet, and forgets them.
func (s *notices) Notices() []PeerNotice {
	list := s.pending
	s.pending = nil
	return list
}
