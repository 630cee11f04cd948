package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// SocketType is the type of a socket, by its name in ZMTP. The zero value is no
// type.
type SocketType uint8

// The socket types: TypePush is that of a [Push], and so on.
const (
	TypePair    = SocketType(pattern.PAIR) + 1    // PAIR
	TypePub     = SocketType(pattern.PUB) + 1     // PUB
	TypeSub     = SocketType(pattern.SUB) + 1     // SUB
	TypeReq     = SocketType(pattern.REQ) + 1     // REQ
	TypeRep     = SocketType(pattern.REP) + 1     // REP
	TypeDealer  = SocketType(pattern.DEALER) + 1  // DEALER
	TypeRouter  = SocketType(pattern.ROUTER) + 1  // ROUTER
	TypePull    = SocketType(pattern.PULL) + 1    // PULL
	TypePush    = SocketType(pattern.PUSH) + 1    // PUSH
	TypeXPub    = SocketType(pattern.XPUB) + 1    // XPUB
	TypeXSub    = SocketType(pattern.XSUB) + 1    // XSUB
	TypeStream  = SocketType(pattern.STREAM) + 1  // STREAM
	TypeServer  = SocketType(pattern.SERVER) + 1  // SERVER
	TypeClient  = SocketType(pattern.CLIENT) + 1  // CLIENT
	TypeRadio   = SocketType(pattern.RADIO) + 1   // RADIO
	TypeDish    = SocketType(pattern.DISH) + 1    // DISH
	TypeGather  = SocketType(pattern.GATHER) + 1  // GATHER
	TypeScatter = SocketType(pattern.SCATTER) + 1 // SCATTER
	TypeDgram   = SocketType(pattern.DGRAM) + 1   // DGRAM
	TypePeer    = SocketType(pattern.PEER) + 1    // PEER
	TypeChannel = SocketType(pattern.CHANNEL) + 1 // CHANNEL
)

// String returns the name of the type in ZMTP, such as "PULL", or "unknown".
func (t SocketType) String() string {
	if info := pattern.Types[t.core()]; info != nil {
		return info.Name
	}
	return "unknown"
}

// core returns the type in the core; for no type one that does not exist.
func (t SocketType) core() pattern.Type { return pattern.Type(t - 1) }

// socketTypeNamed returns the type with a name in ZMTP, or 0.
func socketTypeNamed(name string) SocketType {
	for t, info := range pattern.Types {
		if info.Name == name {
			return SocketType(t) + 1
		}
	}
	return 0
}
