package zmq4

import (
	"bytes"
	"fmt"
	"slices"
)

// MsgType is the type of a message.
type MsgType byte

// The types of messages. A socket sends and receives messages of the user only.
const (
	UsrMsg MsgType = 0
	CmdMsg MsgType = 1
)

// Msg is a message of one or more frames.
type Msg struct {
	Frames [][]byte
	Type   MsgType
}

// NewMsg returns a message of one frame, which it does not copy.
func NewMsg(frame []byte) Msg { return Msg{Frames: [][]byte{frame}} }

// NewMsgFrom returns a message of the frames, which it does not copy.
func NewMsgFrom(frames ...[]byte) Msg { return Msg{Frames: frames} }

// NewMsgString returns a message of one frame.
func NewMsgString(frame string) Msg { return NewMsg([]byte(frame)) }

// NewMsgFromString returns a message of the frames.
func NewMsgFromString(frames []string) Msg {
	m := Msg{Frames: make([][]byte, len(frames))}
	for i, f := range frames {
		m.Frames[i] = []byte(f)
	}
	return m
}

// Err returns nil. Errors are those of Recv.
func (msg Msg) Err() error { return nil }

// Bytes returns a copy of all frames, one after the other.
func (msg Msg) Bytes() []byte { return slices.Concat(msg.Frames...) }

// Clone returns a copy that shares no memory with msg.
func (msg Msg) Clone() Msg {
	c := Msg{Frames: make([][]byte, len(msg.Frames)), Type: msg.Type}
	for i, f := range msg.Frames {
		c.Frames[i] = append([]byte{}, f...)
	}
	return c
}

// String returns the frames as text: Msg{Frames:{"a", "b"}}.
func (msg Msg) String() string {
	var b bytes.Buffer
	for i, f := range msg.Frames {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", f)
	}
	return "Msg{Frames:{" + b.String() + "}}"
}

// Queue is a queue of messages. It is not safe for concurrent use. NewQueue makes one;
// the zero Queue is empty.
type Queue struct{ messages []Msg }

// NewQueue returns an empty queue.
func NewQueue() *Queue { return &Queue{} }

// Init removes all messages.
func (q *Queue) Init() { q.messages = nil }

// Len returns the number of messages.
func (q *Queue) Len() int { return len(q.messages) }

// Peek returns the first message. It returns false if the queue is empty.
func (q *Queue) Peek() (Msg, bool) {
	if len(q.messages) == 0 {
		return Msg{}, false
	}
	return q.messages[0], true
}

// Pop removes the first message, if there is one.
func (q *Queue) Pop() {
	if len(q.messages) > 0 {
		q.messages[0] = Msg{}
		q.messages = q.messages[1:]
	}
}

// Push adds a message at the end.
func (q *Queue) Push(val Msg) { q.messages = append(q.messages, val) }
