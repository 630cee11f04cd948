package faults

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/zerobroker/zmq"
)

// label identifies a message by the instance of a socket that sent it and a
// sequence number, which begins at 0.
type label struct{ sender, seq uint32 }

func (l label) String() string { return fmt.Sprintf("%d/%d", l.sender, l.seq) }

// The first body frame of a message has a topic, a mark, the label, and a payload.
// The other frames have a payload only. The label determines the payloads, so that
// torn, mixed or altered frames are detected.
const (
	mark       = "\x02:"
	headerSize = 1 + len(mark) + 8
)

// noise is random data from which payloads are cut.
var noise = func() []byte {
	b := make([]byte, 512<<10)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}()

const maxPayload = 256 << 10

func payload(l label, i, size int) []byte {
	at := (uint64(l.sender)*0x9E3779B97F4A7C15 + uint64(l.seq)*0xBF58476D1CE4E5B9 + uint64(i)*0x94D049BB133111EB) >> 47
	return noise[at:][:size:size]
}

// appendHeader appends what precedes the payload of the first body frame.
func appendHeader(b []byte, topic byte, l label) []byte {
	b = append(b, topic)
	b = append(b, mark...)
	b = binary.BigEndian.AppendUint32(b, l.sender)
	return binary.BigEndian.AppendUint32(b, l.seq)
}

// isBody reports whether a frame is the first body frame.
func isBody(frame []byte) bool {
	return len(frame) >= headerSize && string(frame[1:][:len(mark)]) == mark
}

// examine returns the label of a received message, after its envelope, and an error
// if its frames are not those that were sent.
func examine(m *zmq.Message) (label, error) {
	i, n := 0, m.NumFrames()
	for i < n && !isBody(m.Frame(i)) {
		i++
	}
	if i == n {
		return label{}, fmt.Errorf("a message without a label: %v", m)
	}
	first := m.Frame(i)
	b := first[1+len(mark):]
	l := label{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
	if b = first[headerSize:]; len(b) > maxPayload || !bytes.Equal(b, payload(l, 0, len(b))) {
		return l, fmt.Errorf("message %v: the first frame is not what was sent", l)
	}
	for k := 1; i+k < n; k++ {
		if b := m.Frame(i + k); len(b) > maxPayload || !bytes.Equal(b, payload(l, k, len(b))) {
			return l, fmt.Errorf("message %v: frame %d is not what was sent", l, k)
		}
	}
	return l, nil
}

// bits is a set of sequence numbers.
type bits []uint64

func (b bits) has(n uint32) bool {
	return int(n/64) < len(b) && b[n/64]&(1<<(n%64)) != 0
}

// add adds n and reports whether it was absent.
func (b *bits) add(n uint32) bool {
	for int(n/64) >= len(*b) {
		*b = append(*b, 0)
	}
	if b.has(n) {
		return false
	}
	(*b)[n/64] |= 1 << (n % 64)
	return true
}
