package engine_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/wire"
)

// fuzzed picks a Config by the bits of a number: publisher or not, secured or
// not, limited or not.
func fuzzed(kind byte) *engine.Config {
	cfg := dealer("me")
	if kind&1 != 0 {
		cfg = publisher()
	}
	if kind&2 != 0 {
		cfg.NewMechanism = secured(1).NewMechanism
	}
	if kind&4 != 0 {
		cfg.Limits = engine.Limits{Handshake: 300, Commands: 2, Metadata: 200, Properties: 3,
			Frame: 400, Frames: 4, Message: 500, Command: 40, Useless: 100}
	}
	return cfg
}

// fuzzSize bounds inputs so that no buffer grows twice: what is given back on
// the way would make later frames start with more.
const fuzzSize = 48 << 10

// inflate makes large frames out of small inputs: some bytes to fill them, and
// the input once more.
func inflate(data []byte, fill uint16) []byte {
	filled := slices.Concat(data, bytes.Repeat([]byte{'x'}, int(fill)), data)
	if fill == 0 {
		filled = data
	}
	return filled[:min(len(filled), fuzzSize)]
}

// piecewise is bytewise, unless that takes too long.
func piecewise(data []byte) cutter {
	if len(data) <= 2000 {
		return bytewise
	}
	return func(n int) int { return min(n, 251) }
}

// shake runs a handshake alone: what was consumed, said and found.
func shake(cfg *engine.Config, data []byte, cut cutter) (e *engine.Engine, used int, out []byte, err error) {
	e = engine.New(cfg)
	out = e.Output()
	for have := 0; have < len(data) && err == nil && !e.Ready(); {
		have += cut(len(data) - have)
		var n int
		n, err = e.Handshake(bytes.Clone(data[used:have]))
		used += n
		out = append(out, e.Output()...)
	}
	return e, used, out, err
}

// FuzzHandshake: a handshake comes to the same end however it is cut, and says
// no more than it has to.
func FuzzHandshake(f *testing.F) {
	prefixes := []string{"", signature, greeting31, greeting("TOY"), signature + "\x01\x06"}
	f.Fuzz(func(t *testing.T, kind, prefix byte, data []byte, seed uint64) {
		data = append([]byte(prefixes[int(prefix)%len(prefixes)]), data[:min(len(data), fuzzSize)]...)
		cfg := fuzzed(kind)
		e, used, out, err := shake(cfg, data, whole)
		if used > len(data) || len(out) > 256 || err != nil && (e.Ready() || engine.CloseReasonOf(err) == engine.CloseNone) {
			t.Fatalf("consumed %d of %d, said %d bytes, ready %v, error %v", used, len(data), len(out), e.Ready(), err)
		}
		for _, cut := range []cutter{bytewise, randomly(seeded(seed))} {
			o, usedo, outo, erro := shake(cfg, data, cut)
			if e.Ready() != o.Ready() || used != usedo || !bytes.Equal(out, outo) || engine.CloseReasonOf(err) != engine.CloseReasonOf(erro) ||
				e.Version() != o.Version() || !reflect.DeepEqual(e.Peer(), o.Peer()) {
				t.Fatalf("at once: consumed %d, said %q, ready %v, error %v; in pieces: %d, %q, %v, %v",
					used, out, e.Ready(), err, usedo, outo, o.Ready(), erro)
			}
		}
	})
}

// FuzzDecode: traffic of each version means what the model says, however it is
// cut and wherever it is kept, and takes no more memory than it may.
func FuzzDecode(f *testing.F) {
	emptyPools()
	f.Fuzz(func(t *testing.T, kind, which byte, data []byte, fill uint16, seed uint64) {
		o := openings[int(which)%len(openings)]
		data = inflate(data, fill)
		cfg := fuzzed(kind &^ 2)
		want := model{v: o.version, cfg: cfg}
		if cfg.Publishes && which%5 == 0 {
			want.msgs = []message{{"\x01"}}
		}
		want.read(data)
		for i, cut := range []cutter{whole, whole, piecewise(data), randomly(seeded(seed))} {
			p := inTraffic(t, cfg, o, cut)
			p.keep, p.bounded = i == 1, 4
			p.limit = 1 + int(seed%1000)
			p.send(string(data))
			want.check(t, p)
		}
	})
}

// check compares a decoder with the model.
func (m *model) check(t *testing.T, p *peer) {
	t.Helper()
	if m.fault != p.fault() && !(m.cut && p.fault() == engine.CloseMessageSize) {
		t.Fatalf("fault %v (%v), want %v", p.fault(), p.err, m.fault)
	}
	if !equalMessages(p.msgs, m.msgs) {
		t.Fatalf("received %.300q, want %.300q", p.msgs, m.msgs)
	}
	if string(p.pong) != m.pong || p.e.Ignored() != m.ignored || p.e.Pongs() != m.pongs {
		t.Fatalf("answered %q, %d ignored, %d PONGs; want %q, %d, %d",
			p.pong, p.e.Ignored(), p.e.Pongs(), m.pong, m.ignored, m.pongs)
	}
	if _, unfinished := p.e.Held(); m.part != nil && p.err == nil && !unfinished {
		t.Fatalf("%d frames of a message, and it is not unfinished", len(m.part))
	}
}

// FuzzEngine: a whole connection, from greeting to traffic, comes to the same
// end however it is cut.
func FuzzEngine(f *testing.F) {
	emptyPools()
	f.Fuzz(func(t *testing.T, kind byte, data []byte, fill uint16, seed uint64) {
		data = inflate(data, fill)
		cfg := fuzzed(kind)
		play := func(cut cutter) *peer {
			p := play(t, cfg, cut)
			p.bounded = 4
			p.send(string(data))
			return p
		}
		p := play(whole)
		for _, cut := range []cutter{piecewise(data), randomly(seeded(seed))} {
			checkSame(t, p, play(cut))
		}
		if p.e.Ready() && p.e.Version() < wire.V3_0 && kind&2 != 0 {
			t.Fatal("a secured socket took an old version")
		}
	})
}
