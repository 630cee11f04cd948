package engine_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// limited is a peer in traffic with limits.
func limited(t testing.TB, o opening, l engine.Limits, cut cutter) *peer {
	cfg := dealer("")
	cfg.Limits = l
	return inTraffic(t, cfg, o, cut)
}

// TestMessageLimits tries each limit of messages at its last value and the one
// behind, with good messages before.
func TestMessageLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits engine.Limits
		good   message
		bad    message
		fault  engine.CloseReason
	}{
		{"frame", engine.Limits{Frame: 1000}, message{body(1000), body(1000)}, message{"", body(1001)}, engine.CloseFrameSize},
		{"large frame", engine.Limits{Frame: 40000}, message{body(40000)}, message{body(40001)}, engine.CloseFrameSize},
		{"frames", engine.Limits{Frames: 3}, message{"a", "b", "c"}, message{"a", "b", "c", "d"}, engine.CloseMessageSize},
		{"one frame", engine.Limits{Frames: 1}, message{"a"}, message{"a", "b"}, engine.CloseMessageSize},
		{"message", engine.Limits{Message: 1000}, message{body(999), "x"}, message{body(999), "xy"}, engine.CloseMessageSize},
		{"message of a frame", engine.Limits{Message: 1000}, message{body(1000)}, message{body(1001)}, engine.CloseMessageSize},
		{"message of nothing", engine.Limits{Message: 1}, slices.Repeat(message{""}, 50), message{"", "ab"}, engine.CloseMessageSize},
		{"large message", engine.Limits{Message: 80000}, message{body(40000), body(40000)}, message{body(40000), body(40001)}, engine.CloseMessageSize},
	}
	for _, tt := range tests {
		for _, o := range openings {
			for _, cut := range []cutter{whole, cutAt(3), randomly(seeded(1)), randomly(seeded(2))} {
				p := limited(t, o, tt.limits, cut)
				p.send(onWire(o.version, tt.good, message{"x"}, tt.good))
				p.wantMessages(tt.good, message{"x"}, tt.good)
				p.send(onWire(o.version, message{"y"}, tt.bad))
				p.wantFault(tt.fault)
				if n := len(p.msgs); n != 4 || p.msgs[3][0] != "y" {
					t.Errorf("%s, %s: received %.100q", tt.name, o.name, p.msgs)
				}
			}
		}
	}
}

// TestMessageLimitCountsUnfinished: the limit holds for what is still to come,
// whole frame or not, or it would be none where frames have no limit.
func TestMessageLimitCountsUnfinished(t *testing.T) {
	const limit = 1 << 20
	for _, o := range openings {
		for _, before := range []message{nil, {body(limit - 10), ""}} {
			p := limited(t, o, engine.Limits{Message: limit}, whole)
			if before != nil {
				b := onWire(o.version, before)
				p.send(b[:len(b)-2])
			}
			p.send(header(o.version, 1<<40))
			for p.err == nil && p.sent < 3*limit {
				p.send(body(16 << 10))
			}
			if p.fault() != engine.CloseMessageSize {
				held, _ := p.e.Held()
				t.Errorf("%s: fault %v with %d bytes held, limit %d", o.name, p.fault(), held, limit)
			}
		}
	}
}

// TestFramesLimitEndsEndless: a message that never ends, does.
func TestFramesLimitEndsEndless(t *testing.T) {
	for _, o := range openings {
		p := limited(t, o, engine.Limits{Frames: 1000}, whole)
		more := onWire(o.version, message{"", ""})[:2]
		p.send(strings.Repeat(more, 1000))
		p.wantFault(engine.CloseNone)
		p.send(more)
		p.wantFault(engine.CloseMessageSize)
	}
}

