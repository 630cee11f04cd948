package engine_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
)

// peer plays the far end of one engine, and its session: it sends bytes in
// pieces, offers again what the engine has not consumed, and keeps all that
// comes of it.
type peer struct {
	t     testing.TB
	e     *engine.Engine
	cut   cutter
	keep  bool // give buffers away to Decode, instead of overwriting them behind it
	limit int  // of messages for each call of Decode

	// bounded has the room that the engine takes checked, unless it is 0: 1 is
	// exact, and 4 what pooled memory may have more that others gave back.
	bounded int

	left []byte // sent and not consumed
	sent int

	out  []byte    // what the engine said before Ready
	pong []byte    // the last that it said after
	msgs []message // what it received
	segs int       // how many segments that took
	err  error
}

// message is a message's frames.
type message []string

func play(t testing.TB, cfg *engine.Config, cut cutter) *peer {
	p := &peer{t: t, e: engine.New(cfg), cut: cut, limit: 1 << 20}
	p.out = p.e.Output()
	return p
}

// cutter says how many of the next n bytes arrive together, at least one.
type cutter func(n int) int

func whole(n int) int  { return n }
func bytewise(int) int { return 1 }

// cutAt cuts what is sent next once, behind k bytes.
func cutAt(k int) cutter {
	return func(n int) int {
		first := k
		k = 0
		if first <= 0 || first > n {
			return n
		}
		return first
	}
}

// randomly cuts into pieces of all orders of magnitude.
func randomly(rng *rand.Rand) cutter {
	return func(n int) int { return min(n, 1+rng.IntN(1<<rng.IntN(18))) }
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// send has the engine receive b.
func (p *peer) send(b string) {
	for data := []byte(b); len(data) > 0 && p.err == nil; {
		n := p.cut(len(data))
		p.deliver(data[:n])
		p.checkHeld()
		data = data[n:]
	}
}

func (p *peer) deliver(b []byte) {
	p.sent += len(b)
	for p.err == nil {
		want := p.e.Want()
		if want == nil {
			break
		}
		var in msg.Batch
		n := copy(want, b)
		p.err = p.e.Filled(n, &in)
		p.collect(&in)
		if b = b[n:]; len(b) == 0 && p.e.Want() != nil {
			return
		}
	}
	if p.err != nil {
		return
	}
	buf := slices.Concat(p.left, b)
	n := p.take(buf)
	p.left = slices.Clone(buf[n:])
}

// take offers b to the engine and returns how much it consumed.
func (p *peer) take(b []byte) (used int) {
	if !p.e.Ready() {
		used, p.err = p.e.Handshake(b)
		clear(b[:used])
		p.out = append(p.out, p.e.Output()...)
		if p.err != nil || !p.e.Ready() {
			return used
		}
	}
	for {
		var in msg.Batch
		n, err := p.e.Decode(b[used:], p.keep, p.limit, &in)
		if in.Msgs > p.limit {
			p.t.Fatalf("%d messages, limit %d", in.Msgs, p.limit)
		}
		if !p.keep {
			for i := range b[used : used+n] {
				b[used+i] = 0xAA
			}
		}
		used += n
		got := in.Msgs
		p.collect(&in)
		if out := p.e.Output(); len(out) > 0 {
			p.pong = out
		}
		if p.err = err; err != nil || n == 0 && got == 0 {
			return used
		}
	}
}

// collect takes the messages out of a batch, which must be what it claims.
func (p *peer) collect(in *msg.Batch) {
	size := 0
	for _, s := range in.Segs {
		size += len(s.B)
		if s.From != p.e.Peer() {
			p.t.Fatalf("a segment is from %v, want %v", s.From, p.e.Peer())
		}
	}
	if size != in.Bytes {
		p.t.Fatalf("segments of %d bytes, %d claimed", size, in.Bytes)
	}
	p.segs += len(in.Segs)
	msgs := readBatch(in)
	if len(msgs) != in.Msgs {
		p.t.Fatalf("%d messages, %d claimed", len(msgs), in.Msgs)
	}
	p.msgs = append(p.msgs, msgs...)
}

func readBatch(b *msg.Batch) (msgs []message) {
	cur := b.Cursor()
	for m, ok := cur.Message(); ok; m, ok = cur.Message() {
		var frames message
		for i := range m.Len() {
			frames = append(frames, string(m.Frame(i)))
		}
		msgs = append(msgs, frames)
	}
	return msgs
}

// checkHeld holds the engine to what it was sent: it keeps no more, and takes
// room for twice that and 4 KiB.
func (p *peer) checkHeld() {
	held, unfinished := p.e.Held()
	if !unfinished && held > 0 {
		p.t.Fatalf("%d bytes held of no message", held)
	}
	if held > p.sent {
		p.t.Fatalf("%d bytes held of %d sent", held, p.sent)
	}
	if want := p.e.Want(); p.bounded > 0 && held+len(want) > p.bounded*(2*p.sent+4<<10) {
		p.t.Fatalf("room for %d bytes more with %d held of %d sent", len(want), held, p.sent)
	}
}

func (p *peer) fault() engine.CloseReason { return engine.CloseReasonOf(p.err) }

// wantFault fails the test unless the connection ended for that reason.
func (p *peer) wantFault(want engine.CloseReason) {
	p.t.Helper()
	if p.fault() != want {
		p.t.Fatalf("fault %v (%v), want %v", p.fault(), p.err, want)
	}
	if want != engine.CloseNone && p.e.Ready() {
		p.t.Fatal("Ready after a fault")
	}
	var e *engine.Error
	if want != engine.CloseNone && (!errors.As(p.err, &e) || e.Reason != want) {
		p.t.Fatalf("error %v is no *Error", p.err)
	}
}

func (p *peer) wantReady() {
	p.t.Helper()
	p.wantFault(engine.CloseNone)
	if !p.e.Ready() {
		p.t.Fatalf("not ready; output so far %q", p.out)
	}
}

func (p *peer) wantMessages(want ...message) {
	p.t.Helper()
	p.wantFault(engine.CloseNone)
	if !equalMessages(p.msgs, want) {
		p.t.Fatalf("received %.200q, want %.200q", p.msgs, want)
	}
}

func equalMessages(a, b []message) bool { return slices.EqualFunc(a, b, slices.Equal[message]) }
