package pattern

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// ErrPeerLost ends a call whose request's peer is gone: nobody can say whether
// the request was carried out.
var ErrPeerLost = errors.New("peer lost with a request outstanding")

// ErrUnsent ends a call whose peer is gone and whose request was taken back from
// the queue: no byte of it was written. The caller may begin the call again.
var ErrUnsent = errors.New("peer lost before the request was written")

// Req is REQ: it sends a request to the next peer in turn and receives the
// reply from that one. Beside that strict exchange, of which there is one at a
// time, any number of calls may be outstanding; their requests carry an id
// that a REP sends back with the rest of the envelope.
// https://rfc.zeromq.org/spec/28/#the-req-socket-type
// Rules: CONFORMANCE.md 3.0.REQ and 3.2.
type Req struct {
	opt   *Options
	lb    Balancer
	fq    FairQueue
	drops *pipe.Drops

	strict struct {
		waiting bool       // for a reply
		pipe    *pipe.Pipe // that it must come from; nil if that is gone
		id      uint32     // that it must bring back, if the request had one
		hasID   bool
		queued  bool // Admit has let a reply in that See has yet to find
		got     bool
		reply   msg.Msg
		waiters []chan<- struct{} // who is to be told
	}
	calls map[uint32]*Call
	live  map[*pipe.Pipe]*reqPeer // the pipes whose peers are connected; both locks guard it
	id    uint32

	// The request that is sent frame by frame.
	outgoing
	to *pipe.Pipe
	of struct { // the id that it carries
		id  uint32
		has bool
	}
}

// Call is one request and its reply. The receive lock guards its fields.
type Call struct {
	Done   bool
	Reply  msg.Msg
	Err    error
	Waiter chan struct{} // gets an element, without blocking, when Done is set

	// Request is what was to be sent, without its envelope, if Err is ErrUnsent.
	Request msg.Msg

	id     uint32
	pipe   *pipe.Pipe
	queued bool // Admit has let its reply in
}

// reqPeer counts what a connected peer has left unanswered. The receive lock
// guards it.
type reqPeer struct {
	givenUp int // calls whose contexts have ended since its last reply
	skip    int // how many of its turns to pass over while another peer has room
}

// maxSkip is the most turns in a row that a peer without replies misses.
const maxSkip = 63

// NewReq returns a REQ with nothing outstanding.
func NewReq(o *Options, d *pipe.Drops) *Req {
	var b [4]byte
	rand.Read(b[:])
	return &Req{opt: o, drops: d, calls: make(map[uint32]*Call),
		live: make(map[*pipe.Pipe]*reqPeer), id: binary.NativeEndian.Uint32(b[:]),
		outgoing: outgoing{drops: d}}
}

func (s *Req) Attach(p *pipe.Pipe) error { s.opt.probe(p); s.lb.attach(p); return nil }
func (s *Req) Room(p *pipe.Pipe)         { s.lb.attach(p) }
func (s *Req) Ready(p *pipe.Pipe)        { s.fq.ready(p) }
func (s *Req) More() bool                { return s.fq.more() }

// Connected makes the peer one that calls may go to.
func (s *Req) Connected(p *pipe.Pipe, _ *msg.Peer) error {
	s.live[p] = new(reqPeer)
	return nil
}

// Detach gives up the calls to the peer, and no longer insists that the reply
// come from it.
func (s *Req) Detach(p *pipe.Pipe) {
	s.lb.detach(p)
	s.leave(p)
	if s.to == p {
		s.to = nil
	}
	s.Disconnected(p)
}

// Disconnected is like Detach, for a peer that may come back: it will not
// remember. Requests of calls that are still in the queue are taken back, so
// that the next connection does not carry requests whose callers have gone; the
// request of the strict exchange stays.
func (s *Req) Disconnected(p *pipe.Pipe) {
	delete(s.live, p)
	if s.strict.pipe == p {
		s.strict.pipe = nil
	}
	for _, m := range p.Out.Withdraw(math.MaxInt, isCall) {
		c := s.calls[binary.BigEndian.Uint32(m.First)]
		if c == nil {
			// It was in the writer's hands when its caller gave up.
			s.drops.Add(pipe.DropConnLost, 1)
			m.Bufs.FreeAll()
			continue
		}
		c.Request = m.DropFirst().DropFirst()
		s.end(c, msg.Msg{}, ErrUnsent)
	}
	for _, c := range s.calls {
		if c.pipe == p {
			s.end(c, msg.Msg{}, ErrPeerLost)
		}
	}
}

