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

// allocated returns the number of bytes that f allocates, including those
// freed.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// emptyPools removes the memory of earlier tests from all pools. That takes two
// garbage collections.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}

// header returns the long header of a frame of the given size.
func header(v wire.Version, size uint64) string {
	if v == wire.V1 {
		return string(binary.BigEndian.AppendUint64([]byte{0xFF}, size+1)) + "\x00"
	}
	return string(binary.BigEndian.AppendUint64([]byte{wire.FlagLarge}, size))
}

// A length in a header causes no allocation of that size and no integer
// overflow (CVE-2019-6250, libzmq issue 1488, go-zeromq/zmq4 issue 161).
func TestDecodeAllocatesNoMemoryForClaimedLength(t *testing.T) {
	emptyPools()
	for _, o := range openings {
		for k := range 65 {
			for _, size := range []uint64{1<<k - 1, 1 << k, 1<<k + 1} {
				if o.version == wire.V1 && size == math.MaxUint64 {
					continue // the length includes the flags
				}
				for _, before := range []string{"", onWire(o.version, message{"before"}), onWire(o.version, message{"a", "b"})[:3]} {
					checkLength(t, o, before, size)
				}
			}
		}
	}
}

// checkLength sends before, a header with the size, and 100 bytes.
func checkLength(t *testing.T, o opening, before string, size uint64) {
	t.Helper()
	p := connectedPeer(t, dealer(""), o, whole)
	p.send(before)
	got := len(p.msgs)
	n := allocated(func() { p.send(header(o.version, size) + body(100)) })
	if n > 128<<10 {
		t.Errorf("%s: a frame of %d bytes allocates %d", o.name, size, n)
	}
	want := engine.CloseNone
	if size > math.MaxInt {
		want = engine.CloseFrameSize
	}
	if size > 100 && (p.closeReason() != want || len(p.msgs) != got) {
		t.Errorf("%s: a frame of %d bytes: %v, %d messages", o.name, size, p.err, len(p.msgs)-got)
	}
}

func TestDecodeRefusesLargeFrameByItsHeader(t *testing.T) {
	const limit = 1 << 20
	for _, o := range openings {
		for _, d := range []uint64{1, 255, 256, limit - 1, limit, limit + 1, limit + 2, 1 << 32, math.MaxInt64, 1 << 63, math.MaxUint64 - 1} {
			cfg := dealer("")
			cfg.Limits.Frame = limit
			p := connectedPeer(t, cfg, o, byteByByte)
			p.send(header(o.version, d))
			want := engine.CloseNone
			if d > limit {
				want = engine.CloseFrameSize
			}
			if p.closeReason() != want {
				t.Errorf("%s: a frame of %d bytes: close reason %v, want %v", o.name, d, p.closeReason(), want)
			}
		}
	}
}

// The memory for a frame with a huge size in its header is at most twice the
// bytes received and 4 KiB.
func TestBodyBufferGrowsWithReceivedBytes(t *testing.T) {
	for _, o := range openings {
		emptyPools()
		p := connectedPeer(t, dealer(""), o, whole)
		p.bounded = 1
		p.send(header(o.version, 1<<40))
		for p.sent < 4<<20 {
			p.send(body(1000))
		}
	}
}

// Decode allocates at most twice the size of its input and a constant.
func TestDecodeAllocatesInProportionToInput(t *testing.T) {
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
		p := connectedPeer(t, tt.cfg, openings[4], whole)
		b := []byte(strings.Repeat(tt.piece, size/len(tt.piece)))
		in := new(msg.Batch)
		in.Segs = make([]msg.Seg, 0, size/2)
		n := allocated(func() { p.e.Decode(b, false, math.MaxInt, in) })
		if n > 2*size+64<<10 {
			t.Errorf("%s: %d bytes allocate %d", tt.name, len(b), n)
		}
	}
}

// A message of small frames that never ends uses at most twice the memory of
// its frames and a constant.
func TestIncompleteMessageMemoryIsProportionalToInput(t *testing.T) {
	for _, o := range openings {
		p := connectedPeer(t, dealer(""), o, whole)
		var before, after runtime.MemStats
		emptyPools()
		runtime.ReadMemStats(&before)
		frame := []byte(onWire(o.version, message{"", ""})[:2])
		var in msg.Batch
		const frames = 20_000
		total := allocated(func() {
			for range frames {
				p.e.Decode(frame, false, 1, &in)
			}
		})
		emptyPools()
		runtime.ReadMemStats(&after)
		if _, incomplete := p.e.Partial(); !incomplete || in.Msgs > 0 {
			t.Fatal("the message is complete")
		}
		sent := uint64(len(frame) * frames)
		if grown := after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc); grown > 2*sent+64<<10 {
			t.Errorf("%s: %d bytes in empty frames use %d bytes of memory", o.name, sent, grown)
		}
		// Each call allocates, so the total is larger. It must not depend on
		// the size of the message.
		if total > 20*sent+64<<10 {
			t.Errorf("%s: %d bytes in empty frames allocate %d bytes in total", o.name, sent, total)
		}
	}
}
