package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// TestHandshakeRefusesOtherProtocolsByFirstTwoBytes sends every pair of first
// bytes, followed by text, to a receiving and to a publishing socket. Two pairs
// of bytes can be ZMTP: a length with flags that a ZMTP 1.0 peer sends, and the
// start of a signature. After all others the engine fails. Also after these two
// the text makes no message.
func TestHandshakeRefusesOtherProtocolsByFirstTwoBytes(t *testing.T) {
	for _, cfg := range []*engine.Config{dealer(""), publisher()} {
		for first := range 256 {
			for second := range 256 {
				b := string([]byte{byte(first), byte(second)})
				p := newPeer(t, cfg, whole)
				p.send(b)
				v1 := first != 0 && (second == 0 || second == 0x7E)
				if want := first == 0xFF || v1; want != (p.err == nil) {
					t.Fatalf("%s: % x: %v, want accepted %v", cfg.SocketType, b, p.err, want)
				}
				if ready := first == 1 && v1; p.e.HandshakeDone() != ready {
					t.Fatalf("%s: % x: done %v, want %v", cfg.SocketType, b, p.e.HandshakeDone(), ready)
				}
				text := "/ HTTP/1.1\r\nHost: a\r\n\r\n"
				p.send(text)
				if cfg.Publishes && v1 && first <= 1+len(text) {
					continue // the text is a valid identity message of a ZMTP 1.0 subscriber
				}
				if len(p.msgs) > 0 {
					t.Fatalf("%s: % x: received %q", cfg.SocketType, b, p.msgs)
				}
			}
		}
	}
}

// TestInvalidFrameAfterZMTP10IdentityFailsHandshake sends an identity message of ZMTP 1.0
// and the header of another frame, which no peer may send. If both arrive at once,
// the handshake fails. If the header arrives later, the connection counts as a
// peer until then.
func TestInvalidFrameAfterZMTP10IdentityFailsHandshake(t *testing.T) {
	for _, cfg := range []*engine.Config{dealer(""), publisher()} {
		for _, identity := range []string{"\x01\x00", "\x05\x00name", "\x05\x7ename"} {
			for _, c := range []struct {
				next  string
				valid bool
			}{
				{"", true},
				{"\x00", false},             // a frame without flags
				{"\x00\x00\x00\xcd", false}, // DICOM
				{"\x02", true},
				{"\x02\x00", true},
				{"\x02\x01", true},
				{"\x02\x7e", true},
				{"\x02\x7f", true},
				{"\x02\x02", false},
				{"\x02\x80", false},
				{"\x02o", false},
				{"\xff\x00\x00\x00\x00\x00\x00\x00\x02\x00", true},
				{"\xff\x00\x00\x00\x00\x00\x00\x00\x00", false},
				{"\xff\x00\x00\x00\x00\x00\x00\x00\x02\x10", false},
			} {
				p := newPeer(t, cfg, whole)
				p.send(identity)
				p.wantHandshakeDone()
				p.send(c.next)
				if c.valid != (p.err == nil) {
					t.Errorf("%s: %q after %q: %v, want valid %v", cfg.SocketType, c.next, identity, p.err, c.valid)
				}
				p = newPeer(t, cfg, whole)
				p.send(identity + c.next)
				if c.valid {
					p.wantHandshakeDone()
				} else if p.wantCloseReason(engine.CloseMalformed); p.e.Peer() != nil || len(p.msgs) > 0 {
					t.Errorf("%s: %q: peer %v, received %q", cfg.SocketType, identity+c.next, p.e.Peer(), p.msgs)
				}
			}
		}
	}
}

// TestEngineRefusesReservedFlags sets each combination of reserved bits in each
// frame of each version: identity, handshake command, first and later frame of
// a message, command.
func TestEngineRefusesReservedFlags(t *testing.T) {
	for f := 0x08; f < 0x100; f += 0x08 {
		for _, cut := range []cutter{whole, byteByByte} {
			for _, flags := range []byte{byte(f), byte(f) | wire.FlagMore, byte(f) | wire.FlagLarge, byte(f) | wire.FlagCommand} {
				frame := string([]byte{flags, 1}) + "x" + strings.Repeat("\x00", 8)
				for _, before := range []string{
					signature + "\x01\x06", // the identity of 2.0
					greeting31,             // READY
				} {
					p := newPeer(t, dealer(""), cut)
					p.send(before + frame)
					p.wantCloseReason(engine.CloseMalformed)
				}
				for _, o := range openings[2:] {
					for _, before := range []string{"", onWire(o.version, message{"one"}), "\x01\x01a"} {
						p := connectedPeer(t, dealer(""), o, cut)
						p.send(before + frame)
						p.wantCloseReason(engine.CloseMalformed)
					}
				}
			}
			if f == 0x78 {
				continue // libzmq 2.1 sends these flags
			}
			for _, o := range openings[:2] {
				for _, before := range []string{"", onWire(o.version, message{"one"}), "\x02\x01a"} {
					p := connectedPeer(t, dealer(""), o, cut)
					p.send(before + string([]byte{2, byte(f)}) + "x")
					p.wantCloseReason(engine.CloseMalformed)
				}
			}
		}
	}
}

// libzmq 2.1 sets the bits 1 to 6 of the flags of every frame (libzmq issue
// 293).
func TestEngineAcceptsFlagsOfLibzmq21(t *testing.T) {
	for _, cut := range []cutter{whole, byteByByte} {
		p := newPeer(t, dealer(""), cut)
		p.send("\x06\x7epeer!" + "\x04\x7fone" + "\x04\x7etwo")
		p.wantHandshakeDone()
		if id := p.e.Peer().RoutingID; id != "peer!" {
			t.Errorf("identity %q", id)
		}
		p.wantMessages(message{"one", "two"})
	}
}

// The error quotes at most 32 bytes, and none of a TLS handshake.
func TestErrorQuotesBytesOfOtherProtocol(t *testing.T) {
	for _, text := range []string{
		"220 mail.example.org ESMTP\r\n",
		"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n" + strings.Repeat("x", 1<<16),
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		p := newPeer(t, dealer(""), whole)
		p.send(text)
		p.wantCloseReason(engine.CloseMalformed)
		want := fmt.Sprintf("peer does not speak ZMTP: it sent %q", text[:min(len(text), 32)])
		if text[0] == 0x16 {
			want = "peer does not speak ZMTP: it sent a TLS handshake, and this endpoint does not use TLS"
		}
		if !strings.HasSuffix(p.err.Error(), want) {
			t.Errorf("%v, want %s", p.err, want)
		}
	}
}

// TestMinVersionRefusesOlderPeers tests each opening with each minimum version.
func TestMinVersionRefusesOlderPeers(t *testing.T) {
	for v := wire.Version(0); v <= wire.V3_1; v++ {
		for _, o := range openings {
			for _, cut := range []cutter{whole, byteByByte} {
				cfg := dealer("")
				cfg.MinVersion = v
				p := newPeer(t, cfg, cut)
				p.send(o.bytes)
				if o.version >= v {
					p.wantHandshakeDone()
					continue
				}
				p.wantCloseReason(engine.CloseVersion)
				if s := p.err.Error(); !strings.Contains(s, "ZMTP "+o.version.String()) || !strings.Contains(s, "accepts "+v.String()) {
					t.Errorf("%s: %s does not name both versions", o.name, s)
				}
			}
		}
	}
}
