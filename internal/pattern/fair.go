package pattern

import (
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// FairQueue receives one message from each pipe in turn. A pipe that is empty
// leaves the round until Wake reports it again. All methods run under the
// receive lock.
// https://rfc.zeromq.org/spec/30/#the-pull-socket-type
type FairQueue struct {
	// active holds the pipes of a round: those before kept have had their turn,
	// those from turn on have not. The entries between are nil: they belonged
	// to pipes that have left in this round. So removing a pipe takes constant
	// time, even if thousands of pipes are empty in one round.
	active     []*pipe.Pipe
	kept, turn int
	sweepAt    int // length of the round at which wake removes the pipes that have ended
}

func (f *FairQueue) wake(p *pipe.Pipe) {
	waitsForEarlier(p) // shortens the chain of After, which would grow with each peer that connects and sends nothing
	f.active = append(f.active, p)
	if f.len() >= max(f.sweepAt, minSweep) {
		// Next removes them too, but the application may not call it.
		f.removeEnded()
		f.sweepAt = 2 * f.len()
	}
}

// minSweep is the smallest number of pipes that are searched for ended ones.
const minSweep = 64

// removeEnded removes the pipes that have ended.
func (f *FairQueue) removeEnded() {
	ended := func(p *pipe.Pipe) bool { return p.In.Ended() }
	had := slices.DeleteFunc(f.active[:f.kept], ended)
	yet := slices.DeleteFunc(f.active[f.turn:], ended)
	all := append(had, yet...)
	clear(f.active[len(all):])
	f.active, f.kept, f.turn = all, len(had), len(had)
}

// len returns the number of pipes in the round.
func (f *FairQueue) len() int { return f.kept + len(f.active) - f.turn }

// current returns the pipe whose turn it is, or nil.
func (f *FairQueue) current() *pipe.Pipe {
	if f.turn == len(f.active) && !f.newRound() {
		return nil
	}
	return f.active[f.turn]
}

// newRound begins a new round. It reports whether there are pipes.
func (f *FairQueue) newRound() bool {
	if f.kept < len(f.active) {
		f.active = f.active[:f.kept]
	}
	f.kept, f.turn = 0, 0
	return len(f.active) > 0
}

// endTurn ends the turn of the current pipe, which stays in the round.
func (f *FairQueue) endTurn() {
	if f.kept != f.turn {
		f.active[f.kept], f.active[f.turn] = f.active[f.turn], nil
	}
	f.kept++
	f.turn++
}

// remove removes the current pipe from the round.
func (f *FairQueue) remove() {
	f.active[f.turn] = nil
	f.turn++
}

// waitsForEarlier reports whether an earlier pipe of the same peer has to be
// read to its end before p. It drops the earlier pipes that have ended from the
// chain.
func waitsForEarlier(p *pipe.Pipe) bool {
	for p.After != nil && p.After.In.Ended() {
		p.After = p.After.After
	}
	return p.After != nil
}

// nextUnblocked returns the current pipe after skipping those that wait for
// earlier ones. It returns nil if all wait. Then every earlier pipe has been
// found empty, so Wake is called when it ends, and its successor can be read.
func (f *FairQueue) nextUnblocked() *pipe.Pipe {
	p := f.current()
	if p == nil || p.After == nil {
		return p
	}
	for n := 0; p != nil && waitsForEarlier(p); p = f.current() {
		if n++; n > f.len() {
			return nil
		}
		f.endTurn()
	}
	return p
}

// Next takes the next message and returns the pipe that it is from. It returns
// nil if there is no message.
func (f *FairQueue) Next(m *msg.Msg) *pipe.Pipe {
	// Fast path: the round is complete and no pipe has left it.
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
			f.remove() // before another call can wake the pipe
		}
	}
	return f.search(m)
}

// NextRun takes the next messages into msgs, as Next does for each, until that is
// full, the size of their frames is maxSize or more, or there is no message. It
// returns their number and size.
func (f *FairQueue) NextRun(msgs []msg.Msg, maxSize int) (n, size int) {
	for n < len(msgs) && size < maxSize {
		if p := f.current(); p != nil && f.len() == 1 && p.After == nil {
			k, bytes, more := p.In.NextRun(msgs[n:], maxSize-size)
			if n, size = n+k, size+bytes; more {
				f.endTurn()
			} else {
				f.remove() // before another call can wake the pipe
			}
			continue
		}
		if f.Next(&msgs[n]) == nil {
			break
		}
		size += msgs[n].Size()
		n++
	}
	return n, size
}

// search is the slow path of Next.
func (f *FairQueue) search(m *msg.Msg) *pipe.Pipe {
	for p := f.nextUnblocked(); p != nil; p = f.nextUnblocked() {
		if p.In.Next(m) {
			f.endTurn()
			return p
		}
		f.remove()
	}
	return nil
}

// HasNext reports whether Next would return a message.
func (f *FairQueue) HasNext() bool {
	_, ok := f.peek()
	return ok
}

// peek returns the message that Next would take, without taking it.
func (f *FairQueue) peek() (c msg.Cursor, ok bool) {
	for p := f.nextUnblocked(); p != nil; p = f.nextUnblocked() {
		if c, ok = p.In.Peek(); ok {
			return c, true
		}
		f.remove()
	}
	return c, false
}

// maxDiscard is the number of frames of unwanted messages that one call drops
// at most under the receive lock, which takes some 100 us. It bounds how long
// other calls and connections wait for the lock.
const maxDiscard = 1024

// peekWanted returns nil if there is a wanted message, and drops the unwanted
// ones before it. Otherwise it returns ErrWouldBlock or ErrYield, as Recv does.
func (f *FairQueue) peekWanted(wanted func(c *msg.Cursor) bool, drops *pipe.Drops, why pipe.Drop) error {
	for n := 0; n < maxDiscard; {
		c, ok := f.peek()
		switch {
		case !ok:
			return ErrWouldBlock
		case wanted(&c):
			return nil
		}
		var m msg.Msg
		p := f.Next(&m)
		n += m.Len()
		p.Drop(drops, why, 1)
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

// fairReceiver receives all messages of all pipes in turn.
type fairReceiver struct{ fq FairQueue }

func (r *fairReceiver) Wake(p *pipe.Pipe)     { r.fq.wake(p) }
func (r *fairReceiver) Recv(m *msg.Msg) error { return r.fq.recv(m) }
func (r *fairReceiver) More() bool            { return r.fq.more() }
func (r *fairReceiver) Fair() *FairQueue      { return &r.fq }
