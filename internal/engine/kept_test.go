package engine_test

import (
	"math"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// TestDecodeLeavesMessagesInBufferTheyFill: messages that fill a quarter of a
// buffer that is given away stay in it, fewer are copied, and memory taken for
// copies follows the messages and not the buffer.
func TestDecodeLeavesMessagesInBufferTheyFill(t *testing.T) {
	const room = 64 << 10
	ping := command("PING", "\x00\x00")
	m := onWire(wire.V3_1, message{body(98)}) // 100 bytes
	frames := onWire(wire.V3_1, message{"", body(10)})
	pings := func(n int) string { return strings.Repeat(ping, n/len(ping)) }
	for _, tt := range []struct {
		name   string
		cfg    *engine.Config
		stream string
		kept   bool
	}{
		{"full buffer", dealer(""), strings.Repeat(m, room/100), true},
		{"full buffer of several frames", dealer(""), strings.Repeat(frames, room/len(frames)), true},
		{"quarter of a buffer", dealer(""), strings.Repeat(m, room/400+1), true},
		{"less than a quarter", dealer(""), strings.Repeat(m, room/400-1), false},
		{"one message", dealer(""), m, false},
		{"one message behind PINGs", dealer(""), pings(room-200) + m, false},
		{"one message before PINGs", dealer(""), m + pings(room-200), false},
		{"messages between PINGs", dealer(""), strings.Repeat(ping+m, room/(len(ping)+100)), false},
		{"a full buffer but for a PING", dealer(""), ping + strings.Repeat(m, room/100-1), true},
		{"frames between PINGs", dealer(""), strings.Repeat(frames[:2]+ping+frames[2:], room/(len(ping)+len(frames))), false},
		{"one subscription behind PINGs", publisher(), pings(room-200) + command("SUBSCRIBE", "a"), false},
		{"little of a stream", raw(), body(room/4 - 1), false},
		{"much of a stream", raw(), body(room / 4), true},
	} {
		for _, keep := range []bool{true, false} {
			p := &peer{e: engine.New(tt.cfg)}
			if tt.cfg.Raw {
				p.e.Handshake(nil)
			} else {
				p = inTraffic(t, tt.cfg, openings[4], whole)
			}
			b := append(make([]byte, 0, room), tt.stream...)
			var in msg.Batch
			if n, err := p.e.Decode(b, keep, math.MaxInt, &in); n != len(b) || err != nil {
				t.Fatalf("%s: consumed %d of %d (%v)", tt.name, n, len(b), err)
			}
			if kept := p.e.Kept(); kept != (keep && tt.kept) {
				t.Errorf("%s, keep %v: kept is %v", tt.name, keep, kept)
			}
			before := readBatch(&in)
			clear(b)
			same := equalMessages(readBatch(&in), before)
			if same == (keep && tt.kept) {
				t.Errorf("%s, keep %v: the messages survive the buffer: %v", tt.name, keep, same)
			}
			// Segments lie one behind the other in memory that grows by doubling.
			if n := len(in.Segs); same && !tt.cfg.Raw && n > 1 {
				t.Errorf("%s: %d segments", tt.name, n)
			}
		}
	}
}
