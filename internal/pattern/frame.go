package pattern

import (
	"slices"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// FrameByFrameSender is a pattern that sends messages frame by frame, so that each
// error is returned for the same frame as in libzmq. A message claims its pipes
// with its first frame and is queued to them, as a whole, with its last frame.
// Messages that are sent as a whole in between are independent of it. The
// methods run under the send lock, those of a Lockstep pattern under both
// locks.
type FrameByFrameSender interface {
	// SendFrame takes the first or next frame of a message, and keeps its body
	// until the message is queued. If it returns an error, the frame was not
	// taken; after ErrWouldBlock for a first frame the caller may try again. mayWait
	// reports whether the caller would wait and try again. It matters in the
	// middle of a message, where no caller waits.
	SendFrame(f *msg.Frame, mayWait bool) error
	// InMessage reports whether a message has begun and not ended.
	InMessage() bool
	// DropMessage drops the message that has begun. It returns the number of
	// peers that would have received it.
	DropMessage() int
}

// Writable is a pattern that can report whether a frame would be accepted
// without waiting, as ZMQ_POLLOUT does. A pattern without it is never ready to
// send. The method runs under the send lock, or under both locks if the pattern
// is Lockstep.
type Writable interface{ Writable() bool }

// Readable is a pattern that can report whether Recv would return a message, as
// ZMQ_POLLIN does. A pattern that is Fair does not need it. The method runs
// under the receive lock. It drops only messages that Recv would drop.
type Readable interface {
	// Readable returns nil if Recv would return a message, and otherwise the
	// error of Recv. After ErrYield the caller calls it again.
	Readable() error
}

// outgoing is the message that is being sent frame by frame. The send lock
// guards it.
type outgoing struct {
	drops   *pipe.Drops
	state   outgoingState
	pipes   []*pipe.Pipe // the pipes that the message goes to
	m       msg.Msg      // the frames so far
	n       int          // number of frames; 0 if the message goes to no pipe
	encoded []byte       // the encoded message, if it goes to several pipes
}

type outgoingState uint8

const (
	outgoingNone      outgoingState = iota // no message has begun, or the last one has ended
	outgoingOpen                           // a message has begun
	outgoingLost                           // all pipes of the message that has begun were removed
	outgoingDiscarded                      // the same, and nextSinglePipe has handled it
)

// InMessage reports whether a message has begun and not ended.
func (o *outgoing) InMessage() bool { return o.state != outgoingNone }

// DropMessage drops the message that has begun. It counts one message for each
// pipe as not sent before the end of linger.
func (o *outgoing) DropMessage() int {
	missed := len(o.pipes)
	o.drops.Add(pipe.DropLinger, missed)
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.clearFrames()
	return missed
}

// dropFull removes the pipes that are full from list, and counts a drop for
// each.
func (o *outgoing) dropFull(list []*pipe.Pipe) []*pipe.Pipe {
	return slices.DeleteFunc(list, func(p *pipe.Pipe) bool {
		full := p.Out.Full()
		if full {
			p.Drop(o.drops, pipe.DropHWM, 1)
		}
		return full
	})
}

// claim begins a message to the given pipes, which have room. Without pipes the
// message is discarded.
func (o *outgoing) claim(pipes ...*pipe.Pipe) {
	o.state = outgoingOpen
	o.pipes = append(o.pipes[:0], pipes...)
}

// removePipe removes a pipe that is detached from the message.
func (o *outgoing) removePipe(p *pipe.Pipe) {
	for i, q := range o.pipes {
		if q == p {
			o.removeAt(i)
			return
		}
	}
}

// removeAt removes the pipe with index i from the message.
func (o *outgoing) removeAt(i int) {
	o.drops.Add(pipe.DropConnLost, 1)
	last := len(o.pipes) - 1
	o.pipes[i] = o.pipes[last]
	o.pipes[last] = nil
	if o.pipes = o.pipes[:last]; last == 0 {
		o.state = outgoingLost
		o.clearFrames()
	}
}

// removeClosed removes the pipes whose queue is closed. The pattern may not
// have been notified yet.
func (o *outgoing) removeClosed() {
	for i := len(o.pipes) - 1; i >= 0; i-- {
		if o.pipes[i].Out.ReadClosed() {
			o.removeAt(i)
		}
	}
}

// next takes a frame of the message, and queues the message if the frame is the
// last one. Pipes that have closed do not get it.
func (o *outgoing) next(f *msg.Frame) {
	o.removeClosed()
	if len(o.pipes) > 0 {
		o.push(f)
	}
	if !f.More {
		o.enqueue()
	}
}

// nextSinglePipe is like next for a type whose message goes to one pipe. If the
// pipe is lost in the middle of the message, a caller that must not wait gets
// ErrWouldBlock once. A caller that may wait gets no error, and the remaining
// frames are discarded. See libzmq, lb.cpp and socket_base.cpp: send.
func (o *outgoing) nextSinglePipe(f *msg.Frame, mayWait bool) error {
	o.removeClosed()
	lost := o.state == outgoingLost
	if lost {
		o.state = outgoingDiscarded
	}
	if !lost || mayWait {
		o.next(f)
		return nil
	}
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

// enqueue queues the message to its pipes and ends it. It does not check
// whether the queues are full: they had room when they were claimed, and
// messages that were sent meanwhile exceed the limit by one message only.
func (o *outgoing) enqueue() {
	switch {
	case len(o.pipes) == 0:
	case len(o.pipes) == 1:
		o.pipes[0].Out.Put(&o.m)
	case o.m.EncodedSize() >= msg.LargeFrame:
		// All queues share large frames, so they must not be returned to a
		// pool.
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

// reset ends the message.
func (o *outgoing) reset() {
	clear(o.pipes)
	o.pipes = o.pipes[:0]
	o.state = outgoingNone
	o.clearFrames()
}

// clearFrames removes the frames. It keeps a bounded amount of memory.
func (o *outgoing) clearFrames() {
	rest := o.m.Rest
	clear(rest)
	if cap(rest) > maxKeptFrames {
		rest = nil
	}
	o.m, o.n = msg.Msg{Rest: rest[:0]}, 0
	if cap(o.encoded) > maxKeptBytes {
		o.encoded = nil
	}
}

// maxKeptFrames bounds the capacity that is kept between messages.
const maxKeptFrames = 64
