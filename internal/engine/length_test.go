package engine_test

import (
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// allocated is how many bytes f allocates, kept or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// emptyPools has the pooled memory of earlier tests forgotten, which takes two
// collections.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}

// header is the header of a frame that claims a size, in its long form.
func header(v wire.Version, size uint64) string {
	if v == wire.V1 {
		return string(binary.BigEndian.AppendUint64([]byte{0xFF}, size+1)) + "\x00"
	}
	return string(binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, size))
}

// TestDecodeLengths: no length makes the decoder take memory, or add it to
// anything (CVE-2019-6250, libzmq#1488, go-zeromq/zmq4#161).
func TestDecodeLengths(t *testing.T) {
	emptyPools()
	for _, o := range openings {
		for k := range 65 {
			for _, size := range []uint64{1<<k - 1, 1 << k, 1<<k + 1} {
				if o.version == wire.V1 && size == math.MaxUint64 {
					continue // the length counts the flags too
				}
				for _, before := range []string{"", onWire(o.version, message{"before"}), onWire(o.version, message{"a", "b"})[:3]} {
					checkLength(t, o, before, size)
				}
			}
		}
	}
}

// checkLength sends before, a header that claims a size, and 100 bytes.
func checkLength(t *testing.T, o opening, before string, size uint64) {
	t.Helper()
	p := inTraffic(t, dealer(""), o, whole)
	p.send(before)
	got := len(p.msgs)
	n := allocated(func() { p.send(header(o.version, size) + body(100)) })
	if n > 128<<10 {
		t.Errorf("%s: a frame of %d bytes took %d", o.name, size, n)
	}
	want := engine.CloseNone
	if size > math.MaxInt {
		want = engine.CloseFrameSize
	}
	if size > 100 && (p.fault() != want || len(p.msgs) != got) {
		t.Errorf("%s: a frame of %d bytes: %v, %d messages", o.name, size, p.err, len(p.msgs)-got)
	}
}

// TestDecodeLengthLimited: with a limit, what is above it is refused by its
// header, and what is not is not.
func TestDecodeLengthLimited(t *testing.T) {
	const limit = 1 << 20
	for _, o := range openings {
		for _, d := range []uint64{1, 255, 256, limit - 1, limit, limit + 1, limit + 2, 1 << 32, math.MaxInt64, 1 << 63, math.MaxUint64 - 1} {
			cfg := dealer("")
			cfg.Limits.Frame = limit
			p := inTraffic(t, cfg, o, bytewise)
			p.send(header(o.version, d))
			want := engine.CloseNone
			if d > limit {
				want = engine.CloseFrameSize
			}
			if p.fault() != want {
				t.Errorf("%s: a frame of %d bytes: fault %v, want %v", o.name, d, p.fault(), want)
			}
		}
	}
}

// TestGrowthFollowsBytes: the memory for a frame that claims to be huge is
// twice what has come of it, and 4 KiB.
func TestGrowthFollowsBytes(t *testing.T) {
	for _, o := range openings {
		emptyPools()
		p := inTraffic(t, dealer(""), o, whole)
		p.bounded = 1
		p.send(header(o.version, 1<<40))
		for p.sent < 4<<20 {
			p.send(body(1000))
		}
	}
}

// TestDecodeAllocations: what arrives together takes no more memory than its
// size and as much again, whatever it is made of.
func TestDecodeAllocations(t *testing.T) {
	const size = 64 << 10
	unknown := "\x04\x02\x01X"
	tests := []struct {
		name  string
		cfg   *engine.Config
		piece string
	}{
		{"messages", dealer(""), onWire(wire.V3_1, message{"hello"})},
		{"empty messages", dealer(""), "\x00\x00"},
		{"multipart", dealer(""), onWire(wire.V3_1, message{"a", "", "b"})},
		{"one multipart", dealer(""), "\x01\x00"},
		{"commands", dealer(""), unknown},
		{"commands between messages", dealer(""), unknown + "\x00\x01m"},
		{"commands between frames", dealer(""), "\x01\x01m" + unknown + "\x00\x01m"},
		{"subscriptions", publisher(), command("SUBSCRIBE", "a")},
		{"subscriptions between messages", publisher(), command("CANCEL", "a") + "\x00\x01m"},
		{"pings", dealer(""), command("PING", "\x00\x00")},
	}
	for _, tt := range tests {
		p := inTraffic(t, tt.cfg, openings[4], whole)
		b := []byte(strings.Repeat(tt.piece, size/len(tt.piece)))
		in := new(msg.Batch)
		in.Segs = make([]msg.Seg, 0, size/2)
		n := allocated(func() { p.e.Decode(b, false, math.MaxInt, in) })
		if n > 2*size+64<<10 {
			t.Errorf("%s: %d bytes took %d", tt.name, len(b), n)
		}
	}
}

// TestUnfinishedTakesLittle: a message that never ends, in pieces of one
// frame, holds no more memory than its size and as much again.
func TestUnfinishedTakesLittle(t *testing.T) {
	for _, o := range openings {
		p := inTraffic(t, dealer(""), o, whole)
		var before, after runtime.MemStats
		emptyPools()
		runtime.ReadMemStats(&before)
		frame := []byte(onWire(o.version, message{"", ""})[:2])
		var in msg.Batch
		const frames = 20_000
		passed := allocated(func() {
			for range frames {
				p.e.Decode(frame, false, 1, &in)
			}
		})
		emptyPools()
		runtime.ReadMemStats(&after)
		if _, unfinished := p.e.Held(); !unfinished || in.Msgs > 0 {
			t.Fatal("the message ended")
		}
		sent := uint64(len(frame) * frames)
		if grown := after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc); grown > 2*sent+64<<10 {
			t.Errorf("%s: %d bytes in frames of nothing hold %d", o.name, sent, grown)
		}
		// What passes through is more, for every piece comes in memory of its
		// own, but it must not grow with the message.
		if passed > 20*sent+64<<10 {
			t.Errorf("%s: %d bytes in frames of nothing took %d in all", o.name, sent, passed)
		}
	}
}
