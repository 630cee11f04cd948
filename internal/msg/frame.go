package msg

// Frame is one frame of a message, for calls that send or receive frame by
// frame. From, Group and Number describe the message and are the same in each
// of its frames.
type Frame struct {
	Body   []byte
	More   bool   // another frame of the same message follows
	From   *Peer  // the sender of a received message, else nil
	Group  string // the group of a message that RADIO sends or DISH receives
	Number uint32 // SERVER and PEER: routing number of the destination or sender
	Buf    *Buf   // the pooled buffer that holds Body, or nil
}

// Push appends a frame to the message; n is the number of earlier Push calls.
// When n is 0, all fields of m must be zero or empty. Rest may have capacity.
func (m *Msg) Push(n int, f *Frame) {
	if n == 0 {
		m.First = f.Body
	} else {
		m.Rest = append(m.Rest, f.Body)
	}
	if f.Buf != nil {
		last := &m.Bufs
		for *last != nil {
			last = &(*last).Next
		}
		*last = f.Buf
	}
}

// Shift moves the first frame of the message and its pooled buffer to f. It
// reports whether another frame follows; if not, the message becomes the zero
// Msg. Shift clears elements of m.Rest, so no other message may share that
// slice.
func (m *Msg) Shift(f *Frame) (more bool) {
	*f = Frame{Body: m.First, From: m.From, More: len(m.Rest) > 0}
	if m.From != nil {
		f.Number = m.From.Number
	}
	if m.Bufs.holds(m.First) {
		f.Buf = m.Bufs
		m.Bufs = f.Buf.Next
		f.Buf.Next = nil
	}
	if !f.More {
		*m = Msg{}
		return false
	}
	m.First, m.Rest[0] = m.Rest[0], nil
	m.Rest = m.Rest[1:]
	return true
}

// holds reports whether body is at the start of b.
func (b *Buf) holds(body []byte) bool {
	return b != nil && cap(b.B) > 0 && len(body) > 0 && &b.B[:1][0] == &body[0]
}
