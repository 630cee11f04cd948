package freelance

import (
	"slices"
	"strconv"

	"github.com/zerobroker/zmq"
)

// The texts of RFC 10.
const (
	ping = "PING"
	pong = "PONG"
)

// kind is the kind of a message.
type kind uint8

const (
	kindInvalid kind = iota // none of the following
	kindPing                // to a server
	kindPong                // to a client
	kindBody                // a request or a reply
)

// decodeRequest divides a request that a server has received into the frames that its
// reply begins with and the body.
func decodeRequest(s Strategy, m zmq.Message) (k kind, prefix [][]byte, body zmq.Message) {
	n := len(m.Envelope())
	switch s {
	case Tracked: // the client control frame
		if m.NumFrames() == 1 && string(m.Frame(0)) == ping {
			return kindPing, nil, zmq.Message{}
		}
		n = 1
	case Failover:
		if n == 0 {
			return kindInvalid, nil, zmq.Message{}
		}
	case Shotgun: // the envelope and the sequence number
		if n == 0 {
			return kindInvalid, nil, zmq.Message{}
		}
		n++
	}
	if m.NumFrames() <= n {
		return kindInvalid, nil, zmq.Message{}
	}
	frames := m.Frames()
	return kindBody, frames[:n:n], zmq.NewMessage(frames[n:]...)
}

// encodeReply returns the reply to a request with this prefix.
func encodeReply(prefix [][]byte, body zmq.Message) zmq.Message {
	return zmq.NewMessage(slices.Concat(prefix, body.Frames())...)
}

// encodeRequest returns the frames of a request with a sequence number: the client
// control frame of RFC 10, and the first frame of the Guide's model 2.
func encodeRequest(sequence uint64, body [][]byte) [][]byte {
	if len(body) == 0 {
		body = [][]byte{nil}
	}
	return slices.Concat([][]byte{strconv.AppendUint(nil, sequence, 10)}, body)
}

// decodeReply divides a message that a client has received. The sequence number is only
// valid as it was encoded.
func decodeReply(m zmq.Message) (k kind, sequence uint64, body zmq.Message) {
	if m.NumFrames() == 1 {
		if string(m.Frame(0)) == pong {
			return kindPong, 0, zmq.Message{}
		}
		return kindInvalid, 0, zmq.Message{}
	}
	text := string(m.Frame(0))
	sequence, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(sequence, 10) != text {
		return kindInvalid, 0, zmq.Message{}
	}
	return kindBody, sequence, zmq.NewMessage(m.Frames()[1:]...)
}
