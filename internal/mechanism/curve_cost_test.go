package mechanism_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// Scalar multiplications take most of the time of a handshake, so their number is
// what a client can make a server pay: one for a forged HELLO, and four in all.
func TestCurveServerMakesFourScalarMultiplications(t *testing.T) {
	count := mechanism.CountScalarMultiplications(t)
	p := newCurvePair(t)
	step := func(name string, want int, do func()) {
		t.Helper()
		before := *count
		do()
		if got := *count - before; got != want {
			t.Errorf("%s: %d scalar multiplications, want %d", name, got, want)
		}
	}
	var hello, welcome, initiate []byte
	step("client, HELLO", 2, func() { hello = next(t, p.client) })
	step("server, HELLO", 2, func() { deliver(t, p.server, hello) })
	step("server, WELCOME", 0, func() { welcome = next(t, p.server) })
	step("client, WELCOME", 2, func() { deliver(t, p.client, welcome) })
	step("client, INITIATE", 0, func() { initiate = next(t, p.client) })
	step("server, INITIATE", 2, func() { deliver(t, p.server, initiate) })
	step("both, READY", 0, func() {
		if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
			t.Fatal(err)
		}
		deliver(t, p.client, next(t, p.server))
	})
	if p.server.Status() != mechanism.Complete || p.client.Status() != mechanism.Complete {
		t.Error("the handshake is not complete")
	}
	for name, change := range map[string]func([]byte){
		"forged box": func(b []byte) { b[199] ^= 1 },
		"other C'":   func(b []byte) { b[80] ^= 1 },
	} {
		p.restart()
		forged := append([]byte(nil), hello...)
		change(forged)
		step("server, HELLO with a "+name, 1, func() {
			if err := p.server.Receive(forged); !errors.Is(err, mechanism.ErrCrypto) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// What TestCurveServerMakesFourScalarMultiplications counts is all there is: no other
// file calls package ecdh for a scalar multiplication.
func TestCurveMultipliesOnlyWhereItIsCounted(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	multiplies := regexp.MustCompile(`\.ECDH\(|NewPrivateKey\(|GenerateKey\(|curve25519|nacl/box`)
	test := regexp.MustCompile(`_test\.go$|^curve_keys\.go$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := multiplies.Find(text); found != nil && !test.MatchString(file) {
			t.Errorf("%s has %q", file, found)
		}
	}
}
