package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Notifier is a pattern whose Recv returns notifications: empty messages about peers
// that have connected or disconnected, which no peer has sent.
type Notifier interface {
	// Notifications returns the pending notifications in order, and clears the list. It
	// runs under both locks. The caller queues each notification after it has
	// released the send lock and before it releases the receive lock.
	Notifications() []PeerNotification
}

// PeerNotification is a notification that is not queued yet.
type PeerNotification struct {
	pipe *pipe.Pipe
	from *msg.Peer
}

// Queue appends the notification to the messages of the peer. It takes the lock of
// the queue's writer, which over inproc is the send lock of another socket. So
// the caller holds its own receive lock but not its own send lock.
func (n *PeerNotification) Queue() {
	in := n.pipe.In
	in.Lock()
	defer in.Unlock()
	if !in.ReadClosed() {
		in.PutFrom(n.from, &msg.Msg{})
	}
}

// notifications is the list of notifications that are not queued yet. The send lock guards
// it.
type notifications struct{ pending []PeerNotification }

// notify adds a notification that Recv returns after all messages of the peer.
func (s *notifications) notify(p *pipe.Pipe, peer *msg.Peer, what msg.Notification) {
	from := *peer
	from.Notification = what
	s.pending = append(s.pending, PeerNotification{p, &from})
}

// Notifications returns the pending notifications, and clears the list.
func (s *notifications) Notifications() []PeerNotification {
	list := s.pending
	s.pending = nil
	return list
}
