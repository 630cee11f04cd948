package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
)

// All 20 bytes of the name must be equal. libzmq accepted a downgrade to
// another mechanism (CVE-2014-7202).
// https://rfc.zeromq.org/spec/37/#the-greeting
func TestHandshakeRefusesOtherMechanism(t *testing.T) {
	names := []string{"", "NUL", "null", "PLAIN", "CURVE", "GSSAPI", "NULLNULLNULLNULLNULL", "NULL ", " NULL", "\x00NULL"}
	for i := range 20 {
		b := []byte(nullMechanism)
		b[i] ^= 0x20
		names = append(names, string(b))
	}
	for _, name := range names {
		for _, cut := range []cutter{whole, byteByByte} {
			p := newPeer(t, dealer(""), cut)
			p.send(greeting(name) + readyRouter)
			p.wantCloseReason(engine.CloseMechanism)
			if strings.Contains(string(p.out), "READY") {
				t.Errorf("sent %[2]q to a peer of mechanism %[1]q", name, p.out)
			}
		}
	}
	p := newPeer(t, securedDealer(0), whole)
	p.send(greeting31 + readyRouter)
	p.wantCloseReason(engine.CloseMechanism)
}

// libzmq accepted ZMTP 1.0 and 2.0 peers on a secured socket (CVE-2014-9721).
// https://rfc.zeromq.org/spec/37/#backwards-interoperability
func TestSecuredEngineRefusesVersionsWithoutSecurity(t *testing.T) {
	for _, o := range openings[:3] {
		p := newPeer(t, securedDealer(0), byteByByte)
		p.send(o.bytes + onWire(o.version, message{"in"}))
		p.wantCloseReason(engine.CloseVersion)
		if len(p.msgs) > 0 {
			t.Errorf("%s: received %q", o.name, p.msgs)
		}
	}
	p := newPeer(t, securedDealer(0), whole)
	p.send("GET / HTTP/1.1\r\n")
	p.wantCloseReason(engine.CloseVersion)
	if !strings.Contains(p.err.Error(), `or no ZMTP at all: it sent "GET / HTTP/1.1`) {
		t.Errorf("error %v does not quote what the peer sent", p.err)
	}
}

// https://rfc.zeromq.org/spec/37/#the-socket-type-property
func TestHandshakeRefusesIncompatibleSocketType(t *testing.T) {
	for _, name := range []string{"PUB", "dealer", "DEALER\x00", "", "X", longID} {
		p := newPeer(t, dealer(""), whole)
		p.send(greeting31 + ready("Socket-Type", name))
		p.wantCloseReason(engine.CloseSocketType)
	}
	// The first of duplicates counts.
	p := newPeer(t, dealer(""), whole)
	p.send(greeting31 + ready("Socket-Type", "PUB", "Socket-Type", "ROUTER"))
	p.wantCloseReason(engine.CloseSocketType)
}

func TestHandshakeAcceptsMissingSocketType(t *testing.T) {
	for _, properties := range [][]string{nil, {"Identity", "x"}, {"X-Socket-Type", "PUB"}} {
		p := newPeer(t, dealer(""), whole)
		p.send(greeting31 + ready(properties...))
		p.wantHandshakeDone()
		if got := p.e.Peer().SocketType; got != "" {
			t.Errorf("Socket-Type is %q, want none", got)
		}
	}
}

// The first value of a repeated application property is used, even if it is
// empty. Names are compared without regard to case.
func TestHandshakeUsesFirstOfDuplicateProperties(t *testing.T) {
	tests := []struct{ first, second string }{{"red", "blue"}, {"", "blue"}, {"red", ""}}
	for _, tt := range tests {
		p := newPeer(t, dealer(""), whole)
		p.send(greeting31 + ready("X-Colour", tt.first, "x-colour", tt.second))
		p.wantHandshakeDone()
		if got := p.e.Peer().Properties["x-colour"]; got != tt.first {
			t.Errorf("properties %q and %q give %q", tt.first, tt.second, got)
		}
	}
}

// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func TestHandshakeRefusesCommandsOtherThanReady(t *testing.T) {
	tests := []struct {
		name, send string
		reason     engine.CloseReason
	}{
		{"ERROR", command("ERROR", "\x03400"), engine.CloseRefused},
		{"ERROR without reason", command("ERROR", "\x00"), engine.CloseRefused},
		{"ERROR truncated", command("ERROR", "\x0440"), engine.CloseMalformed},
		{"empty ERROR", command("ERROR", ""), engine.CloseMalformed},
		{"SUBSCRIBE", command("SUBSCRIBE", ""), engine.CloseUnexpected},
		{"PING", command("PING", "\x00\x00"), engine.CloseUnexpected},
		{"HELLO", command("HELLO", "\x00\x00"), engine.CloseUnexpected},
		{"unknown", command("ready", ""), engine.CloseUnexpected},
		{"message", "\x00\x05hello", engine.CloseMalformed}, // 'h' bytes of name
		{"empty message", "\x00\x00", engine.CloseMalformed},
		{"empty command", "\x04\x00", engine.CloseMalformed},
		{"command without a name", "\x04\x01\x00", engine.CloseMalformed},
		{"name longer than body", "\x04\x03\x05RE", engine.CloseMalformed},
		{"MORE", "\x05" + readyRouter[1:], engine.CloseMalformed},
		{"READY with an extra byte", "\x04\x2a" + readyRouter[2:] + "\x00", engine.CloseMalformed},
		{"huge", "\x06\xff\xff\xff\xff\xff\xff\xff\xff", engine.CloseFrameSize},
		{"2^63", "\x06\x80\x00\x00\x00\x00\x00\x00\x00", engine.CloseFrameSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, cut := range []cutter{whole, byteByByte} {
				p := newPeer(t, dealer(""), cut)
				p.send(greeting31 + tt.send)
				p.wantCloseReason(tt.reason)
				if n, _ := p.e.Handshake([]byte(readyRouter)); n != 0 || p.e.HandshakeDone() {
					t.Errorf("consumed %d more bytes after the error", n)
				}
			}
		})
	}
}

