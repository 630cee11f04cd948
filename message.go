package zmq

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/zerobroker/zmq/internal/msg"
)

// Message is one ZeroMQ message: one or more frames that are sent and received
// as a unit. The zero Message is one empty frame.
//
// A Message is a small value; copying it copies no bytes. The frames of a
// received message belong to the caller, who may change and keep them. Small
// frames that arrived together share memory, so keeping one may keep up to
// 256 KiB alive: [Message.Clone] what is kept for long.
//
// A Message may be used by one goroutine at a time.
type Message struct{ m msg.Msg }

// NewMessage returns a message of the frames, which it takes over: they must
// not be changed any more. With no frames it is one empty frame.
func NewMessage(frames ...[]byte) Message { return Message{msg.Of(frames...)} }

// NewStringMessage returns a message of frames with the texts.
func NewStringMessage(frames ...string) Message {
	b := make([][]byte, len(frames))
	for i, f := range frames {
		b[i] = []byte(f)
	}
	return NewMessage(b...)
}

// Len is the number of frames, at least 1.
func (m Message) Len() int { return m.m.Len() }

// Size is the number of bytes in all frames.
func (m Message) Size() int { return m.m.Size() }

// Frame is the i'th frame, counted from 0. It panics if there is none.
func (m Message) Frame(i int) []byte {
	if i < 0 || i >= m.m.Len() {
		panic(fmt.Sprintf("zmq: frame %d of a message of %d", i, m.m.Len()))
	}
	return m.m.Frame(i)
}

// Bytes is the first frame, the whole of a single-frame message.
func (m Message) Bytes() []byte { return m.m.First }

// Frames returns all frames in a new slice.
func (m Message) Frames() [][]byte {
	return append([][]byte{m.m.First}, m.m.Rest...)
}

// String returns the frames as text, separated by tabs.
func (m Message) String() string {
	var b strings.Builder
	b.Grow(m.Size() + m.Len())
	for i := range m.Len() {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.Write(m.Frame(i))
	}
	return b.String()
}

// Clone returns a copy that shares no memory with m.
func (m Message) Clone() Message {
	c := m
	c.m.Bufs = nil
	c.m.First = bytes.Clone(m.m.First)
	if m.m.Rest != nil {
		c.m.Rest = make([][]byte, len(m.m.Rest))
		for i, f := range m.m.Rest {
			c.m.Rest[i] = bytes.Clone(f)
		}
	}
	return c
}

// Release gives the memory of large frames back to be received into again,
// which about doubles the speed of frames from 64 KiB on. It is optional:
// without it the garbage collector does the work. Afterwards no frame of the
// message, nor of a copy of it, may be used.
func (m *Message) Release() {
	m.m.Bufs.FreeAll()
	m.m = msg.Msg{}
}

// RoutingID is the routing id of the peer that sent the message, as ROUTER and
// STREAM address it; empty for a message that was not received, or from a peer that
// has none. It is the same string for all messages of a connection.
func (m Message) RoutingID() string {
	if m.m.From == nil {
		return ""
	}
	return m.m.From.RoutingID
}

// RoutingNumber is the number of the peer that sent the message, as SERVER and
// PEER address it. It is 0 for a message that was not received, or by a socket of
// another type.
func (m Message) RoutingNumber() uint32 {
	if m.m.From == nil {
		return 0
	}
	return m.m.From.Number
}

// IsConnect reports whether the message was sent by nobody, and says that its
// peer has connected: of a STREAM, and of a ROUTER with [RouterNotifyConnect].
func (m Message) IsConnect() bool { return m.m.From != nil && m.m.From.Notice == msg.Came }

// IsDisconnect reports whether the message was sent by nobody, and says that
// its peer is gone: of a STREAM, and of a ROUTER with [RouterNotifyDisconnect].
func (m Message) IsDisconnect() bool { return m.m.From != nil && m.m.From.Notice == msg.Left }

// Peer describes who sent the message. It is the zero PeerInfo for a message that
// was not received.
func (m Message) Peer() PeerInfo { return PeerInfo{m.m.From} }

// PeerInfo describes the far end of a connection, as the handshake told. It is a
// small value that stays valid when the connection is gone. The zero PeerInfo
// is nobody.
type PeerInfo struct{ p *msg.Peer }

func (p PeerInfo) get() *msg.Peer {
	if p.p == nil {
		return &msg.Peer{}
	}
	return p.p
}

// RoutingID is the peer's routing id, announced by itself or assigned by our
// ROUTER or STREAM; may be empty.
func (p PeerInfo) RoutingID() string { return p.get().RoutingID }

// RoutingNumber is the number that our SERVER or PEER gave the peer, or 0.
func (p PeerInfo) RoutingNumber() uint32 { return p.get().Number }

// Address is the peer's numeric network address without port; empty for
// inproc.
func (p PeerInfo) Address() string { return p.get().Address }

// RemoteAddr is the peer's network address with its port.
func (p PeerInfo) RemoteAddr() string { return p.get().Endpoint }

// SocketType is the peer's socket type, such as "DEALER"; empty for peers of
// ZMTP 1.0 and 2.0, which do not tell, and of a STREAM.
func (p PeerInfo) SocketType() string { return p.get().SocketType }

// Version is the version of ZMTP spoken, such as "3.1"; empty for inproc and of a
// STREAM.
func (p PeerInfo) Version() string { return p.get().Version }

// Mechanism is the security mechanism, such as "NULL"; empty for inproc and of a
// STREAM.
func (p PeerInfo) Mechanism() string { return p.get().Mechanism }

// UserID is who the peer was authenticated as, or empty.
func (p PeerInfo) UserID() string { return p.get().UserID }

// Property is a further property that the peer announced, such as "X-App".
// Names are compared without regard to case.
func (p PeerInfo) Property(name string) (value string, ok bool) {
	value, ok = p.get().Properties[strings.ToLower(name)]
	return value, ok
}

// IsZero reports whether p is nobody.
func (p PeerInfo) IsZero() bool { return p.p == nil }

// String says who p is, for logs: its socket type, its address and what it is
// called, as far as they are known.
func (p PeerInfo) String() string {
	if p.p == nil {
		return "nobody"
	}
	parts := []string{cmp.Or(p.SocketType(), "peer")}
	if addr := cmp.Or(p.RemoteAddr(), p.Address()); addr != "" {
		parts = append(parts, addr)
	}
	switch {
	case p.RoutingID() != "":
		parts = append(parts, strconv.Quote(p.RoutingID()))
	case p.RoutingNumber() != 0:
		parts = append(parts, strconv.FormatUint(uint64(p.RoutingNumber()), 10))
	}
	return strings.Join(parts, " ")
}
