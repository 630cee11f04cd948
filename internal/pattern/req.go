package pattern

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// ErrPeerLost is the Err of a call whose peer has disconnected, and the error of
// ClosePeer if the connection was lost with unsent messages. The request may
// have been carried out or not.
var ErrPeerLost = errors.New("connection lost before the call was complete")

// ErrUnsent is the Err of a call whose peer has disconnected and whose request
// was removed from the queue before any byte of it was written. The caller may
// begin the call again.
var ErrUnsent = errors.New("peer lost before the request was written")

// The errors of calls out of turn.
var (
	errReplyMissing  = fmt.Errorf("%w: REQ waits for a reply (Recv it, set ReqOptions.Relaxed, or use Do)", ErrInvalidState)
	errRequestUnsent = fmt.Errorf("%w: no request was sent", ErrInvalidState)
)

// Req implements REQ: it sends a request to the next peer in turn and receives
// the reply from that peer. This strict exchange exists once at a time. In
// addition there can be any number of concurrent calls: a call is a request
// with an ID, which a REP returns with the envelope of its reply.
// https://rfc.zeromq.org/spec/28/#the-req-socket-type
// Rules in docs/CONFORMANCE.md: req, req-*.
type Req struct {
	opt *Options
	lb  Balancer
	fq  FairQueue

	strict struct {
		state   strictState
		pipe    *pipe.Pipe // the peer of the request; nil if it has disconnected
		id      uint32     // ID of the request; 0 if it has none
		reply   msg.Msg
		waiters []chan<- struct{} // notified when the reply has arrived
	}
	calls     map[uint32]*Call
	connected map[*pipe.Pipe]*reqPeer // connected peers; guarded by both locks
	lastID    uint32

	// The request that is sent frame by frame.
	outgoing
	to   *pipe.Pipe
	toID uint32 // the ID of that request; 0 if it has none
}

// strictState is the state of the strict exchange. The receive lock guards it.
type strictState uint8

const (
	strictNone    strictState = iota // no request was sent, or its reply was received
	strictWaiting                    // a request was sent
	strictQueued                     // Admit has accepted a reply that ProcessInput has not processed yet
	strictReplied                    // the reply has arrived, and Recv may return it
)

// Call is one request and its reply. The receive lock guards its fields.
type Call struct {
	Reply  msg.Msg
	Err    error
	Waiter chan struct{} // receives an element, without blocking, when the call is done

	// Request is the request without its envelope, if Err is ErrUnsent.
	Request msg.Msg

	id    uint32
	pipe  *pipe.Pipe
	state callState
}

type callState uint8

const (
	callWaiting callState = iota // the request was sent
	callQueued                   // Admit has accepted its reply
	callDone                     // Reply or Err is set
)

// Done reports whether the call has its Reply or Err.
func (c *Call) Done() bool { return c.state == callDone }

// reqPeer counts the unanswered calls of a connected peer. The receive lock
// guards it.
type reqPeer struct {
	canceled int // calls that were cancelled since the last reply
	skip     int // number of turns that the peer misses while another one has room
}

// maxSkip is the maximum number of turns in a row that a peer without replies
// misses.
const maxSkip = 63

// NewReq returns a REQ without pending requests.
func NewReq(o *Options, d *pipe.Drops) *Req {
	var b [4]byte
	rand.Read(b[:])
	return &Req{opt: o, calls: make(map[uint32]*Call),
		connected: make(map[*pipe.Pipe]*reqPeer), lastID: binary.NativeEndian.Uint32(b[:]),
		outgoing: outgoing{drops: d}}
}

func (s *Req) Attach(p *pipe.Pipe) error { s.opt.probe(p); s.lb.attach(p); return nil }
func (s *Req) Room(p *pipe.Pipe)         { s.lb.attach(p) }
func (s *Req) Wake(p *pipe.Pipe)         { s.fq.wake(p) }
func (s *Req) More() bool                { return s.fq.more() }

// Connected makes the peer available for calls.
func (s *Req) Connected(p *pipe.Pipe, _ *msg.Peer) error {
	s.connected[p] = new(reqPeer)
	return nil
}

// Detach removes the pipe and ends the calls to its peer. The reply to the
// strict exchange may then come from any peer.
func (s *Req) Detach(p *pipe.Pipe) {
	s.lb.detach(p)
	s.removePipe(p)
	if s.to == p {
		s.to = nil
	}
	s.Disconnected(p)
}