func TestHandshakeErrorContainsReasonOfPeer(t *testing.T) {
	p := newPeer(t, dealer(""), whole)
	p.send(greeting31 + command("ERROR", "\x0eInvalid client"))
	p.wantCloseReason(engine.CloseRefused)
	var refused *mechanism.PeerError
	if !errors.As(p.err, &refused) || refused.Reason != "Invalid client" {
		t.Errorf("error is %v", p.err)
	}
}

// TestHandshakeAcceptsOrRefusesMutatedReady shortens READY at every byte and
// sets each of its bytes to every value. The engine completes the handshake or
// returns an error.
func TestHandshakeAcceptsOrRefusesMutatedReady(t *testing.T) {
	body := ready("Socket-Type", "ROUTER", "Identity", "me", "X-A", "b")[2:]
	for n := range len(body) {
		p := newPeer(t, dealer(""), whole)
		p.send(greeting31 + "\x04" + string([]byte{byte(n)}) + body[:n])
		ends := map[int]bool{6: true, 28: true, 43: true} // after the name and after each property
		if p.e.HandshakeDone() != ends[n] {
			t.Errorf("READY of %d bytes: done %v (%v)", n, p.e.HandshakeDone(), p.err)
		}
	}
	for i := range len(body) {
		for c := range 256 {
			b := []byte(body)
			b[i] = byte(c)
			p := newPeer(t, dealer(""), whole)
			p.send(greeting31 + "\x04" + string([]byte{byte(len(b))}) + string(b))
			if p.e.HandshakeDone() == (p.err != nil) {
				t.Fatalf("READY %q: done %v, error %v", b, p.e.HandshakeDone(), p.err)
			}
		}
	}
}

// A peer must not choose an identity that begins with a zero byte or has more
// than 255 bytes.
// https://rfc.zeromq.org/spec/37/#the-identity-property
func TestHandshakeRefusesReservedAndLongIdentities(t *testing.T) {
	for _, tt := range []struct {
		id     string
		reason engine.CloseReason
	}{
		{"\x00", engine.CloseMalformed},
		{"\x00abcd", engine.CloseMalformed},
		{longID + "i", engine.CloseMalformed},
		{longID, engine.CloseNone},
		{"i\x00", engine.CloseNone},
		{"", engine.CloseNone},
	} {
		p := newPeer(t, dealer(""), whole)
		p.send(greeting31 + ready("Identity", tt.id))
		p.wantCloseReason(tt.reason)
		for _, o := range openings[:3] {
			p := newPeer(t, dealer(""), byteByByte)
			p.send(o.bytes[:len(o.bytes)-2] + onWire(o.version, message{tt.id}))
			if (p.err == nil) != (tt.reason == engine.CloseNone) || p.e.HandshakeDone() != (p.err == nil) {
				t.Errorf("%s: identity %.10q: done %v, error %v", o.name, tt.id, p.e.HandshakeDone(), p.err)
			}
		}
	}
}

// TestHandshakeRefusesMalformedIdentityMessage sends malformed identity
// messages of ZMTP 1.0 and 2.0.
// https://rfc.zeromq.org/spec/15/#framing
func TestHandshakeRefusesMalformedIdentityMessage(t *testing.T) {
	for _, tt := range []struct {
		name, send string
		reason     engine.CloseReason
	}{
		{"1.0 without length", "\x00", engine.CloseMalformed},
		{"1.0 with MORE", "\x01\x01", engine.CloseMalformed},
		{"1.0 long without length", "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00", engine.CloseMalformed},
		{"1.0 of 256 bytes", "\xff\x00\x00\x00\x00\x00\x00\x01\x01\x00", engine.CloseHandshakeSize},
		{"1.0 of 2^64-2 bytes", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", engine.CloseHandshakeSize},
		{"2.0 with MORE", signature + "\x01\x06\x01\x00", engine.CloseMalformed},
		{"2.0 of 256 bytes", signature + "\x01\x06\x02\x00\x00\x00\x00\x00\x00\x01\x00", engine.CloseHandshakeSize},
		{"2.0 of 2^64-1 bytes", signature + "\x01\x06\x02\xff\xff\xff\xff\xff\xff\xff\xff", engine.CloseHandshakeSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, dealer(""), byteByByte)
			p.send(tt.send)
			p.wantCloseReason(tt.reason)
		})
	}
}
