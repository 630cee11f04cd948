package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// inTraffic is a peer that has opened a connection.
func inTraffic(t testing.TB, cfg *engine.Config, o opening, cut cutter) *peer {
	p := play(t, cfg, whole)
	p.send(o.bytes)
	p.wantReady()
	p.cut = cut
	return p
}

// body is n bytes that tell their place.
func body(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8) ^ byte(n)
	}
	return string(b)
}

// edges are the sizes at which some path or layout changes.
var edges = []int{0, 1, 2, 253, 254, 255, 256, 257, 8190, 8191, 8192, 8193,
	32766, 32767, 32768, 32769, 65535, 65536, 65537, 1 << 20}

func TestDecodeFrameSizes(t *testing.T) {
	for _, o := range openings {
		for _, n := range edges {
			m := []message{{body(n)}, {"behind"}}
			stream := onWire(o.version, m...)
			cuts := []cutter{whole, cutAt(1), cutAt(5), cutAt(20), cutAt(1 << 15), cutAt(len(stream) - 8), randomly(seeded(uint64(n)))}
			if n < 10000 {
				cuts = append(cuts, bytewise)
			}
			for i, cut := range cuts {
				for _, keep := range []bool{false, true} {
					p := inTraffic(t, dealer(""), o, cut)
					p.keep = keep
					p.send(stream)
					if !equalMessages(p.msgs, m) {
						t.Fatalf("%s, %d bytes, cut %d: received %.100q (%v)", o.name, n, i, p.msgs, p.err)
					}
					if held, unfinished := p.e.Held(); held != 0 || unfinished {
						t.Fatalf("%s, %d bytes: %d held, unfinished %v", o.name, n, held, unfinished)
					}
				}
			}
		}
	}
}

// TestDecodeMultipartCutAnywhere cuts messages of all kinds of frames between
// any two bytes.
func TestDecodeMultipartCutAnywhere(t *testing.T) {
	msgs := []message{
		{"", "", ""},
		{"a", body(254), "", body(256), "b"},
		{"alone"},
		{body(300), ""},
	}
	for _, o := range openings {
		stream := onWire(o.version, msgs...)
		for k := range len(stream) {
			p := inTraffic(t, dealer(""), o, cutAt(k))
			p.send(stream)
			p.wantMessages(msgs...)
		}
		p := inTraffic(t, dealer(""), o, bytewise)
		p.send(stream)
		p.wantMessages(msgs...)
	}
}

// TestDecodeLargeMultipart mixes frames that are read into place with others.
func TestDecodeLargeMultipart(t *testing.T) {
	msgs := []message{
		{"id", "", body(40000), "tail"},
		{body(32768), body(65536), body(100000)},
		{body(8192), body(50000), ""},
		{"small"},
	}
	for _, o := range openings {
		stream := onWire(o.version, msgs...)
		for seed := range uint64(30) {
			p := inTraffic(t, dealer(""), o, randomly(seeded(seed)))
			p.send(stream)
			p.wantMessages(msgs...)
		}
		for k := 1; k < len(stream); k += 997 {
			p := inTraffic(t, dealer(""), o, cutAt(k))
			p.send(stream)
			p.wantMessages(msgs...)
		}
	}
}

// TestDecodeV1BigMessagesSplit: two messages over 8192 bytes once overran a
// fixed buffer (CVE-2021-20235), and so did a changed size (CVE-2020-36400).
func TestDecodeV1BigMessagesSplit(t *testing.T) {
	for _, n := range []int{8191, 8192, 8193, 64 << 10} {
		msgs := []message{{body(n)}, {body(n)}}
		stream := onWire(wire.V1, msgs...)
		for k := range 64 {
			for _, at := range []int{k, n + k, len(stream) - k} {
				p := inTraffic(t, dealer(""), openings[1], cutAt(at))
				p.send(stream)
				p.wantMessages(msgs...)
			}
		}
	}
}

