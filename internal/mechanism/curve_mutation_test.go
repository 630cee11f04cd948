package mechanism_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// handshakeCommands are the commands of a handshake, and the side that receives
// each after a number of other commands.
var handshakeCommands = []struct {
	name  string
	after func(commands int) mechanism.Mechanism
	count int
}{
	{"HELLO", serverAfter, 0},
	{"WELCOME", clientAfter, 0},
	{"INITIATE", serverAfter, 1},
	{"READY", clientAfter, 1},
}

// TestCurveEveryChangedBitIsRefused changes each bit of a handshake. A change of
// the high bit of C' in HELLO changes no key, so the server detects it only by
// the vouch in INITIATE.
func TestCurveEveryChangedBitIsRefused(t *testing.T) {
	const highBit = 8*(80+31) + 7
	for _, c := range handshakeCommands {
		valid := curveInputs()[c.name]
		deliver(t, c.after(c.count), valid)
		for bit := range 8 * len(valid) {
			body := bytes.Clone(valid)
			body[bit/8] ^= 1 << (bit % 8)
			m := c.after(c.count)
			err := m.Receive(body)
			if c.name == "HELLO" && bit == highBit {
				next(t, m)
				if err := m.Receive(newReference().initiate()); !errors.Is(err, mechanism.ErrKeyExchange) {
					t.Errorf("INITIATE after another C': %v", err)
				}
				continue
			}
			if _, ok := m.Next(nil); err == nil || ok || m.Status() != mechanism.Handshaking {
				t.Errorf("%s with another bit %d accepted", c.name, bit)
			}
		}
	}
}

func TestCurveEveryChangedBitOfFrameIsRefused(t *testing.T) {
	r := newReference()
	for _, tt := range []struct {
		after func(commands int) mechanism.Mechanism
		frame []byte
	}{
		{serverAfter, r.message(toServer, 3, 0, "body")},
		{clientAfter, r.message(toClient, 2, 0, "body")},
	} {
		for bit := range 8 * len(tt.frame) {
			m, frame := tt.after(2), bytes.Clone(tt.frame)
			frame[bit/8] ^= 1 << (bit % 8)
			if _, plain, err := m.Open(frame); err == nil || plain != nil {
				t.Errorf("bit %d: opened %q", bit, plain)
			}
			if _, plain, err := m.Open(bytes.Clone(tt.frame)); err == nil || plain != nil {
				t.Errorf("bit %d: the next frame was opened", bit)
			}
		}
	}
}

// TestCurveCommandsOfWrongSizeAreRefused: a longer command has zeros at its end.
func TestCurveCommandsOfWrongSizeAreRefused(t *testing.T) {
	limits := map[string][2]int{"HELLO": {200, 200}, "WELCOME": {168, 168}, "INITIATE": {257, 400}, "READY": {30, 400}}
	for _, c := range handshakeCommands {
		valid := curveInputs()[c.name]
		for size := range 401 {
			if size == len(valid) {
				continue
			}
			want := mechanism.ErrMalformed
			if size >= limits[c.name][0] && size <= limits[c.name][1] {
				want = mechanism.ErrCrypto
			}
			err := c.after(c.count).Receive(append(bytes.Clone(valid), make([]byte, 400)...)[:size])
			if !errors.Is(err, want) {
				t.Errorf("%s of %d bytes: %v, want %v", c.name, size, err, want)
			}
		}
	}
}

func TestCurveHelloPaddingAndVersionAreChecked(t *testing.T) {
	valid := curveInputs()["HELLO"]
	check := func(offset int, value byte) {
		t.Helper()
		hello := bytes.Clone(valid)
		hello[offset] = value
		if err := newCurvePair(t).server.Receive(hello); !errors.Is(err, mechanism.ErrMalformed) {
			t.Errorf("%d at %d: %v", value, offset, err)
		}
	}
	for i := range 72 {
		check(8+i, 1)
		check(8+i, 0x80)
	}
	for v := range 256 {
		if v != 1 {
			check(6, byte(v))
		}
		if v != 0 {
			check(7, byte(v))
		}
	}
}
