package main

import (
	"slices"

	"github.com/zerobroker/zmq"
)

// record is a message to print or to send. Its slices are valid until the
// record is filled again.
type record struct {
	id     string // routing ID of its sender or receiver, for ROUTER and STREAM
	number uint32 // routing number of its sender or receiver, for SERVER and PEER
	group  string // for RADIO and DISH
	addr   string // address of its sender or receiver, for DGRAM
	frames [][]byte
	event  string // "connected" or "disconnected" instead of frames
}

// fill copies m to r, except for group and addr, which the receiver has set.
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

// empty reports whether the frames of r have no byte.
func (r *record) empty() bool {
	return !slices.ContainsFunc(r.frames, func(f []byte) bool { return len(f) > 0 })
}

// copyFrom copies o to r, which keeps a list of frames of its own.
func (r *record) copyFrom(o *record) {
	frames := append(r.frames[:0], o.frames...)
	*r = *o
	r.frames = frames
}

// reset empties r.
func (r *record) reset() { *r = record{frames: r.frames[:0]} }

// codec converts messages to and from lines without a newline.
type codec interface {
	// encode appends a message to line.
	encode(line []byte, r *record) []byte
	// decode reads a message. The frames may point into line.
	decode(line []byte, r *record) error
}

// layout describes the parts of a line, which depend on the socket type.
type layout struct {
	name  naming // what printed lines begin with
	need  need   // whether lines that are read begin with it too
	group string // the group of lines that are read without one

	single bool // messages have one frame
	stream bool // messages are bytes: a tab does not separate frames
}

// need specifies whether lines that are read begin with the name of the
// receiver.
type need int

const (
	required need = iota
	optional
	absent // all messages have the same receiver
)
