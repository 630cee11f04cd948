package socket

import (
	"errors"
	"sync"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"

	"slices"
)

// What follows makes a Socket an inproc.End.

// SendLock guards the queues we write.
func (s *Socket) SendLock() *sync.Mutex { return &s.sendMu }

// Limits returns the high-water marks of the socket.
func (s *Socket) Limits() (sendHWM, recvHWM int) {
	return int(s.hwm.send.Load()), int(s.hwm.recv.Load())
}

// MaxQueuedBytes bounds the queues we write, beside the high-water mark.
func (s *Socket) MaxQueuedBytes() int { return s.opts.MaxQueuedBytes }

// Conflates reports whether we keep the newest message only.
func (s *Socket) Conflates() bool { return s.opts.Conflate && s.info.Conflates }

// Hello is what every peer is to get first, or nil.
func (s *Socket) Hello() *msg.Msg {
	if s.opts.Hello == nil || !s.info.HelloMessage {
		return nil
	}
	return &msg.Msg{First: s.opts.Hello}
}

// Sends reports whether we put messages in queues.
func (s *Socket) Sends() bool { return s.info.Sends }

// Receives reports whether we take messages from queues.
func (s *Socket) Receives() bool { return s.info.Receives }

// CompatibleWith reports whether the socket can have peers of this type.
func (s *Socket) CompatibleWith(socketType string) bool {
	return slices.Contains(s.info.Peers, socketType)
}

// Describe is what a peer learns of us.
func (s *Socket) Describe() *msg.Peer {
	p := &msg.Peer{SocketType: s.info.Name}
	if s.info.SendsID {
		p.RoutingID = s.opts.RoutingID
	}
	return p
}

// Upstream takes a subscription from a peer in this process.
func (s *Socket) Upstream(p *pipe.Pipe, topic string, on bool) {
	if s.pub == nil {
		return
	}
	s.sendMu.Lock()
	queued := s.pub.Upstream(p, topic, on)
	s.wakeSenders() // who has no room may want the message no more
	s.sendMu.Unlock()
	s.peers.changed()
	if queued {
		s.inbox.notify()
	}
}

// AddLink stores a link to this bound socket, so that Close can end it.
func (s *Socket) AddLink(l *inproc.Link) {
	s.linkMu.Lock()
	s.links[l] = struct{}{}
	s.linkMu.Unlock()
}

// RemoveLink removes a link that AddLink has stored.
func (s *Socket) RemoveLink(l *inproc.Link) {
	s.linkMu.Lock()
	delete(s.links, l)
	s.linkMu.Unlock()
}

// HasDuplicate reports whether AddLink has stored another link from the same
// socket by the same name.
func (s *Socket) HasDuplicate(l *inproc.Link) bool {
	s.linkMu.Lock()
	defer s.linkMu.Unlock()
	for other := range s.links {
		if other != l && other.Duplicates(l) {
			return true
		}
	}
	return false
}

// PeerConnected reports that a link was joined.
func (s *Socket) PeerConnected(name string, peer *msg.Peer) {
	s.Event(session.Event{Kind: session.Ready, Endpoint: inprocScheme + "://" + name, Peer: peer})
}

// PeerDisconnected reports that a link has ended.
func (s *Socket) PeerDisconnected(name string, peer *msg.Peer) {
	s.Event(session.Event{Kind: session.Disconnected, Endpoint: inprocScheme + "://" + name, Peer: peer, Err: errDisconnected})
}

var errDisconnected = errors.New("closed by one of the two sockets")

// PeerRefused reports that an end of a link has refused its peer.
func (s *Socket) PeerRefused(name string, err error) {
	s.Event(session.Event{Kind: session.PeerRefused, Endpoint: inprocScheme + "://" + name, Err: err})
}

// host is a Socket for its sessions. After each call that may let the socket admit
// another peer, it retries the links that the socket has blocked.
type host struct{ *Socket }

func (h host) Disconnected(p *pipe.Pipe) {
	h.Socket.Disconnected(p)
	h.opts.Namespace.Retry(h.Socket)
}

func (h host) Retire(p *pipe.Pipe) {
	h.Socket.Retire(p)
	h.opts.Namespace.Retry(h.Socket)
}

func (h host) Detach(p *pipe.Pipe) {
	h.Socket.Detach(p)
	h.opts.Namespace.Retry(h.Socket)
}
