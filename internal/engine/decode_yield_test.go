package engine_test

import (
	"math"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// Decode calls Yield regularly while it decodes commands or frames one by one,
// and not while it decodes complete messages together.
func TestDecodeYieldsBetweenFrames(t *testing.T) {
	const size, frames = 256 << 10, 256 // frames between two calls of Yield
	for _, tt := range []struct {
		name, piece string
		o           opening
		yields      bool
	}{
		{"PINGs", command("PING", "\x00\x00"), openings[4], true},
		{"PONGs", command("PONG", ""), openings[4], true},
		{"unknown commands", command("X", ""), openings[4], true},
		{"empty commands", "\x04\x00", openings[4], true},
		{"frames of one message", "\x01\x00", openings[4], true},
		{"ZMTP 1.0", onWire(wire.V1, message{""}), openings[1], true},
		{"whole messages", "\x00\x00", openings[4], false},
	} {
		yields := 0
		cfg := *dealer("")
		cfg.Yield = func() { yields++ }
		p := connectedPeer(t, &cfg, tt.o, whole)
		b := []byte(strings.Repeat(tt.piece, size/len(tt.piece)))
		var in msg.Batch
		if n, err := p.e.Decode(b, true, math.MaxInt, &in); n != len(b) || err != nil {
			t.Fatalf("%s: consumed %d (%v)", tt.name, n, err)
		}
		want := 0
		if tt.yields {
			want = size / len(tt.piece) / frames
		}
		if yields != want {
			t.Errorf("%s: yielded %d times, want %d", tt.name, yields, want)
		}
	}
}
