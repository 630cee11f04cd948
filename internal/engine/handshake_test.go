package engine_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// step has the bytes that the peer sends, and the bytes that the engine sends
// in answer.
type step struct{ send, want string }

// dialogue is a successful handshake, starting with the first bytes of the
// engine.
type dialogue struct {
	name    string
	cfg     *engine.Config
	steps   []step
	version wire.Version
	peer    msg.Peer
	traffic []message // messages that Decode returns in addition to those sent
}

const (
	tail31  = "\x01" + nullMechanism + "\x00" + filler
	withID2 = "\xff\x00\x00\x00\x00\x00\x00\x00\x03\x7f" // the signature of a peer whose routing ID has two bytes
)

// longID is a routing ID of the maximum size.
var longID = strings.Repeat("i", 255)

// dialogues follow https://rfc.zeromq.org/spec/37/#version-negotiation: each
// side sends its next bytes as early as it can, because an old peer waits for
// them.
var dialogues = []dialogue{
	{
		name: "3.1", cfg: dealer(""), version: wire.V3_1,
		steps: []step{
			{"", signature},
			{"\xff", ""},
			{signature[1:9], ""},
			{"\x7f", "\x03"},
			{"\x03", tail31},
			{tail31[:52], ""},
			{tail31[52:], readyDealer},
			{readyRouter[:42], ""},
			{readyRouter[42:], ""},
		},
		peer: msg.Peer{SocketType: "ROUTER", Version: "3.1", Mechanism: "NULL"},
	},
	{
		name: "3.1 with routing IDs and properties", cfg: dealer("me"), version: wire.V3_1,
		steps: []step{
			{"", withID2},
			{greeting31, "\x03" + tail31 +
				"\x04\x2b\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x02me"},
			{ready("Identity", longID, "X-Colour", "red", "socket-TYPE", "REP", "X-Empty", ""), ""},
		},
		peer: msg.Peer{SocketType: "REP", RoutingID: longID, Version: "3.1", Mechanism: "NULL",
			Properties: map[string]string{"x-colour": "red", "x-empty": ""}},
	},
	{
		name: "3.0", cfg: dealer(""), version: wire.V3_0,
		steps: []step{
			{"", signature},
			{signature, "\x03"},
			{"\x03\x00" + nullMechanism + "\x00" + filler, tail31 + readyDealer},
			{readyRouter, ""},
		},
		peer: msg.Peer{SocketType: "ROUTER", Version: "3.0", Mechanism: "NULL"},
	},
	{
		name: "a future version", cfg: dealer(""), version: wire.V3_1,
		steps: []step{
			{"", signature},
			{signature + "\x04", "\x03" + tail31},
			{"\x00" + nullMechanism + "\x01" + filler[:30] + "\xff", readyDealer},
			{readyRouter, ""},
		},
		peer: msg.Peer{SocketType: "ROUTER", Version: "3.1", Mechanism: "NULL"},
	},
	{
		name: "revision 2, as libzmq handles it", cfg: dealer(""), version: wire.V3_1,
		steps: []step{
			{"", signature},
			{signature + "\x02", "\x03" + tail31},
			{"\x00" + nullMechanism + "\x00" + filler, readyDealer},
			{readyRouter, ""},
		},
		peer: msg.Peer{SocketType: "ROUTER", Version: "3.1", Mechanism: "NULL"},
	},
	{
		name: "padding and COMMAND flag ignored", cfg: publisher(), version: wire.V3_1,
		steps: []step{
			{"", signature},
			{"\xff12345678\x7f", "\x03"},
			{greeting31[10:], tail31 + "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"},
			{"\x00\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB", ""},
		},
		peer: msg.Peer{SocketType: "SUB", Version: "3.1", Mechanism: "NULL"},
	},
	{
		name: "2.0", cfg: dealer("me"), version: wire.V2,
		steps: []step{
			{"", withID2},
			{signature, "\x03"},
			{"\x01", "\x05"},
			{"\x06", "\x00\x02me"},
			{"\x00\x05pe", ""},
			{"er!", ""},
		},
		peer: msg.Peer{RoutingID: "peer!", Version: "2.0", Mechanism: "NULL"},
	},
	{
		name: "2.0 publisher", cfg: publisher(), version: wire.V2,
		steps: []step{
			{"", signature},
			{signature + "\x01\x02", "\x03\x01\x00\x00"},
			{"\x02\x00\x00\x00\x00\x00\x00\x00\x00", ""}, // an empty identity with a long header
		},
		peer: msg.Peer{Version: "2.0", Mechanism: "NULL"},
	},
	{
		name: "1.0 with a version", cfg: dealer("me"), version: wire.V1,
		steps: []step{
			{"", withID2},
			{signature + "\x00", "\x03\x05"},
			{"\x06", "\x03\x00me"},
			{"\x06\x00peer!", ""},
		},
		peer: msg.Peer{RoutingID: "peer!", Version: "1.0", Mechanism: "NULL"},
	},
	{
		name: "1.0", cfg: dealer("me"), version: wire.V1,
		steps: []step{
			{"", withID2},
			{"\x06", "me"}, // the signature was the header of this
			{"\x00peer!", ""},
		},
		peer: msg.Peer{RoutingID: "peer!", Version: "1.0", Mechanism: "NULL"},
	},
	{
		name: "1.0 with a long identity", cfg: dealer(""), version: wire.V1,
		steps: []step{
			{"", signature},
			{"\xff\x00\x00\x00\x00\x00\x00\x01\x00", ""},
			{"\x00" + longID, ""},
		},
		peer: msg.Peer{RoutingID: longID, Version: "1.0", Mechanism: "NULL"},
	},
	{
		name: "1.0 subscriber", cfg: publisher(), version: wire.V1,
		steps: []step{
			{"", signature},
			{"\x01\x00", ""},
		},
		peer:    msg.Peer{Version: "1.0", Mechanism: "NULL"},
		traffic: []message{{"\x01"}}, // it sends no subscriptions
	},
	{
		name: "1.0 subscriber with a version", cfg: publisher(), version: wire.V1,
		steps: []step{
			{"", signature},
			{signature + "\x00\x02\x01\x00", "\x03\x01\x01\x00"},
		},
		peer: msg.Peer{Version: "1.0", Mechanism: "NULL"},
	},
}

