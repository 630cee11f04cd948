package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Notifier is a pattern whose Recv returns notices: empty messages about peers
// that have connected or disconnected, which no peer has sent.
type Notifier interface {
	// Notices returns the pending notices in order, and clears the list. It
	// runs under both locks. The caller queues each notice after it has
	// released the send lock and before it releases the receive lock.
	Notices() []PeerNotice
}

// PeerNotice is a notice that is not queued yet.
type PeerNotice struct {
	pipe *pipe.Pipe
	from *msg.Peer
}

// Queue appends the notice to the messages of the peer. It takes the lock of
// the queue's writer, which over inproc is the send lock of another socket. So
// the caller holds its own receive lock but not its own send lock.
func (n *PeerNotice) Queue() {
	in := n.pipe.In
	in.Lock()
	defer in.Unlock()
	if !in.ReadClosed() {
		in.PutFrom(n.from, &msg.Msg{})
	}
}

// notices is the list of notices that are not queued yet. The send lock guards
// it.
type notices struct{ pending []PeerNotice }

// notify adds a notice that Recv returns after all messages of the peer.
func (s *notices) notify(p *pipe.Pipe, peer *msg.Peer, what msg.Notice) {
	from := *peer
	from.Notice = what
	s.pending = append(s.pending, PeerNotice{p, &from})
}

// Notices returns the pending notices, and clears the list.
func (s *notices) Notices() []PeerNotice {
	list := s.pending
	s.pending = nil
	return list
}
