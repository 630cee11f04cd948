package engine_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// fuzzConfig selects a Config by the bits of kind: publisher or not, secured or
// not, limited or not.
func fuzzConfig(kind byte) *engine.Config {
	cfg := dealer("me")
	if kind&1 != 0 {
		cfg = publisher()
	}
	if kind&2 != 0 {
		cfg.NewMechanism = securedDealer(1).NewMechanism
	}
	if kind&4 != 0 {
		cfg.Limits = engine.Limits{Handshake: 300, Commands: 2, Metadata: 200, Properties: 3,
			Frame: 400, Frames: 4, Message: 500, Command: 40, Useless: 100}
	}
	return cfg
}

// fuzzSize bounds inputs so that no buffer grows twice. A buffer that is
// returned to a pool while growing would make later frames start with more
// memory.
const fuzzSize = 48 << 10

// inflate makes large frames from small inputs: it returns data, fill bytes to
// complete a frame, and data again.
func inflate(data []byte, fill uint16) []byte {
	filled := slices.Concat(data, bytes.Repeat([]byte{'x'}, int(fill)), data)
	if fill == 0 {
		filled = data
	}
	return filled[:min(len(filled), fuzzSize)]
}

// piecewise returns byteByByte, or larger pieces if that takes too long.
func piecewise(data []byte) cutter {
	if len(data) <= 2000 {
		return byteByByte
	}
	return func(n int) int { return min(n, 251) }
}

// runHandshake runs a handshake. It returns the engine, the number of bytes
// consumed, the bytes sent and the error.
func runHandshake(cfg *engine.Config, data []byte, cut cutter) (e *engine.Engine, used int, out []byte, err error) {
	e = engine.New(cfg)
	out = e.Output()
	for have := 0; have < len(data) && err == nil && !e.HandshakeDone(); {
		have += cut(len(data) - have)
		var n int
		n, err = e.Handshake(bytes.Clone(data[used:have]))
		used += n
		out = append(out, e.Output()...)
	}
	return e, used, out, err
}

// FuzzHandshake checks that the result of a handshake does not depend on how
// its bytes are split, and that the engine sends a bounded number of bytes.
func FuzzHandshake(f *testing.F) {
	prefixes := []string{"", signature, greeting31, greeting("TEST"), signature + "\x01\x06"}
	f.Fuzz(func(t *testing.T, kind, prefix byte, data []byte, seed uint64) {
		data = append([]byte(prefixes[int(prefix)%len(prefixes)]), data[:min(len(data), fuzzSize)]...)
		cfg := fuzzConfig(kind)
		e, used, out, err := runHandshake(cfg, data, whole)
		if used > len(data) || len(out) > 256 || err != nil && (e.HandshakeDone() || engine.CloseReasonOf(err) == engine.CloseNone) {
			t.Fatalf("consumed %d of %d, sent %d bytes, done %v, error %v", used, len(data), len(out), e.HandshakeDone(), err)
		}
		for _, cut := range []cutter{byteByByte, randomCuts(newRand(seed))} {
			o, usedo, outo, erro := runHandshake(cfg, data, cut)
			if e.HandshakeDone() != o.HandshakeDone() || used != usedo || !bytes.Equal(out, outo) || engine.CloseReasonOf(err) != engine.CloseReasonOf(erro) ||
				e.Version() != o.Version() || !reflect.DeepEqual(e.Peer(), o.Peer()) {
				t.Fatalf("at once: consumed %d, sent %q, done %v, error %v; in pieces: %d, %q, %v, %v",
					used, out, e.HandshakeDone(), err, usedo, outo, o.HandshakeDone(), erro)
			}
		}
	})
}

// FuzzDecode compares Decode with a simple model for each version and several
// splits, with and without retained buffers. It also checks the memory used.
func FuzzDecode(f *testing.F) {
	emptyPools()
	f.Fuzz(func(t *testing.T, kind, which byte, data []byte, fill uint16, seed uint64) {
		o := openings[int(which)%len(openings)]
		data = inflate(data, fill)
		cfg := fuzzConfig(kind &^ 2)
		want := model{v: o.version, cfg: cfg}
		if cfg.Publishes && which%5 == 0 {
			want.msgs = []message{{"\x01"}}
		}
		want.read(data)
		for i, cut := range []cutter{whole, whole, piecewise(data), randomCuts(newRand(seed))} {
			p := connectedPeer(t, cfg, o, cut)
			p.keep, p.bounded = i == 1, 4
			p.limit = 1 + int(seed%1000)
			p.send(string(data))
			want.check(t, p)
		}
	})
}

// check compares an engine with the model.
func (m *model) check(t *testing.T, p *peer) {
	t.Helper()
	if m.reason != p.closeReason() && !(m.cut && p.closeReason() == engine.CloseMessageSize) {
		t.Fatalf("close reason %v (%v), want %v", p.closeReason(), p.err, m.reason)
	}
	if !equalMessages(p.msgs, m.msgs) {
		t.Fatalf("received %.300q, want %.300q", p.msgs, m.msgs)
	}
	if string(p.pong) != m.pong || p.e.Ignored() != m.ignored || p.e.Pongs() != m.pongs {
		t.Fatalf("answered %q, %d ignored, %d PONGs; want %q, %d, %d",
			p.pong, p.e.Ignored(), p.e.Pongs(), m.pong, m.ignored, m.pongs)
	}
	if _, incomplete := p.e.Partial(); m.part != nil && p.err == nil && !incomplete {
		t.Fatalf("Partial reports no message, but %d frames of one were sent", len(m.part))
	}
}

// FuzzEngine checks that the result of a whole connection, from greeting to
// messages, does not depend on how its bytes are split.
func FuzzEngine(f *testing.F) {
	emptyPools()
	f.Fuzz(func(t *testing.T, kind byte, data []byte, fill uint16, seed uint64) {
		data = inflate(data, fill)
		cfg := fuzzConfig(kind)
		run := func(cut cutter) *peer {
			p := newPeer(t, cfg, cut)
			p.bounded = 4
			p.send(string(data))
			return p
		}
		p := run(whole)
		for _, cut := range []cutter{piecewise(data), randomCuts(newRand(seed))} {
			checkSame(t, p, run(cut))
		}
		if p.e.HandshakeDone() && p.e.Version() < wire.V3_0 && kind&2 != 0 {
			t.Fatal("a secured engine accepted an old version")
		}
	})
}
