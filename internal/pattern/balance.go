package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Balancer sends each message to the next pipe in turn that has room. Pipes
// that are full leave the turn until they have room again. Everything runs
// under the send lock.
// https://rfc.zeromq.org/spec/30/#the-push-socket-type
type Balancer struct {
	active []*pipe.Pipe // pipes that had room; each knows its index as Slot
	turn   int          // index of the next to send to
}

// The Slot of a pipe that is not active.
const (
	parked = -1 // until it has room
	gone   = -2 // for good: what is queued may still be read, and make room
)

// attach gives the pipe its turn, unless it has one or is gone.
func (b *Balancer) attach(p *pipe.Pipe) {
	if p.Slot == parked {
		p.Slot = len(b.active)
		b.active = append(b.active, p)
	}
}

// detach takes the pipe's turn away for good.
func (b *Balancer) detach(p *pipe.Pipe) {
	b.park(p)
	p.Slot = gone
}

// park takes the pipe's turn away.
func (b *Balancer) park(p *pipe.Pipe) {
	if p.Slot < 0 {
		return
	}
	// Keep the order: whoever was next stays next.
	copy(b.active[p.Slot:], b.active[p.Slot+1:])
	b.active = b.active[:len(b.active)-1]
	for i := p.Slot; i < len(b.active); i++ {
		b.active[i].Slot = i
	}
	if p.Slot < b.turn {
		b.turn--
	}
	p.Slot = parked
}

// Pick returns the next pipe with room and ends its turn, or nil.
func (b *Balancer) Pick() *pipe.Pipe {
	for len(b.active) > 0 {
		if b.turn >= len(b.active) {
			b.turn = 0
		}
		p := b.active[b.turn]
		if p.Out.Full() {
			b.park(p)
			continue
		}
		b.turn++
		return p
	}
	return nil
}

// hasRoom reports whether Pick would find a pipe.
func (b *Balancer) hasRoom() bool {
	if b.Pick() == nil {
		return false
	}
	b.turn--
	return true
}

func (b *Balancer) send(m msg.Msg) error {
	p := b.Pick()
	if p == nil {
		return ErrWouldBlock
	}
	p.Out.Put(&m)
	return nil
}
