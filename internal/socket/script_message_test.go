package socket_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/zerobroker/zmq/internal/msg"
)

// label is who sent a message, and as its how-manieth.
type label struct{ sender, seq uint32 }

func (l label) String() string { return fmt.Sprintf("%d/%d", l.sender, l.seq) }

// The first frame of a script's message is a topic, a mark, the label and the
// sizes of the frames behind it, whose bytes follow from all that: a frame
// that is torn, mixed up or altered does not compare.
const (
	labelMark = "\x02vt"
	labelSize = 1 + len(labelMark) + 8
)

// noise is what payload is cut from.
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

// compose makes a message with payload frames of the given sizes.
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

// examine finds the label among a message's frames, behind any envelope, and
// checks that everything after it is as composed.
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
