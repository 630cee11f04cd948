package mechanism_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

func seal(t testing.TB, m mechanism.Mechanism, flags byte, body string) []byte {
	t.Helper()
	sealed, err := m.Seal(nil, flags, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestCurveSealAndOpenDoNotAllocate(t *testing.T) {
	p := connectedPair(t)
	for _, size := range []int{0, 10, 300, 9000} {
		body := []byte(strings.Repeat("x", size))
		buf := make([]byte, 0, size+mechanism.SealOverhead)
		n := testing.AllocsPerRun(100, func() {
			sealed, err := p.client.Seal(buf, wire.FlagMore, body)
			if err == nil {
				_, _, err = p.server.Open(sealed)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
	}
}

// TestCurveNoncesMustIncrease: nonces may have gaps, but none is accepted twice
// and the order must not change. After a violation nothing is accepted.
// https://rfc.zeromq.org/spec/26/#the-ready-command
func TestCurveNoncesMustIncrease(t *testing.T) {
	const accepted = math.MaxUint64
	for _, nonces := range [][]uint64{
		{0}, {1}, {2}, // HELLO has 1, INITIATE 2
		{3, 3}, {3, 2}, {3, 4, 4}, {10, 9}, {10, 3},
		{3, 4, 5, 1 << 32, 1<<63 - 1, 1 << 63, accepted, 0},
		{accepted, accepted}, {accepted, 1}, {accepted - 1, accepted, 3},
	} {
		r := newReference()
		p := connectedPair(t)
		last := len(nonces) - 1
		for i, n := range nonces {
			_, plain, err := p.server.Open(r.message(toServer, n, 0, "body"))
			if i == last && (!errors.Is(err, mechanism.ErrSequence) || plain != nil) {
				t.Errorf("%d: nonce %d: %q, %v", nonces, n, plain, err)
			}
			if i < last && (err != nil || string(plain) != "body") {
				t.Errorf("%d: nonce %d: %q, %v", nonces, n, plain, err)
			}
		}
		for _, n := range []uint64{3, accepted} {
			if _, plain, err := p.server.Open(r.message(toServer, n, 0, "body")); err == nil || plain != nil {
				t.Errorf("%d: then nonce %d accepted", nonces, n)
			}
		}
	}
	// READY has nonce 1.
	p, r := connectedPair(t), newReference()
	if _, _, err := p.client.Open(r.message(toClient, 1, 0, "")); !errors.Is(err, mechanism.ErrSequence) {
		t.Errorf("nonce of READY in a MESSAGE: %v", err)
	}
}

func TestCurveReplayedAndReorderedFramesAreRefused(t *testing.T) {
	const frames = 8
	record := func() (*curvePair, [][]byte) {
		p := connectedPair(t)
		var sealed [][]byte
		for range frames {
			sealed = append(sealed, seal(t, p.client, 0, "body"))
		}
		return p, sealed
	}
	for replayed := range frames {
		for after := replayed; after < frames; after++ {
			p, sealed := record()
			for _, frame := range sealed[:after+1] {
				if _, _, err := p.server.Open(bytes.Clone(frame)); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := p.server.Open(sealed[replayed]); !errors.Is(err, mechanism.ErrSequence) {
				t.Errorf("frame %d again after %d: %v", replayed, after, err)
			}
		}
	}
}

// TestCurveForgedNonceEndsTraffic: a nonce counts only if the frame is authentic.
// A frame that is not ends the connection, so a valid one after it is refused
// too.
func TestCurveForgedNonceEndsTraffic(t *testing.T) {
	p := connectedPair(t)
	first, second := seal(t, p.client, 0, "first"), seal(t, p.client, 0, "second")
	first[8] = 0xff
	if _, plain, err := p.server.Open(first); !errors.Is(err, mechanism.ErrCrypto) || plain != nil {
		t.Errorf("forged nonce: %q, %v", plain, err)
	}
	if _, plain, err := p.server.Open(second); !errors.Is(err, mechanism.ErrCrypto) || plain != nil {
		t.Errorf("frame after a forged nonce: %q, %v", plain, err)
	}
}

// TestCurveReflectedFramesAreRefused: the directions have different keys.
func TestCurveReflectedFramesAreRefused(t *testing.T) {
	for i := range 2 {
		p := connectedPair(t)
		m := []mechanism.Mechanism{p.client, p.server}[i]
		for range 5 {
			seal(t, m, 0, "earlier") // so that the nonce is not what is refused
		}
		if _, plain, err := m.Open(seal(t, m, 0, "body")); !errors.Is(err, mechanism.ErrCrypto) || plain != nil {
			t.Errorf("opened its own frame: %q, %v", plain, err)
		}
	}
}

// TestCurveNoncesAreNotReused: the connection ends after 2^64-1 commands.
// https://rfc.zeromq.org/spec/26/#the-hello-command
func TestCurveNoncesAreNotReused(t *testing.T) {
	p := connectedPair(t)
	mechanism.SetCurveSent(p.client, math.MaxUint64-2)
	for range 2 {
		if _, _, err := p.server.Open(seal(t, p.client, 0, "body")); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if dst, err := p.client.Seal([]byte("x"), 0, []byte("body")); !errors.Is(err, mechanism.ErrSequence) || string(dst) != "x" {
			t.Errorf("sealed %q after the last nonce: %v", dst, err)
		}
	}
}

// TestCurveReservedFlagsAreRefused tries all values of the flags in a frame. The
// RFC reserves all bits but the first; libzmq uses the second for commands.
// https://rfc.zeromq.org/spec/26/#the-message-command
func TestCurveReservedFlagsAreRefused(t *testing.T) {
	want := map[int]byte{0: 0, 1: wire.FlagMore, 2: wire.FlagCommand, 3: wire.FlagMore | wire.FlagCommand}
	r := newReference()
	for flags := range 256 {
		got, plain, err := serverAfter(2).Open(r.message(toServer, 3, byte(flags), "body"))
		if f, ok := want[flags]; ok {
			if err != nil || got != f || string(plain) != "body" {
				t.Errorf("flags %d: %d, %q, %v", flags, got, plain, err)
			}
		} else if !errors.Is(err, mechanism.ErrMalformed) || plain != nil {
			t.Errorf("flags %d: %q, %v", flags, plain, err)
		}
	}
}

// TestCurveSealIgnoresFlagsOfOtherFrames: LARGE describes the frame header, which
// is not encrypted.
func TestCurveSealIgnoresFlagsOfOtherFrames(t *testing.T) {
	p := connectedPair(t)
	flags, _, err := p.server.Open(seal(t, p.client, 0xff, ""))
	if flags != wire.FlagMore|wire.FlagCommand || err != nil {
		t.Errorf("flags %d, %v", flags, err)
	}
}

func TestCurveFramesOfWrongSizeOrNameAreRefused(t *testing.T) {
	valid := newReference().message(toServer, 3, 0, strings.Repeat("x", 40))
	for size := range len(valid) + 40 {
		frame := append(bytes.Clone(valid), make([]byte, 40)...)[:size]
		_, plain, err := serverAfter(2).Open(frame)
		want := mechanism.ErrCrypto
		switch {
		case size == len(valid):
			want = nil
		case size < mechanism.SealOverhead:
			want = mechanism.ErrMalformed
		}
		if !errors.Is(err, want) || want != nil && plain != nil {
			t.Errorf("%d bytes: %d bytes, %v", size, len(plain), err)
		}
	}
	for i := range 8 {
		frame := bytes.Clone(valid)
		frame[i] ^= 0x20
		if _, _, err := serverAfter(2).Open(frame); !errors.Is(err, mechanism.ErrMalformed) {
			t.Errorf("name changed at %d: %v", i, err)
		}
	}
}

func TestCurveHasNoFramesBeforeEndOfHandshake(t *testing.T) {
	r := newReference()
	p := newCurvePair(t)
	check := func(m mechanism.Mechanism, when string) {
		t.Helper()
		if _, err := m.Seal(nil, 0, []byte("body")); err == nil {
			t.Errorf("%s: sealed", when)
		}
		for d := range 2 {
			if _, plain, err := m.Open(r.message(direction(d), 3, 0, "body")); !errors.Is(err, mechanism.ErrMalformed) || plain != nil {
				t.Errorf("%s: opened %q, %v", when, plain, err)
			}
		}
	}
	check(p.client, "new client")
	check(p.server, "new server")
	p.initiated(t)
	check(p.client, "client after INITIATE")
	check(p.server, "server after INITIATE")
	if err := p.server.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
		t.Fatal(err)
	}
	check(p.server, "server before READY")
}
