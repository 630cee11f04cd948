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

// limited returns a peer that has completed the handshake with an engine with
// limits.
func limited(t testing.TB, o opening, l engine.Limits, cut cutter) *peer {
	cfg := dealer("")
	cfg.Limits = l
	return connectedPeer(t, cfg, o, cut)
}

// TestDecodeFailsAboveEachLimit tests each limit with the largest message that
// it allows and with a larger one, after valid messages.
func TestDecodeFailsAboveEachLimit(t *testing.T) {
	tests := []struct {
		name   string
		limits engine.Limits
		good   message
		bad    message
		reason engine.CloseReason
	}{
		{"frame", engine.Limits{Frame: 1000}, message{body(1000), body(1000)}, message{"", body(1001)}, engine.CloseFrameSize},
		{"large frame", engine.Limits{Frame: 40000}, message{body(40000)}, message{body(40001)}, engine.CloseFrameSize},
		{"frames", engine.Limits{Frames: 3}, message{"a", "b", "c"}, message{"a", "b", "c", "d"}, engine.CloseMessageSize},
		{"one frame", engine.Limits{Frames: 1}, message{"a"}, message{"a", "b"}, engine.CloseMessageSize},
		{"message", engine.Limits{Message: 1000}, message{body(999), "x"}, message{body(999), "xy"}, engine.CloseMessageSize},
		{"message of one frame", engine.Limits{Message: 1000}, message{body(1000)}, message{body(1001)}, engine.CloseMessageSize},
		{"message of empty frames", engine.Limits{Message: 1}, slices.Repeat(message{""}, 50), message{"", "ab"}, engine.CloseMessageSize},
		{"large message", engine.Limits{Message: 80000}, message{body(40000), body(40000)}, message{body(40000), body(40001)}, engine.CloseMessageSize},
	}
	for _, tt := range tests {
		for _, o := range openings {
			for _, cut := range []cutter{whole, cutAt(3), randomCuts(newRand(1)), randomCuts(newRand(2))} {
				p := limited(t, o, tt.limits, cut)
				p.send(onWire(o.version, tt.good, message{"x"}, tt.good))
				p.wantMessages(tt.good, message{"x"}, tt.good)
				p.send(onWire(o.version, message{"y"}, tt.bad))
				p.wantCloseReason(tt.reason)
				if n := len(p.msgs); n != 4 || p.msgs[3][0] != "y" {
					t.Errorf("%s, %s: received %.100q", tt.name, o.name, p.msgs)
				}
			}
		}
	}
}

// The limit also applies to the size in the header of an incomplete frame.
// Otherwise a message could grow without bound if frames have no limit.
func TestMessageLimitCountsIncompleteFrames(t *testing.T) {
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
			if p.closeReason() != engine.CloseMessageSize {
				size, _ := p.e.Partial()
				t.Errorf("%s: close reason %v with Partial() = %d, limit %d", o.name, p.closeReason(), size, limit)
			}
		}
	}
}

func TestFramesLimitAppliesToIncompleteMessage(t *testing.T) {
	for _, o := range openings {
		p := limited(t, o, engine.Limits{Frames: 1000}, whole)
		more := onWire(o.version, message{"", ""})[:2]
		p.send(strings.Repeat(more, 1000))
		p.wantCloseReason(engine.CloseNone)
		p.send(more)
		p.wantCloseReason(engine.CloseMessageSize)
	}
}

func TestDecodeFailsAboveCommandLimit(t *testing.T) {
	for _, o := range openings[3:] {
		for _, size := range []int{20, 300, 50000} {
			for _, cut := range []cutter{whole, randomCuts(newRand(3))} {
				name := "A command of some length"[:8]
				p := limited(t, o, engine.Limits{Command: size}, cut)
				p.send(command(name, body(size-9)) + onWire(o.version, message{body(size + 1)}))
				p.wantMessages(message{body(size + 1)})
				p.send(command(name, body(size-8)))
				p.wantCloseReason(engine.CloseCommandSize)
			}
			// The header alone exceeds the limit. The flag MORE, which a command
			// must not have, does not change the reason.
			p := limited(t, o, engine.Limits{Command: size}, byteByByte)
			p.send("\x07" + header(o.version, uint64(size)+1)[1:])
			p.wantCloseReason(engine.CloseCommandSize)
		}
	}
}

