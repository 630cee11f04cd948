package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// connectedPeer returns a peer that has completed the handshake.
func connectedPeer(t testing.TB, cfg *engine.Config, o opening, cut cutter) *peer {
	p := newPeer(t, cfg, whole)
	p.send(o.bytes)
	p.wantHandshakeDone()
	p.cut = cut
	return p
}

// body returns n bytes that depend on their position and on n.
func body(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8) ^ byte(n)
	}
	return string(b)
}

// edges are sizes next to the limits of header formats and of code paths.
var edges = []int{0, 1, 2, 253, 254, 255, 256, 257, 8190, 8191, 8192, 8193,
	32766, 32767, 32768, 32769, 65535, 65536, 65537, 1 << 20}

func TestDecodeReturnsFramesOfEverySize(t *testing.T) {
	for _, o := range openings {
		for _, n := range edges {
			m := []message{{body(n)}, {"next"}}
			stream := onWire(o.version, m...)
			cuts := []cutter{whole, cutAt(1), cutAt(5), cutAt(20), cutAt(1 << 15), cutAt(len(stream) - 8), randomCuts(newRand(uint64(n)))}
			if n < 10000 {
				cuts = append(cuts, byteByByte)
			}
			for i, cut := range cuts {
				for _, keep := range []bool{false, true} {
					p := connectedPeer(t, dealer(""), o, cut)
					p.keep = keep
					p.send(stream)
					if !equalMessages(p.msgs, m) {
						t.Fatalf("%s, %d bytes, cut %d: received %.100q (%v)", o.name, n, i, p.msgs, p.err)
					}
					if size, incomplete := p.e.Partial(); size != 0 || incomplete {
						t.Fatalf("%s, %d bytes: Partial() = %d, %v", o.name, n, size, incomplete)
					}
				}
			}
		}
	}
}

// TestDecodeReturnsMultipartMessagesSplitAnywhere splits messages with small
// and empty frames between any two bytes.
func TestDecodeReturnsMultipartMessagesSplitAnywhere(t *testing.T) {
	msgs := []message{
		{"", "", ""},
		{"a", body(254), "", body(256), "b"},
		{"alone"},
		{body(300), ""},
	}
	for _, o := range openings {
		stream := onWire(o.version, msgs...)
		for k := range len(stream) {
			p := connectedPeer(t, dealer(""), o, cutAt(k))
			p.send(stream)
			p.wantMessages(msgs...)
		}
		p := connectedPeer(t, dealer(""), o, byteByByte)
		p.send(stream)
		p.wantMessages(msgs...)
	}
}

// TestDecodeReturnsMultipartMessagesWithLargeFrames mixes frames that are read
// directly into their final memory with others.
func TestDecodeReturnsMultipartMessagesWithLargeFrames(t *testing.T) {
	msgs := []message{
		{"id", "", body(40000), "tail"},
		{body(32768), body(65536), body(100000)},
		{body(8192), body(50000), ""},
		{"small"},
	}
	for _, o := range openings {
		stream := onWire(o.version, msgs...)
		for seed := range uint64(30) {
			p := connectedPeer(t, dealer(""), o, randomCuts(newRand(seed)))
			p.send(stream)
			p.wantMessages(msgs...)
		}
		for k := 1; k < len(stream); k += 997 {
			p := connectedPeer(t, dealer(""), o, cutAt(k))
			p.send(stream)
			p.wantMessages(msgs...)
		}
	}
}

// In libzmq, two messages of more than 8192 bytes overran a fixed buffer
// (CVE-2021-20235), as did a size that changed (CVE-2020-36400).
func TestDecodeReturnsLargeV1MessagesSplitAnywhere(t *testing.T) {
	for _, n := range []int{8191, 8192, 8193, 64 << 10} {
		msgs := []message{{body(n)}, {body(n)}}
		stream := onWire(wire.V1, msgs...)
		for k := range 64 {
			for _, at := range []int{k, n + k, len(stream) - k} {
				p := connectedPeer(t, dealer(""), openings[1], cutAt(at))
				p.send(stream)
				p.wantMessages(msgs...)
			}
		}
	}
}

