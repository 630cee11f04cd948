// Package msg defines a message, its frames and its sender. A message is either
// a [Msg], which has a slice for each frame, or encoded in a [Batch].
//
// An encoded message is a sequence of frames, each a flags byte, a length and a
// body. This is the layout of ZMTP 2.0 and later
// (https://rfc.zeromq.org/spec/37/#framing), so an unencrypted connection
// sends the bytes of its queue as they are. The package itself knows nothing of
// protocols, queues or connections.
package msg

import "sync/atomic"

// Msg is one message of one or more frames. The first frame has a field of its
// own, so that a single-frame message needs no slice of slices. The zero Msg is
// a message of one empty frame.
type Msg struct {
	First []byte   // the first frame
	Rest  [][]byte // the other frames; nil for a single-frame message
	From  *Peer    // the sender of a received message, else nil
	Bufs  *Buf     // linked list of the pooled buffers of large frames; may be nil
}

// Len returns the number of frames, at least 1.
func (m *Msg) Len() int { return 1 + len(m.Rest) }

// Size returns the sum of the lengths of all frame bodies.
func (m *Msg) Size() int {
	n := len(m.First)
	for _, f := range m.Rest {
		n += len(f)
	}
	return n
}

// Frame returns the i'th frame, counted from 0.
func (m *Msg) Frame(i int) []byte {
	if i == 0 {
		return m.First
	}
	return m.Rest[i-1]
}

// Of returns a message with these frames. The message owns the slices.
func Of(frames ...[]byte) Msg {
	if len(frames) == 0 {
		return Msg{}
	}
	return Msg{First: frames[0], Rest: frames[1:]}
}

// DropFirst returns the message without its first frame. The message must have
// at least two frames.
func (m Msg) DropFirst() Msg {
	m.First, m.Rest = m.Rest[0], m.Rest[1:]
	return m
}

// Peer describes the remote end of one connection. It is created when the
// handshake ends and does not change, so messages share it by pointer.
type Peer struct {
	RoutingID      string            // announced by the peer, or assigned by ROUTER; may be empty
	Generation     uint64            // number of the connection in this process; 0 before its handshake is complete, and for datagrams
	Replaces       uint64            // generation of the connection that this one has replaced; 0 if there is none
	Number         uint32            // routing number assigned by SERVER and PEER; 0 with other types
	Address        string            // numeric address without port; empty for inproc
	Remote         Addr              // network address with port; nil for inproc
	SocketType     string            // Socket-Type property; empty from ZMTP 1.0 and 2.0 peers
	Version        string            // ZMTP version of the connection, such as "3.1"; empty for inproc
	Mechanism      string            // security mechanism, such as "NULL"; empty for inproc
	UserID         string            // authenticated user ID; may be empty
	PublicKey      string            // of a client of CURVE, 32 bytes; otherwise empty
	Properties     map[string]string // other metadata that the peer announced, names in lower case; may be nil
	AuthProperties map[string]string // set by the authenticator, names in lower case; may be nil
	TLS            any               // *tls.ConnectionState, which this package does not import; nil without TLS
	Credentials    *Credentials      // of the process over ipc; nil if the system does not know them
	Notification   Notification      // set only in the copy that is the sender of a notification
}

// Credentials identify the process of an ipc peer when it connected or listened.
// The system reports them.
type Credentials struct{ PID, UID, GID int }

var lastGeneration atomic.Uint64

// NextGeneration returns a number for a new connection, greater than all that it
// has returned in this process.
func NextGeneration() uint64 { return lastGeneration.Add(1) }

// Addr is a net.Addr; this package does not import net.
type Addr interface {
	Network() string
	String() string
}

// Notification is the kind of a message that the socket generates about a peer. Such
// a message has one empty frame.
type Notification uint8

const (
	NoNotification         Notification = iota // the peer sent the message
	ConnectNotification                        // the peer has connected
	DisconnectNotification                     // the connection to the peer has ended
)
