package engine_test

import (
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// Bytes that peers send, written out.
const (
	signature = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
	filler    = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	nullMechanism = "NULL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	greeting30    = signature + "\x03\x00" + nullMechanism + "\x00" + filler
	greeting31    = signature + "\x03\x01" + nullMechanism + "\x00" + filler
)

// greeting returns a ZMTP 3.1 greeting with the mechanism.
func greeting(mechanism string) string {
	return signature + "\x03\x01" + mechanism + strings.Repeat("\x00", 20-len(mechanism)) + "\x00" + filler
}

// ready returns a READY command with properties, given as names and values in
// turn.
func ready(properties ...string) string {
	return string(wire.Ready{Metadata: metadata(properties...)}.Append(nil))
}

func metadata(properties ...string) (b []byte) {
	for i := 0; i < len(properties); i += 2 {
		b = wire.AppendProperty(b, properties[i], properties[i+1])
	}
	return b
}

// readyRouter is the READY of a ROUTER without a routing ID.
const readyRouter = "\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00"

// readyDealer is the READY of a DEALER without a routing ID.
const readyDealer = "\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"

func newNull(metadata []byte) mechanism.Mechanism { return mechanism.NewNull(metadata) }

// dealer returns the Config of a DEALER with the routing ID id, or without one
// if id is empty.
func dealer(id string) *engine.Config {
	return &engine.Config{
		SocketType: "DEALER", SocketNumber: 5, PeerTypes: []string{"REP", "DEALER", "ROUTER"},
		RoutingID: id, SendsID: true, NewMechanism: newNull,
	}
}

// publisher returns the Config of a PUB.
func publisher() *engine.Config {
	return &engine.Config{
		SocketType: "PUB", SocketNumber: 1, PeerTypes: []string{"SUB", "XSUB"},
		Publishes: true, NewMechanism: newNull,
	}
}

// opening is the handshake of a peer.
type opening struct {
	name    string
	version wire.Version
	bytes   string // the bytes that the peer sends before messages
}

// openings has a handshake of each version. They omit the Socket-Type, so every
// socket type accepts them.
var openings = []opening{
	{"1.0 unversioned", wire.V1, "\x01\x00"},
	{"1.0 revision 0", wire.V1, signature + "\x00\x06" + "\x01\x00"},
	{"2.0", wire.V2, signature + "\x01\x06" + "\x00\x00"},
	{"3.0", wire.V3_0, greeting30 + "\x04\x06\x05READY"},
	{"3.1", wire.V3_1, greeting31 + "\x04\x06\x05READY"},
}

// appendWire appends a frame in the form of a version.
func appendWire(dst []byte, v wire.Version, more bool, body string) []byte {
	var flags byte
	if more {
		flags = wire.FlagMore
	}
	if v == wire.V1 {
		dst = wire.AppendFrameHeaderV1(dst, more, len(body))
	} else {
		dst = wire.AppendFrameHeader(dst, flags, len(body))
	}
	return append(dst, body...)
}

// onWire returns messages in the form of a version.
func onWire(v wire.Version, msgs ...message) string {
	var b []byte
	for _, m := range msgs {
		for i, f := range m {
			b = appendWire(b, v, i < len(m)-1, f)
		}
	}
	return string(b)
}

// command returns a command frame.
func command(name, data string) string {
	return string(wire.AppendCommand(nil, name, []byte(data)))
}
