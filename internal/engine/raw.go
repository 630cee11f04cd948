package engine

import "github.com/zerobroker/zmq/internal/msg"

// RawMessage is the size of the largest message that Decode returns on a raw
// connection. libzmq uses the same.
const RawMessage = 8 << 10

// startRaw ends the handshake, since raw connections have none.
func (e *Engine) startRaw() {
	e.peer = &msg.Peer{}
	e.phase = traffic
}

// decodeRaw implements Decode for raw connections. It splits the bytes into
// messages of one frame and always consumes them, unless in is full.
func (e *Engine) decodeRaw(b []byte, limit int, in *msg.Batch) (n int) {
	count := min((len(b)+RawMessage-1)/RawMessage, limit-in.Msgs)
	if count <= 0 {
		return 0
	}
	whole := b[:min(len(b), count*RawMessage)]
	if len(whole) >= e.recv.retainAt {
		e.recv.retained = true
		// The bytes stay in b. Each header is a segment of its own.
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

// encodeRaw implements Encode for raw connections. It appends the bodies of the
// frames.
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
