package interop

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
)

// frame describes the content of one frame: text, or pseudo-random bytes of a
// size and a seed. peer.py generates the same bytes, so that large frames need
// not pass through its standard input.
type frame struct {
	text string
	size int
	seed int
}

// message is the frames of one message, including the envelope.
type message []frame

// text returns a message of text frames.
func text(frames ...string) message {
	var m message
	for _, f := range frames {
		m = append(m, frame{text: f})
	}
	return m
}

// blob returns a frame of size pseudo-random bytes.
func blob(size, seed int) frame { return frame{size: size, seed: seed} }

// withEnvelope returns m with the frames of an envelope before it.
func (m message) withEnvelope(envelope ...string) message { return append(text(envelope...), m...) }

var (
	blobs   sync.Map // [2]int (size, seed) to []byte; large ones are slow to generate
	digests sync.Map // frame to string
)

// bytes returns the content, which the caller must not change.
func (f frame) bytes() []byte {
	if f.size == 0 {
		return []byte(f.text)
	}
	key := [2]int{f.size, f.seed}
	if b, ok := blobs.Load(key); ok {
		return b.([]byte)
	}
	h := sha3.NewSHAKE128()
	fmt.Fprint(h, f.seed)
	b := make([]byte, f.size)
	h.Read(b)
	b[0] |= 0x80 // not a subscription, which begins with 0 or 1
	blobs.Store(key, b)
	return b
}

func (f frame) sha256() string {
	if d, ok := digests.Load(f); ok {
		return d.(string)
	}
	sum := sha256.Sum256(f.bytes())
	d := hex.EncodeToString(sum[:])
	digests.Store(f, d)
	return d
}

// spec encodes the frame for peer.py.
func (f frame) spec() map[string]any {
	if f.size > 0 {
		return map[string]any{"size": f.size, "seed": f.seed}
	}
	return map[string]any{"b64": base64.StdEncoding.EncodeToString([]byte(f.text))}
}

func (m message) specs() []map[string]any {
	s := make([]map[string]any, len(m))
	for i, f := range m {
		s[i] = f.spec()
	}
	return s
}

// frames returns the contents, which the caller must not change.
func (m message) frames() [][]byte {
	b := make([][]byte, len(m))
	for i, f := range m {
		b[i] = f.bytes()
	}
	return b
}

// copies returns copies of the contents.
func (m message) copies() [][]byte {
	b := m.frames()
	for i := range b {
		b[i] = bytes.Clone(b[i])
	}
	return b
}

// difference describes how got differs from m. It is empty if they are equal.
func (m message) difference(got [][]byte) string {
	if len(got) != len(m) {
		return fmt.Sprintf("%d frames, want %d: %.60q", len(got), len(m), got)
	}
	for i, f := range m {
		if want := f.bytes(); !bytes.Equal(got[i], want) {
			return fmt.Sprintf("frame %d of %d: %d bytes %.40q, want %d bytes %.40q",
				i, len(m), len(got[i]), got[i], len(want), want)
		}
	}
	return ""
}

// digest is a received frame as reported by peer.py.
type digest struct {
	Size   int
	SHA256 string
	B64    []byte // the content, if it is small
}

func (m message) differenceInDigests(got []digest) string {
	if len(got) != len(m) {
		return fmt.Sprintf("%d frames, want %d: %.200s", len(got), len(m), describe(got))
	}
	for i, f := range m {
		if got[i].SHA256 != f.sha256() {
			return fmt.Sprintf("frame %d of %d: %s, want %d bytes %.40q",
				i, len(m), describe(got[i:i+1]), len(f.bytes()), f.bytes())
		}
	}
	return ""
}

func describe(frames []digest) string {
	var s []string
	for _, f := range frames {
		s = append(s, fmt.Sprintf("%d bytes %.40q", f.Size, f.B64))
	}
	return strings.Join(s, ", ")
}
