package engine_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// The PONG returns the first 16 bytes of the context. If several PINGs arrive
// together, only the last is answered.
// https://rfc.zeromq.org/spec/37/#connection-heartbeating
func TestPingIsAnsweredWithPongOfSameContext(t *testing.T) {
	for _, o := range openings[3:] {
		for n := range 41 {
			context := body(n)
			p := connectedPeer(t, dealer(""), o, byteByByte)
			p.send(command("PING", "\x00\x0a"+context))
			p.wantCloseReason(engine.CloseNone)
			if want := command("PONG", context[:min(n, 16)]); string(p.pong) != want {
				t.Errorf("PONG to a context of %d bytes is %q, want %q", n, p.pong, want)
			}
			if p.e.PeerTTL() != 10 {
				t.Errorf("PeerTTL() = %d", p.e.PeerTTL())
			}
		}
		p := connectedPeer(t, dealer(""), o, whole)
		p.send(command("PING", "\x00\x00one") + onWire(o.version, message{"m"}) + command("PING", "\xff\xfftwo"))
		if string(p.pong) != command("PONG", "two") || p.e.PeerTTL() != 65535 {
			t.Errorf("answered %q, PeerTTL() = %d", p.pong, p.e.PeerTTL())
		}
		p.wantMessages(message{"m"})
	}
}

func TestMalformedPingFailsConnection(t *testing.T) {
	for _, data := range []string{"", "\x00"} {
		p := connectedPeer(t, dealer(""), openings[4], whole)
		p.send(onWire(wire.V3_1, message{"m"}) + command("PING", data))
		p.wantCloseReason(engine.CloseMalformed)
		if len(p.pong) > 0 || !equalMessages(p.msgs, []message{{"m"}}) {
			t.Errorf("answered %q, received %q", p.pong, p.msgs)
		}
	}
}

// A PONG answers the PING whose number is its context, and all earlier ones. A
// PONG without a number answers the next PING.
func TestPongsReturnsNumberOfAnsweredPing(t *testing.T) {
	number := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
	p := connectedPeer(t, dealer(""), openings[4], randomCuts(newRand(1)))
	for _, tt := range []struct {
		context string
		want    uint64
	}{
		{"", 1}, {number(1), 1}, {number(5), 5}, {number(3), 5}, {"1234567", 6}, {body(40), 7}, {number(0), 7}, {number(1 << 40), 1 << 40},
	} {
		p.send(onWire(wire.V3_1, message{"m"}) + command("PONG", tt.context))
		p.wantCloseReason(engine.CloseNone)
		if p.e.Pongs() != tt.want {
			t.Errorf("Pongs() = %d after %q, want %d", p.e.Pongs(), tt.context, tt.want)
		}
	}
	if p.e.Ignored() != 0 || len(p.pong) > 0 || len(p.msgs) != 8 {
		t.Errorf("%d ignored, answered %q, received %d", p.e.Ignored(), p.pong, len(p.msgs))
	}
}

func TestPongOfEngineReturnsPingNumber(t *testing.T) {
	p, q := connectedPeer(t, dealer(""), openings[4], whole), connectedPeer(t, dealer(""), openings[4], whole)
	p.send(string(engine.AppendPing(engine.AppendPing(nil, 0, 41), 30, 42)))
	q.send(string(p.pong))
	if q.e.Pongs() != 42 || p.e.PeerTTL() != 30 {
		t.Errorf("the PONG of PING 42 is %q, Pongs() = %d, PeerTTL() = %d", p.pong, q.e.Pongs(), p.e.PeerTTL())
	}
}

// Decode returns a subscription in every form as a message of a byte 1 or 0 and
// the topic.
// https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
func TestDecodeReturnsSubscriptionsAsMessages(t *testing.T) {
	for _, o := range openings {
		for _, n := range []int{0, 1, 243, 244, 245, 246, 254, 255, 256, 8191, 8192, 40000} {
			topic := body(n)
			want := []message{{"\x01" + topic}, {"\x00" + topic}, {"user"}, {"\x00"}}
			stream := onWire(o.version, want...)
			if o.version >= wire.V3_0 {
				stream = command("SUBSCRIBE", topic) + command("CANCEL", topic) + onWire(o.version, message{"user"}) + command("CANCEL", "")
			}
			if o.version == wire.V1 && o.name == openings[0].name {
				want = append([]message{{"\x01"}}, want...)
			}
			for _, cut := range []cutter{whole, cutAt(30), randomCuts(newRand(uint64(n)))} {
				p := connectedPeer(t, publisher(), o, cut)
				p.send(stream)
				p.wantMessages(want...)
				if p.e.Ignored() != 0 {
					t.Errorf("%d ignored", p.e.Ignored())
				}
			}
		}
	}
}