// Disconnected ends the calls to the peer. The requests of calls that are still
// in the queue are removed, so that the next connection does not send requests
// whose callers have stopped waiting. The request of the strict exchange stays
// in the queue.
func (s *Req) Disconnected(p *pipe.Pipe) {
	delete(s.connected, p)
	if s.strict.pipe == p {
		s.strict.pipe = nil
	}
	for _, m := range p.Out.Withdraw(math.MaxInt, isCall) {
		c := s.calls[binary.BigEndian.Uint32(m.First)]
		if c == nil {
			// The writer was sending it when its call was cancelled.
			p.Drop(s.drops, pipe.DropConnLost, 1)
			m.Bufs.FreeAll()
			continue
		}
		c.Request = m.DropFirst().DropFirst()
		s.finish(c, msg.Msg{}, ErrUnsent)
	}
	for _, c := range s.calls {
		if c.pipe == p {
			s.finish(c, msg.Msg{}, ErrPeerLost)
		}
	}
}

// Send starts the strict exchange. ProcessInput has dropped late replies to
// earlier requests.
func (s *Req) Send(m msg.Msg) error {
	st := &s.strict
	if (st.state != strictNone || s.InMessage()) && !s.opt.Relaxed {
		return errReplyMissing
	}
	p := s.lb.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	s.dropReply()
	id := s.requestID()
	req := envelope(m, encodeID(id))
	p.Out.Put(&req)
	st.state, st.pipe, st.id = strictWaiting, p, id
	return nil
}

// dropReply drops the reply to the last request if it was not received.
func (s *Req) dropReply() {
	if s.strict.state == strictReplied {
		s.strict.pipe.Drop(s.drops, pipe.DropStaleReply, 1)
		s.strict.state, s.strict.reply = strictNone, msg.Msg{}
	}
}

// Recv returns the reply and ends the strict exchange.
func (s *Req) Recv(m *msg.Msg) error {
	st := &s.strict
	if st.state == strictNone {
		return errRequestUnsent
	}
	s.ProcessInput()
	if st.state != strictReplied {
		return ErrWouldBlock
	}
	*m = st.reply
	st.state, st.pipe, st.reply = strictNone, nil, msg.Msg{}
	return nil
}

// AddWaiter registers w to be notified when the reply of the strict exchange
// has arrived.
func (s *Req) AddWaiter(w chan<- struct{}) { s.strict.waiters = append(s.strict.waiters, w) }

// RemoveWaiter undoes AddWaiter.
func (s *Req) RemoveWaiter(w chan<- struct{}) {
	s.strict.waiters = slices.DeleteFunc(s.strict.waiters, func(x chan<- struct{}) bool { return x == w })
}

// Begin sends the request of a call to a peer that is connected. In a queue
// without a peer the request would be sent after its caller has stopped
// waiting.
func (s *Req) Begin(m msg.Msg, c *Call) error {
	p := s.pickConnected()
	if p == nil {
		return ErrWouldBlock
	}
	*c = Call{Waiter: c.Waiter, id: s.nextID(callID), pipe: p}
	s.calls[c.id] = c
	req := envelope(m, encodeID(c.id))
	p.Out.Put(&req)
	return nil
}

