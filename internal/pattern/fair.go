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

func (f *FairQueue) recv(m *msg.Msg) error {
	if f.Next(m) == nil {
		return ErrWait
	}
	return nil
}

func (f *FairQueue) more() bool { return len(f.active) > 0 }
