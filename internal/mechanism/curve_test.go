package mechanism_test

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// Metadata of the two sides of a handshake.
var (
	clientMetadata = wire.AppendProperty(nil, wire.PropSocketType, "DEALER")
	serverMetadata = wire.AppendProperty(nil, wire.PropSocketType, "ROUTER")
)

// seeded returns a source of bytes that depends only on seed.
func seeded(seed byte) func([]byte) {
	r := rand.NewChaCha8([32]byte{seed})
	return func(b []byte) { _, _ = r.Read(b) }
}

// bytes32 returns 32 bytes of a source.
func bytes32(random func([]byte)) (b [32]byte) {
	random(b[:])
	return b
}

// publicOf returns the public key of a secret key.
func publicOf(t testing.TB, secret [32]byte) [32]byte {
	t.Helper()
	key, err := ecdh.X25519().NewPrivateKey(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(key.PublicKey().Bytes())
}

// curvePair is a client and a server with the same keys and random bytes in
// every test.
type curvePair struct {
	client, server mechanism.Mechanism
	curvePairKeys
}

type curvePairKeys struct {
	clientKeys, serverKeys *mechanism.CurveKeys
	serverKey              *mechanism.CurveServerKey // of serverKeys
}

// pairKeys are computed once, because that takes longer than most tests.
var pairKeys = sync.OnceValues(func() (k curvePairKeys, err error) {
	if k.clientKeys, err = mechanism.NewCurveKeys(bytes32(seeded('c')), [32]byte{}); err != nil {
		return k, err
	}
	if k.serverKeys, err = mechanism.NewCurveKeys(bytes32(seeded('s')), [32]byte{}); err != nil {
		return k, err
	}
	k.serverKey, err = mechanism.NewCurveServerKey(k.serverKeys.Public())
	return k, err
})

func newCurvePair(t testing.TB) *curvePair {
	t.Helper()
	keys, err := pairKeys()
	if err != nil {
		t.Fatal(err)
	}
	p := &curvePair{curvePairKeys: keys}
	p.restart()
	return p
}

// restart starts a handshake with the same keys and the same random bytes.
func (p *curvePair) restart() {
	p.client = mechanism.NewCurveClient(p.clientKeys, p.serverKey, clientMetadata, seeded(1))
	p.server = mechanism.NewCurveServer(p.serverKeys, serverMetadata, seeded(2))
}

// next returns the next command of a side, which must have one.
func next(t testing.TB, m mechanism.Mechanism) []byte {
	t.Helper()
	body, ok := m.Next(nil)
	if !ok {
		t.Fatal("no command to send")
	}
	return body
}

// deliver passes a command to a side, which must accept it.
func deliver(t testing.TB, m mechanism.Mechanism, body []byte) {
	t.Helper()
	if err := m.Receive(body); err != nil {
		t.Fatal(err)
	}
}

// initiated exchanges commands until the server is Waiting.
func (p *curvePair) initiated(t testing.TB) {
	t.Helper()
	deliver(t, p.server, next(t, p.client))
	deliver(t, p.client, next(t, p.server))
	deliver(t, p.server, next(t, p.client))
	if p.server.Status() != mechanism.Waiting {
		t.Fatalf("status of the server after INITIATE: %d", p.server.Status())
	}
}

// connect completes the handshake.
func (p *curvePair) connect(t testing.TB) {
	t.Helper()
	p.initiated(t)
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	deliver(t, p.client, next(t, p.server))
	if p.client.Status() != mechanism.Complete || p.server.Status() != mechanism.Complete {
		t.Fatalf("status %d and %d after the handshake", p.client.Status(), p.server.Status())
	}
}

// connectedPair returns both sides after the handshake.
func connectedPair(t testing.TB) *curvePair {
	t.Helper()
	p := newCurvePair(t)
	p.connect(t)
	return p
}

func TestCurveHandshakeAuthenticatesBothSides(t *testing.T) {
	p := newCurvePair(t)
	if p.client.Name() != "CURVE" || p.server.Name() != "CURVE" || p.client.Server() || !p.server.Server() {
		t.Error("wrong name or role")
	}
	p.initiated(t)
	if p.client.Status() != mechanism.Handshaking {
		t.Error("the client is ready before READY")
	}
	c := p.server.Credentials()
	if c.Mechanism != "CURVE" || c.PublicKey != p.clientKeys.Public() || !bytes.Equal(c.Metadata, clientMetadata) {
		t.Errorf("credentials %q %x %q", c.Mechanism, c.PublicKey, c.Metadata)
	}
	p.restart()
	p.connect(t)
	if !bytes.Equal(p.client.Metadata(), serverMetadata) || !bytes.Equal(p.server.Metadata(), clientMetadata) {
		t.Errorf("metadata %q and %q", p.client.Metadata(), p.server.Metadata())
	}
	for _, m := range []mechanism.Mechanism{p.client, p.server} {
		if body, ok := m.Next([]byte("x")); ok || string(body) != "x" {
			t.Errorf("a command after the handshake: %q", body)
		}
		if !m.Seals() {
			t.Error("does not seal")
		}
	}
}

func TestCurveHandshakeWorksWithRandomKeys(t *testing.T) {
	p := newCurvePair(t)
	p.client = mechanism.NewCurveClient(p.clientKeys, p.serverKey, nil, nil)
	p.server = mechanism.NewCurveServer(p.serverKeys, nil, nil)
	p.connect(t)
	if len(p.client.Metadata())+len(p.server.Metadata()) != 0 {
		t.Error("metadata from nowhere")
	}
}

func TestCurveTransfersFramesInBothDirections(t *testing.T) {
	p := connectedPair(t)
	for _, d := range [][2]mechanism.Mechanism{{p.client, p.server}, {p.server, p.client}} {
		for size := range 700 {
			body := strings.Repeat("x", size)
			for _, flags := range []byte{0, wire.FlagMore, wire.FlagCommand, wire.FlagMore | wire.FlagCommand} {
				sealed, err := d[0].Seal([]byte("header"), flags, []byte(body))
				if err != nil || len(sealed) != 6+size+mechanism.SealOverhead || string(sealed[:6]) != "header" {
					t.Fatalf("%d bytes sealed to %d, %v", size, len(sealed), err)
				}
				sealed = sealed[6:]
				if size > 3 && bytes.Contains(sealed, []byte(body)) {
					t.Fatal("not encrypted")
				}
				f, plain, err := d[1].Open(sealed)
				if err != nil || f != flags || string(plain) != body {
					t.Fatalf("%d bytes, flags %d: opened flags %d, %d bytes, %v", size, flags, f, len(plain), err)
				}
				if size > 0 && &plain[size-1] != &sealed[len(sealed)-1] {
					t.Fatal("not opened in place")
				}
			}
		}
	}
}

func TestCurveVerdictDecidesWhatServerSends(t *testing.T) {
	for status, want := range map[mechanism.ZAPStatus]string{
		mechanism.StatusDenied:        "\x05ERROR\x03400",
		mechanism.StatusInternalError: "\x05ERROR\x03500",
		"":                            "\x05ERROR\x03500",
		"999":                         "\x05ERROR\x03500",
		mechanism.StatusTemporary:     "",
	} {
		p := newCurvePair(t)
		p.initiated(t)
		var refused *mechanism.RefusedError
		if err := p.server.Resume(mechanism.Verdict{Status: status}); !errors.As(err, &refused) || refused.Status != status {
			t.Errorf("%q: error %v", status, err)
		}
		body, ok := p.server.Next(nil)
		if string(body) != want || ok != (want != "") {
			t.Errorf("%q: sends %q, want %q", status, body, want)
		}
		if ok {
			var peer *mechanism.PeerError
			if err := p.client.Receive(body); !errors.As(err, &peer) || peer.Reason != want[7:] {
				t.Errorf("%q: error of the client: %v", status, err)
			}
		}
		for _, m := range []mechanism.Mechanism{p.client, p.server} {
			if _, ok := m.Next(nil); ok || m.Status() == mechanism.Complete {
				t.Errorf("%q: continues", status)
			}
		}
		if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); !errors.Is(err, mechanism.ErrUnexpected) {
			t.Errorf("%q: second Resume: %v", status, err)
		}
	}
}

