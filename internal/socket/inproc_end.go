package socket

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/zerobroker/zmq/internal/inproc"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
)

const inprocScheme = "inproc"

// inprocEnd is a socket as the inproc.End of its links. Values for the same
// socket are equal.
type inprocEnd struct{ pipeOwner }

func (s *Socket) inprocEnd() inprocEnd { return inprocEnd{pipeOwner{s}} }

// SendLock returns the lock of the queues that the socket writes.
func (e inprocEnd) SendLock() *sync.Mutex { return &e.s.sendMu }

// Written returns the counter of messages written, which the send lock guards.
func (e inprocEnd) Written() *uint64 { return &e.s.written }

// Limits returns the high-water marks of the socket.
func (e inprocEnd) Limits() (sendHWM, recvHWM int) { return e.s.hwm.limits() }

// MaxQueuedBytes returns the limit in bytes of the queues that the socket writes.
func (e inprocEnd) MaxQueuedBytes() int { return e.s.opts.Load().MaxQueuedBytes }

// Conflates reports whether the queues keep the newest message only.
func (e inprocEnd) Conflates() bool { return e.s.opts.Load().Conflate }

// DropsOldest reports whether a full queue drops its oldest message.
func (e inprocEnd) DropsOldest() bool { return e.s.opts.Load().Overflow == OverflowDropOldest }

// Hello returns the first message for every peer, or nil.
func (e inprocEnd) Hello() *msg.Msg {
	if e.s.opts.Load().Hello == nil {
		return nil
	}
	return &msg.Msg{First: e.s.opts.Load().Hello}
}

// Sends reports whether the socket puts messages in queues.
func (e inprocEnd) Sends() bool { return e.s.info.Sends }

// Receives reports whether the socket takes messages from queues.
func (e inprocEnd) Receives() bool { return e.s.info.Receives }

// CompatibleWith reports whether the socket can have peers of this type.
func (e inprocEnd) CompatibleWith(socketType string) bool {
	return slices.Contains(e.s.info.Peers, socketType)
}

// Describe returns the description of the socket for a peer.
func (e inprocEnd) Describe() *msg.Peer {
	p := &msg.Peer{SocketType: e.s.info.Name, Generation: msg.NextGeneration()}
	if e.s.info.SendsID {
		p.RoutingID = e.s.opts.Load().RoutingID
	}
	for name, value := range e.s.opts.Load().Properties {
		if p.Properties == nil {
			p.Properties = make(map[string]string)
		}
		p.Properties[strings.ToLower(name)] = value
	}
	return p
}

// WithLocks calls f with the locks of both halves held.
func (e inprocEnd) WithLocks(f func()) {
	e.s.lockBoth()
	defer e.s.unlockBoth()
	f()
}

// WithRecvLock calls f with the lock of the receiving half held.
func (e inprocEnd) WithRecvLock(f func()) {
	e.s.recvMu.Lock()
	defer e.s.recvMu.Unlock()
	f()
}

// Disconnected is called when the link of a pipe has ended.
func (e inprocEnd) Disconnected(p *pipe.Pipe) { e.disconnected(p, e.s.opts.Load()) }

// SetSubscription adds or removes a subscription of the peer of p.
func (e inprocEnd) SetSubscription(p *pipe.Pipe, topic string, on bool) {
	s := e.s
	if s.pub == nil {
		return
	}
	s.sendMu.Lock()
	queued := s.pub.SetSubscription(p, topic, on)
	s.lines.wakeAll() // a peer without room may no longer subscribe to the message
	s.sendMu.Unlock()
	s.peers.changed()
	if queued {
		s.inbox.notify()
	}
}

// AddLink stores a link to this bound socket, so that Close can end it.
func (e inprocEnd) AddLink(l *inproc.Link) {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	e.s.table.links[l] = struct{}{}
}

// RemoveLink removes a link that AddLink has stored.
func (e inprocEnd) RemoveLink(l *inproc.Link) {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	delete(e.s.table.links, l)
}

// HasDuplicate reports whether AddLink has stored another link from the
// connector of l to the same endpoint name.
func (e inprocEnd) HasDuplicate(l *inproc.Link) bool {
	return slices.ContainsFunc(e.s.table.allLinks(), func(other *inproc.Link) bool {
		return other != l && other.Duplicates(l)
	})
}

// PeerConnected reports that a link was joined.
func (e inprocEnd) PeerConnected(name string, peer *msg.Peer) {
	e.event(session.Ready, name, peer, nil)
}

// PeerDisconnected reports that a link has ended.
func (e inprocEnd) PeerDisconnected(name string, peer *msg.Peer) {
	e.event(session.Disconnected, name, peer, errLinkClosed)
}

var errLinkClosed = errors.New("closed by one of the two sockets")

// PeerRefused reports that an end of a link has refused its peer.
func (e inprocEnd) PeerRefused(name string, err error) {
	e.event(session.PeerRefused, name, nil, err)
}

func (e inprocEnd) event(kind session.Kind, name string, peer *msg.Peer, err error) {
	e.s.event(session.Event{Kind: kind, Endpoint: inprocScheme + "://" + name, Peer: peer, Err: err})
}
