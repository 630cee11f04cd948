package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Stream is STREAM: its peers are connections of any protocol, whose bytes it
// receives in turn, as they come, and sends to the one that a routing id
// names. There is no RFC; libzmq's manual describes it under zmq_socket(3). A
// ROUTER with Raw set is the same, but for what it does with bytes that nobody
// can get.
//
// An id belongs to a pipe, as an alias does: whoever connects keeps it from
// one connection to the next.
// Rules in docs/CONFORMANCE.md: stream, stream-*, router-raw.
type Stream struct {
	opt      *Options
	peers    map[string]*pipe.Pipe   // by id; guarded by the send lock
	notified map[*pipe.Pipe]struct{} // whose coming was told; guarded by the send lock
	outgoing
	fairReceiver
	notices

	pendingDisconnects []*pipe.Pipe // since Parted was last called; guarded by the send lock
}

// NewStream returns a STREAM that counts what it drops.
func NewStream(o *Options, d *pipe.Drops) *Stream {
	return &Stream{opt: o, peers: make(map[string]*pipe.Pipe), notified: make(map[*pipe.Pipe]struct{}),
		outgoing: outgoing{drops: d}}
}

// Attach files a pipe under its alias, which it gets if it has none. It can be
// sent to from now on.
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

// Connected has the peer known by the pipe's id.
func (s *Stream) Connected(p *pipe.Pipe, peer *msg.Peer) error {
	peer.RoutingID = p.Alias
	if !s.opt.StreamNoNotify && !s.opt.Raw {
		s.notified[p] = struct{}{}
		s.notify(p, peer, msg.ConnectNotice)
	}
	return nil
}

// HalfClosed has Recv say that the peer has left. It can be sent to until it
// is Disconnected.
func (s *Stream) HalfClosed(p *pipe.Pipe) { s.notifyLeft(p) }

// notifyLeft queues the disconnect notification of a peer once, if its connect
// notification was queued.
func (s *Stream) notifyLeft(p *pipe.Pipe) {
	if _, told := s.notified[p]; told {
		delete(s.notified, p)
		s.notify(p, p.Peer(), msg.DisconnectNotice)
	}
}

// Disconnected drops what is queued for the connection that is lost: the next
// one begins a stream of its own.
func (s *Stream) Disconnected(p *pipe.Pipe) {
	if p.Side == pipe.Dialed {
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
		s.removePipe(p)
	} else {
		s.Detach(p)
	}
	s.notifyLeft(p)
}

// Detach forgets the id of the pipe.
func (s *Stream) Detach(p *pipe.Pipe) {
	if s.peers[p.Alias] == p {
		delete(s.peers, p.Alias)
	}
	s.removePipe(p)
}

// SendTo queues the bytes of m to the peer that id names. If there are none it
// parts with that peer.
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

// disconnect forgets the peer, whose connection the socket then ends.
func (s *Stream) disconnect(p *pipe.Pipe) {
	delete(s.peers, p.Alias)
	delete(s.notified, p)
	s.pendingDisconnects = append(s.pendingDisconnects, p)
}

// SendFrame takes an id and one frame of bytes in turn, and asks whether more
// follow of the id alone: of an id that nothing is to follow it drops the bytes.
// No bytes end the connection. If that is lost between the two the bytes are
// dropped. (stream.cpp: xsend)
func (s *Stream) SendFrame(f *msg.Frame, _ bool) error {
	switch {
	case s.open:
		s.sendBytes(f)
		return nil
	case !f.More:
		s.drops.Add(pipe.DropMalformed, 1)
		if !s.opt.Raw { // a ROUTER takes it for a message
			s.claim()
		}
		return nil
	}
	p := s.peers[string(f.Body)]
	switch {
	case p == nil:
		return s.fail(ErrNoRoute)
	case p.Out.Full():
		return s.fail(ErrWouldBlock)
	}
	s.claim(p)
	return nil
}

// missed is what SendFrame returns for an id whose peer cannot be sent to. A
// ROUTER that need not reach it swallows the bytes.
func (s *Stream) fail(err error) error {
	if !s.opt.Raw || s.opt.Mandatory {
		return err
	}
	s.claim()
	return countDrop(s.drops, err)
}

// sendBytes is SendFrame for the second frame.
func (s *Stream) sendBytes(f *msg.Frame) {
	if s.removeClosed(); len(f.Body) == 0 && len(s.pipes) > 0 {
		p := s.pipes[0]
		s.reset()
		s.disconnect(p)
		return
	}
	s.next(&msg.Frame{Body: f.Body, Buf: f.Buf})
}

// Writable is true: it depends on the peer.
func (s *Stream) Writable() bool { return true }

// Send queues a message whose first frame is the routing id.
func (s *Stream) Send(m msg.Msg) error {
	if len(m.Rest) == 0 {
		return ErrInvalidMessage
	}
	err := s.SendTo(string(m.First), m.DropFirst())
	if s.opt.Raw && !s.opt.Mandatory {
		return countDrop(s.drops, err)
	}
	return err
}

// PendingDisconnects returns the pipes whose connections are to end when what is queued for
// them is written, and forgets them.
func (s *Stream) PendingDisconnects() []*pipe.Pipe {
	list := s.pendingDisconnects
	s.pendingDisconnects = nil
	return list
}

func (s *Stream) Room(*pipe.Pipe) {}
