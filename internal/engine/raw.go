package engine

import "github.com/zerobroker/zmq/internal/msg"

// RawMessage is the largest message that Decode makes of the bytes of a raw
// connection, as in libzmq.
const RawMessage = 8 << 10

// startRaw lets traffic flow: there is nothing to agree on.
func (e *Engine) startRaw() {
	e.peer = &msg.Peer{}
	e.phase = ready
}

// decodeRaw is Decode for bytes that are nothing but bytes: all of them are
// messages of one frame as they come, and nothing is ever left.
func (e *Engine) decodeRaw(b []byte, limit int, in *msg.Batch) (n int) {
	count := min((len(b)+RawMessage-1)/RawMessage, limit-in.Msgs)
	if count <= 0 {
		return 0
	}
	whole := b[:min(len(b), count*RawMessage)]
	if len(whole) >= e.recv.keepAt {
		e.recv.kept = true
		// The bytes stay where they are, each chunk behind a header of its own.
		headers := make([]byte, 0, count*msg.MaxHeader)
		for n < len(whole) {
			end := min(n+RawMessage, len(whole))
			from := len(headers)
			headers = msg.AppendHeader(headers, end-n, false)
			in.Add(msg.Seg{B: headers[from:len(headers):len(headers)], From: e.peer})
			in.Add(msg.Seg{B: whole[n:end:end], From: e.peer})
			n = end
		}
	} else {
		rest := make([]byte, 0, len(whole)+count*msg.MaxHeader)
		for n < len(whole) {
			end := min(n+RawMessage, len(whole))
			rest = msg.AppendFrame(rest, whole[n:end], false)
			n = end
		}
		in.Add(msg.Seg{B: rest, From: e.peer})
	}
	in.Msgs += count
	return n
}

// encodeRaw is Encode for such a connection: the frames' bodies.
func encodeRaw(dst []byte, c *msg.Cursor, full int) (out []byte, msgs int) {
	for len(dst) < full {
		body, flags, ok := c.Next()
		if !ok {
			break
		}
		dst = append(dst, body...)
		for flags&msg.FlagMore != 0 {
			body, flags, _ = c.Next()
			dst = append(dst, body...)
		}
		msgs++
	}
	return dst, msgs
}