// TestCurveCopiesMetadata: the metadata stays valid when the buffer of the
// command is reused.
func TestCurveCopiesMetadata(t *testing.T) {
	p := newCurvePair(t)
	relay := func(from, to mechanism.Mechanism) {
		body := next(t, from)
		before := bytes.Clone(body)
		deliver(t, to, body)
		if !bytes.Equal(body, before) {
			t.Error("Receive changes the command")
		}
		clear(body)
	}
	relay(p.client, p.server)
	relay(p.server, p.client)
	relay(p.client, p.server)
	if !bytes.Equal(p.server.Credentials().Metadata, clientMetadata) {
		t.Error("the server keeps a part of INITIATE")
	}
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	relay(p.server, p.client)
	if !bytes.Equal(p.client.Metadata(), serverMetadata) {
		t.Error("the client keeps a part of READY")
	}
}

func TestCurveServerMetadataIsChecked(t *testing.T) {
	p := newCurvePair(t)
	p.server = mechanism.NewCurveServer(p.serverKeys, []byte("\x01"), nil)
	p.initiated(t)
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	if err := p.client.Receive(next(t, p.server)); !errors.Is(err, mechanism.ErrMalformed) {
		t.Errorf("READY with malformed metadata: %v", err)
	}
	p.client = mechanism.NewCurveClient(p.clientKeys, p.serverKey, []byte("\x01"), nil)
	p.server = mechanism.NewCurveServer(p.serverKeys, nil, nil)
	deliver(t, p.server, next(t, p.client))
	deliver(t, p.client, next(t, p.server))
	if err := p.server.Receive(next(t, p.client)); !errors.Is(err, mechanism.ErrMalformed) {
		t.Errorf("INITIATE with malformed metadata: %v", err)
	}
}

