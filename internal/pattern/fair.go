package pattern

import (
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// FairQueue takes one message from each pipe in turn. Pipes that are found
// empty leave the turn until they are ready again. Everything runs under the
// receive lock. https://rfc.zeromq.org/spec/30/#the-pull-socket-type
type FairQueue struct {
	active []*pipe.Pipe
	turn   int
	prune  int // the length of active at which to look for pipes that have ended
}

func (f *FairQueue) ready(p *pipe.Pipe) {
	if f.active = append(f.active, p); len(f.active) < max(f.prune, minPrune) {
		return
	}
	// Usually Next comes across them; but nobody may call it.
	f.active = slices.DeleteFunc(f.active, func(p *pipe.Pipe) bool { return p.In.Ended() })
	f.prune = 2 * len(f.active)
}

// minPrune is how many pipes may be active before they are looked through.
const minPrune = 64

// Next takes the next message and tells whose it is, or nil.
func (f *FairQueue) Next(m *msg.Msg) *pipe.Pipe {
	for len(f.active) > 0 {
		if f.turn >= len(f.active) {
			f.turn = 0
		}
		p := f.active[f.turn]
		if p.In.Next(m) {
			f.turn++
			return p
		}
		f.active = append(f.active[:f.turn], f.active[f.turn+1:]...)
	}
	return nil
}

// HasNext reports whether Next would find a message.
func (f *FairQueue) HasNext() bool {
	_, ok := f.peek()
	return ok
}

// peek looks at the message that Next would take.
func (f *FairQueue) peek() (c msg.Cursor, ok bool) {
	for len(f.active) > 0 {
		if f.turn >= len(f.active) {
			f.turn = 0
		}
		if c, ok = f.active[f.turn].In.Peek(); ok {
			return c, true
		}
		f.active = append(f.active[:f.turn], f.active[f.turn+1:]...)
	}
	return c, false
}

// holds reports whether there is a message that is wanted. It drops the others
// on the way to it.
func (f *FairQueue) holds(wanted func(c *msg.Cursor) bool, drops *pipe.Drops, why pipe.Drop) bool {
	for {
		c, ok := f.peek()
		if !ok || wanted(&c) {
			return ok
		}
		var m msg.Msg
		f.Next(&m)
		drops.Add(why, 1)
	}
}

func (f *FairQueue) recv(m *msg.Msg) error {
	if f.Next(m) == nil {
		return ErrWait
	}
	return nil
}

func (f *FairQueue) more() bool { return len(f.active) > 0 }
