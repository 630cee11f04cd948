package engine_test

import (
	"math"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// Messages that fill a quarter of a buffer stay in it, if the caller allows
// that. Fewer are copied, and the memory for the copies is proportional to the
// messages and not to the buffer.
func TestDecodeRetainsOnlyBufferThatMessagesFill(t *testing.T) {
	const capacity = 64 << 10
	ping := command("PING", "\x00\x00")
	m := onWire(wire.V3_1, message{body(98)}) // 100 bytes
	frames := onWire(wire.V3_1, message{"", body(10)})
	pings := func(n int) string { return strings.Repeat(ping, n/len(ping)) }
	for _, tt := range []struct {
		name   string
		cfg    *engine.Config
		stream string
		retain bool
	}{
		{"full buffer", dealer(""), strings.Repeat(m, capacity/100), true},
		{"full buffer of several frames", dealer(""), strings.Repeat(frames, capacity/len(frames)), true},
		{"quarter of a buffer", dealer(""), strings.Repeat(m, capacity/400+1), true},
		{"less than a quarter", dealer(""), strings.Repeat(m, capacity/400-1), false},
		{"one message", dealer(""), m, false},
		{"one message after PINGs", dealer(""), pings(capacity-200) + m, false},
		{"one message before PINGs", dealer(""), m + pings(capacity-200), false},
		{"messages between PINGs", dealer(""), strings.Repeat(ping+m, capacity/(len(ping)+100)), false},
		{"full buffer with one PING", dealer(""), ping + strings.Repeat(m, capacity/100-1), true},
		{"frames between PINGs", dealer(""), strings.Repeat(frames[:2]+ping+frames[2:], capacity/(len(ping)+len(frames))), false},
		{"one subscription after PINGs", publisher(), pings(capacity-200) + command("SUBSCRIBE", "a"), false},
		{"raw bytes, less than a quarter", raw(), body(capacity/4 - 1), false},
		{"raw bytes, a quarter", raw(), body(capacity / 4), true},
	} {
		for _, keep := range []bool{true, false} {
			p := &peer{e: engine.New(tt.cfg)}
			if tt.cfg.Raw {
				p.e.Handshake(nil)
			} else {
				p = connectedPeer(t, tt.cfg, openings[4], whole)
			}
			b := append(make([]byte, 0, capacity), tt.stream...)
			var in msg.Batch
			if n, err := p.e.Decode(b, keep, math.MaxInt, &in); n != len(b) || err != nil {
				t.Fatalf("%s: consumed %d of %d (%v)", tt.name, n, len(b), err)
			}
			if retained := p.e.BufferRetained(); retained != (keep && tt.retain) {
				t.Errorf("%s, keep %v: BufferRetained() = %v", tt.name, keep, retained)
			}
			before := readBatch(&in)
			clear(b)
			same := equalMessages(readBatch(&in), before)
			if same == (keep && tt.retain) {
				t.Errorf("%s, keep %v: the messages are copies: %v", tt.name, keep, same)
			}
			// Copied messages are contiguous, in memory that grows by doubling.
			if n := len(in.Segs); same && !tt.cfg.Raw && n > 1 {
				t.Errorf("%s: %d segments", tt.name, n)
			}
		}
	}
}
