package zmq

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/msg"
)

// Message is one ZeroMQ message: one or more frames that are sent and received
// as a unit. The zero Message has one empty frame.
//
// A Message is a small value; copying it copies no bytes. The frames of a
// received message belong to the caller, who may change and keep them. Small
// frames that arrived together share memory, so that one of them may keep up to
// 256 KiB from being freed: use [Message.Clone] for a message that is kept for
// long.
//
// A Message may be used by one goroutine at a time.
type Message struct{ m msg.Msg }

// coreMessages returns the same messages as the core has them. A Message has no other
// field, which the compiler checks.
func coreMessages(msgs []Message) []msg.Msg {
	const _ = -(unsafe.Sizeof(Message{}) - unsafe.Sizeof(msg.Msg{}))
	return unsafe.Slice((*msg.Msg)(unsafe.Pointer(unsafe.SliceData(msgs))), len(msgs))
}

// NewMessage returns a message of the frames. It does not copy them: the caller
// must not change them until the message is sent. Without frames it has one
// empty frame.
func NewMessage(frames ...[]byte) Message { return Message{msg.Of(frames...)} }

// NewStringMessage returns a message of the texts as frames, which it copies.
func NewStringMessage(frames ...string) Message {
	b := make([][]byte, len(frames))
	for i, f := range frames {
		b[i] = []byte(f)
	}
	return NewMessage(b...)
}

// NumFrames returns the number of frames, at least 1.
func (m Message) NumFrames() int { return m.m.Len() }

// Size returns the number of bytes in all frames.
func (m Message) Size() int { return m.m.Size() }

// Frame returns frame i, counted from 0, without copying it. It panics if there
// is no such frame.
func (m Message) Frame(i int) []byte {
	if i < 0 || i >= m.m.Len() {
		panic(fmt.Sprintf("zmq: frame %d of a message of %d", i, m.m.Len()))
	}
	return m.m.Frame(i)
}

// Frames returns all frames in a new slice, without copying their bytes.
func (m Message) Frames() [][]byte {
	return append([][]byte{m.m.First}, m.m.Rest...)
}

// Bytes returns the bytes of all frames: the frame itself if there is only one,
// otherwise a copy of all frames, one after the other.
func (m Message) Bytes() []byte {
	if len(m.m.Rest) == 0 {
		return m.m.First
	}
	return slices.Concat(m.Frames()...)
}

// String returns the frames as text, separated by tabs, for logs.
func (m Message) String() string {
	var b strings.Builder
	b.Grow(m.Size() + m.NumFrames())
	for i := range m.NumFrames() {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.Write(m.Frame(i))
	}
	return b.String()
}

// Envelope returns the frames up to and including the first empty one, by which
// REQ sockets and intermediaries recognise the reply to a request;
// [Router.Reply] sends it back. A message without an empty frame before its
// last has no envelope, and Envelope returns nil.
func (m Message) Envelope() [][]byte {
	if n := m.envelope(); n > 0 {
		return m.Frames()[:n]
	}
	return nil
}

// Body returns a message of the frames after the envelope, or the whole message
// if it has none. It shares the memory of m, and its sender.
func (m Message) Body() Message {
	body := m
	if n := m.envelope(); n > 0 {
		body.m.First, body.m.Rest = m.m.Rest[n-1], m.m.Rest[n:]
	}
	return body
}

