package engine_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// batchOf is messages at rest in a batch, as a queue makes one: small frames
// in a few segments, large ones in their own.
func batchOf(rng *rand.Rand, msgs ...message) *msg.Batch {
	b := new(msg.Batch)
	var seg []byte
	flush := func() {
		if len(seg) > 0 {
			b.Add(msg.Seg{B: seg})
		}
		seg = nil
	}
	for _, m := range msgs {
		for i, f := range m {
			seg = msg.AppendHeader(seg, len(f), i < len(m)-1)
			if len(f) >= msg.LargeFrame {
				flush()
				b.Add(msg.Seg{B: []byte(f)})
				continue
			}
			if seg = append(seg, f...); rng.IntN(4) == 0 {
				flush()
			}
		}
		b.Msgs++
	}
	flush()
	return b
}

// atRest is all of a batch in one piece.
func atRest(b *msg.Batch) string {
	var all strings.Builder
	for _, s := range b.Segs {
		all.Write(s.B)
	}
	return all.String()
}

// encode has e encode a batch in runs of about full bytes.
func encode(t testing.TB, e *engine.Engine, b *msg.Batch, full int) string {
	t.Helper()
	var all strings.Builder
	cur := b.Cursor()
	msgs, size := 0, 0
	for msgs < b.Msgs {
		out, n, k, err := e.Encode(nil, &cur, full)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 || n > 1 && full <= 1 {
			t.Fatalf("%d messages in a run of %d bytes", n, full)
		}
		msgs, size = msgs+n, size+k
		all.Write(out)
	}
	if msgs != b.Msgs || size != b.Bytes {
		t.Fatalf("encoded %d messages of %d bytes at rest, there are %d of %d", msgs, size, b.Msgs, b.Bytes)
	}
	if out, n, k, err := e.Encode([]byte("x"), &cur, math.MaxInt); string(out) != "x" || n+k > 0 || err != nil {
		t.Fatalf("encoded %q, %d messages of %d bytes, of nothing (%v)", out, n, k, err)
	}
	return all.String()
}

// TestEncode: what is encoded is what the wire has, and what needs no encoding
// is that already.
func TestEncode(t *testing.T) {
	var msgs []message
	for _, n := range edges {
		msgs = append(msgs, message{body(n)}, message{"", body(n), "x"})
	}
	for _, o := range openings {
		p := inTraffic(t, dealer(""), o, whole)
		want := onWire(o.version, msgs...)
		for _, full := range []int{1, 100, 64 << 10, math.MaxInt} {
			if got := encode(t, p.e, batchOf(seeded(uint64(full)), msgs...), full); got != want {
				t.Fatalf("%s, runs of %d: encoded %d bytes, want %d", o.name, full, len(got), len(want))
			}
		}
		if p.e.Direct() != (o.version != wire.V1) {
			t.Errorf("%s: Direct is %v", o.name, p.e.Direct())
		}
		if p.e.Direct() && atRest(batchOf(seeded(1), msgs...)) != want {
			t.Errorf("%s: frames at rest are not those of the wire", o.name)
		}
	}
}

// TestEncodeCommands: commands go along and do not count.
func TestEncodeCommands(t *testing.T) {
	p := inTraffic(t, dealer(""), openings[4], whole)
	rest := engine.AppendPing(nil, 7, 258)
	rest = append(rest, onWire(wire.V3_1, message{"m", "n"})...)
	rest = p.e.AppendSubscription(rest, "t", true)
	cur := msg.Frames(rest)
	out, n, _, err := p.e.Encode([]byte("before"), &cur, math.MaxInt)
	if err != nil || n != 1 || string(out) != "before"+command("PING", "\x00\x07\x00\x00\x00\x00\x00\x00\x01\x02")+onWire(wire.V3_1, message{"m", "n"})+command("SUBSCRIBE", "t") {
		t.Errorf("encoded %q, %d messages (%v)", out, n, err)
	}
}

// TestAppendSubscription: a command from 3.1 on, a message before.
func TestAppendSubscription_RFC37(t *testing.T) {
	for _, o := range openings {
		for _, n := range []int{0, 1, 100, 243, 244, 245, 246, 252, 253, 254, 255, 256, 10000} {
			topic := body(n)
			p := inTraffic(t, dealer(""), o, whole)
			rest := p.e.AppendSubscription(nil, topic, true)
			rest = p.e.AppendSubscription(rest, topic, false)
			want := onWire(o.version, message{"\x01" + topic}, message{"\x00" + topic})
			if o.version == wire.V3_1 {
				want = command("SUBSCRIBE", topic) + command("CANCEL", topic)
			}
			cur := msg.Frames(rest)
			out, _, _, err := p.e.Encode(nil, &cur, math.MaxInt)
			if err != nil || string(out) != want {
				t.Errorf("%s: %.50q, want %.50q (%v)", o.name, out, want, err)
			}
			if p.e.Direct() && string(rest) != want {
				t.Errorf("%s: at rest %.50q, want %.50q", o.name, rest, want)
			}
			q := inTraffic(t, publisher(), o, whole)
			q.msgs = nil
			q.send(string(out))
			q.wantMessages(message{"\x01" + topic}, message{"\x00" + topic})
		}
	}
}

// TestSealedTraffic goes through a mechanism both ways, commands and all.
func TestSealedTraffic(t *testing.T) {
	msgs := []message{{"a"}, {"", body(300), body(50000)}, {body(8192)}, {""}, {body(100000), "z"}}
	for seed := range uint64(20) {
		a, b := play(t, secured(1), whole), play(t, secured(1), whole)
		a.send(greeting("TOY") + command("CHAT", "") + readyRouter)
		b.send(greeting("TOY") + command("CHAT", "") + readyRouter)
		a.wantReady()
		b.wantReady()
		if a.e.Direct() || a.e.Peer().Mechanism != "TOY" {
			t.Fatalf("direct %v, peer %+v", a.e.Direct(), a.e.Peer())
		}
		stream := encode(t, a.e, batchOf(seeded(seed), msgs...), 1<<seed)
		ping := msg.Frames(engine.AppendPing(nil, 9, 1))
		out, _, _, err := a.e.Encode(nil, &ping, math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		b.cut = randomly(seeded(seed))
		b.send(stream + string(out))
		b.wantMessages(msgs...)
		if b.e.Lease() != 9 {
			t.Errorf("lease %d", b.e.Lease())
		}
	}
}

// TestSealedBroken: what cannot be sealed is not sent, and what cannot be
// opened ends the connection.
func TestSealedBroken(t *testing.T) {
	p := play(t, secured(0), whole)
	p.send(greeting("TOY") + readyRouter)
	cur := batchOf(seeded(1), message{"a"}, message{body(toyFails)}, message{"b"}).Cursor()
	if out, n, _, err := p.e.Encode(nil, &cur, math.MaxInt); err != errToy || n != 1 || string(out) != toyFrame(0, "a") {
		t.Errorf("encoded %q, %d messages (%v)", out, n, err)
	}
	p.send(toyFrame(0, "in") + "\x00\x00")
	p.wantFault(engine.CloseMalformed)
	if !equalMessages(p.msgs, []message{{"in"}}) {
		t.Errorf("received %q", p.msgs)
	}
}