// Send starts the strict exchange. Late replies to earlier requests are gone:
// See found nobody waiting for them.
func (s *Req) Send(m msg.Msg) error {
	st := &s.strict
	if (st.waiting || s.open) && !s.opt.Relaxed {
		return ErrInvalidState
	}
	p := s.lb.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	s.dropReply()
	var id []byte
	if st.hasID = s.opt.Correlate; st.hasID {
		st.id = s.nextID(strictID)
		id = binary.BigEndian.AppendUint32(nil, st.id)
	}
	req := envelope(m, id)
	p.Out.Put(&req)
	st.waiting, st.queued, st.pipe = true, false, p
	return nil
}

// dropReply drops what the last request was answered with and nobody received.
func (s *Req) dropReply() {
	if s.strict.got {
		s.drops.Add(pipe.DropStaleReply, 1)
		s.strict.reply, s.strict.got = msg.Msg{}, false
	}
}

// Recv ends the strict exchange.
func (s *Req) Recv(m *msg.Msg) error {
	if !s.strict.waiting {
		return ErrInvalidState
	}
	s.See()
	if !s.strict.got {
		return ErrWouldBlock
	}
	*m = s.strict.reply
	s.strict.waiting, s.strict.got, s.strict.pipe, s.strict.reply = false, false, nil, msg.Msg{}
	return nil
}

// Await has w told when the strict exchange has its reply, until Forget.
func (s *Req) Await(w chan<- struct{}) { s.strict.waiters = append(s.strict.waiters, w) }

// Forget takes an Await back.
func (s *Req) Forget(w chan<- struct{}) {
	s.strict.waiters = slices.DeleteFunc(s.strict.waiters, func(x chan<- struct{}) bool { return x == w })
}

// Begin sends a request that is a call of its own, to a peer that is connected:
// a queue without a peer would keep it, and have it carried out at some time
// after its caller has given up.
func (s *Req) Begin(m msg.Msg, c *Call) error {
	p := s.pickLive()
	if p == nil {
		return ErrWouldBlock
	}
	*c = Call{Waiter: c.Waiter, id: s.nextID(callID), pipe: p}
	s.calls[c.id] = c
	req := envelope(m, binary.BigEndian.AppendUint32(nil, c.id))
	p.Out.Put(&req)
	return nil
}

// pickLive returns the next connected pipe in turn that has room, or nil. A
// peer that has left calls unanswered misses turns while another has room.
func (s *Req) pickLive() (p *pipe.Pipe) {
	var silent *pipe.Pipe
	for range len(s.lb.active) {
		if p = s.lb.Pick(); p == nil {
			break
		}
		peer := s.live[p]
		switch {
		case peer == nil:
		case peer.skip == 0:
			return p
		default:
			peer.skip--
			if silent == nil {
				silent = p
			}
		}
	}
	return silent
}

// The first bit of a request ID says whether a call or the strict exchange uses it.
const (
	callID   = 0
	strictID = 1 << 31
)

// isCall reports whether the first frame of a request in a queue is the id of a
// call.
func isCall(first []byte) bool { return len(first) == 4 && first[0]>>7 == callID }

// nextID is an id of that kind that no request has which waits for its reply.
func (s *Req) nextID(kind uint32) uint32 {
	for {
		s.id++
		id := s.id&^strictID | kind
		if s.calls[id] == nil && (!s.strict.hasID || s.strict.id != id) {
			return id
		}
	}
}

// Cancel forgets a call whose caller gives up. A request that is still in the
// queue is taken back, which unsent reports with its size. It runs under both
// locks.
func (s *Req) Cancel(c *Call) (size int, unsent bool) {
	delete(s.calls, c.id)
	id := binary.BigEndian.AppendUint32(nil, c.id)
	for _, m := range c.pipe.Out.Withdraw(1, func(first []byte) bool { return bytes.Equal(first, id) }) {
		size := m.Size() - len(id)
		m.Bufs.FreeAll()
		return size, true
	}
	if peer := s.live[c.pipe]; peer != nil {
		peer.givenUp++
		peer.skip = min(1<<min(peer.givenUp, 8)-1, maxSkip)
	}
	return 0, false
}

