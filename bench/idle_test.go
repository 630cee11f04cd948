package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

// fakeRouter sends a fixed handshake and records the bytes it receives.
type fakeRouter struct {
	io.Reader
	received bytes.Buffer
}

func (r *fakeRouter) Write(p []byte) (int, error) { return r.received.Write(p) }

func TestHandshakeDetectsBadAnswers(t *testing.T) {
	good := string(greeting()) + "\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"
	for _, c := range []struct {
		name, router string
		bad          string
	}{
		{"router answers", good, ""},
		{"silence", "", "greeting"},
		{"cut in the greeting", good[:40], "greeting"},
		{"cut after the greeting", good[:64], "READY"},
		{"cut in READY", good[:70], "READY"},
		{"ZMTP 2.0", good[:10] + "\x01" + good[11:], "not a ZMTP 3 greeting"},
		{"ERROR command", good[:64] + "\x04\x07\x05ERROR\x00", "no READY"},
	} {
		peer := &fakeRouter{Reader: strings.NewReader(c.router)}
		err := handshake(peer, "DEALER")
		if c.bad == "" && err != nil || c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.bad)
		}
		if sent := peer.received.String(); sent != string(greeting())+string(ready("DEALER")) {
			t.Errorf("%s: sent %q", c.name, sent)
		}
	}
}

func TestReadyIsWellFormed(t *testing.T) {
	r := ready("DEALER")
	if r[0] != 0x04 || int(r[1]) != len(r)-2 {
		t.Errorf("frame header % x for a body of %d", r[:2], len(r)-2)
	}
	want := "\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
	if string(r[2:]) != want {
		t.Errorf("body %q, want %q", r[2:], want)
	}
}

func TestGreetingHasSignatureVersionAndMechanism(t *testing.T) {
	g := greeting()
	if len(g) != 64 || g[0] != 0xff || g[9] != 0x7f || g[10] != 3 || g[11] != 1 || string(g[12:16]) != "NULL" {
		t.Errorf("greeting % x", g)
	}
}

func TestStillOpenIsFalseForClosedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	router, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := stillOpen(c); err != nil {
		t.Errorf("an open connection: %v", err)
	}
	router.Close()
	c.Read(make([]byte, 1)) // waits until the FIN has arrived
	if stillOpen(c) == nil {
		t.Error("a closed connection is reported as open")
	}
}