func TestCommandLimit(t *testing.T) {
	for _, o := range openings[3:] {
		for _, size := range []int{20, 300, 50000} {
			for _, cut := range []cutter{whole, randomly(seeded(3))} {
				name := "A command of some length"[:8]
				p := limited(t, o, engine.Limits{Command: size}, cut)
				p.send(command(name, body(size-9)) + onWire(o.version, message{body(size + 1)}))
				p.wantMessages(message{body(size + 1)})
				p.send(command(name, body(size-8)))
				p.wantFault(engine.CloseCommandSize)
			}
			// By its header, and whatever else it claims to be.
			p := limited(t, o, engine.Limits{Command: size}, bytewise)
			p.send("\x07" + header(o.version, uint64(size)+1)[1:])
			p.wantFault(engine.CloseCommandSize)
		}
	}
}

// TestCommandLimitSealed: a command is one only when it is opened.
func TestCommandLimitSealed(t *testing.T) {
	cfg := secured(0)
	cfg.Limits = engine.Limits{Command: 100}
	p := play(t, cfg, whole)
	p.send(greeting("TOY") + readyRouter)
	p.wantReady()
	p.send(toyFrame(wire.FlagCommand, "\x01A"+body(98)))
	p.wantFault(engine.CloseNone)
	p.send(toyFrame(wire.FlagCommand, "\x01A"+body(99)))
	p.wantFault(engine.CloseCommandSize)
}

// TestSealedFrameLimit: the limit is on what was sealed, to the byte.
func TestSealedFrameLimit(t *testing.T) {
	cfg := secured(0)
	cfg.Limits = engine.Limits{Frame: 1000}
	p := play(t, cfg, whole)
	p.send(greeting("TOY") + readyRouter)
	p.wantReady()
	p.send(toyFrame(0, body(1000)))
	p.wantMessages(message{body(1000)})
	p.send(toyFrame(0, body(1001)))
	p.wantFault(engine.CloseFrameSize)
}

// TestUselessLimit: ignored bytes add up until a message comes.
func TestUselessLimit(t *testing.T) {
	junk := command("JUNK", body(93)) // 100 bytes on the wire
	for _, o := range openings[3:] {
		for _, cut := range []cutter{whole, bytewise, randomly(seeded(4))} {
			p := limited(t, o, engine.Limits{Useless: 1000}, cut)
			for range 3 {
				p.send(strings.Repeat(junk, 10) + onWire(o.version, message{"m"}))
			}
			p.wantMessages(message{"m"}, message{"m"}, message{"m"})
			p.send(strings.Repeat(junk, 10))
			p.wantFault(engine.CloseNone)
			if p.e.Ignored() != 40 {
				t.Errorf("%d ignored", p.e.Ignored())
			}
			p.send(command("J", ""))
			p.wantFault(engine.CloseUseless)
		}
	}
}

// TestNoLimits: zero is unlimited.
func TestNoLimits(t *testing.T) {
	for _, o := range openings[3:] {
		p := limited(t, o, engine.Limits{}, whole)
		many := slices.Repeat(message{"f"}, 100_000)
		p.send(strings.Repeat(command("JUNK", body(100_000)), 200))
		p.send(onWire(o.version, many))
		p.wantMessages(many)
		p.send(header(o.version, math.MaxInt64))
		p.wantFault(engine.CloseNone)
	}
}

// TestFaultIsFinal: behind a fault nothing is received, consumed or said.
func TestFaultIsFinal(t *testing.T) {
	for _, o := range openings {
		p := limited(t, o, engine.Limits{Frame: 10}, whole)
		p.send(onWire(o.version, message{"a"}, message{body(11)}, message{"b"}))
		p.wantFault(engine.CloseFrameSize)
		var in msg.Batch
		n, err := p.e.Decode([]byte(onWire(o.version, message{"c"})), false, 10, &in)
		if n != 0 || err != p.err || in.Msgs != 0 || p.e.Want() != nil || len(p.e.Output()) > 0 {
			t.Errorf("%s: behind %v: consumed %d, received %d, error %v", o.name, p.err, n, in.Msgs, err)
		}
		if !equalMessages(p.msgs, []message{{"a"}}) {
			t.Errorf("%s: received %q", o.name, p.msgs)
		}
	}
}
