package engine_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// FuzzSealedFrames sends frames of a peer that has completed the handshake of CURVE
// or of the test mechanism, each sealed. The engine does with them what the model
// does with the same frames without encryption.
func FuzzSealedFrames(f *testing.F) {
	frame := func(flags byte, size uint16, body string) []byte {
		return append([]byte{flags, byte(size >> 8), byte(size)}, body...)
	}
	f.Add(byte(0), bytes.Join([][]byte{frame(1, 1, "a"), frame(2, 7, "\x04PING\x00\x01"), frame(0, 3, "end")}, nil), uint64(1))
	f.Add(byte(1), bytes.Join([][]byte{frame(2, 10, "\x09SUBSCRIBE"), frame(2, 6, "\x05ERROR"), frame(0, 0, "")}, nil), uint64(2))
	f.Add(byte(2), bytes.Join([][]byte{frame(0x80, 40_000, "large"), frame(0x81, 300, ""), frame(0x83, 9, "\x01X")}, nil), uint64(3))
	f.Add(byte(6), bytes.Join([][]byte{frame(1, 9, "123456789"), frame(1, 0, ""), frame(1, 0, ""), frame(1, 0, ""), frame(0, 0, "")}, nil), uint64(4))
	f.Add(byte(4), bytes.Join([][]byte{frame(0x80, 401, ""), frame(0, 1, "a")}, nil), uint64(5))
	f.Add(byte(7), bytes.Join([][]byte{frame(0x82, 41, "\x01X")}, nil), uint64(6))

	var curve hostileKind
	for _, k := range hostileKinds {
		if k.mechanism == 2 && !k.server && !k.accepted { // it needs no verdict
			curve = k
		}
	}
	ours, theirs := hostileMechanisms(curve)
	recorded := recordPeer(f, curve, secured(dealer("me"), ours), theirs)

	f.Fuzz(func(t *testing.T, kind byte, data []byte, seed uint64) {
		cfg := fuzzConfig(kind &^ 2)
		seal := func(flags byte, body string) string { return sealedFrame(flags, body) }
		opening := greeting("TEST") + command("CHAT", "") + command("READY", "")
		if kind&2 != 0 {
			opening = string(bytes.Join(recorded.Steps, nil))
			seal = func(flags byte, body string) string {
				sealed, err := recorded.Mech.Seal(nil, flags, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				return string(append(wire.AppendFrameHeader(nil, 0, len(sealed)), sealed...))
			}
			cfg = secured(cfg, ours)
		} else {
			cfg = secured(cfg, securedDealer(1).NewMechanism)
		}
		if kind&4 != 0 {
			cfg.Limits.Handshake, cfg.Limits.Commands = 0, 0 // only those of traffic
		}
		want := model{v: wire.V3_1, cfg: cfg}
		var stream string
		for len(data) >= 3 && len(stream) < fuzzSize {
			flags, size := data[0], int(data[1])<<8|int(data[2])
			body := make([]byte, size)
			data = data[3:]
			if flags&0x80 == 0 { // else the body is mostly zeros
				body = body[:min(size, len(data))]
			}
			data = data[copy(body, data):]
			if kind&2 == 0 && len(body) == unsealableSize {
				body = body[1:]
			}
			flags &= wire.FlagMore | wire.FlagCommand
			want.read(append(wire.AppendFrameHeader(nil, flags, len(body)), body...))
			stream += seal(flags, string(body))
		}
		for i, cut := range []cutter{whole, piecewise([]byte(stream)), randomCuts(newRand(seed))} {
			p := newPeer(t, cfg, whole)
			p.send(opening)
			p.wantHandshakeDone()
			p.cut, p.keep = cut, i == 2
			p.limit = 1 + int(seed%1000)
			p.send(stream)
			w := want
			if w.reason == engine.CloseCommandSize && p.closeReason() == engine.CloseFrameSize {
				w.reason = engine.CloseFrameSize // the header does not say whether it is a command
			}
			w.check(t, p)
		}
	})
}

// FuzzRejected reads any reason of an ERROR. A number is returned only if the
// reason has it.
func FuzzRejected(f *testing.F) {
	for _, reason := range []string{"400", "not-admitted:", "rejected-after-12-messages:frame", "rejected-after--1-messages:", "rejected-after-18446744073709551616-messages:"} {
		f.Add(reason)
	}
	f.Fuzz(func(t *testing.T, reason string) {
		n, ok := engine.Rejected(&mechanism.PeerError{Reason: reason})
		if !ok || n == 0 && strings.HasPrefix(reason, "not-admitted:") {
			return
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(reason, "rejected-after-"), "-messages:")
		if strings.TrimLeft(number, "0") != strings.TrimLeft(strconv.FormatUint(n, 10), "0") {
			t.Fatalf("%q: %d", reason, n)
		}
	})
}
