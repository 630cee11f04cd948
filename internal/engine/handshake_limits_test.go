package engine_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

// TestHandshakeLimits tries each limit at its last value and the one behind.
func TestHandshakeLimits(t *testing.T) {
	ten := strings.Repeat(property("X-A", "b"), 10) // 90 bytes
	tests := []struct {
		name   string
		limits engine.Limits
		body   string // behind the name of READY
		fault  engine.CloseReason
	}{
		{"handshake bytes", engine.Limits{Handshake: 96}, ten, engine.CloseNone},
		{"handshake bytes", engine.Limits{Handshake: 95}, ten, engine.CloseHandshakeSize},
		{"frame", engine.Limits{Frame: 96}, ten, engine.CloseNone},
		{"frame", engine.Limits{Frame: 95}, ten, engine.CloseFrameSize},
		{"metadata", engine.Limits{Metadata: 90}, ten, engine.CloseNone},
		{"metadata", engine.Limits{Metadata: 89}, ten, engine.CloseMetadata},
		{"properties", engine.Limits{Properties: 10}, ten, engine.CloseNone},
		{"properties", engine.Limits{Properties: 9}, ten, engine.CloseMetadata},
		{"properties and types", engine.Limits{Properties: 1}, property("Socket-Type", "REP"), engine.CloseNone},
		{"no limits", engine.Limits{}, strings.Repeat(ten, 100), engine.CloseNone},
	}
	for _, tt := range tests {
		for _, cut := range []cutter{whole, bytewise} {
			cfg := dealer("")
			cfg.Limits = tt.limits
			p := play(t, cfg, cut)
			p.send(greeting31 + command("READY", tt.body))
			if p.fault() != tt.fault {
				t.Errorf("%s %+v: fault %v (%v), want %v", tt.name, tt.limits, p.fault(), p.err, tt.fault)
			}
		}
	}
}

func property(name, value string) string { return string(metadata(name, value)) }

// TestHandshakeSizeRefusedByHeader: what is too much is refused before it
// comes.
func TestHandshakeSizeRefusedByHeader(t *testing.T) {
	cfg := dealer("")
	cfg.Limits = engine.Limits{Handshake: 128 << 10}
	for k := range 65 {
		for _, d := range []uint64{1<<k - 1, 1 << k, 1<<k + 1} {
			p := play(t, cfg, whole)
			p.send(greeting31 + string(binary.BigEndian.AppendUint64([]byte{0x06}, d)))
			switch {
			case d == 0 && p.fault() != engine.CloseMalformed:
				t.Errorf("command of no name: fault %v", p.fault())
			case d > 128<<10 && p.fault() != engine.CloseHandshakeSize && p.fault() != engine.CloseFrameSize:
				t.Errorf("command of %d bytes: fault %v", d, p.fault())
			case d != 0 && d <= 128<<10 && p.err != nil:
				t.Errorf("command of %d bytes: %v", d, p.err)
			}
		}
	}
}

// TestHandshakeCommandsLimited counts commands and their bytes together: many
// small ones are as bad as a large one.
func TestHandshakeCommandsLimited(t *testing.T) {
	chat := command("CHAT", "hello")
	for _, tt := range []struct {
		limits engine.Limits
		chats  int
		fault  engine.CloseReason
	}{
		{engine.Limits{Commands: 4}, 3, engine.CloseNone},
		{engine.Limits{Commands: 3}, 3, engine.CloseHandshakeSize},
		{engine.Limits{Handshake: 41 + 20*len(chat)}, 20, engine.CloseNone},
		{engine.Limits{Handshake: 40 + 20*len(chat)}, 20, engine.CloseHandshakeSize},
		{engine.Limits{}, 1000, engine.CloseNone},
	} {
		for _, cut := range []cutter{whole, bytewise} {
			cfg := secured(tt.chats)
			cfg.Limits = tt.limits
			p := play(t, cfg, cut)
			p.send(greeting("TOY") + strings.Repeat(chat, tt.chats) + readyRouter)
			if p.fault() != tt.fault {
				t.Errorf("%+v: fault %v (%v), want %v", tt.limits, p.fault(), p.err, tt.fault)
			}
			if tt.fault == engine.CloseNone {
				p.wantReady()
			}
		}
	}
}
