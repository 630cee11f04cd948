package socket

import (
	"time"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// PeerStats are the counters of one connected peer.
type PeerStats struct {
	Peer          *msg.Peer
	Since         time.Time   // when the peer was connected
	Out, In       pipe.Counts // of the queues to and from the peer
	Subscriptions int         // topics or groups of the peer
	Drops         [pipe.NumDrops]uint64
}

// PeerStats describes the connected peers. The counters of a queue are of one
// moment, those of several queues are not.
func (s *Socket) PeerStats() []PeerStats {
	pipes, list := s.peers.connectedStats()
	s.recvMu.Lock()
	for i, p := range pipes {
		if p.In != nil {
			list[i].In = p.In.Counts()
		}
	}
	s.countReturned(list)
	s.recvMu.Unlock()
	far := make([]*inproc.Side, len(pipes))
	s.sendMu.Lock()
	for i, p := range pipes {
		var linked bool
		if far[i], linked = p.To.(*inproc.Side); !linked && p.Out != nil {
			list[i].Out = p.Out.CountsUnsent()
		}
		if s.pub != nil {
			list[i].Subscriptions = s.pub.Subscriptions(p)
		}
	}
	s.sendMu.Unlock()
	for i, p := range pipes {
		if far[i] != nil {
			list[i].Out = far[i].Counts() // takes the lock of the other socket
		}
		if drops := p.Dropped(); drops != nil {
			for why := range list[i].Drops {
				list[i].Drops[why] = drops[why].Load()
			}
		}
	}
	return list
}

// countReturned counts the messages that were given back as queued. The caller holds
// recvMu.
func (s *Socket) countReturned(list []PeerStats) {
	if s.reclaim(); len(s.returned) == 0 {
		return
	}
	index := make(map[uint64]int, len(list))
	for i := range list {
		index[list[i].Peer.Generation] = i
	}
	for i := range s.returned {
		from := s.returned[i].From
		if from == nil {
			continue // a datagram
		}
		if i, ok := index[from.Generation]; ok {
			list[i].In.Passed--
			list[i].In.Queued++
		}
	}
}

// connectedStats returns the connected pipes that have a peer, and PeerStats with
// what the table knows of them.
func (t *peers) connectedStats() (pipes []*pipe.Pipe, list []PeerStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pipes, list = make([]*pipe.Pipe, 0, t.nConnected), make([]PeerStats, 0, t.nConnected)
	for p, c := range t.pipes {
		if peer := p.Peer(); c.state == connected && peer != nil {
			pipes = append(pipes, p)
			list = append(list, PeerStats{Peer: peer, Since: c.since})
		}
	}
	return pipes, list
}
