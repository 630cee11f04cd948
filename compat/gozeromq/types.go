package zmq4

import (
	"fmt"
	"io"
	"net"
	"slices"
)

// SocketType is the type of a socket.
type SocketType string

// The types of sockets.
const (
	Pair   SocketType = "PAIR"
	Pub    SocketType = "PUB"
	Sub    SocketType = "SUB"
	Req    SocketType = "REQ"
	Rep    SocketType = "REP"
	Dealer SocketType = "DEALER"
	Router SocketType = "ROUTER"
	Pull   SocketType = "PULL"
	Push   SocketType = "PUSH"
	XPub   SocketType = "XPUB"
	XSub   SocketType = "XSUB"
)

// compatible has the types of the peers of each type.
var compatible = map[SocketType][]SocketType{
	Pair: {Pair}, Pub: {Sub, XSub}, Sub: {Pub, XPub}, Req: {Rep, Router}, Rep: {Req, Dealer},
	Dealer: {Rep, Dealer, Router}, Router: {Req, Dealer, Router}, Pull: {Push}, Push: {Pull},
	XPub: {Sub, XSub}, XSub: {Pub, XPub},
}

// IsCompatible reports whether sockets of the two types can be connected. It panics if
// sck is none of the types.
func (sck SocketType) IsCompatible(peer SocketType) bool {
	types, ok := compatible[sck]
	if !ok {
		panic(fmt.Sprintf("unknown socket-type: %q", string(sck)))
	}
	return slices.Contains(types, peer)
}

// SocketIdentity is the identity that a socket announces to its peers.
type SocketIdentity []byte

// String returns the identity as text.
func (id SocketIdentity) String() string {
	n := len(id)
	if n > 255 {
		n = 255
	}
	return string(id[:n])
}

// Socket is a ZeroMQ socket. All methods may be called concurrently.
type Socket interface {
	// Close closes the socket. Calls that wait return [context.Canceled].
	Close() error

	// Send sends a message, of any number of frames. It waits until the message is
	// queued, at most for the time of [WithTimeout]; then it returns
	// [context.DeadlineExceeded]. It copies the frames.
	Send(msg Msg) error

	// SendMulti is Send.
	SendMulti(msg Msg) error

	// Recv returns the next message. It waits until there is one, or the socket is
	// closed or its context has ended; then it returns [context.Canceled] or the error
	// of the context.
	Recv() (Msg, error)

	// Listen accepts peers at an endpoint: it binds.
	Listen(ep string) error

	// Dial connects to an endpoint, and returns when the connection is complete.
	Dial(ep string) error

	// Type returns the type of the socket.
	Type() SocketType

	// Addr returns the address of the last Listen, or nil.
	Addr() net.Addr

	// GetOption returns the value of an option that SetOption has set. Otherwise the
	// error is [ErrBadProperty].
	GetOption(name string) (interface{}, error)

	// SetOption sets an option: [OptionSubscribe] and [OptionUnsubscribe] of a SUB, with
	// a string, and [OptionHWM], with an int.
	SetOption(name string, value interface{}) error
}

// The names of options.
const (
	OptionSubscribe   = "SUBSCRIBE"
	OptionUnsubscribe = "UNSUBSCRIBE"
	OptionHWM         = "HWM"
)

// Topics is implemented by SUB, PUB and XPUB sockets.
type Topics interface {
	// Topics returns the sorted topics that the socket, or its peers, subscribe to.
	Topics() []string
}

// SecurityType is the name of a security mechanism.
type SecurityType string

// The security mechanisms. This package has no CURVE, as the original.
const (
	NullSecurity  SecurityType = "NULL"
	PlainSecurity SecurityType = "PLAIN"
	CurveSecurity SecurityType = "CURVE"
)

// Security is a security mechanism, which the packages security/null and security/plain
// return. The sockets use its type and the credentials, and call no other method.
type Security interface {
	Type() SecurityType
	Handshake(conn *Conn, server bool) error
	Encrypt(w io.Writer, data []byte) (int, error)
	Decrypt(w io.Writer, data []byte) (int, error)
}

// Conn is a parameter of [Security], and not used.
type Conn struct {
	Server bool
	Meta   Metadata
	Peer   struct {
		Server bool
		Meta   Metadata
	}
}
