package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
)

// TestMechanismMismatch: all 20 bytes must equal ours (CVE-2014-7202).
func TestMechanismMismatch_RFC37(t *testing.T) {
	names := []string{"", "NUL", "null", "PLAIN", "CURVE", "GSSAPI", "NULLNULLNULLNULLNULL", "NULL ", " NULL", "\x00NULL"}
	for i := range 20 {
		b := []byte(nullMechanism)
		b[i] ^= 0x20
		names = append(names, string(b))
	}
	for _, name := range names {
		for _, cut := range []cutter{whole, bytewise} {
			p := play(t, dealer(""), cut)
			p.send(greeting(name) + readyRouter)
			p.wantFault(engine.CloseMechanism)
			if strings.Contains(string(p.out), "READY") {
				t.Errorf("%q: said %q to another mechanism", name, p.out)
			}
		}
	}
	p := play(t, secured(0), whole)
	p.send(greeting31 + readyRouter)
	p.wantFault(engine.CloseMechanism)
}

// TestOldVersionsRefusedWhenSecured: versions without security cannot be had
// by whoever wants some (CVE-2014-9721).
func TestOldVersionsRefusedWhenSecured_RFC37(t *testing.T) {
	for _, o := range openings[:3] {
		p := play(t, secured(0), bytewise)
		p.send(o.bytes + onWire(o.version, message{"in"}))
		p.wantFault(engine.CloseVersion)
		if len(p.msgs) > 0 {
			t.Errorf("%s: received %q", o.name, p.msgs)
		}
	}
}

func TestSocketTypeRefused_RFC37(t *testing.T) {
	for _, name := range []string{"PUB", "dealer", "DEALER\x00", "", "X", longID} {
		p := play(t, dealer(""), whole)
		p.send(greeting31 + ready("Socket-Type", name))
		p.wantFault(engine.CloseSocketType)
	}
	// The first of duplicates counts.
	p := play(t, dealer(""), whole)
	p.send(greeting31 + ready("Socket-Type", "PUB", "Socket-Type", "ROUTER"))
	p.wantFault(engine.CloseSocketType)
}

func TestMissingSocketTypeAccepted(t *testing.T) {
	for _, properties := range [][]string{nil, {"Identity", "x"}, {"X-Socket-Type", "PUB"}} {
		p := play(t, dealer(""), whole)
		p.send(greeting31 + ready(properties...))
		p.wantReady()
		if got := p.e.Peer().SocketType; got != "" {
			t.Errorf("Socket-Type %q of nothing", got)
		}
	}
}

// TestDuplicatePropertyFirstCounts: that of the first is kept, whatever it is.
func TestDuplicatePropertyFirstCounts(t *testing.T) {
	tests := []struct{ first, second string }{{"red", "blue"}, {"", "blue"}, {"red", ""}}
	for _, tt := range tests {
		p := play(t, dealer(""), whole)
		p.send(greeting31 + ready("X-Colour", tt.first, "x-colour", tt.second))
		p.wantReady()
		if got := p.e.Peer().Properties["x-colour"]; got != tt.first {
			t.Errorf("%q and then %q gives %q", tt.first, tt.second, got)
		}
	}
}

// TestHandshakeCommands tries what may come in the place of READY.
func TestHandshakeCommands_RFC37(t *testing.T) {
	tests := []struct {
		name, send string
		fault      engine.CloseReason
	}{
		{"ERROR", command("ERROR", "\x03400"), engine.CloseRefused},
		{"ERROR without reason", command("ERROR", "\x00"), engine.CloseRefused},
		{"ERROR cut short", command("ERROR", "\x0440"), engine.CloseMalformed},
		{"ERROR of nothing", command("ERROR", ""), engine.CloseMalformed},
		{"SUBSCRIBE", command("SUBSCRIBE", ""), engine.CloseUnexpected},
		{"PING", command("PING", "\x00\x00"), engine.CloseUnexpected},
		{"HELLO", command("HELLO", "\x00\x00"), engine.CloseUnexpected},
		{"unknown", command("ready", ""), engine.CloseUnexpected},
		{"message", "\x00\x05hello", engine.CloseMalformed}, // 'h' bytes of name
		{"empty message", "\x00\x00", engine.CloseMalformed},
		{"empty command", "\x04\x00", engine.CloseMalformed},
		{"command of no name", "\x04\x01\x00", engine.CloseMalformed},
		{"name longer than body", "\x04\x03\x05RE", engine.CloseMalformed},
		{"MORE", "\x05" + readyRouter[1:], engine.CloseMalformed},
		{"READY with a byte behind it", "\x04\x2a" + readyRouter[2:] + "\x00", engine.CloseMalformed},
		{"huge", "\x06\xff\xff\xff\xff\xff\xff\xff\xff", engine.CloseFrameSize},
		{"2^63", "\x06\x80\x00\x00\x00\x00\x00\x00\x00", engine.CloseFrameSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, cut := range []cutter{whole, bytewise} {
				p := play(t, dealer(""), cut)
				p.send(greeting31 + tt.send)
				p.wantFault(tt.fault)
				if n, _ := p.e.Handshake([]byte(readyRouter)); n != 0 || p.e.Ready() {
					t.Errorf("consumed %d more bytes after that", n)
				}
			}
		})
	}
}