// https://rfc.zeromq.org/spec/37/#version-negotiation
func TestHandshakeAnswersEachStepOfPeer(t *testing.T) {
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			p := newPeer(t, d.cfg, whole)
			for i, s := range d.steps {
				if p.e.HandshakeDone() {
					t.Fatalf("handshake done before step %d", i)
				}
				sent := len(p.out)
				if i == 0 {
					sent = 0
				}
				p.send(s.send)
				p.wantCloseReason(engine.CloseNone)
				if got := string(p.out[sent:]); got != s.want {
					t.Fatalf("step %d: answer to %q is %q, want %q", i, s.send, got, s.want)
				}
			}
			d.check(p)
		})
	}
}

// check checks the result of a dialogue.
func (d *dialogue) check(p *peer) {
	p.t.Helper()
	p.wantHandshakeDone()
	if p.e.Version() != d.version || p.e.Heartbeats() != (d.version == wire.V3_1) {
		p.t.Fatalf("version %v, heartbeats %v", p.e.Version(), p.e.Heartbeats())
	}
	if !reflect.DeepEqual(*p.e.Peer(), d.peer) {
		p.t.Fatalf("peer is %+v, want %+v", *p.e.Peer(), d.peer)
	}
	p.wantMessages(d.traffic...)
}

// TestHandshakeResultIsSameForEverySplit sends each dialogue and some messages
// at once, byte by byte, in two pieces and in random pieces.
func TestHandshakeResultIsSameForEverySplit(t *testing.T) {
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			d := d
			after := []message{{"one"}, {"", "of", "two"}}
			var script, want string
			for _, s := range d.steps {
				script, want = script+s.send, want+s.want
			}
			d.traffic = append(append([]message{}, d.traffic...), after...)
			script += onWire(d.version, after...)
			cuts := []cutter{whole, byteByByte}
			for k := range len(script) {
				cuts = append(cuts, cutAt(k))
			}
			for seed := range uint64(20) {
				cuts = append(cuts, randomCuts(newRand(seed)))
			}
			for _, cut := range cuts {
				p := newPeer(t, d.cfg, cut)
				p.send(script)
				if string(p.out) != want {
					t.Fatalf("sent %q, want %q", p.out, want)
				}
				d.check(p)
			}
		})
	}
}

// TestTruncatedHandshakeIsNotDone truncates each dialogue at every byte. The
// engine returns no error and its handshake is not done.
func TestTruncatedHandshakeIsNotDone(t *testing.T) {
	for _, d := range dialogues {
		var script string
		for _, s := range d.steps {
			script += s.send
		}
		for n := range len(script) {
			p := newPeer(t, d.cfg, whole)
			p.send(script[:n])
			p.wantCloseReason(engine.CloseNone)
			if p.e.HandshakeDone() {
				t.Fatalf("%s: handshake done after %d of %d bytes", d.name, n, len(script))
			}
		}
	}
}
