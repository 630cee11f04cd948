package seq

import (
	"encoding/binary"
	"math"

	"github.com/zerobroker/zmq"
)

// generationProperty is the property of the handshake that has the generation of a
// publisher.
const generationProperty = "X-Seq-Generation"

// endNumber is the sequence number -1, which ends the replies to a replay request.
const endNumber uint64 = math.MaxUint64

// encodeNumber returns a sequence number as a frame.
func encodeNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// decodeNumber reads a frame that is a sequence number.
func decodeNumber(frame []byte) (n uint64, ok bool) {
	if len(frame) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(frame), true
}

// decodeLive reads a published message: topic, sequence number, payload. The results
// share the memory of the message.
func decodeLive(m zmq.Message) (topic []byte, number uint64, payload []byte, ok bool) {
	if m.NumFrames() != 3 || len(m.Frame(2)) == 0 {
		return nil, 0, nil, false
	}
	number, ok = decodeNumber(m.Frame(1))
	return m.Frame(0), number, m.Frame(2), ok && number != endNumber
}

// encodeRequest returns a replay request: an empty frame, the first number.
func encodeRequest(start uint64) zmq.Message {
	return zmq.NewMessage(nil, encodeNumber(start))
}

// decodeRequest reads a replay request.
func decodeRequest(m zmq.Message) (start uint64, ok bool) {
	if m.NumFrames() != 2 || len(m.Frame(0)) != 0 {
		return 0, false
	}
	return decodeNumber(m.Frame(1))
}

// encodeReply returns a reply to a replay request: an empty frame, sequence number,
// payload. It does not copy the payload.
func encodeReply(number uint64, payload []byte) zmq.Message {
	return zmq.NewMessage(nil, encodeNumber(number), payload)
}

// decodeReply reads a reply to a replay request. end reports that it is the last one:
// vLLM's subscriber recognises it by its empty payload.
func decodeReply(m zmq.Message) (number uint64, payload []byte, end, ok bool) {
	if m.NumFrames() != 3 || len(m.Frame(0)) != 0 {
		return 0, nil, false, false
	}
	number, ok = decodeNumber(m.Frame(1))
	payload = m.Frame(2)
	return number, payload, ok && (len(payload) == 0 || number == endNumber), ok
}
