package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// TestFirstTwoBytesDecideWhatIsNoZMTP sends every pair of first bytes, followed
// by text, to a socket that receives and to one that publishes. Only a length
// with flags that a ZMTP 1.0 peer sends, and the first byte of a signature, are
// not refused by then. What is not refused is no peer and no message.
func TestFirstTwoBytesDecideWhatIsNoZMTP(t *testing.T) {
	for _, cfg := range []*engine.Config{dealer(""), publisher()} {
		for first := range 256 {
			for second := range 256 {
				b := string([]byte{byte(first), byte(second)})
				p := play(t, cfg, whole)
				p.send(b)
				v1 := first != 0 && (second == 0 || second == 0x7E)
				if want := first == 0xFF || v1; want != (p.err == nil) {
					t.Fatalf("%s: % x: %v, want accepted %v", cfg.SocketType, b, p.err, want)
				}
				if ready := first == 1 && v1; p.e.Ready() != ready {
					t.Fatalf("%s: % x: ready %v, want %v", cfg.SocketType, b, p.e.Ready(), ready)
				}
				text := "/ HTTP/1.1\r\nHost: a\r\n\r\n"
				p.send(text)
				if cfg.Publishes && v1 && first <= 1+len(text) {
					continue // text that is an identity message makes a ZMTP 1.0 subscriber
				}
				if len(p.msgs) > 0 {
					t.Fatalf("%s: % x: received %q", cfg.SocketType, b, p.msgs)
				}
			}
		}
	}
}

// TestReservedFlagsAreRefused sets each combination of reserved bits in each
// place of each version: the identity, a handshake command, the first and a
// later frame of a message, a command.
func TestReservedFlagsAreRefused(t *testing.T) {
	for f := 0x08; f < 0x100; f += 0x08 {
		for _, cut := range []cutter{whole, bytewise} {
			for _, flags := range []byte{byte(f), byte(f) | wire.FlagMore, byte(f) | wire.FlagLarge, byte(f) | wire.FlagCommand} {
				frame := string([]byte{flags, 1}) + "x" + strings.Repeat("\x00", 8)
				for _, before := range []string{
					signature + "\x01\x06", // the identity of 2.0
					greeting31,             // READY
				} {
					p := play(t, dealer(""), cut)
					p.send(before + frame)
					p.wantFault(engine.CloseMalformed)
				}
				for _, o := range openings[2:] {
					for _, before := range []string{"", onWire(o.version, message{"one"}), "\x01\x01a"} {
						p := inTraffic(t, dealer(""), o, cut)
						p.send(before + frame)
						p.wantFault(engine.CloseMalformed)
					}
				}
			}
			if f == 0x78 {
				continue // with bits 1 and 2 this is what libzmq 2.1 sends
			}
			for _, o := range openings[:2] {
				for _, before := range []string{"", onWire(o.version, message{"one"}), "\x02\x01a"} {
					p := inTraffic(t, dealer(""), o, cut)
					p.send(before + string([]byte{2, byte(f)}) + "x")
					p.wantFault(engine.CloseMalformed)
				}
			}
		}
	}
}

// TestLibzmq21FlagsAreAccepted: libzmq 2.1 sets bits 1 to 6 of every frame's
// flags. (libzmq issue 293)
func TestLibzmq21FlagsAreAccepted(t *testing.T) {
	for _, cut := range []cutter{whole, bytewise} {
		p := play(t, dealer(""), cut)
		p.send("\x06\x7epeer!" + "\x04\x7fone" + "\x04\x7etwo")
		p.wantReady()
		if id := p.e.Peer().RoutingID; id != "peer!" {
			t.Errorf("identity %q", id)
		}
		p.wantMessages(message{"one", "two"})
	}
}

// TestTextIsNamedInTheError: the reason is one that a person understands, and
// bounded.
func TestTextIsNamedInTheError(t *testing.T) {
	for _, text := range []string{
		"220 mail.example.org ESMTP\r\n",
		"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n" + strings.Repeat("x", 1<<16),
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		p := play(t, dealer(""), whole)
		p.send(text)
		p.wantFault(engine.CloseMalformed)
		want := fmt.Sprintf("peer does not speak ZMTP: it sent %q", text[:min(len(text), 32)])
		if !strings.HasSuffix(p.err.Error(), want) {
			t.Errorf("%v, want %s", p.err, want)
		}
	}
}

// TestMinVersionRefusesOlderPeers tries each opening with each minimum.
func TestMinVersionRefusesOlderPeers(t *testing.T) {
	for v := wire.Version(0); v <= wire.V3_1; v++ {
		for _, o := range openings {
			for _, cut := range []cutter{whole, bytewise} {
				cfg := dealer("")
				cfg.MinVersion = v
				p := play(t, cfg, cut)
				p.send(o.bytes)
				if o.version >= v {
					p.wantReady()
					continue
				}
				p.wantFault(engine.CloseVersion)
				if s := p.err.Error(); !strings.Contains(s, "ZMTP "+o.version.String()) || !strings.Contains(s, "accepts "+v.String()) {
					t.Errorf("%s: %s does not name both versions", o.name, s)
				}
			}
		}
	}
}
