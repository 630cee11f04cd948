package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// Messages of every size count, whether decodeRun or decodeFrame decodes them.
// Commands and the rejected message do not count.
func TestRejectionStatesNumberOfReceivedMessages(t *testing.T) {
	large := string(wire.AppendFrameHeader(nil, 0, 100_000)) + strings.Repeat("x", 100_000)
	for _, tt := range []struct {
		traffic string
		want    string
	}{
		{"\x00\x01a" + command("PING", ""), "rejected-after-1-messages:malformed:"},
		{"\xff\x00", "rejected-after-0-messages:malformed:"},
		{"\x00\x01a\x01\x01b\x00\x01c" + command("PING", "\x00\x00") + "\x00\x00\xff\x00", "rejected-after-3-messages:malformed:"},
		{"\x00\x01a" + large + "\x00\x00\x01\x01a\xff\x00", "rejected-after-3-messages:malformed:"},
		{"\x00\x01a" + string(wire.AppendFrameHeader(nil, 0, 1<<20)), "rejected-after-1-messages:frame_size:-frame-of-1048576-bytes,-the-limit-is-200000"},
		{"\x00\x01a\x00\x01b" + strings.Repeat("\x01\x00", 9), "rejected-after-2-messages:message_size:"},
		{"\x00\x01a" + string(wire.AppendFrameHeader(nil, wire.FlagCommand, 5000)), "rejected-after-1-messages:command_size:"},
	} {
		for name, cut := range map[string]cutter{"whole": whole, "byte by byte": byteByByte} {
			if name == "byte by byte" && len(tt.traffic) > 1000 {
				continue
			}
			cfg := dealer("")
			cfg.Limits.Frame, cfg.Limits.Frames, cfg.Limits.Command = 200_000, 8, 4096
			p := &peer{t: t, e: engine.New(cfg), cut: cut, limit: 1 << 20}
			p.send(greeting31 + ready("Socket-Type", "ROUTER", "X-On-Error", "count"))
			p.wantHandshakeDone()
			if p.e.Rejection(p.err) != nil {
				t.Error("Rejection is not nil without an error")
			}
			p.send(tt.traffic)
			got := string(p.e.Rejection(p.err))
			if !strings.HasPrefix(got, "\x04") || !strings.Contains(got, "\x05ERROR"+string(rune(len(got)-9))+tt.want) {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
			if p.e.Rejection(errors.New("closed by peer")) != nil {
				t.Error("Rejection is not nil for an error of the connection")
			}
		}
	}
}

// An ERROR is sent only to peers of ZMTP 3.1 that announced the property
// X-On-Error and that have not sent an ERROR themselves.
func TestRejectionIsNilUnlessPeerAnnouncedOnError(t *testing.T) {
	for _, tt := range []struct {
		greeting, announced, traffic string
		want                         bool
	}{
		{greeting31, "count", "\xff\x00", true},
		{greeting31, "retry", "\xff\x00", true},
		{greeting31, "Count", "\xff\x00", false},
		{greeting31, "", "\xff\x00", false},
		{strings.Replace(greeting31, "\x03\x01NULL", "\x03\x00NULL", 1), "count", "\xff\x00", false},
		{greeting31, "count", command("ERROR", "\x01x"), false},
	} {
		p := &peer{t: t, e: engine.New(dealer("")), cut: whole, limit: 1 << 20}
		p.send(tt.greeting + ready("Socket-Type", "ROUTER", "X-On-Error", tt.announced))
		p.wantHandshakeDone()
		p.send(tt.traffic)
		if got := p.e.Rejection(p.err); p.err == nil || (got != nil) != tt.want {
			t.Errorf("announced %q, received %q: Rejection() = %q, want one: %v", tt.announced, tt.traffic, got, tt.want)
		}
	}
}

// A peer can send any reason.
func TestRejectedParsesReasonOfError(t *testing.T) {
	for reason, want := range map[string]string{
		"rejected-after-0-messages:":                     "0 true",
		"rejected-after-12-messages:malformed":           "12 true",
		"rejected-after-18446744073709551615-messages:x": "18446744073709551615 true",
		"rejected-after-18446744073709551616-messages:x": "0 false",
		"rejected-after-+1-messages:x":                   "0 false",
		"rejected-after--1-messages:x":                   "0 false",
		"rejected-after-0x1-messages:x":                  "0 false",
		"rejected-after--messages:x":                     "0 false",
		"rejected-after-1":                               "0 false",
		"not-admitted:routing-ID-in-use":                 "0 true",
		"x-rejected-after-1-messages:":                   "0 false",
		"400":                                            "0 false",
		"":                                               "0 false",
	} {
		err := &engine.Error{Reason: engine.CloseRefused, Err: &mechanism.PeerError{Reason: reason}}
		n, ok := engine.Rejected(fmt.Errorf("wrapped: %w", err))
		if got := fmt.Sprint(n, ok); ok && got != want || !ok && want != "0 false" {
			t.Errorf("%q: %s, want %s", reason, got, want)
		}
	}
	if _, ok := engine.Rejected(nil); ok {
		t.Error("Rejected(nil) is true")
	}
}
