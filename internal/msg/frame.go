package msg

// Frame is one frame of a message, for those who send and receive a message
// frame by frame. What belongs to the message is in each of its frames.
type Frame struct {
	Body   []byte
	More   bool   // another frame of the same message follows
	From   *Peer  // the sender of a received message, else nil
	Group  string // what a message of RADIO is for and one that DISH has received was for
	Number uint32 // whom a message of SERVER or PEER is for, and whom one they have received is from
	Buf    *Buf   // pooled memory behind Body; nil when there is none
}

// Push appends a frame to the message, of which n frames were pushed before.
// The message must be the zero Msg, but for the capacity of Rest, when n is 0.
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

// Shift takes the first frame out of the message into f, with its pooled
// memory, and reports whether there was another behind it. If there was none
// the message is the zero Msg now. The slice Rest is the message's own.
func (m *Msg) Shift(f *Frame) (more bool) {
	*f = Frame{Body: m.First, From: m.From, More: len(m.Rest) > 0}
	if m.From != nil {
		f.Number = m.From.Number
	}
	if m.Bufs.behind(m.First) {
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

// behind reports whether b is the memory of a frame's body.
func (b *Buf) behind(body []byte) bool {
	return b != nil && cap(b.B) > 0 && len(body) > 0 && &b.B[:1][0] == &body[0]
}
