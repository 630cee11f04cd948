package engine_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

// TestHandshakeFailsAboveEachLimit tests each limit with the largest value that
// it allows and with the next one.
func TestHandshakeFailsAboveEachLimit(t *testing.T) {
	ten := strings.Repeat(property("X-A", "b"), 10) // 90 bytes
	tests := []struct {
		name   string
		limits engine.Limits
		body   string // of READY, after the name
		reason engine.CloseReason
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
		for _, cut := range []cutter{whole, byteByByte} {
			cfg := dealer("")
			cfg.Limits = tt.limits
			p := newPeer(t, cfg, cut)
			p.send(greeting31 + command("READY", tt.body))
			if p.closeReason() != tt.reason {
				t.Errorf("%s %+v: close reason %v (%v), want %v", tt.name, tt.limits, p.closeReason(), p.err, tt.reason)
			}
		}
	}
}

func property(name, value string) string { return string(metadata(name, value)) }

// The engine refuses a command above the limit before its body arrives.
func TestHandshakeRefusesLargeCommandByItsHeader(t *testing.T) {
	cfg := dealer("")
	cfg.Limits = engine.Limits{Handshake: 128 << 10}
	for k := range 65 {
		for _, d := range []uint64{1<<k - 1, 1 << k, 1<<k + 1} {
			p := newPeer(t, cfg, whole)
			p.send(greeting31 + string(binary.BigEndian.AppendUint64([]byte{0x06}, d)))
			switch {
			case d == 0 && p.closeReason() != engine.CloseMalformed:
				t.Errorf("command without a name: close reason %v", p.closeReason())
			case d > 128<<10 && p.closeReason() != engine.CloseHandshakeSize && p.closeReason() != engine.CloseFrameSize:
				t.Errorf("command of %d bytes: close reason %v", d, p.closeReason())
			case d != 0 && d <= 128<<10 && p.err != nil:
				t.Errorf("command of %d bytes: %v", d, p.err)
			}
		}
	}
}

// With a limit of metadata, a command that holds more than that and credentials is
// refused by its header, so that a pending peer costs little memory.
func TestHandshakeCommandIsLimitedByMetadata(t *testing.T) {
	cfg := dealer("")
	cfg.Limits = engine.Limits{Handshake: 128 << 10, Metadata: 8 << 10}
	for size, want := range map[uint64]engine.CloseReason{
		9 << 10: engine.CloseNone, 9<<10 + 1: engine.CloseMetadata, 128 << 10: engine.CloseMetadata,
		128<<10 + 1: engine.CloseHandshakeSize, 1<<64 - 1: engine.CloseFrameSize,
	} {
		p := newPeer(t, cfg, whole)
		p.send(greeting31 + string(binary.BigEndian.AppendUint64([]byte{0x06}, size)))
		if p.closeReason() != want {
			t.Errorf("command of %d bytes: close reason %v (%v), want %v", size, p.closeReason(), p.err, want)
		}
	}
}

// The number of commands and their total size are limited, so many small
// commands fail like a large one.
func TestHandshakeLimitsApplyToAllCommandsTogether(t *testing.T) {
	chat := command("CHAT", "hello")
	for _, tt := range []struct {
		limits engine.Limits
		chats  int // CHAT commands that the mechanism expects
		reason engine.CloseReason
	}{
		{engine.Limits{Commands: 4}, 3, engine.CloseNone},
		{engine.Limits{Commands: 3}, 3, engine.CloseHandshakeSize},
		{engine.Limits{Handshake: 41 + 20*len(chat)}, 20, engine.CloseNone},
		{engine.Limits{Handshake: 40 + 20*len(chat)}, 20, engine.CloseHandshakeSize},
		{engine.Limits{}, 1000, engine.CloseNone},
	} {
		for _, cut := range []cutter{whole, byteByByte} {
			cfg := securedDealer(tt.chats)
			cfg.Limits = tt.limits
			p := newPeer(t, cfg, cut)
			p.send(greeting("TEST") + strings.Repeat(chat, tt.chats) + readyRouter)
			if p.closeReason() != tt.reason {
				t.Errorf("%+v: close reason %v (%v), want %v", tt.limits, p.closeReason(), p.err, tt.reason)
			}
			if tt.reason == engine.CloseNone {
				p.wantHandshakeDone()
			}
		}
	}
}