// Commands that a newer version may define do not end the connection.
func TestDecodeIgnoresAndCountsUnknownCommands(t *testing.T) {
	junk := []string{
		command("SUBSCRIBE", "a"), command("CANCEL", ""), command("JOIN", "g"), command("LEAVE", "g"),
		readyDealer, command("HELLO", ""), command("ping", "\x00\x00"), command("PINGS", ""), command("X", body(40000)),
		"\x04\x00", "\x04\x01\x00", "\x04\x02\x05A", "\x06\x00\x00\x00\x00\x00\x00\x00\x00",
	}
	for i, c := range junk {
		for _, cut := range []cutter{whole, randomCuts(newRand(uint64(i)))} {
			p := connectedPeer(t, dealer(""), openings[4], cut)
			p.send(onWire(wire.V3_1, message{"a"}) + c + onWire(wire.V3_1, message{"b", "c"}))
			p.wantMessages(message{"a"}, message{"b", "c"})
			if p.e.Ignored() != 1 || len(p.pong) > 0 {
				t.Errorf("%.30q: %d ignored, answered %q", c, p.e.Ignored(), p.pong)
			}
		}
	}
	// A second READY is one of them.
	p := newPeer(t, dealer(""), whole)
	p.send(greeting31 + readyRouter + readyRouter + onWire(wire.V3_1, message{"m"}))
	p.wantMessages(message{"m"})
	if p.e.Ignored() != 1 || p.e.Peer().SocketType != "ROUTER" {
		t.Errorf("%d ignored, peer %+v", p.e.Ignored(), p.e.Peer())
	}
}

// Commands may arrive between the frames of a message. A subscription there is
// ignored.
func TestCommandBetweenFramesDoesNotChangeMessage(t *testing.T) {
	m := message{"a", body(40000), "b"}
	for _, cut := range []cutter{whole, randomCuts(newRand(7)), randomCuts(newRand(8))} {
		p := connectedPeer(t, publisher(), openings[4], cut)
		for i, f := range m {
			frame := onWire(wire.V3_1, message{f, ""})
			frame = frame[:len(frame)-2]
			if i == len(m)-1 {
				frame = onWire(wire.V3_1, message{f})
			}
			p.send(frame + command("PING", "\x00\x00"+f[:1]) + command("PONG", "") + command("NEWS", ""))
		}
		p.send(command("SUBSCRIBE", "t"))
		p.wantMessages(m, message{"\x01t"})
		if string(p.pong) != command("PONG", "b") || p.e.Pongs() != 3 || p.e.Ignored() != 3 {
			t.Errorf("answered %q, %d PONGs, %d ignored", p.pong, p.e.Pongs(), p.e.Ignored())
		}
		p.send("\x01\x01a" + command("SUBSCRIBE", "t") + "\x00\x01b")
		if got := p.msgs[2]; len(got) != 2 || got[0] != "a" || got[1] != "b" {
			t.Errorf("a subscription between frames changes the message to %q", got)
		}
	}
}

func TestErrorAfterHandshakeFailsConnection(t *testing.T) {
	for _, tt := range []struct {
		data   string
		reason engine.CloseReason
	}{{"\x03bye", engine.CloseRefused}, {"\x04bye", engine.CloseMalformed}, {"", engine.CloseMalformed}} {
		p := connectedPeer(t, dealer(""), openings[4], whole)
		p.send(onWire(wire.V3_1, message{"m"}) + command("ERROR", tt.data) + onWire(wire.V3_1, message{"lost"}))
		p.wantCloseReason(tt.reason)
		var refused *mechanism.PeerError
		if tt.reason == engine.CloseRefused && (!errors.As(p.err, &refused) || refused.Reason != "bye") {
			t.Errorf("error is %v", p.err)
		}
		if !equalMessages(p.msgs, []message{{"m"}}) {
			t.Errorf("received %q", p.msgs)
		}
	}
}

// An unversioned ZMTP 1.0 subscriber sends no subscriptions, so Decode adds one
// to all messages. Other peers get none.
func TestDecodeSubscribesUnversionedPeerToAll(t *testing.T) {
	for i, o := range openings {
		p := connectedPeer(t, publisher(), o, whole)
		if i == 0 {
			p.wantMessages(message{"\x01"})
		} else {
			p.wantMessages()
		}
		q := connectedPeer(t, dealer(""), o, whole)
		q.wantMessages()
	}
}
