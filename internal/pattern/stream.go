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
// Rules: CONFORMANCE.md 3.0.STREAM, 3.7.1 to 3.7.3 and 3.3.8.
type Stream struct {
	opt   *Options
	fq    FairQueue
	peers map[string]*pipe.Pipe   // by id; guarded by the send lock
	here  map[*pipe.Pipe]struct{} // whose coming was told; guarded by the send lock
	drops *pipe.Drops
	outgoing
	notices

	parted []*pipe.Pipe // since Parted was last called; guarded by the send lock
}

// NewStream returns a STREAM that counts what it drops.
func NewStream(o *Options, d *pipe.Drops) *Stream {
	return &Stream{opt: o, peers: make(map[string]*pipe.Pipe), here: make(map[*pipe.Pipe]struct{}), drops: d,
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
	if !s.opt.Silent && !s.opt.Raw {
		s.here[p] = struct{}{}
		s.notify(p, peer, msg.Came)
	}
	return nil
}

// HalfClosed has Recv say that the peer has left. It can be sent to until it
// is Disconnected.
func (s *Stream) HalfClosed(p *pipe.Pipe) { s.notifyLeft(p) }

// notifyLeft queues the disconnect notification of a peer once, if its connect
// notification was queued.
func (s *Stream) notifyLeft(p *pipe.Pipe) {
	if _, told := s.here[p]; told {
		delete(s.here, p)
		s.notify(p, p.Peer(), msg.Left)
	}
}

// Disconnected drops what is queued for the connection that is lost: the next
// one begins a stream of its own.
func (s *Stream) Disconnected(p *pipe.Pipe) {
	if p.Side == pipe.Dialed {
		s.drops.Add(pipe.DropConnLost, p.Out.Discard())
		s.leave(p)
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
	s.leave(p)
}

// SendTo queues the bytes of m to the peer that id names. If there are none it
// parts with that peer.
func (s *Stream) SendTo(id string, m msg.Msg) error {
	p := s.peers[id]
	switch {
	case p == nil:
		return ErrNoRoute
	case m.Size() == 0:
		s.partWith(p)
		return nil
	case p.Out.Full():
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}

// partWith forgets the peer, whose connection the socket then ends.
func (s *Stream) partWith(p *pipe.Pipe) {
	delete(s.peers, p.Alias)
	delete(s.here, p)
	s.parted = append(s.parted, p)
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
			s.begin()
		}
		return nil
	}
	p := s.peers[string(f.Body)]
	switch {
	case p == nil:
		return s.missed(ErrNoRoute)
	case p.Out.Full():
		return s.missed(ErrWouldBlock)
	}
	s.begin(p)
	return nil
}

// missed is what SendFrame returns for an id whose peer cannot be sent to. A
// ROUTER that need not reach it swallows the bytes.
func (s *Stream) missed(err error) error {
	if !s.opt.Raw || s.opt.Mandatory {
		return err
	}
	s.begin()
	return miss(s.drops, err)
}

// sendBytes is SendFrame for the second frame.
func (s *Stream) sendBytes(f *msg.Frame) {
	if s.check(); len(f.Body) == 0 && len(s.pipes) > 0 {
		p := s.pipes[0]
		s.end()
		s.partWith(p)
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
		return miss(s.drops, err)
	}
	return err
}

// Parted returns the pipes whose connections are to end when what is queued for
// them is written, and forgets them.
func (s *Stream) Parted() []*pipe.Pipe {
	list := s.parted
	s.parted = nil
	return list
}

func (s *Stream) Room(*pipe.Pipe)       {}
func (s *Stream) Ready(p *pipe.Pipe)    { s.fq.ready(p) }
func (s *Stream) Recv(m *msg.Msg) error { return s.fq.recv(m) }
func (s *Stream) More() bool            { return s.fq.more() }
func (s *Stream) Fair() *FairQueue      { return &s.fq }