// TestDecodeLimit stops between messages and goes on.
func TestDecodeLimit(t *testing.T) {
	var msgs []message
	for i := range 100 {
		msgs = append(msgs, message{fmt.Sprint(i)}, message{"", fmt.Sprint(i), "x"})
	}
	for _, o := range openings {
		for _, limit := range []int{1, 2, 3, 7, 199, 200, 201} {
			p := inTraffic(t, dealer(""), o, whole)
			p.limit = limit
			p.send(onWire(o.version, msgs...))
			p.wantMessages(msgs...)
		}
	}
}

// TestDecodeOddHeaders: a peer may use the long header always, and one of ZMTP
// 1.0 may set the reserved bits as libzmq 2.1 does.
func TestDecodeOddHeaders(t *testing.T) {
	v2 := "\x02\x00\x00\x00\x00\x00\x00\x00\x01a" + "\x03\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01b" + "\x02" + strings.Repeat("\x00", 8)
	v1 := "\xff\x00\x00\x00\x00\x00\x00\x00\x02\x7ea" + "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f" + "\x02\x7eb" + "\x01\x00"
	for _, o := range openings {
		stream := v2
		if o.version == wire.V1 {
			stream = v1
		}
		for _, cut := range []cutter{whole, bytewise} {
			p := inTraffic(t, dealer(""), o, cut)
			p.send(stream + onWire(o.version, message{"end"}))
			p.wantMessages(message{"a"}, message{"", "b"}, message{""}, message{"end"})
		}
	}
}

func TestDecodeV1FrameOfNoLength(t *testing.T) {
	for _, frame := range []string{"\x00", "\xff\x00\x00\x00\x00\x00\x00\x00\x00"} {
		for _, o := range openings[:2] {
			p := inTraffic(t, dealer(""), o, bytewise)
			p.send(onWire(wire.V1, message{"one"}) + frame)
			p.wantFault(engine.CloseMalformed)
			if !equalMessages(p.msgs, []message{{"one"}}) {
				t.Errorf("received %q", p.msgs)
			}
		}
	}
}

// TestHeldUnfinished follows a message as it arrives.
func TestHeldUnfinished(t *testing.T) {
	for _, o := range openings {
		p := inTraffic(t, dealer(""), o, whole)
		want := func(min int, unfinished bool) {
			t.Helper()
			if n, u := p.e.Held(); n < min || u != unfinished {
				t.Fatalf("%s: %d bytes held, unfinished %v; want %d, %v", o.name, n, u, min, unfinished)
			}
		}
		stream := onWire(o.version, message{"abc", body(40000), "def"})
		want(0, false)
		p.send(stream[:4])
		want(0, false) // not a frame yet: the caller holds it
		p.send(stream[4:5])
		want(3, true)
		p.send(stream[5:30000])
		want(3+29000, true)
		p.send(stream[30000:])
		want(0, false)
		p.wantMessages(message{"abc", body(40000), "def"})
	}
}

// TestBegins: what Decode leaves over begins a message, or a command.
func TestBegins(t *testing.T) {
	for _, o := range openings {
		p := inTraffic(t, dealer(""), o, whole)
		if p.e.Begins(nil) {
			t.Errorf("%s: nothing begins a message", o.name)
		}
		for n := 1; n < 5; n++ {
			if b := onWire(o.version, message{"hello", "x"}); !p.e.Begins([]byte(b[:n])) {
				t.Errorf("%s: %q does not begin a message", o.name, b[:n])
			}
			if b := command("PING", ""); o.version >= wire.V2 && p.e.Begins([]byte(b[:n])) {
				t.Errorf("%s: %q begins a message", o.name, b[:n])
			}
		}
		long := header(o.version, 4)
		if !p.e.Begins([]byte(long)) {
			t.Errorf("%s: %q does not begin a message", o.name, long)
		}
	}
}
