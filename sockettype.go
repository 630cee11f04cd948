package zmq

import "github.com/zerobroker/zmq/internal/pattern"

// SocketType is the type of a socket. The zero value is no type.
type SocketType uint8

// The socket types: TypePush is that of a [Push], and so on.
const (
	TypePair    SocketType = SocketType(pattern.PAIR) + 1    // PAIR
	TypePub     SocketType = SocketType(pattern.PUB) + 1     // PUB
	TypeSub     SocketType = SocketType(pattern.SUB) + 1     // SUB
	TypeReq     SocketType = SocketType(pattern.REQ) + 1     // REQ
	TypeRep     SocketType = SocketType(pattern.REP) + 1     // REP
	TypeDealer  SocketType = SocketType(pattern.DEALER) + 1  // DEALER
	TypeRouter  SocketType = SocketType(pattern.ROUTER) + 1  // ROUTER
	TypePull    SocketType = SocketType(pattern.PULL) + 1    // PULL
	TypePush    SocketType = SocketType(pattern.PUSH) + 1    // PUSH
	TypeXPub    SocketType = SocketType(pattern.XPUB) + 1    // XPUB
	TypeXSub    SocketType = SocketType(pattern.XSUB) + 1    // XSUB
	TypeStream  SocketType = SocketType(pattern.STREAM) + 1  // STREAM
	TypeServer  SocketType = SocketType(pattern.SERVER) + 1  // SERVER
	TypeClient  SocketType = SocketType(pattern.CLIENT) + 1  // CLIENT
	TypeRadio   SocketType = SocketType(pattern.RADIO) + 1   // RADIO
	TypeDish    SocketType = SocketType(pattern.DISH) + 1    // DISH
	TypeGather  SocketType = SocketType(pattern.GATHER) + 1  // GATHER
	TypeScatter SocketType = SocketType(pattern.SCATTER) + 1 // SCATTER
	TypeDgram   SocketType = SocketType(pattern.DGRAM) + 1   // DGRAM
	TypePeer    SocketType = SocketType(pattern.PEER) + 1    // PEER
	TypeChannel SocketType = SocketType(pattern.CHANNEL) + 1 // CHANNEL
)

// String returns the name of the type in ZMTP, such as "PULL", or "unknown".
func (t SocketType) String() string {
	if info := pattern.Types[t.core()]; info != nil {
		return info.Name
	}
	return "unknown"
}

// core returns the type of the core. For the zero value that type does not
// exist.
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
