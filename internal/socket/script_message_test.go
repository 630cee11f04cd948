package socket_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/zerobroker/zmq/internal/msg"
)

// label identifies a message by its sender and a sequence number.
type label struct{ sender, seq uint32 }

func (l label) String() string { return fmt.Sprintf("%d/%d", l.sender, l.seq) }

// The first frame of a message holds a topic, a mark, the label, and the sizes
// of the other frames. Their bytes are determined by the label, so torn, mixed
// or altered frames are detected.
const (
	labelMark = "\x02vt"
	labelSize = 1 + len(labelMark) + 8
)

// noise is random data from which payloads are cut.
var noise = func() []byte {
	b := make([]byte, 256<<10)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}()

func payload(l label, i, size int) []byte {
	at := (uint64(l.sender)*0x9E3779B97F4A7C15 + uint64(l.seq)*0xBF58476D1CE4E5B9 + uint64(i)*0x94D049BB133111EB) >> 47
	return noise[at:][:size:size]
}

// compose returns a message with payload frames of the given sizes.
func compose(topic byte, l label, sizes ...int) msg.Msg {
	head := append([]byte{topic}, labelMark...)
	head = binary.BigEndian.AppendUint32(head, l.sender)
	head = binary.BigEndian.AppendUint32(head, l.seq)
	frames := [][]byte{nil}
	for i, n := range sizes {
		head = binary.BigEndian.AppendUint32(head, uint32(n))
		frames = append(frames, payload(l, i, n))
	}
	frames[0] = head
	return msg.Of(frames...)
}

// examine finds the label of a message after its envelope, and compares all
// frames after it with those that compose made.
func examine(frames [][]byte) (label, error) {
	for len(frames) > 0 && (len(frames[0]) < labelSize || string(frames[0][1:][:len(labelMark)]) != labelMark) {
		frames = frames[1:]
	}
	if len(frames) == 0 {
		return label{}, fmt.Errorf("message without a label")
	}
	head := frames[0][1+len(labelMark):]
	l := label{binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])}
	sizes := head[8:]
	if len(sizes) != 4*(len(frames)-1) {
		return l, fmt.Errorf("message %v has %d frames and %d bytes of sizes", l, len(frames), len(sizes))
	}
	for i, f := range frames[1:] {
		size := int(binary.BigEndian.Uint32(sizes[4*i:]))
		if size != len(f) || size > len(noise)-1<<17 || !bytes.Equal(f, payload(l, i, size)) {
			return l, fmt.Errorf("message %v, frame %d of %d bytes is not what was sent", l, i, len(f))
		}
	}
	return l, nil
}

func framesOf(m *msg.Msg) [][]byte {
	frames := make([][]byte, m.Len())
	for i := range frames {
		frames[i] = m.Frame(i)
	}
	return frames
}