// Decode stops after the given number of messages, and its next call continues
// there.
func TestDecodeStopsAtMessageLimit(t *testing.T) {
	var msgs []message
	for i := range 100 {
		msgs = append(msgs, message{fmt.Sprint(i)}, message{"", fmt.Sprint(i), "x"})
	}
	for _, o := range openings {
		for _, limit := range []int{1, 2, 3, 7, 199, 200, 201} {
			p := connectedPeer(t, dealer(""), o, whole)
			p.limit = limit
			p.send(onWire(o.version, msgs...))
			p.wantMessages(msgs...)
		}
	}
}

// A peer may use the long header for every frame. A ZMTP 1.0 peer may set the
// reserved bits of the flags, as libzmq 2.1 does.
func TestDecodeAcceptsLongHeadersOfSmallFrames(t *testing.T) {
	v2 := "\x02\x00\x00\x00\x00\x00\x00\x00\x01a" + "\x03\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01b" + "\x02" + strings.Repeat("\x00", 8)
	v1 := "\xff\x00\x00\x00\x00\x00\x00\x00\x02\x7ea" + "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f" + "\x02\x7eb" + "\x01\x00"
	for _, o := range openings {
		stream := v2
		if o.version == wire.V1 {
			stream = v1
		}
		for _, cut := range []cutter{whole, byteByByte} {
			p := connectedPeer(t, dealer(""), o, cut)
			p.send(stream + onWire(o.version, message{"end"}))
			p.wantMessages(message{"a"}, message{"", "b"}, message{""}, message{"end"})
		}
	}
}

func TestDecodeRefusesV1FrameWithoutLength(t *testing.T) {
	for _, frame := range []string{"\x00", "\xff\x00\x00\x00\x00\x00\x00\x00\x00"} {
		for _, o := range openings[:2] {
			p := connectedPeer(t, dealer(""), o, byteByByte)
			p.send(onWire(wire.V1, message{"one"}) + frame)
			p.wantCloseReason(engine.CloseMalformed)
			if !equalMessages(p.msgs, []message{{"one"}}) {
				t.Errorf("received %q", p.msgs)
			}
		}
	}
}

func TestPartialReturnsSizeOfIncompleteMessage(t *testing.T) {
	for _, o := range openings {
		p := connectedPeer(t, dealer(""), o, whole)
		want := func(min int, incomplete bool) {
			t.Helper()
			if n, u := p.e.Partial(); n < min || u != incomplete {
				t.Fatalf("%s: Partial() = %d, %v; want at least %d, %v", o.name, n, u, min, incomplete)
			}
		}
		stream := onWire(o.version, message{"abc", body(40000), "def"})
		want(0, false)
		p.send(stream[:4])
		want(0, false) // the frame is incomplete, so Decode does not consume it
		p.send(stream[4:5])
		want(3, true)
		p.send(stream[5:30000])
		want(3+29000, true)
		p.send(stream[30000:])
		want(0, false)
		p.wantMessages(message{"abc", body(40000), "def"})
	}
}

func TestBeginsMessageDistinguishesMessageFromCommand(t *testing.T) {
	for _, o := range openings {
		p := connectedPeer(t, dealer(""), o, whole)
		if p.e.BeginsMessage(nil) {
			t.Errorf("%s: BeginsMessage(nil) is true", o.name)
		}
		for n := 1; n < 5; n++ {
			if b := onWire(o.version, message{"hello", "x"}); !p.e.BeginsMessage([]byte(b[:n])) {
				t.Errorf("%s: BeginsMessage(%q) is false", o.name, b[:n])
			}
			if b := command("PING", ""); o.version >= wire.V2 && p.e.BeginsMessage([]byte(b[:n])) {
				t.Errorf("%s: BeginsMessage(%q) is true", o.name, b[:n])
			}
		}
		long := header(o.version, 4)
		if !p.e.BeginsMessage([]byte(long)) {
			t.Errorf("%s: BeginsMessage(%q) is false", o.name, long)
		}
	}
}
