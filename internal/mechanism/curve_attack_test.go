package mechanism_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// The tests in this file have a hostile peer that knows its own keys and those
// of the connection: a reference with changed fields.

// serverAnswer returns the error of a server for the HELLO, or else for the
// INITIATE, of a reference.
func serverAnswer(t *testing.T, r *reference) error {
	t.Helper()
	m := newCurvePair(t).server
	return answer(t, m, r.hello, r.initiate, mechanism.Waiting)
}

// clientAnswer returns the error of a client for the WELCOME, or else for the
// READY, of a reference.
func clientAnswer(t *testing.T, r *reference) error {
	t.Helper()
	m := newCurvePair(t).client
	next(t, m)
	return answer(t, m, r.welcome, r.ready, mechanism.Complete)
}

// answer returns the error of m for the first of two commands, or else for the
// second. It checks that m then has the status end, or not after an error.
func answer(t *testing.T, m mechanism.Mechanism, first, second func() []byte, end mechanism.Status) error {
	t.Helper()
	if err := m.Receive(first()); err != nil {
		return err
	}
	next(t, m)
	err := m.Receive(second())
	if (err == nil) != (m.Status() == end) {
		t.Errorf("status %d with error %v", m.Status(), err)
	}
	return err
}

func TestCurveServerChecksContentOfBoxes(t *testing.T) {
	other := bytes32(seeded('o'))
	for _, tt := range []struct {
		name   string
		change func(r *reference)
		want   error
	}{
		{"nothing changed", func(*reference) {}, nil},
		{"zeros are not zero", func(r *reference) { r.proof[63] = 1 }, mechanism.ErrMalformed},
		{"HELLO for another server", func(r *reference) { r.serverPublic = publicOf(t, other) }, mechanism.ErrCrypto},
		{"HELLO with another secret key", func(r *reference) { r.clientTransient = other }, mechanism.ErrCrypto},
		{"vouch for another server", func(r *reference) { r.vouchServer = publicOf(t, other) }, mechanism.ErrKeyExchange},
		{"vouch for another transient key", func(r *reference) { r.vouchClient = publicOf(t, other) }, mechanism.ErrKeyExchange},
		{"vouch of another client", func(r *reference) { r.vouchSecret = other }, mechanism.ErrCrypto},
		{"key of another client", func(r *reference) { r.initiateClient = publicOf(t, other) }, mechanism.ErrCrypto},
		{"cookie with another key", func(r *reference) { r.cookieKey[0] ^= 1 }, mechanism.ErrCrypto},
		{"cookie with another C'", func(r *reference) { r.cookieClient[0] ^= 1 }, mechanism.ErrKeyExchange},
		{"cookie with another s'", func(r *reference) { r.cookieSecret[0] ^= 1 }, mechanism.ErrKeyExchange},
		{"nonce of HELLO again", func(r *reference) { r.initiateCount = 1 }, mechanism.ErrSequence},
		{"lower nonce", func(r *reference) { r.helloCount, r.initiateCount = 9, 8 }, mechanism.ErrSequence},
		{"zero nonce", func(r *reference) { r.initiateCount = 0 }, mechanism.ErrSequence},
		{"last nonce in HELLO", func(r *reference) { r.helloCount, r.initiateCount = math.MaxUint64, 0 }, mechanism.ErrSequence},
		{"gap", func(r *reference) { r.helloCount, r.initiateCount = 0, math.MaxUint64 }, nil},
		{"malformed metadata", func(r *reference) { r.clientMetadata = []byte{1} }, mechanism.ErrMalformed},
		{"no metadata", func(r *reference) { r.clientMetadata = nil }, nil},
		{"large metadata", func(r *reference) { r.clientMetadata = bytes.Repeat(clientMetadata, 6000) }, nil},
	} {
		r := newReference()
		tt.change(r)
		if err := serverAnswer(t, r); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestCurveClientChecksContentOfBoxes(t *testing.T) {
	other := bytes32(seeded('o'))
	for _, tt := range []struct {
		name   string
		change func(r *reference)
		want   error
	}{
		{"nothing changed", func(*reference) {}, nil},
		{"WELCOME of another server", func(r *reference) { r.server = other }, mechanism.ErrCrypto},
		{"WELCOME for another client", func(r *reference) { r.clientTransientPublic = publicOf(t, other) }, mechanism.ErrCrypto},
		{"READY with another secret key", func(r *reference) { r.serverTransient = other }, mechanism.ErrCrypto},
		{"another S'", func(r *reference) { r.welcomePublic = publicOf(t, other) }, mechanism.ErrCrypto},
		{"malformed metadata", func(r *reference) { r.serverMetadata = []byte{1} }, mechanism.ErrMalformed},
		{"no metadata", func(r *reference) { r.serverMetadata = nil }, nil},
		{"large nonce", func(r *reference) { r.readyCount = math.MaxUint64 }, nil},
	} {
		r := newReference()
		tt.change(r)
		if err := clientAnswer(t, r); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestCurvePointsOfLowOrderAreRefused: with such a public key the shared key does
// not depend on our secret key, so its sender proves nothing. nacl/box accepts
// them and computes the key that an implementation without the check would use.
func TestCurvePointsOfLowOrderAreRefused(t *testing.T) {
	for _, point := range lowOrderPoints() {
		r := newReference()
		r.clientTransientPublic = point
		r.serverPublic = point // so that the box has the key of the point
		if err := serverAnswer(t, r); !errors.Is(err, mechanism.ErrKeyExchange) {
			t.Errorf("C' = %x: %v", point, err)
		}
		r = newReference()
		r.initiateClient = point
		vouch := *r
		vouch.serverTransientPublic = point
		if err := serverAnswerTo(t, r.hello(), lowOrderInitiate(r, &vouch)); !errors.Is(err, mechanism.ErrKeyExchange) {
			t.Errorf("C = %x: %v", point, err)
		}
		r = newReference()
		r.welcomePublic = point
		if err := clientAnswer(t, r); !errors.Is(err, mechanism.ErrKeyExchange) {
			t.Errorf("S' = %x: %v", point, err)
		}
	}
}

func serverAnswerTo(t *testing.T, hello, initiate []byte) error {
	t.Helper()
	p := newCurvePair(t)
	deliver(t, p.server, hello)
	next(t, p.server)
	return p.server.Receive(initiate)
}

// lowOrderInitiate returns the INITIATE of r with the vouch of another reference.
func lowOrderInitiate(r, v *reference) []byte {
	vouch := box.Seal(nil, concat(v.vouchClient[:], v.vouchServer[:]), nonce24("VOUCH---", v.vouchNonce[:]),
		&v.serverTransientPublic, &v.vouchSecret)
	plain := concat(r.initiateClient[:], r.vouchNonce[:], vouch, r.clientMetadata)
	sealed := box.Seal(nil, plain, nonce24("CurveZMQINITIATE", be64(2)), &r.serverTransientPublic, &r.clientTransient)
	return concat([]byte("\x08INITIATE"), r.makeCookie(), be64(2), sealed)
}

// TestCurveInitiateIsValidForOneConnection: an INITIATE that was recorded is
// refused on every other connection, because the key of the cookie is another.
func TestCurveInitiateIsValidForOneConnection(t *testing.T) {
	p := newCurvePair(t)
	hello := next(t, p.client)
	deliver(t, p.server, hello)
	deliver(t, p.client, next(t, p.server))
	initiate := next(t, p.client)
	deliver(t, p.server, initiate)
	if err := p.server.Receive(initiate); !errors.Is(err, mechanism.ErrUnexpected) {
		t.Errorf("second INITIATE: %v", err)
	}
	again := mechanism.NewCurveServer(p.serverKeys, serverMetadata, nil)
	deliver(t, again, hello)
	next(t, again)
	if err := again.Receive(initiate); !errors.Is(err, mechanism.ErrCrypto) {
		t.Errorf("INITIATE of another connection: %v", err)
	}
}

func TestCurveCookieIsValidForOneConnection(t *testing.T) {
	server := newCurvePair(t).server
	r := newReference()
	r.cookie = make([]byte, 96)
	if err := serverAnswer(t, r); !errors.Is(err, mechanism.ErrCrypto) {
		t.Errorf("cookie of zeros: %v", err)
	}
	other := newReference()
	other.cookieKey = bytes32(seeded(9))
	r.cookie = other.makeCookie()
	deliver(t, server, r.hello())
	next(t, server)
	if err := server.Receive(r.initiate()); !errors.Is(err, mechanism.ErrCrypto) {
		t.Errorf("cookie of another connection: %v", err)
	}
}

// TestCurveForgedHelloCostsNoKeyPair: the server makes its key pair only when
// HELLO has proved that the client knows the key of the server.
func TestCurveForgedHelloCostsNoKeyPair(t *testing.T) {
	calls := 0
	p := newCurvePair(t)
	count := func(b []byte) { calls++; clear(b) }
	r := newReference()
	r.clientTransient = bytes32(seeded('o'))
	if err := mechanism.NewCurveServer(p.serverKeys, nil, count).Receive(r.hello()); !errors.Is(err, mechanism.ErrCrypto) || calls != 0 {
		t.Errorf("%v, %d calls of the random number generator", err, calls)
	}
}

// TestCurveServerSendsLessThanItHasReceived: a server sends one command before it
// has authenticated the client, and that is shorter than HELLO.
// https://rfc.zeromq.org/spec/26/#the-hello-command
func TestCurveServerSendsLessThanItHasReceived(t *testing.T) {
	p := newCurvePair(t)
	if _, ok := p.server.Next(nil); ok {
		t.Error("the server sends first")
	}
	hello := next(t, p.client)
	if body, ok := p.client.Next(nil); ok {
		t.Errorf("the client sends %q before WELCOME", body)
	}
	deliver(t, p.server, hello)
	welcome := next(t, p.server)
	if len(hello) != 200 || len(welcome) != 168 {
		t.Errorf("HELLO has %d bytes, WELCOME %d", len(hello), len(welcome))
	}
	if _, ok := p.server.Next(nil); ok {
		t.Error("two commands before INITIATE")
	}
	deliver(t, p.client, welcome)
	deliver(t, p.server, next(t, p.client))
	if _, ok := p.server.Next(nil); ok {
		t.Error("a command before the verdict")
	}
}

// TestCurveKeysAndNoncesAreUnique: every connection has its own transient keys and
// long nonces, also with the same permanent keys.
func TestCurveKeysAndNoncesAreUnique(t *testing.T) {
	t.Parallel()
	const connections, decrypted = 1000, 100
	secret := bytes32(seeded('s'))
	p := newCurvePair(t)
	seen := map[string]string{}
	note := func(what string, b []byte) {
		if before, ok := seen[string(b)]; ok {
			t.Fatalf("%s has the value of an earlier %s", what, before)
		}
		seen[string(b)] = what
	}
	for i := range connections {
		client := mechanism.NewCurveClient(p.clientKeys, p.serverKey, clientMetadata, nil)
		server := mechanism.NewCurveServer(p.serverKeys, serverMetadata, nil)
		hello := next(t, client)
		deliver(t, server, hello)
		welcome := next(t, server)
		transient := [32]byte(hello[80:112])
		note("C'", transient[:])
		note("nonce of WELCOME", welcome[8:24])
		if i >= decrypted {
			continue
		}
		plain, ok := box.Open(nil, welcome[24:], nonce24("WELCOME-", welcome[8:24]), &transient, &secret)
		if !ok {
			t.Fatal("WELCOME does not decrypt")
		}
		note("S'", plain[:32])
		note("nonce of the cookie", plain[32:48])
		note("cookie", plain[48:])
	}
	if len(seen) != 2*connections+3*decrypted {
		t.Errorf("%d values", len(seen))
	}
}
