package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Balancer sends each message to the next pipe in turn that has room. A pipe
// that is full is inactive until it has room again. All methods run under the
// send lock.
// https://rfc.zeromq.org/spec/30/#the-push-socket-type
type Balancer struct {
	active []*pipe.Pipe // pipes that had room; the Slot of each is its index
	turn   int          // index of the next pipe to send to
}

// The Slot of a pipe that is not active.
const (
	inactive = -1 // full; Room reports when it has room
	detached = -2 // never active again, although Room may still be called while its queue is read
)

// attach makes a pipe active, unless it is active or detached.
func (b *Balancer) attach(p *pipe.Pipe) {
	if p.Slot == inactive {
		p.Slot = len(b.active)
		b.active = append(b.active, p)
	}
}

// detach removes a pipe for good.
func (b *Balancer) detach(p *pipe.Pipe) {
	b.deactivate(p)
	p.Slot = detached
}

// deactivate removes a pipe from the active ones.
func (b *Balancer) deactivate(p *pipe.Pipe) {
	if p.Slot < 0 {
		return
	}
	// The order of the other pipes stays.
	copy(b.active[p.Slot:], b.active[p.Slot+1:])
	b.active = b.active[:len(b.active)-1]
	for i := p.Slot; i < len(b.active); i++ {
		b.active[i].Slot = i
	}
	if p.Slot < b.turn {
		b.turn--
	}
	p.Slot = inactive
}

// Pick returns the next pipe that has room and ends its turn. It returns nil if
// no pipe has room.
func (b *Balancer) Pick() *pipe.Pipe {
	for len(b.active) > 0 {
		if b.turn >= len(b.active) {
			b.turn = 0
		}
		p := b.active[b.turn]
		if p.Out.Full() {
			b.deactivate(p)
			continue
		}
		b.turn++
		return p
	}
	return nil
}

// hasRoom reports whether Pick would return a pipe.
func (b *Balancer) hasRoom() bool {
	if b.Pick() == nil {
		return false
	}
	b.turn--
	return true
}

// SendRun sends messages to the next pipes in turn while one has room. It returns the
// number of messages sent, and the size of their frames.
func (b *Balancer) SendRun(msgs []msg.Msg) (n, size int) {
	for n < len(msgs) {
		p := b.Pick()
		switch {
		case p == nil:
			return n, size
		case len(b.active) == 1:
			k, bytes := p.Out.PutRun(msgs[n:])
			n, size = n+k, size+bytes
		default:
			p.Out.Put(&msgs[n])
			size += msgs[n].Size()
			n++
		}
	}
	return n, size
}

func (b *Balancer) send(m msg.Msg) error {
	p := b.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}

// balancedSender sends each message to the next pipe in turn that has room.
type balancedSender struct {
	lb Balancer
	outgoing
}

func newBalancedSender(d *pipe.Drops) balancedSender {
	return balancedSender{outgoing: outgoing{drops: d}}
}

func (s *balancedSender) Attach(p *pipe.Pipe) error { s.lb.attach(p); return nil }
func (s *balancedSender) Detach(p *pipe.Pipe)       { s.lb.detach(p); s.removePipe(p) }
func (s *balancedSender) Room(p *pipe.Pipe)         { s.lb.attach(p) }
func (s *balancedSender) Send(m msg.Msg) error      { return s.lb.send(m) }
func (s *balancedSender) Balance() *Balancer        { return &s.lb }
func (s *balancedSender) Writable() bool            { return s.InMessage() || s.lb.hasRoom() }

// SendFrame claims the next pipe in turn that has room.
func (s *balancedSender) SendFrame(f *msg.Frame, mayWait bool) error {
	if !s.InMessage() {
		p := s.lb.Pick()
		if p == nil {
			return ErrWouldBlock
		}
		s.claim(p)
	}
	return s.nextSinglePipe(f, mayWait)
}