// envelope returns the number of frames of the envelope.
func (m Message) envelope() int {
	last := m.NumFrames() - 1
	for i := range last {
		if len(m.Frame(i)) == 0 {
			return i + 1
		}
	}
	return 0
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

// Release gives the memory of large frames back to the socket, which receives
// into it again. It is optional, because the garbage collector frees the memory
// otherwise; it about doubles the throughput of frames of 64 KiB and more.
// After Release no frame of the message, or of a copy of it, may be used.
func (m *Message) Release() {
	m.m.Bufs.FreeAll()
	m.m = msg.Msg{}
}

// RoutingID returns the routing ID of the peer that sent the message, to which
// ROUTER and STREAM can send. It is empty for a message that was not received,
// or from a peer without one. All messages of a connection share one string.
func (m Message) RoutingID() string { return m.From().RoutingID() }

// RoutingNumber returns the number of the peer that sent the message, to which
// SERVER and PEER can send. It is 0 for a message that was not received, or was
// received by a socket of another type.
func (m Message) RoutingNumber() uint32 { return m.From().RoutingNumber() }

// IsConnect reports whether m is an empty message that this socket generated
// because a peer has connected: a STREAM does so, and a ROUTER with
// [RouterNotifyConnect].
func (m Message) IsConnect() bool { return m.From().get().Notification == msg.ConnectNotification }

// IsDisconnect reports whether m is an empty message that this socket generated
// because a peer has disconnected, or, for a STREAM, sends no more bytes: a
// STREAM does so, and a ROUTER with [RouterNotifyDisconnect].
func (m Message) IsDisconnect() bool {
	return m.From().get().Notification == msg.DisconnectNotification
}

// checkReceived returns the error of a reply to a message that was not received.
func (m Message) checkReceived() error {
	if m.m.From == nil {
		return fmt.Errorf("%w: the message was not received", ErrNoRoute)
	}
	return nil
}

// From describes the peer that sent the message. It is the zero PeerInfo for a
// message that was not received.
func (m Message) From() PeerInfo { return PeerInfo{m.m.From} }

// PeerInfo describes the peer of a connection: its address, and what it
// announced in the handshake. It is a small value that stays valid after the
// connection has ended. The zero PeerInfo describes no peer.
type PeerInfo struct{ p *msg.Peer }

// noPeer is the description of the zero PeerInfo.
var noPeer msg.Peer

func (p PeerInfo) get() *msg.Peer {
	if p.p == nil {
		return &noPeer
	}
	return p.p
}

// RoutingID returns the routing ID of the peer, which it announced or this
// ROUTER or STREAM assigned. It may be empty.
func (p PeerInfo) RoutingID() string { return p.get().RoutingID }

// RoutingNumber returns the number that this SERVER or PEER assigned to the
// peer, otherwise 0.
func (p PeerInfo) RoutingNumber() uint32 { return p.get().Number }

// Generation returns the number of the connection of the peer. Each connection
// and inproc link of this process has another one, and a later one has a greater
// one. So a peer with the same routing ID, or at the same endpoint, has connected
// again, or has been replaced by another, exactly if its generation has changed:
// it may have restarted, and messages may have been lost ([Stats]). The
// generation is 0 before the handshake is complete, and over udp.
func (p PeerInfo) Generation() uint64 { return p.get().Generation }

// Replaces returns the generation of the connection that this one replaced: the
// previous one to the same endpoint of Connect, or that of a ROUTER's peer whose
// routing ID this peer took over. It is 0 if there was none. An [EventReady] whose
// Peer has replaced another therefore reports a peer that is back; the peer of a
// bound socket that has closed its connection first counts as a new one.
func (p PeerInfo) Replaces() uint64 { return p.get().Replaces }

// RemoteAddr returns the network address of the peer. It is nil over inproc.
func (p PeerInfo) RemoteAddr() net.Addr {
	if addr := p.get().Remote; addr != nil {
		return addr
	}
	return nil
}

// SocketType returns the socket type of the peer. It is 0 for peers that speak
// ZMTP 1.0 or 2.0, which do not announce it, and for those of a STREAM.
func (p PeerInfo) SocketType() SocketType { return socketTypeNamed(p.get().SocketType) }

// Version returns the version of ZMTP of the connection. It is 0 over inproc and
// for peers of a STREAM.
func (p PeerInfo) Version() ProtocolVersion {
	for v := ZMTP10; v <= ZMTP31; v++ {
		if v.String() == p.get().Version {
			return v
		}
	}
	return 0
}

// Mechanism returns the security mechanism, such as "NULL". It is empty over
// inproc and for peers of a STREAM.
func (p PeerInfo) Mechanism() string { return p.get().Mechanism }

// UserID returns [Identity.UserID] of the [Authenticator], with any mechanism. It is
// empty without an Authenticator.
func (p PeerInfo) UserID() string { return p.get().UserID }

// PeerCredentials identify the process at the other end of an ipc connection when
// it connected, or began to listen. They come from the operating system and not
// from the peer.
type PeerCredentials struct {
	PID int // process; 0 on FreeBSD
	UID int // effective user
	GID int // effective group
}

// Credentials returns the credentials of an ipc peer, on Linux, macOS and FreeBSD.
// ok is false on other systems, with other transports, and if there is no
// connection.
func (p PeerInfo) Credentials() (c PeerCredentials, ok bool) {
	if known := p.get().Credentials; known != nil {
		return PeerCredentials(*known), true
	}
	return PeerCredentials{}, false
}

// TLS describes the TLS connection to the peer, with the certificates that the peer
// has sent. It is nil without TLS. The caller must not modify it.
func (p PeerInfo) TLS() *tls.ConnectionState {
	state, _ := p.get().TLS.(*tls.ConnectionState)
	return state
}

// PublicKey returns the key of a client of CURVE, which has proved that it has
// the secret key. It is zero with other mechanisms, and for the server of a
// client, which knows [Curve.ServerKey].
func (p PeerInfo) PublicKey() (key curve.PublicKey) {
	copy(key[:], p.get().PublicKey)
	return key
}

// AuthProperty returns a property of [Identity.Metadata], which the
// [Authenticator] has set, such as the metadata of the peer's certificate
// (auth.OpenKeys) or of a ZAP reply. The peer cannot set it. Names are compared
// without regard to case.
func (p PeerInfo) AuthProperty(name string) (value string, ok bool) {
	value, ok = p.get().AuthProperties[strings.ToLower(name)]
	return value, ok
}

// Property returns the property that AuthProperty returns, and if there is none,
// the one that the peer has announced, such as "X-App". A peer can announce any
// property, so do not use the value to decide what the peer may do: use
// AuthProperty. Names are compared without regard to case.
func (p PeerInfo) Property(name string) (value string, ok bool) {
	if value, ok = p.AuthProperty(name); ok {
		return value, ok
	}
	value, ok = p.get().Properties[strings.ToLower(name)]
	return value, ok
}

// IsZero reports whether p describes no peer.
func (p PeerInfo) IsZero() bool { return p.p == nil }

// String returns the socket type, the address, the routing ID or number and the user
// of the peer, for logs. It omits those that are not known.
func (p PeerInfo) String() string {
	if p.p == nil {
		return "no peer"
	}
	parts := []string{cmp.Or(p.p.SocketType, "peer")}
	if addr := p.RemoteAddr(); addr != nil {
		parts = append(parts, addr.String())
	}
	switch {
	case p.RoutingID() != "":
		parts = append(parts, strconv.Quote(p.RoutingID()))
	case p.RoutingNumber() != 0:
		parts = append(parts, strconv.FormatUint(uint64(p.RoutingNumber()), 10))
	}
	if user := p.UserID(); user != "" {
		parts = append(parts, "user "+strconv.Quote(user))
	}
	return strings.Join(parts, " ")
}
