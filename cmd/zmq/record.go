package main

import (
	"slices"

	"github.com/zerobroker/zmq"
)

// record is a message as this command handles it. Its slices are valid until
// it is filled again.
type record struct {
	id     string // routing id of the peer it is from or for, with ROUTER and STREAM
	number uint32 // routing number of that peer, with SERVER and PEER
	group  string // what it was sent to, with RADIO and DISH
	addr   string // the address that it is from or for, with DGRAM
	frames [][]byte
	event  string // what the peer did, where that is told in place of frames
}

// fill makes r the message m, of the group or from the address that r has.
func (r *record) fill(m *zmq.Message) {
	r.id, r.number, r.event = m.RoutingID(), m.RoutingNumber(), ""
	r.frames = r.frames[:0]
	switch {
	case m.IsConnect():
		r.event = "connected"
	case m.IsDisconnect():
		r.event = "disconnected"
	}
	for i := range m.NumFrames() {
		r.frames = append(r.frames, m.Frame(i))
	}
}

// empty reports whether r has no byte.
func (r *record) empty() bool {
	return !slices.ContainsFunc(r.frames, func(f []byte) bool { return len(f) > 0 })
}

// set makes r the record o, with its own list of frames.
func (r *record) set(o *record) {
	frames := append(r.frames[:0], o.frames...)
	*r = *o
	r.frames = frames
}

// reset empties r before it is read.
func (r *record) reset() { *r = record{frames: r.frames[:0]} }

// codec writes messages as lines and reads them back. Lines are without their
// newline.
type codec interface {
	// encode appends the line of a message.
	encode(line []byte, r *record) []byte
	// decode reads a line. The frames may point into it.
	decode(line []byte, r *record) error
}

// layout is what the lines of a socket type hold.
type layout struct {
	name  naming // whom a message is from or for; what is printed begins with it
	need  need   // whether what is read begins with it too
	group string // of what is read without one

	single bool // messages have one frame
	stream bool // they have none, but are bytes, and no tab or newline cuts them
}

// need says whether a name stands in what is read.
type need int

const (
	required need = iota
	optional      // without one, the command knows what to do
	absent        // never: all has one receiver
)