// pickConnected returns the next connected pipe in turn that has room, or nil.
// A peer with unanswered calls misses turns while another peer has room.
func (s *Req) pickConnected() (p *pipe.Pipe) {
	var silent *pipe.Pipe
	for range len(s.lb.active) {
		if p = s.lb.Pick(); p == nil {
			break
		}
		peer := s.connected[p]
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

// The first bit of a request ID distinguishes calls from the strict exchange.
const (
	callID   = 0
	strictID = 1 << 31
)

// isCall reports whether the first frame of a queued request is the ID of a
// call.
func isCall(first []byte) bool { return len(first) == 4 && first[0]>>7 == callID }

// nextID returns an ID of that kind, not 0, that no pending request has.
func (s *Req) nextID(kind uint32) uint32 {
	for {
		s.lastID++
		id := s.lastID&^strictID | kind
		if id != 0 && s.calls[id] == nil && s.strict.id != id {
			return id
		}
	}
}

// requestID returns the ID for a request of the strict exchange: 0 without
// Correlate.
func (s *Req) requestID() uint32 {
	if !s.opt.Correlate {
		return 0
	}
	return s.nextID(strictID)
}

// encodeID returns the first frame of a request with that ID, and nil if it has none.
func encodeID(id uint32) []byte {
	if id == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint32(nil, id)
}

// Cancel removes a call whose caller stops waiting. If the request is still in
// the queue, Cancel removes it, and returns its size and true. It runs under
// both locks.
func (s *Req) Cancel(c *Call) (size int, unsent bool) {
	delete(s.calls, c.id)
	id := encodeID(c.id)
	for _, m := range c.pipe.Out.Withdraw(1, func(first []byte) bool { return bytes.Equal(first, id) }) {
		size := m.Size() - len(id)
		m.Bufs.FreeAll()
		return size, true
	}
	if peer := s.connected[c.pipe]; peer != nil {
		peer.canceled++
		peer.skip = min(1<<min(peer.canceled, 8)-1, maxSkip)
	}
	return 0, false
}

// Admit reports whether a request waits for a reply that has arrived from a
// connection. The caller queues the reply before it releases the receive lock,
// or drops it. So the queues that ProcessInput reads contain at most one reply
// for each call, one for the strict exchange, and messages of sockets in this
// process: a peer cannot fill them. Admit runs under the receive lock, after
// Inspect.
func (s *Req) Admit(p *pipe.Pipe, m *msg.Msg) bool {
	s.resetSkip(p)
	st := &s.strict
	matches := st.id == 0
	if len(m.First) != 0 {
		id := binary.BigEndian.Uint32(m.First)
		if c := s.calls[id]; c != nil {
			if c.pipe != p || c.state != callWaiting {
				return false
			}
			c.state = callQueued
			return true
		}
		matches = id != 0 && st.id == id
	}
	if st.state == strictQueued || !s.expects(p, matches) {
		return false
	}
	st.state = strictQueued
	return true
}

// ProcessInput delivers the replies that have arrived.
func (s *Req) ProcessInput() {
	var m msg.Msg
	for {
		p := s.fq.Next(&m)
		if p == nil {
			return
		}
		s.deliver(p, m)
	}
}

// resetSkip gives the peer its turns again, because it has sent a reply, even a
// late one.
func (s *Req) resetSkip(p *pipe.Pipe) {
	if peer := s.connected[p]; peer != nil {
		*peer = reqPeer{}
	}
}

// deliver delivers a reply to its call or to the strict exchange.
func (s *Req) deliver(p *pipe.Pipe, m msg.Msg) {
	s.resetSkip(p)
	switch {
	case len(m.First) == 0 && len(m.Rest) >= 1:
		s.deliverStrict(p, m.DropFirst(), s.strict.id == 0)
	case len(m.First) == 4 && len(m.Rest) >= 2 && len(m.Rest[0]) == 0:
		id := binary.BigEndian.Uint32(m.First)
		c := s.calls[id]
		if c == nil && s.strict.id != 0 {
			s.deliverStrict(p, m.DropFirst().DropFirst(), s.strict.id == id)
			return
		}
		if c == nil || c.pipe != p {
			p.Drop(s.drops, pipe.DropStaleReply, 1)
			return
		}
		s.finish(c, m.DropFirst().DropFirst(), nil)
	default:
		p.Drop(s.drops, pipe.DropMalformed, 1)
	}
}

// deliverStrict accepts the reply of the strict exchange, and drops any other.
func (s *Req) deliverStrict(p *pipe.Pipe, m msg.Msg, matches bool) {
	st := &s.strict
	if !s.expects(p, matches) {
		p.Drop(s.drops, pipe.DropStaleReply, 1)
		return
	}
	st.state, st.reply = strictReplied, m
	for _, w := range st.waiters {
		notifyWaiter(w)
	}
}

// expects reports whether the strict exchange waits for a reply from that pipe.
// matches reports whether the reply has the right ID, or none if the request
// had none.
func (s *Req) expects(p *pipe.Pipe, matches bool) bool {
	st := &s.strict
	waiting := st.state == strictWaiting || st.state == strictQueued
	return matches && waiting && (st.pipe == nil || st.pipe == p)
}

func (s *Req) finish(c *Call, m msg.Msg, err error) {
	delete(s.calls, c.id)
	c.state, c.Reply, c.Err = callDone, m, err
	notifyWaiter(c.Waiter)
}

// Inspect returns an error for a message that is not a reply, as the session of
// libzmq does. A reply begins with an empty frame, or with a request ID and an
// empty frame.
func (s *Req) Inspect(m *msg.Msg) error {
	if len(m.First) == 0 && len(m.Rest) >= 1 || len(m.First) == 4 && len(m.Rest) >= 2 && len(m.Rest[0]) == 0 {
		return nil
	}
	return ErrInvalidMessage
}

// envelope adds an empty frame before m, and the ID before the empty frame
// unless it is nil.
func envelope(m msg.Msg, id []byte) msg.Msg {
	rest := make([][]byte, 0, 2+m.Len())
	if id != nil {
		rest = append(rest, nil)
	}
	rest = append(append(rest, m.First), m.Rest...)
	return msg.Msg{First: id, Rest: rest, Bufs: m.Bufs}
}

// notifyWaiter notifies a waiter that may have been notified before.
func notifyWaiter(w chan<- struct{}) {
	if w == nil {
		return
	}
	select {
	case w <- struct{}{}:
	default:
	}
}
