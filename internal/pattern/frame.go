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
	// Midway reports whether a message has begun and not ended.
	Midway() bool
	// Abandon drops the message that is under way, and what may come of it yet. It
	// returns how many peers miss it.
	Abandon() int
}

// Asker is a FrameSender whose messages may be subscriptions.
type Asker interface {
	// Ask reports whether the next frame is a subscription or takes one back,
	// and is not for SendFrame then; and if so, whether it has sent what came
	// before it in the message. It runs under the send lock.
	Ask(f *msg.Frame) (asked, sent bool)
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
	drops *pipe.Drops
	open  bool         // the message has begun and not ended
	lost  bool         // it had pipes and has none any more
	told  bool         // and somebody was told so, or need not be
	pipes []*pipe.Pipe // those that it goes to
	m     msg.Msg      // the frames so far
	n     int          // how many; 0 if they go nowhere
	rest  []byte       // the message at rest, if it goes to several
}

// Midway reports whether a message has begun and not ended.
func (o *outgoing) Midway() bool { return o.open }

// Abandon drops the message that is under way, and what may come of it yet.
// Whoever it was for misses it as one that could not be sent in time.
func (o *outgoing) Abandon() int {
	missed := len(o.pipes)
	o.drops.Add(pipe.DropLinger, missed)
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.clear()
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
func (o *outgoing) begin(pipes ...*pipe.Pipe) {
	o.open = true
	o.pipes = append(o.pipes[:0], pipes...)
}

// leave is for a pipe that is taken from the pattern: it will not get the
// message.
func (o *outgoing) leave(p *pipe.Pipe) {
	for i, q := range o.pipes {
		if q == p {
			o.forget(i)
			return
		}
	}
}

// forget takes the i'th pipe away.
func (o *outgoing) forget(i int) {
	o.drops.Add(pipe.DropConnLost, 1)
	last := len(o.pipes) - 1
	o.pipes[i] = o.pipes[last]
	o.pipes[last] = nil
	if o.pipes = o.pipes[:last]; last == 0 {
		o.lost = true
		o.clear()
	}
}

// check takes those pipes away whose far ends are gone: the pattern may not
// have been told yet.
func (o *outgoing) check() {
	for i := len(o.pipes) - 1; i >= 0; i-- {
		if o.pipes[i].Out.Dead() {
			o.forget(i)
		}
	}
}

// next takes a frame of the message, and queues the message if that is the
// last. Whoever has gone meanwhile misses it.
func (o *outgoing) next(f *msg.Frame) {
	o.check()
	if len(o.pipes) > 0 {
		o.push(f)
	}
	if !f.More {
		o.deliver()
	}
}

// nextOnly is next for a message whose only pipe was claimed on condition that
// it has room, and whose loss is therefore told, once, to a caller that must
// not wait. One that may wait hears nothing, nor does anybody of the frames
// that follow: they are swallowed. (lb.cpp, socket_base.cpp: send)
func (o *outgoing) nextOnly(f *msg.Frame, mayWait bool) error {
	o.check()
	if !o.lost || o.told || mayWait {
		o.told = o.lost
		o.next(f)
		return nil
	}
	o.told = true
	if !f.More {
		o.end()
	}
	return ErrWouldBlock
}

// sendBalanced is SendFrame for a pattern that sends each message to the next
// pipe in turn that has room.
func (o *outgoing) sendBalanced(lb *Balancer, f *msg.Frame, mayWait bool) error {
	if !o.open {
		p := lb.Pick()
		if p == nil {
			return ErrWouldBlock
		}
		o.begin(p)
	}
	return o.nextOnly(f, mayWait)
}

// push appends a frame.
func (o *outgoing) push(f *msg.Frame) {
	o.m.Push(o.n, f)
	o.n++
}

// deliver queues the message and ends it. It does not ask whether the queues
// are full: there was room when they were claimed, and what was sent whole
// meanwhile makes the overshoot one message.
func (o *outgoing) deliver() {
	switch {
	case len(o.pipes) == 0:
	case len(o.pipes) == 1:
		o.pipes[0].Out.Put(&o.m)
	case o.m.RestSize() >= msg.LargeFrame:
		// Large frames are shared by all queues, so nobody may reuse them.
		o.m.Bufs = nil
		for _, p := range o.pipes {
			p.Out.PutShared(&o.m)
		}
	default:
		o.rest = o.m.Append(o.rest[:0])
		for _, p := range o.pipes {
			p.Out.PutRest(o.rest)
		}
	}
	o.end()
}

// end forgets the message and what it went to.
func (o *outgoing) end() {
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.open, o.lost, o.told = false, false, false
	o.clear()
}

// clear forgets the frames. What is kept is bounded.
func (o *outgoing) clear() {
	rest := o.m.Rest
	clear(rest)
	if cap(rest) > maxKeptFrames {
		rest = nil
	}
	o.m, o.n = msg.Msg{Rest: rest[:0]}, 0
	if cap(o.rest) > maxKeptRest {
		o.rest = nil
	}
}

// maxKeptFrames bounds the table kept between messages.
const maxKeptFrames = 64

// whole makes a message of a frame, for types that send no others.
// https://rfc.zeromq.org/spec/41/
func whole(f *msg.Frame) (msg.Msg, error) {
	if f.More {
		return msg.Msg{}, errOneFrame
	}
	return msg.Msg{First: f.Body, Bufs: f.Buf}, nil
}

// undivided is what types do about messages that have several frames: nothing.
type undivided struct{}

// Midway is false: there is nothing between two messages.
func (undivided) Midway() bool { return false }

// Abandon does nothing.
func (undivided) Abandon() int { return 0 }
