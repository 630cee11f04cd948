// Package msg holds the noun of the library: a message, its frames and who
// sent it, both in the hand ([Msg]) and at rest ([AppendFrame], [Cut]).
//
// At rest a message is its frames back to back, each a flags byte, a length
// and a body. The layout is the one ZMTP 2.0 and later put on the wire
// (https://rfc.zeromq.org/spec/37/#framing), chosen so that a queue of
// messages is already what an unencrypted connection sends. The package does
// not know that: it knows nothing of protocols, queues or connections.
package msg

// Msg is one message: one or more frames that travel together. The first
// frame is held inline, so that the common single-frame message costs no
// slice of slices. The zero Msg is a message of one empty frame.
type Msg struct {
	First []byte   // the first frame
	Rest  [][]byte // the frames after it; nil for a single-frame message
	From  *Peer    // the sender of a received message, else nil
	Bufs  *Buf     // pooled memory behind large frames, a chain; nil when there is none
}

// Len is the number of frames, at least 1.
func (m *Msg) Len() int { return 1 + len(m.Rest) }

// Size is the number of body bytes in all frames.
func (m *Msg) Size() int {
	n := len(m.First)
	for _, f := range m.Rest {
		n += len(f)
	}
	return n
}

// Frame is the i'th frame, counted from 0.
func (m *Msg) Frame(i int) []byte {
	if i == 0 {
		return m.First
	}
	return m.Rest[i-1]
}

// Of makes a message of frames, which it takes over.
func Of(frames ...[]byte) Msg {
	if len(frames) == 0 {
		return Msg{}
	}
	return Msg{First: frames[0], Rest: frames[1:]}
}

// DropFirst returns the message without its first frame, which must not be
// its only one.
func (m Msg) DropFirst() Msg {
	m.First, m.Rest = m.Rest[0], m.Rest[1:]
	return m
}

// Peer describes the far end of one connection. It is made when the handshake
// ends and never changes, so messages share it by pointer.
type Peer struct {
	RoutingID  string            // as announced, or assigned by ROUTER; may be empty
	Number     uint32            // assigned by SERVER and PEER; 0 for peers of others
	Address    string            // numeric address without port; empty for inproc
	Remote     Addr              // network address with port; nil for inproc
	SocketType string            // Socket-Type property; empty from ZMTP 1.0 and 2.0 peers
	Version    string            // ZMTP version spoken, as "3.1"; empty for inproc
	Mechanism  string            // security mechanism, as "NULL"; empty for inproc
	UserID     string            // as authenticated, else empty
	Properties map[string]string // further metadata of the handshake, names in lower case; may be nil
	Notice     Notice            // set in a copy, as the sender of messages that a socket makes itself
}

// Addr is a net.Addr; this package does not import net.
type Addr interface {
	Network() string
	String() string
}

// Notice is what an empty message says that no peer has sent.
type Notice uint8

const (
	NoNotice Notice = iota // a peer has sent it
	Came                   // the peer has connected
	Left                   // its connection is lost
)
