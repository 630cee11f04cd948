package pattern

import (
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// fairQueue takes one message from each pipe in turn. Pipes that are found
// empty leave the turn until they are ready again. Everything runs under the
// receive lock. https://rfc.zeromq.org/spec/30/#the-pull-socket-type
type fairQueue struct {
	active []*pipe.Pipe
	turn   int
}

func (f *fairQueue) ready(p *pipe.Pipe) { f.active = append(f.active, p) }

// next takes the next message and tells whose it is, or nil.
func (f *fairQueue) next(m *msg.Msg) *pipe.Pipe {
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

func (f *fairQueue) recv(m *msg.Msg) error {
	if f.next(m) == nil {
		return ErrWait
	}
	return nil
}

func (f *fairQueue) more() bool { return len(f.active) > 0 }