func TestHandshakeErrorTellsReason(t *testing.T) {
	p := play(t, dealer(""), whole)
	p.send(greeting31 + command("ERROR", "\x0eInvalid client"))
	p.wantFault(engine.CloseRefused)
	var refused *mechanism.PeerError
	if !errors.As(p.err, &refused) || refused.Reason != "Invalid client" {
		t.Errorf("error is %v", p.err)
	}
}

// TestReadyMutated shortens READY at every byte and sets each of its bytes
// to every value: it is taken or refused, and nothing worse.
func TestReadyMutated(t *testing.T) {
	body := ready("Socket-Type", "ROUTER", "Identity", "me", "X-A", "b")[2:]
	for n := range len(body) {
		p := play(t, dealer(""), whole)
		p.send(greeting31 + "\x04" + string([]byte{byte(n)}) + body[:n])
		ends := map[int]bool{6: true, 28: true, 43: true} // behind the name and each property
		if p.e.Ready() != ends[n] {
			t.Errorf("READY of %d bytes: ready %v (%v)", n, p.e.Ready(), p.err)
		}
	}
	for i := range len(body) {
		for c := range 256 {
			b := []byte(body)
			b[i] = byte(c)
			p := play(t, dealer(""), whole)
			p.send(greeting31 + "\x04" + string([]byte{byte(len(b))}) + string(b))
			if p.e.Ready() == (p.err != nil) {
				t.Fatalf("READY %q: ready %v, error %v", b, p.e.Ready(), p.err)
			}
		}
	}
}

// TestIdentityRefused: an identity that starts with a zero is not the peer's
// to choose, nor is one of more than 255 bytes.
func TestIdentityRefused_RFC37(t *testing.T) {
	for _, tt := range []struct {
		id    string
		fault engine.CloseReason
	}{
		{"\x00", engine.CloseMalformed},
		{"\x00abcd", engine.CloseMalformed},
		{longID + "i", engine.CloseMalformed},
		{longID, engine.CloseNone},
		{"i\x00", engine.CloseNone},
		{"", engine.CloseNone},
	} {
		p := play(t, dealer(""), whole)
		p.send(greeting31 + ready("Identity", tt.id))
		p.wantFault(tt.fault)
		for _, o := range openings[:3] {
			p := play(t, dealer(""), bytewise)
			p.send(o.bytes[:len(o.bytes)-2] + onWire(o.version, message{tt.id}))
			if (p.err == nil) != (tt.fault == engine.CloseNone) || p.e.Ready() != (p.err == nil) {
				t.Errorf("%s: identity %.10q: ready %v, error %v", o.name, tt.id, p.e.Ready(), p.err)
			}
		}
	}
}

// TestIdentityMessageRefused tries what an old peer may send instead of its
// identity.
func TestIdentityMessageRefused_RFC15(t *testing.T) {
	for _, tt := range []struct {
		name, send string
		fault      engine.CloseReason
	}{
		{"1.0 of no length", "\x00", engine.CloseMalformed},
		{"1.0 with MORE", "\x01\x01", engine.CloseMalformed},
		{"1.0 long of no length", "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00", engine.CloseMalformed},
		{"1.0 of 256 bytes", "\xff\x00\x00\x00\x00\x00\x00\x01\x01\x00", engine.CloseHandshakeSize},
		{"1.0 of 2^64-2 bytes", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", engine.CloseHandshakeSize},
		{"2.0 with MORE", signature + "\x01\x06\x01\x00", engine.CloseMalformed},
		{"2.0 of 256 bytes", signature + "\x01\x06\x02\x00\x00\x00\x00\x00\x00\x01\x00", engine.CloseHandshakeSize},
		{"2.0 of 2^64-1 bytes", signature + "\x01\x06\x02\xff\xff\xff\xff\xff\xff\xff\xff", engine.CloseHandshakeSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := play(t, dealer(""), bytewise)
			p.send(tt.send)
			p.wantFault(tt.fault)
		})
	}
}