func TestCurveRefusesUnusableKeys(t *testing.T) {
	secret := bytes32(seeded('k'))
	public := publicOf(t, secret)
	if keys, err := mechanism.NewCurveKeys(secret, public); err != nil || keys.Public() != public {
		t.Errorf("matching keys: %v", err)
	}
	other := public
	other[0] ^= 1
	for name, k := range map[string][2][32]byte{"zero secret key": {}, "zero secret key with public": {{}, public}, "mismatch": {secret, other}} {
		_, err := mechanism.NewCurveKeys(k[0], k[1])
		if err == nil || strings.Contains(err.Error(), fmt.Sprintf("%x", public[:4])) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, point := range lowOrderPoints() {
		if _, err := mechanism.NewCurveServerKey(point); err == nil {
			t.Errorf("server key %x accepted", point)
		}
	}
	if _, err := mechanism.NewCurveServerKey(public); err != nil {
		t.Errorf("server key: %v", err)
	}
}

// lowOrderPoints returns the u-coordinates of the points of low order, as in
// https://cr.yp.to/ecdh.html, each also with the high bit, which X25519 ignores.
func lowOrderPoints() (points [][32]byte) {
	order8a := [32]byte{
		0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
	}
	order8b := [32]byte{
		0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
	}
	// p-1, p and p+1 for p = 2^255-19
	near := func(low byte) (p [32]byte) {
		for i := range p {
			p[i] = 0xff
		}
		p[0], p[31] = low, 0x7f
		return p
	}
	for _, p := range [][32]byte{{}, {1}, order8a, order8b, near(0xec), near(0xed), near(0xee)} {
		high := p
		high[31] |= 0x80
		points = append(points, p, high)
	}
	return points
}

// TestCurveFormatsNoKey: fmt prints unexported fields unless a type prevents it.
func TestCurveFormatsNoKey(t *testing.T) {
	p := connectedPair(t)
	client := p.client.(*mechanism.CurveClient)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, x := range []any{p.client, p.server, p.clientKeys, *p.clientKeys, *client, p.serverKey} {
			text := fmt.Sprintf(verb, x)
			if len(text) > 20 || !strings.Contains(text, "CURVE") {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
}
