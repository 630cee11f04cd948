package engine_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// frame is a frame of traffic, before encryption.
type frame struct {
	flags byte
	body  string
}

// randomTraffic returns messages of one to four frames of any size, with commands
// between them.
func randomTraffic(rng *rand.Rand) (frames []frame) {
	for range 1 + rng.IntN(40) {
		for n := rng.IntN(4); n > 0; n-- {
			frames = append(frames, frame{wire.FlagMore, sealable(rng.IntN(1 << rng.IntN(12)))})
		}
		frames = append(frames, frame{0, sealable(rng.IntN(1 << rng.IntN(18)))})
		if rng.IntN(4) == 0 {
			commands := []string{"\x04PING\x00\x05abc", "\x04PONG\x00", "\x01X" + body(rng.IntN(300)), "\x01X" + body(rng.IntN(80_000))}
			frames = append(frames, frame{wire.FlagCommand, commands[rng.IntN(len(commands))]})
		}
	}
	return frames
}

// sealable returns a body of that size, or of one byte less if testMechanism fails
// for that size.
func sealable(size int) string {
	if size == unsealableSize {
		size--
	}
	return body(size)
}

// plainAndSealed returns the bytes of frames, and of the same frames encrypted by
// testMechanism.
func plainAndSealed(frames []frame) (plain, sealed string) {
	for _, f := range frames {
		plain += string(append(wire.AppendFrameHeader(nil, f.flags, len(f.body)), f.body...))
		sealed += sealedFrame(f.flags, f.body)
	}
	return plain, sealed
}

// newSealedPair returns peers with these limits, one without encryption and one with.
func newSealedPair(t *testing.T, limits engine.Limits) (plain, sealed *peer) {
	a, b := dealer(""), securedDealer(0)
	a.Limits, b.Limits = limits, limits
	plain = connectedPeer(t, a, openings[4], whole)
	sealed = newPeer(t, b, whole)
	sealed.send(greeting("TEST") + readyRouter)
	sealed.wantHandshakeDone()
	return plain, sealed
}

// Encrypted traffic gives the same messages, answers and errors as the same traffic
// without encryption, however its bytes arrive and whatever limits it exceeds.
func TestSealedTrafficIsDecodedLikePlainTraffic(t *testing.T) {
	for seed := range uint64(120) {
		rng := newRand(seed)
		var limits engine.Limits
		if seed%3 == 1 {
			limits = engine.Limits{Message: 1 + rng.Int64N(200_000), Frames: 1 + rng.IntN(4)}
		} else if seed%3 == 2 {
			limits = engine.Limits{Command: 1 + rng.IntN(80_000), Frame: 1 + rng.Int64N(100_000)}
		}
		plain, sealed := newSealedPair(t, limits)
		a, b := plainAndSealed(randomTraffic(rng))
		sealed.cut = randomCuts(rng)
		sealed.keep, sealed.limit = seed%2 == 0, 1+rng.IntN(20)
		plain.send(a)
		sealed.send(b)
		what := fmt.Sprintf("seed %d, limits %+v", seed, limits)
		want := plain.closeReason()
		if want == engine.CloseCommandSize && sealed.closeReason() == engine.CloseFrameSize {
			want = engine.CloseFrameSize // the header did not show that the frame is a command
		}
		if sealed.closeReason() != want {
			t.Fatalf("%s: close reason %v, without encryption %v", what, sealed.err, plain.err)
		}
		if !equalMessages(sealed.msgs, plain.msgs) {
			t.Fatalf("%s: %d messages differ from %d without encryption", what, len(sealed.msgs), len(plain.msgs))
		}
		if sealed.e.PeerTTL() != plain.e.PeerTTL() || sealed.e.Ignored() != plain.e.Ignored() {
			t.Fatalf("%s: other commands than without encryption", what)
		}
	}
}

// A frame that does not decrypt ends the connection, and what was received before
// it is delivered. What follows is not.
func TestMessagesBeforeForgedFrameAreDelivered(t *testing.T) {
	for _, cut := range []cutter{whole, byteByByte} {
		_, p := newSealedPair(t, engine.Limits{})
		p.cut = cut
		_, good := plainAndSealed([]frame{{wire.FlagMore, "a"}, {0, "b"}, {wire.FlagCommand, "\x04PING\x00\x05"}, {0, body(300)}, {wire.FlagMore, "c"}})
		p.send(good + string(append(wire.AppendFrameHeader(nil, 0, 40), body(40)...)) + sealedFrame(0, "later"))
		p.wantCloseReason(engine.CloseMalformed)
		if !equalMessages(p.msgs, []message{{"a", "b"}, {body(300)}}) {
			t.Errorf("received %.100q", p.msgs)
		}
	}
}

