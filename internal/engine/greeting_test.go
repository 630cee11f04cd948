package engine_test

import (
	"strings"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// What peers say, as literally as it can be read.
const (
	signature = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
	filler    = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	nullMechanism = "NULL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	greeting30    = signature + "\x03\x00" + nullMechanism + "\x00" + filler
	greeting31    = signature + "\x03\x01" + nullMechanism + "\x00" + filler
)

// greeting is a ZMTP 3.x greeting with any mechanism.
func greeting(mechanism string) string {
	return signature + "\x03\x01" + mechanism + strings.Repeat("\x00", 20-len(mechanism)) + "\x00" + filler
}

// ready is a READY command with properties in pairs of name and value.
func ready(properties ...string) string {
	return string(wire.Ready{Metadata: metadata(properties...)}.Append(nil))
}

func metadata(properties ...string) (b []byte) {
	for i := 0; i < len(properties); i += 2 {
		b = wire.AppendProperty(b, properties[i], properties[i+1])
	}
	return b
}

// readyRouter is what a ROUTER without a routing id says.
const readyRouter = "\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00"

// readyDealer is what our DEALER without a routing id says.
const readyDealer = "\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"

func newNull(metadata []byte) mechanism.Mechanism { return mechanism.NewNull(metadata) }

// dealer is the Config of a DEALER that would talk to a ROUTER, with a routing
// id or none.
func dealer(id string) *engine.Config {
	return &engine.Config{
		SocketType: "DEALER", SocketNumber: 5, PeerTypes: []string{"REP", "DEALER", "ROUTER"},
		RoutingID: id, SendsID: true, NewMechanism: newNull,
	}
}

// publisher is the Config of a PUB.
func publisher() *engine.Config {
	return &engine.Config{
		SocketType: "PUB", SocketNumber: 1, PeerTypes: []string{"SUB", "XSUB"},
		Publishes: true, NewMechanism: newNull,
	}
}

// opening is a way to open a connection, up to the first frame of traffic.
type opening struct {
	name    string
	version wire.Version
	bytes   string // all that the peer says before traffic
}

// openings are those of each version. Types are left out, as a peer may: every
// socket type then takes them.
var openings = []opening{
	{"1.0 unversioned", wire.V1, "\x01\x00"},
	{"1.0 revision 0", wire.V1, signature + "\x00\x06" + "\x01\x00"},
	{"2.0", wire.V2, signature + "\x01\x06" + "\x00\x00"},
	{"3.0", wire.V3_0, greeting30 + "\x04\x06\x05READY"},
	{"3.1", wire.V3_1, greeting31 + "\x04\x06\x05READY"},
}

// appendWire appends a frame as a version has it on the wire.
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

// onWire is messages as a version has them on the wire.
func onWire(v wire.Version, msgs ...message) string {
	var b []byte
	for _, m := range msgs {
		for i, f := range m {
			b = appendWire(b, v, i < len(m)-1, f)
		}
	}
	return string(b)
}

// command is a command frame of any name and data.
func command(name, data string) string {
	return string(wire.AppendCommand(nil, name, []byte(data)))
}