// Admit reports whether a reply that has come out of a connection is one that is
// waited for. The caller queues it before it releases the receive lock, and drops
// any other. So peers cannot fill the queues that See reads to the end: they hold
// one reply for each call and one for the strict exchange, and what sockets of
// this process have sent. It runs under the receive lock, after Inspect.
func (s *Req) Admit(p *pipe.Pipe, m *msg.Msg) bool {
	s.answered(p)
	st := &s.strict
	matches := !st.hasID
	if len(m.First) != 0 {
		id := binary.BigEndian.Uint32(m.First)
		if c := s.calls[id]; c != nil {
			wanted := c.pipe == p && !c.queued
			c.queued = c.queued || wanted
			return wanted
		}
		matches = st.hasID && st.id == id
	}
	if st.queued || !s.expects(p, matches) {
		return false
	}
	st.queued = true
	return true
}

// See hands out the replies that have arrived.
func (s *Req) See() {
	var m msg.Msg
	for {
		p := s.fq.Next(&m)
		if p == nil {
			return
		}
		s.deliver(p, m)
	}
}

// answered notes that a peer has sent a reply, also a late one: it no longer
// misses turns.
func (s *Req) answered(p *pipe.Pipe) {
	if peer := s.live[p]; peer != nil {
		*peer = reqPeer{}
	}
}

// deliver gives a reply to whom it belongs.
func (s *Req) deliver(p *pipe.Pipe, m msg.Msg) {
	s.answered(p)
	switch {
	case len(m.First) == 0 && len(m.Rest) >= 1:
		s.deliverStrict(p, m.DropFirst(), !s.strict.hasID)
	case len(m.First) == 4 && len(m.Rest) >= 2 && len(m.Rest[0]) == 0:
		id := binary.BigEndian.Uint32(m.First)
		c := s.calls[id]
		if c == nil && s.strict.hasID {
			s.deliverStrict(p, m.DropFirst().DropFirst(), s.strict.id == id)
			return
		}
		if c == nil || c.pipe != p {
			s.drops.Add(pipe.DropStaleReply, 1)
			return
		}
		s.end(c, m.DropFirst().DropFirst(), nil)
	default:
		s.drops.Add(pipe.DropMalformed, 1)
	}
}

// deliverStrict takes the reply of the strict exchange, if it is that.
func (s *Req) deliverStrict(p *pipe.Pipe, m msg.Msg, matches bool) {
	st := &s.strict
	if !s.expects(p, matches) {
		s.drops.Add(pipe.DropStaleReply, 1)
		return
	}
	st.reply, st.got = m, true
	for _, w := range st.waiters {
		signal(w)
	}
}

// expects reports whether the strict exchange waits for a reply from that pipe.
// matches says that the reply has the id that it must have, if any.
func (s *Req) expects(p *pipe.Pipe, matches bool) bool {
	st := &s.strict
	return matches && st.waiting && !st.got && (st.pipe == nil || st.pipe == p)
}

func (s *Req) end(c *Call, m msg.Msg, err error) {
	delete(s.calls, c.id)
	c.Done, c.Reply, c.Err = true, m, err
	signal(c.Waiter)
}

// Inspect refuses what no REP sends, as its session does in libzmq: a reply
// begins with an empty frame, or with a request id and an empty frame.
func (s *Req) Inspect(m *msg.Msg) error {
	if len(m.First) == 0 && len(m.Rest) >= 1 || len(m.First) == 4 && len(m.Rest) >= 2 && len(m.Rest[0]) == 0 {
		return nil
	}
	return ErrInvalidMessage
}

// envelope puts an empty frame before m, and the id before that.
func envelope(m msg.Msg, id []byte) msg.Msg {
	rest := make([][]byte, 0, 2+m.Len())
	if id != nil {
		rest = append(rest, nil)
	}
	rest = append(append(rest, m.First), m.Rest...)
	return msg.Msg{First: id, Rest: rest, Bufs: m.Bufs}
}

// signal tells a waiter that may have been told already.
func signal(w chan<- struct{}) {
	if w == nil {
		return
	}
	select {
	case w <- struct{}{}:
	default:
	}
}