// Commands may be larger than messages. That a frame is a command shows after
// decryption, so a part of it must not be refused for the size of a message.
func TestPartOfSealedCommandMayExceedMessageLimit(t *testing.T) {
	for _, size := range []int{100, 50_000} { // below and above the size that is read directly
		for _, cut := range []cutter{whole, byteByByte} {
			_, p := newSealedPair(t, engine.Limits{Message: 10})
			p.cut = cut
			p.send(sealedFrame(wire.FlagCommand, "\x01X"+body(size)) + sealedFrame(0, "ok"))
			p.wantMessages(message{"ok"})
			p.send(sealedFrame(0, body(size)))
			p.wantCloseReason(engine.CloseMessageSize)
		}
	}
}

// The header of an encrypted frame that exceeds the limits of frames, or those of
// both messages and commands, is enough to refuse it.
func TestHeaderOfSealedFrameIsRefusedAboveLimits(t *testing.T) {
	for _, tt := range []struct {
		limits engine.Limits
		flags  byte
		want   engine.CloseReason
	}{
		{engine.Limits{Frame: 1000}, 0, engine.CloseFrameSize},
		{engine.Limits{Message: 1000, Command: 500}, 0, engine.CloseMessageSize},
		{engine.Limits{Message: 500, Command: 1000}, 0, engine.CloseMessageSize},
		{engine.Limits{Command: 1000}, wire.FlagCommand, engine.CloseCommandSize},
	} {
		_, p := newSealedPair(t, tt.limits)
		header := func(size int) string { return string(wire.AppendFrameHeader(nil, tt.flags, size)) }
		p.send(header(1033))
		p.wantCloseReason(engine.CloseNone)
		_, p = newSealedPair(t, tt.limits)
		p.send(header(1034))
		p.wantCloseReason(tt.want)
	}
}

// Decrypting calls Yield regularly, by the bytes and by the number of frames.
func TestDecryptingYields(t *testing.T) {
	for _, tt := range []struct{ size, frames, min, max int }{
		{0, 1600, 3, 5},     // 161 bytes of work a frame
		{8000, 30, 3, 5},    // 8,161
		{30_000, 30, 9, 15}, // 30,161
		{10, 20, 0, 0},
	} {
		cfg := securedDealer(0)
		yields := 0
		cfg.Yield = func() { yields++ }
		p := newPeer(t, cfg, whole)
		p.send(greeting("TEST") + readyRouter)
		var stream string
		for range tt.frames {
			stream += sealedFrame(0, body(tt.size))
		}
		var in msg.Batch
		n, err := p.e.Decode([]byte(stream), true, math.MaxInt, &in)
		if n != len(stream) || err != nil || in.Msgs != tt.frames {
			t.Fatalf("consumed %d, %d messages (%v)", n, in.Msgs, err)
		}
		if yields < tt.min || yields > tt.max {
			t.Errorf("%d frames of %d bytes: yielded %d times, want %d to %d", tt.frames, tt.size, yields, tt.min, tt.max)
		}
	}
}

// Encrypted messages stay in the buffer if they fill a quarter of it, in one
// segment, and are copied otherwise.
func TestSealedMessagesStayInBufferThatTheyFill(t *testing.T) {
	const capacity = 64 << 10
	for _, tt := range []struct {
		size, frames int
		retain       bool
	}{{8000, 8, true}, {8000, 2, false}, {10, 1400, true}, {10, 1300, false}} {
		_, p := newSealedPair(t, engine.Limits{})
		b := make([]byte, 0, capacity)
		for range tt.frames {
			b = append(b, sealedFrame(0, body(tt.size))...)
		}
		var in msg.Batch
		if n, err := p.e.Decode(b, true, math.MaxInt, &in); n != len(b) || err != nil {
			t.Fatalf("consumed %d of %d (%v)", n, len(b), err)
		}
		if p.e.BufferRetained() != tt.retain || len(in.Segs) != 1 || in.Msgs != tt.frames {
			t.Errorf("%d messages of %d bytes: retained %v, want %v, in %d segments", in.Msgs, tt.size, p.e.BufferRetained(), tt.retain, len(in.Segs))
		}
	}
}
