package engine_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// TestPingPong: the context comes back, cut to 16 bytes; only the last PING is
// owed an answer.
func TestPingPong_RFC37(t *testing.T) {
	for _, o := range openings[3:] {
		for n := range 41 {
			context := body(n)
			p := inTraffic(t, dealer(""), o, bytewise)
			p.send(command("PING", "\x00\x0a"+context))
			p.wantFault(engine.CloseNone)
			if want := command("PONG", context[:min(n, 16)]); string(p.pong) != want {
				t.Errorf("PONG to a context of %d bytes is %q, want %q", n, p.pong, want)
			}
			if p.e.Lease() != 10 {
				t.Errorf("lease %d", p.e.Lease())
			}
		}
		p := inTraffic(t, dealer(""), o, whole)
		p.send(command("PING", "\x00\x00one") + onWire(o.version, message{"m"}) + command("PING", "\xff\xfftwo"))
		if string(p.pong) != command("PONG", "two") || p.e.Lease() != 65535 {
			t.Errorf("answered %q, lease %d", p.pong, p.e.Lease())
		}
		p.wantMessages(message{"m"})
	}
}

func TestPingMalformed(t *testing.T) {
	for _, data := range []string{"", "\x00"} {
		p := inTraffic(t, dealer(""), openings[4], whole)
		p.send(onWire(wire.V3_1, message{"m"}) + command("PING", data))
		p.wantFault(engine.CloseMalformed)
		if len(p.pong) > 0 || !equalMessages(p.msgs, []message{{"m"}}) {
			t.Errorf("answered %q, received %q", p.pong, p.msgs)
		}
	}
}

// TestPongs: a PONG answers the PING whose number it has, and those before it;
// one that has none answers the next.
func TestPongs(t *testing.T) {
	number := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
	p := inTraffic(t, dealer(""), openings[4], randomly(seeded(1)))
	for _, tt := range []struct {
		context string
		want    uint64
	}{
		{"", 1}, {number(1), 1}, {number(5), 5}, {number(3), 5}, {"1234567", 6}, {body(40), 7}, {number(0), 7}, {number(1 << 40), 1 << 40},
	} {
		p.send(onWire(wire.V3_1, message{"m"}) + command("PONG", tt.context))
		p.wantFault(engine.CloseNone)
		if p.e.Pongs() != tt.want {
			t.Errorf("Pongs() = %d after %q, want %d", p.e.Pongs(), tt.context, tt.want)
		}
	}
	if p.e.Ignored() != 0 || len(p.pong) > 0 || len(p.msgs) != 8 {
		t.Errorf("%d ignored, answered %q, received %d", p.e.Ignored(), p.pong, len(p.msgs))
	}
}

// TestPingAnswered: what one engine asks, another answers.
func TestPingAnswered(t *testing.T) {
	p, q := inTraffic(t, dealer(""), openings[4], whole), inTraffic(t, dealer(""), openings[4], whole)
	p.send(string(engine.AppendPing(engine.AppendPing(nil, 0, 41), 30, 42)))
	q.send(string(p.pong))
	if q.e.Pongs() != 42 || p.e.Lease() != 30 {
		t.Errorf("PING 42 answered by %q, as %d; lease %d", p.pong, q.e.Pongs(), p.e.Lease())
	}
}

// TestSubscriptionsAreMessages: whatever their form, a publisher sees them as
// messages of 1 or 0 and the topic.
func TestSubscriptionsAreMessages_RFC37(t *testing.T) {
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
			for _, cut := range []cutter{whole, cutAt(30), randomly(seeded(uint64(n)))} {
				p := inTraffic(t, publisher(), o, cut)
				p.send(stream)
				p.wantMessages(want...)
				if p.e.Ignored() != 0 {
					t.Errorf("%d ignored", p.e.Ignored())
				}
			}
		}
	}
}

// TestCommandsIgnored: what a newer peer may have reasons for is counted and
// no fault.
func TestCommandsIgnored(t *testing.T) {
	junk := []string{
		command("SUBSCRIBE", "a"), command("CANCEL", ""), command("JOIN", "g"), command("LEAVE", "g"),
		readyDealer, command("HELLO", ""), command("ping", "\x00\x00"), command("PINGS", ""), command("X", body(40000)),
		"\x04\x00", "\x04\x01\x00", "\x04\x02\x05A", "\x06\x00\x00\x00\x00\x00\x00\x00\x00",
	}
	for i, c := range junk {
		for _, cut := range []cutter{whole, randomly(seeded(uint64(i)))} {
			p := inTraffic(t, dealer(""), openings[4], cut)
			p.send(onWire(wire.V3_1, message{"a"}) + c + onWire(wire.V3_1, message{"b", "c"}))
			p.wantMessages(message{"a"}, message{"b", "c"})
			if p.e.Ignored() != 1 || len(p.pong) > 0 {
				t.Errorf("%.30q: %d ignored, answered %q", c, p.e.Ignored(), p.pong)
			}
		}
	}
	// READY twice is one of them.
	p := play(t, dealer(""), whole)
	p.send(greeting31 + readyRouter + readyRouter + onWire(wire.V3_1, message{"m"}))
	p.wantMessages(message{"m"})
	if p.e.Ignored() != 1 || p.e.Peer().SocketType != "ROUTER" {
		t.Errorf("%d ignored, peer %+v", p.e.Ignored(), p.e.Peer())
	}
}

// TestCommandBetweenFrames: commands do not disturb the message they cut, and
// a subscription does not become part of it.
func TestCommandBetweenFrames(t *testing.T) {
	m := message{"a", body(40000), "b"}
	for _, cut := range []cutter{whole, randomly(seeded(7)), randomly(seeded(8))} {
		p := inTraffic(t, publisher(), openings[4], cut)
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
			t.Errorf("a subscription between frames makes %q", got)
		}
	}
}

// TestErrorInTraffic ends the connection.
func TestErrorInTraffic(t *testing.T) {
	for _, tt := range []struct {
		data  string
		fault engine.CloseReason
	}{{"\x03bye", engine.CloseRefused}, {"\x04bye", engine.CloseMalformed}, {"", engine.CloseMalformed}} {
		p := inTraffic(t, dealer(""), openings[4], whole)
		p.send(onWire(wire.V3_1, message{"m"}) + command("ERROR", tt.data) + onWire(wire.V3_1, message{"lost"}))
		p.wantFault(tt.fault)
		var refused *mechanism.PeerError
		if tt.fault == engine.CloseRefused && (!errors.As(p.err, &refused) || refused.Reason != "bye") {
			t.Errorf("error is %v", p.err)
		}
		if !equalMessages(p.msgs, []message{{"m"}}) {
			t.Errorf("received %q", p.msgs)
		}
	}
}

// TestUnversionedSubscriberWantsAll: it sends no subscriptions, so it gets one
// to everything; others do not.
func TestUnversionedSubscriberWantsAll(t *testing.T) {
	for i, o := range openings {
		p := inTraffic(t, publisher(), o, whole)
		if i == 0 {
			p.wantMessages(message{"\x01"})
		} else {
			p.wantMessages()
		}
		q := inTraffic(t, dealer(""), o, whole)
		q.wantMessages()
	}
}