// limitedSecured returns the peer of an engine with limits and encryption, after the
// handshake.
func limitedSecured(t *testing.T, l engine.Limits) *peer {
	t.Helper()
	cfg := securedDealer(0)
	cfg.Limits = l
	p := newPeer(t, cfg, whole)
	p.send(greeting("TEST") + readyRouter)
	p.wantHandshakeDone()
	return p
}

// An encrypted frame shows only after decryption that it is a command.
func TestCommandLimitAppliesToDecryptedCommand(t *testing.T) {
	p := limitedSecured(t, engine.Limits{Command: 100})
	p.send(sealedFrame(wire.FlagCommand, "\x01A"+body(98)))
	p.wantCloseReason(engine.CloseNone)
	p.send(sealedFrame(wire.FlagCommand, "\x01A"+body(99)))
	p.wantCloseReason(engine.CloseCommandSize)
}

// The limit applies to the decrypted body, not to the encrypted one.
func TestFrameLimitAppliesToDecryptedFrame(t *testing.T) {
	p := limitedSecured(t, engine.Limits{Frame: 1000})
	p.send(sealedFrame(0, body(1000)))
	p.wantMessages(message{body(1000)})
	p.send(sealedFrame(0, body(1001)))
	p.wantCloseReason(engine.CloseFrameSize)
}

func TestUselessLimitCountsIgnoredBytesBetweenMessages(t *testing.T) {
	junk := command("JUNK", body(93)) // 100 bytes on the wire
	for _, o := range openings[3:] {
		for _, cut := range []cutter{whole, byteByByte, randomCuts(newRand(4))} {
			p := limited(t, o, engine.Limits{Useless: 1000}, cut)
			for range 3 {
				p.send(strings.Repeat(junk, 10) + onWire(o.version, message{"m"}))
			}
			p.wantMessages(message{"m"}, message{"m"}, message{"m"})
			p.send(strings.Repeat(junk, 10))
			p.wantCloseReason(engine.CloseNone)
			if p.e.Ignored() != 40 {
				t.Errorf("%d ignored", p.e.Ignored())
			}
			p.send(command("J", ""))
			p.wantCloseReason(engine.CloseIgnoredCommands)
		}
	}
}

func TestZeroLimitsAreUnlimited(t *testing.T) {
	for _, o := range openings[3:] {
		p := limited(t, o, engine.Limits{}, whole)
		many := slices.Repeat(message{"f"}, 100_000)
		p.send(strings.Repeat(command("JUNK", body(100_000)), 200))
		p.send(onWire(o.version, many))
		p.wantMessages(many)
		p.send(header(o.version, math.MaxInt64))
		p.wantCloseReason(engine.CloseNone)
	}
}

// After an error the engine consumes, returns and sends nothing.
func TestFailedEngineDecodesNothing(t *testing.T) {
	for _, o := range openings {
		p := limited(t, o, engine.Limits{Frame: 10}, whole)
		p.send(onWire(o.version, message{"a"}, message{body(11)}, message{"b"}))
		p.wantCloseReason(engine.CloseFrameSize)
		var in msg.Batch
		n, err := p.e.Decode([]byte(onWire(o.version, message{"c"})), false, 10, &in)
		if n != 0 || err != p.err || in.Msgs != 0 || p.e.BodyBuffer() != nil || len(p.e.Output()) > 0 {
			t.Errorf("%s: after %v: consumed %d, received %d, error %v", o.name, p.err, n, in.Msgs, err)
		}
		if !equalMessages(p.msgs, []message{{"a"}}) {
			t.Errorf("%s: received %q", o.name, p.msgs)
		}
	}
}
