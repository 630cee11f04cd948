package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Stream implements STREAM: its peers are connections of any protocol. It
// receives their bytes in turn, as they arrive, and sends bytes to the peer
// with a routing ID. There is no RFC; libzmq's manual describes the type in
// zmq_socket(3). ROUTER with Raw differs only in that it drops bytes that
// cannot be sent.
//
// The routing ID belongs to the pipe: a dialed pipe keeps it from one
// connection to the next.
// Rules in docs/CONFORMANCE.md: stream, stream-*, router-raw.
type Stream struct {
	opt      *Options
	peers    map[string]*pipe.Pipe   // by routing ID; guarded by the send lock
	notified map[*pipe.Pipe]struct{} // pipes with a connect notification; guarded by the send lock
	outgoing
	fairReceiver
	notifications

	pendingDisconnects []*pipe.Pipe // since the last call of PendingDisconnects; guarded by the send lock
}

// NewStream returns a STREAM without peers.
func NewStream(o *Options, d *pipe.Drops) *Stream {
	return &Stream{opt: o, peers: make(map[string]*pipe.Pipe), notified: make(map[*pipe.Pipe]struct{}),
		outgoing: outgoing{drops: d}}
}

// Attach registers a pipe under its alias, and assigns an alias if it has none.
// The pipe can be sent to from now on.
func (s *Stream) Attach(p *pipe.Pipe) error {
	if p.Alias == "" {
		p.Alias = freeID(s.peers)
	}
	if s.peers[p.Alias] != nil {
		return ErrDuplicateRoutingID
	}
	s.peers[p.Alias] = p
	return nil
}

// Connected sets the routing ID of the peer to the alias of the pipe.
func (s *Stream) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	peer.RoutingID = p.Alias
	if !s.opt.StreamDataOnly && !s.opt.Raw {
		s.notified[p] = struct{}{}
		s.notify(p, peer, msg.ConnectNotification)
	}
	return nil
}

// HalfClosed reports that the peer has closed its sending direction. Recv then
// returns the disconnect notification. The peer can be sent to until Disconnected. It
// runs under both locks.
func (s *Stream) HalfClosed(p *pipe.Pipe) { s.notifyDisconnect(p) }

// notifyDisconnect adds the disconnect notification of a peer once, if there was a
// connect notification.
func (s *Stream) notifyDisconnect(p *pipe.Pipe) {
	if _, queued := s.notified[p]; queued {
		delete(s.notified, p)
		s.notify(p, p.Peer(), msg.DisconnectNotification)
	}
}

// Disconnected drops the messages that are queued for the connection that has
// ended. The next connection is a stream of its own.
func (s *Stream) Disconnected(p *pipe.Pipe) {
	if p.Side == pipe.Dialed {
		p.Out.Discard(pipe.DropConnLost)
		s.removePipe(p)
	} else {
		s.Detach(p)
	}
	s.notifyDisconnect(p)
}

// Detach removes the pipe and its routing ID.
func (s *Stream) Detach(p *pipe.Pipe) {
	if s.peers[p.Alias] == p {
		delete(s.peers, p.Alias)
	}
	s.removePipe(p)
}

// SendTo queues the bytes of m to the peer with that routing ID. An empty
// message disconnects the peer.
func (s *Stream) SendTo(id string, m msg.Msg) error {
	p := s.peers[id]
	switch {
	case p == nil:
		return ErrNoRoute
	case m.Size() == 0:
		s.disconnect(p)
		return nil
	case p.Out.Full():
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}

// disconnect removes the peer. The socket then closes its connection.
func (s *Stream) disconnect(p *pipe.Pipe) {
	delete(s.peers, p.Alias)
	delete(s.notified, p)
	s.pendingDisconnects = append(s.pendingDisconnects, p)
}

// SendFrame takes a routing ID and one frame of bytes alternately. More matters
// only for the routing ID: one without More is dropped. An empty frame of bytes
// disconnects the peer. If the peer disconnects between the two frames, the
// bytes are dropped. See libzmq, stream.cpp: xsend.
func (s *Stream) SendFrame(f *msg.Frame, _ bool) error {
	switch {
	case s.InMessage():
		s.sendBytes(f)
		return nil
	case !f.More:
		s.drops.Add(pipe.DropMalformed, 1)
		if !s.opt.Raw { // ROUTER takes the routing ID for a whole message
			s.claim()
		}
		return nil
	}
	p := s.peers[string(f.Body)]
	switch {
	case p == nil:
		return s.fail(nil, ErrNoRoute)
	case p.Out.Full():
		return s.fail(p, ErrWouldBlock)
	}
	s.claim(p)
	return nil
}

// fail handles a routing ID that cannot be sent to; p is its pipe or nil. A raw ROUTER without
// Mandatory discards the bytes; otherwise SendFrame returns err.
func (s *Stream) fail(p *pipe.Pipe, err error) error {
	if !s.opt.Raw || s.opt.Mandatory {
		return err
	}
	s.claim()
	return countDrop(s.drops, p, err)
}

// sendBytes sends the second frame.
func (s *Stream) sendBytes(f *msg.Frame) {
	if s.removeClosed(); len(f.Body) == 0 && len(s.pipes) > 0 {
		p := s.pipes[0]
		s.reset()
		s.disconnect(p)
		return
	}
	s.next(&msg.Frame{Body: f.Body, Buf: f.Buf})
}

// Writable returns true, because the answer depends on the peer.
func (s *Stream) Writable() bool { return true }

// Send queues a message whose first frame is the routing ID.
func (s *Stream) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrInvalidMessage
	}
	err := s.SendTo(string(m.First), m.DropFirst())
	if s.opt.Raw && !s.opt.Mandatory {
		return countDrop(s.drops, s.peers[string(m.First)], err)
	}
	return err
}

// PendingDisconnects returns the pipes whose connections the socket has to
// close after their queued messages are written, and clears the list. It runs
// under the send lock.
func (s *Stream) PendingDisconnects() []*pipe.Pipe {
	list := s.pendingDisconnects
	s.pendingDisconnects = nil
	return list
}

// NumPendingDisconnects returns the number of pipes that PendingDisconnects would
// return. It runs under the send lock.
func (s *Stream) NumPendingDisconnects() int { return len(s.pendingDisconnects) }

func (s *Stream) Room(*pipe.Pipe) {}
