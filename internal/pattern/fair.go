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
	// active are the pipes in a round: before kept those that have had their
	// turn, from turn on those that have it yet. What is between is empty: as
	// many as have left the turn in this round. So leaving costs nothing, also if
	// thousands of pipes are found empty in one round.
	active     []*pipe.Pipe
	kept, turn int
	prune      int // how many may be active before looking for pipes that have ended
}

func (f *FairQueue) ready(p *pipe.Pipe) {
	barred(p) // so that peers that come and say nothing make no long chain of After
	f.active = append(f.active, p)
	if f.len() >= max(f.prune, minPrune) {
		// Usually Next comes across them; but nobody may call it.
		f.sweep()
		f.prune = 2 * f.len()
	}
}

// minPrune is how many pipes may be active before they are looked through.
const minPrune = 64

// sweep forgets the pipes that have ended.
func (f *FairQueue) sweep() {
	ended := func(p *pipe.Pipe) bool { return p.In.Ended() }
	had := slices.DeleteFunc(f.active[:f.kept], ended)
	yet := slices.DeleteFunc(f.active[f.turn:], ended)
	all := append(had, yet...)
	clear(f.active[len(all):])
	f.active, f.kept, f.turn = all, len(had), len(had)
}

// len is the number of pipes in the round.
func (f *FairQueue) len() int { return f.kept + len(f.active) - f.turn }

// current is the pipe whose turn it is, or nil.
func (f *FairQueue) current() *pipe.Pipe {
	if f.turn == len(f.active) && !f.again() {
		return nil
	}
	return f.active[f.turn]
}

// again begins a new round, unless nobody is left for one.
func (f *FairQueue) again() bool {
	if f.kept < len(f.active) {
		f.active = f.active[:f.kept]
	}
	f.kept, f.turn = 0, 0
	return len(f.active) > 0
}

// pass ends the turn of the current pipe, which stays in the round.
func (f *FairQueue) pass() {
	if f.kept != f.turn {
		f.active[f.kept], f.active[f.turn] = f.active[f.turn], nil
	}
	f.kept++
	f.turn++
}

// remove takes the current pipe out of the round.
func (f *FairQueue) remove() {
	f.active[f.turn] = nil
	f.turn++
}

// barred reports whether a pipe waits for an earlier one of its peer to be read
// to the end, and forgets those that have been.
func barred(p *pipe.Pipe) bool {
	for p.After != nil && p.After.In.Ended() {
		p.After = p.After.After
	}
	return p.After != nil
}

// open is current, past the pipes that wait for earlier ones. It is nil also if
// there are no others: then each of those that are waited for has been found
// empty since it was last found not to have ended, so that its end makes it
// ready, and the wait is over.
func (f *FairQueue) open() *pipe.Pipe {
	p := f.current()
	if p == nil || p.After == nil {
		return p
	}
	for n := 0; p != nil && barred(p); p = f.current() {
		if n++; n > f.len() {
			return nil
		}
		f.pass()
	}
	return p
}

// Next takes the next message and tells whose it is, or nil.
func (f *FairQueue) Next(m *msg.Msg) *pipe.Pipe {
	// The path of most messages: everybody has had their turn and is still here.
	if f.turn == len(f.active) && f.turn == f.kept {
		f.turn, f.kept = 0, 0
	}
	if f.turn == f.kept && f.turn < len(f.active) {
		if p := f.active[f.turn]; p.After == nil {
			if p.In.Next(m) {
				f.turn++
				f.kept++
				return p
			}
			f.remove() // at once: it may be reported again
		}
	}
	return f.search(m)
}

// search is Next for when that is not so simple.
func (f *FairQueue) search(m *msg.Msg) *pipe.Pipe {
	for p := f.open(); p != nil; p = f.open() {
		if p.In.Next(m) {
			f.pass()
			return p
		}
		f.remove()
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
	for p := f.open(); p != nil; p = f.open() {
		if c, ok = p.In.Peek(); ok {
			return c, true
		}
		f.remove()
	}
	return c, false
}

// maxDiscard is how many frames of unwanted messages one call drops at most
// while it has the receive lock: some 100 us of work. Other calls, and the
// connections that come and go, wait for the lock no longer than that.
const maxDiscard = 1024

// holds returns nil if there is a message that is wanted, and drops the others
// on the way to it. It returns ErrWouldBlock and ErrYield as Recv does.
func (f *FairQueue) holds(wanted func(c *msg.Cursor) bool, drops *pipe.Drops, why pipe.Drop) error {
	for n := 0; n < maxDiscard; {
		c, ok := f.peek()
		switch {
		case !ok:
			return ErrWouldBlock
		case wanted(&c):
			return nil
		}
		var m msg.Msg
		f.Next(&m)
		n += m.Len()
		drops.Add(why, 1)
	}
	return ErrYield
}

func (f *FairQueue) recv(m *msg.Msg) error {
	if f.Next(m) == nil {
		return ErrWouldBlock
	}
	return nil
}

func (f *FairQueue) more() bool { return f.len() > 0 }
