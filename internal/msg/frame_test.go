package msg

import (
	"slices"
	"testing"
)

// TestShiftReturnsPushedFrames checks that each frame keeps its own pooled
// buffer.
func TestShiftReturnsPushedFrames(t *testing.T) {
	from := &Peer{Number: 7}
	pooled := func(text string) *Buf { return &Buf{B: []byte(text)} }
	for _, bufs := range [][]*Buf{
		{nil}, {pooled("a")}, {nil, nil}, {pooled("a"), nil, pooled("b")}, {nil, pooled("a"), pooled("b"), nil},
	} {
		var m Msg
		var bodies [][]byte
		for i, b := range bufs {
			body := []byte{byte(i)}
			if b != nil {
				body = b.B
			}
			bodies = append(bodies, body)
			m.Push(i, &Frame{Body: body, Buf: b})
		}
		if !slices.EqualFunc(slices.Concat([][]byte{m.First}, m.Rest), bodies, slices.Equal) {
			t.Errorf("message is %q %q, want %q", m.First, m.Rest, bodies)
		}
		m.From = from
		for i, b := range bufs {
			var f Frame
			more := i < len(bufs)-1
			if m.Shift(&f) != more || f.More != more || !slices.Equal(f.Body, bodies[i]) || f.Buf != b || f.From != from || f.Number != 7 {
				t.Errorf("frame %d of %d is %+v", i, len(bufs), f)
			}
			if b != nil && b.Next != nil {
				t.Errorf("buffer of frame %d is linked to another buffer", i)
			}
		}
		if m.First != nil || m.Rest != nil || m.From != nil || m.Bufs != nil {
			t.Errorf("after the last Shift the message is %+v", m)
		}
	}
}
