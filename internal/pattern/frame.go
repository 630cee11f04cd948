package pattern

import (
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// FrameSender is a pattern that sends messages frame by frame, so that every
// error comes with the frame that libzmq returns it for. A message claims its
// pipes at its first frame and is queued to them, whole, with its last: in
// between nobody can see it, and messages that are sent whole go their own way.
// The methods run under the send lock; those of a Lockstep pattern under both.
type FrameSender interface {
	// SendFrame takes the next frame of the message that is under way, or the
	// first of another, and keeps its body until the message is queued. An error
	// means that it has not; after ErrWouldBlock for a first frame it may be tried
	// again. mayWait tells that the caller would do so, which matters in the
	// middle of a message, where nobody waits.
	SendFrame(f *msg.Frame, mayWait bool) error
	// InMessage reports whether a message has begun and not ended.
	InMessage() bool
	// DropMessage drops the message that is under way, and what may come of it yet. It
	// returns how many peers miss it.
	DropMessage() int
}

// Writable is a pattern that can tell whether a frame would be taken at once, as
// ZMQ_POLLOUT does; one that is not is never ready to send. It runs under the
// send lock, or under both if the pattern is Lockstep.
type Writable interface{ Writable() bool }

// Readable is a pattern that can tell whether Recv would find something, as
// ZMQ_POLLIN does; one that is Fair need not. It runs under the receive lock,
// and drops what Recv would not return and nothing else.
type Readable interface {
	// Readable returns nil if Recv would find something, and otherwise the error
	// that Recv would return: after ErrYield, too, it is to be called again.
	Readable() error
}

// outgoing is a message that is being sent frame by frame. The send lock guards
// it.
type outgoing struct {
	drops    *pipe.Drops
	open     bool         // the message has begun and not ended
	lost     bool         // it had pipes and has none any more
	reported bool         // and somebody was told so, or need not be
	pipes    []*pipe.Pipe // those that it goes to
	m        msg.Msg      // the frames so far
	n        int          // how many; 0 if they go nowhere
	encoded  []byte       // the message at rest, if it goes to several
}

// InMessage reports whether a message has begun and not ended.
func (o *outgoing) InMessage() bool { return o.open }

// DropMessage drops the message that is under way, and what may come of it yet.
// Whoever it was for misses it as one that could not be sent in time.
func (o *outgoing) DropMessage() int {
	missed := len(o.pipes)
	o.drops.Add(pipe.DropLinger, missed)
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.clearFrames()
	return missed
}

// dropFull takes the pipes out of list that have no room for the message.
func (o *outgoing) dropFull(list []*pipe.Pipe) []*pipe.Pipe {
	return slices.DeleteFunc(list, func(p *pipe.Pipe) bool {
		full := p.Out.Full()
		if full {
			o.drops.Add(pipe.DropHWM, 1)
		}
		return full
	})
}

// begin claims pipes that have room for a message; none if it is for nobody.
func (o *outgoing) claim(pipes ...*pipe.Pipe) {
	o.open = true
	o.pipes = append(o.pipes[:0], pipes...)
}

// leave is for a pipe that is taken from the pattern: it will not get the
// message.
func (o *outgoing) removePipe(p *pipe.Pipe) {
	for i, q := range o.pipes {
		if q == p {
			o.removeAt(i)
			return
		}
	}
}

// forget takes the i'th pipe away.
func (o *outgoing) removeAt(i int) {
	o.drops.Add(pipe.DropConnLost, 1)
	last := len(o.pipes) - 1
	o.pipes[i] = o.pipes[last]
	o.pipes[last] = nil
	if o.pipes = o.pipes[:last]; last == 0 {
		o.lost = true
		o.clearFrames()
	}
}

// check takes those pipes away whose far ends are gone: the pattern may not
// have been told yet.
func (o *outgoing) removeClosed() {
	for i := len(o.pipes) - 1; i >= 0; i-- {
		if o.pipes[i].Out.ReadClosed() {
			o.removeAt(i)
		}
	}
}

// next takes a frame of the message, and queues the message if that is the
// last. Whoever has gone meanwhile misses it.
func (o *outgoing) next(f *msg.Frame) {
	o.removeClosed()
	if len(o.pipes) > 0 {
		o.push(f)
	}
	if !f.More {
		o.enqueue()
	}
}

// nextSinglePipe is next for a message whose only pipe was claimed on condition that
// it has room, and whose loss is therefore told, once, to a caller that must
// not wait. One that may wait hears nothing, nor does anybody of the frames
// that follow: they are swallowed. (lb.cpp, socket_base.cpp: send)
func (o *outgoing) nextSinglePipe(f *msg.Frame, mayWait bool) error {
	o.removeClosed()
	if !o.lost || o.reported || mayWait {
		o.reported = o.lost
		o.next(f)
		return nil
	}
	o.reported = true
	if !f.More {
		o.reset()
	}
	return ErrWouldBlock
}

// push appends a frame.
func (o *outgoing) push(f *msg.Frame) {
	o.m.Push(o.n, f)
	o.n++
}

// deliver queues the message and ends it. It does not ask whether the queues
// are full: there was room when they were claimed, and what was sent whole
// meanwhile makes the overshoot one message.
func (o *outgoing) enqueue() {
	switch {
	case len(o.pipes) == 0:
	case len(o.pipes) == 1:
		o.pipes[0].Out.Put(&o.m)
	case o.m.EncodedSize() >= msg.LargeFrame:
		// Large frames are shared by all queues, so nobody may reuse them.
		o.m.Bufs = nil
		for _, p := range o.pipes {
			p.Out.PutShared(&o.m)
		}
	default:
		o.encoded = o.m.AppendEncoded(o.encoded[:0])
		for _, p := range o.pipes {
			p.Out.PutEncoded(o.encoded)
		}
	}
	o.reset()
}

// end forgets the message and what it went to.
func (o *outgoing) reset() {
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.open, o.lost, o.reported = false, false, false
	o.clearFrames()
}

// clear forgets the frames. What is kept is bounded.
func (o *outgoing) clearFrames() {
	rest := o.m.Rest
	clear(rest)
	if cap(rest) > maxKeptFrames {
		rest = nil
	}
	o.m, o.n = msg.Msg{Rest: rest[:0]}, 0
	if cap(o.encoded) > maxKeptRest {
		o.encoded = nil
	}
}

// maxKeptFrames bounds the table kept between messages.
const maxKeptFrames = 64
