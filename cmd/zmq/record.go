package main

import (
	"encoding/hex"

	"github.com/zerobroker/zmq"
)

// record is a message as this command handles it. Its slices are valid until
// it is filled again.
type record struct {
	id     string // of the peer, where a ROUTER sends or receives; else empty
	frames [][]byte
}

// fill makes r the message m.
func (r *record) fill(m *zmq.Message) {
	r.id = ""
	r.frames = r.frames[:0]
	for i := range m.Len() {
		r.frames = append(r.frames, m.Frame(i))
	}
}

// codec writes messages as lines and reads them back. Lines are without their
// newline.
type codec interface {
	// encode appends the line of a message.
	encode(line []byte, r *record) []byte
	// decode reads a line. The frames may point into it.
	decode(line []byte, r *record) error
}

// addressed is a codec for ROUTER: lines hold a routing id beside the frames.
type addressed interface {
	codec
	decodeAddressed(line []byte, r *record) error
}

// parseID reads a routing id as it is printed.
func parseID(s []byte) (string, error) {
	id, err := hex.AppendDecode(nil, s)
	if err != nil || len(id) == 0 {
		return "", errNoID
	}
	return string(id), nil
}
