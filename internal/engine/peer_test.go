package engine_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
)

// peer is the peer of an engine and the session that drives it. It sends bytes
// in pieces, passes again what the engine has not consumed, and collects the
// results.
type peer struct {
	t     testing.TB
	e     *engine.Engine
	cut   cutter
	keep  bool // Decode may retain the buffer; otherwise it is overwritten afterwards
	limit int  // messages per call of Decode

	// bounded, if not 0, makes checkMemory check the size of BodyBuffer. It is
	// a factor: 1, or 4 if the buffer may be a larger one from a pool.
	bounded int

	left []byte // sent and not consumed yet
	sent int

	out  []byte    // output of the engine during the handshake
	pong []byte    // its last output after the handshake
	msgs []message // messages that it returned
	segs int       // number of their segments
	err  error
}

// message holds the frames of a message.
type message []string

// newPeer returns the peer of a new engine.
func newPeer(t testing.TB, cfg *engine.Config, cut cutter) *peer {
	p := &peer{t: t, e: engine.New(cfg), cut: cut, limit: 1 << 20}
	p.out = p.e.Output()
	return p
}

// cutter returns how many of the next n bytes arrive together, at least one.
type cutter func(n int) int

func whole(n int) int    { return n }
func byteByByte(int) int { return 1 }

// cutAt splits the next bytes once, after k bytes.
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

// randomCuts splits the bytes into pieces of 1 byte to 128 KiB.
func randomCuts(rng *rand.Rand) cutter {
	return func(n int) int { return min(n, 1+rng.IntN(1<<rng.IntN(18))) }
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// send passes b to the engine.
func (p *peer) send(b string) {
	for data := []byte(b); len(data) > 0 && p.err == nil; {
		n := p.cut(len(data))
		p.deliver(data[:n])
		p.checkMemory()
		data = data[n:]
	}
}

func (p *peer) deliver(b []byte) {
	p.sent += len(b)
	for p.err == nil {
		want := p.e.BodyBuffer()
		if want == nil {
			break
		}
		var in msg.Batch
		n := copy(want, b)
		p.err = p.e.BodyRead(n, &in)
		p.collect(&in)
		if b = b[n:]; len(b) == 0 && p.e.BodyBuffer() != nil {
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

// take passes b to the engine and returns how many bytes it consumed.
func (p *peer) take(b []byte) (used int) {
	if !p.e.HandshakeDone() {
		used, p.err = p.e.Handshake(b)
		clear(b[:used])
		p.out = append(p.out, p.e.Output()...)
		if p.err != nil || !p.e.HandshakeDone() {
			return used
		}
	}
	for {
		var in msg.Batch
		n, err := p.e.Decode(b[used:], p.keep, p.limit, &in)
		if in.Msgs > p.limit {
			p.t.Fatalf("Decode returned %d messages, limit %d", in.Msgs, p.limit)
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

// collect adds the messages of a batch to p.msgs and checks the counts of the
// batch.
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

// checkMemory checks that the engine holds no more bytes than were sent, and
// memory for at most twice as many and 4 KiB.
func (p *peer) checkMemory() {
	size, incomplete := p.e.Partial()
	if !incomplete && size > 0 {
		p.t.Fatalf("Partial() = %d, but there is no incomplete message", size)
	}
	if size > p.sent {
		p.t.Fatalf("Partial() = %d, but only %d bytes were sent", size, p.sent)
	}
	if want := p.e.BodyBuffer(); p.bounded > 0 && size+len(want) > p.bounded*(2*p.sent+4<<10) {
		p.t.Fatalf("BodyBuffer has %d bytes, Partial() = %d, %d bytes were sent", len(want), size, p.sent)
	}
}

func (p *peer) closeReason() engine.CloseReason { return engine.CloseReasonOf(p.err) }

// wantCloseReason fails the test unless the engine has failed for that reason,
// or has not failed if want is CloseNone.
func (p *peer) wantCloseReason(want engine.CloseReason) {
	p.t.Helper()
	if p.closeReason() != want {
		p.t.Fatalf("close reason %v (%v), want %v", p.closeReason(), p.err, want)
	}
	if want != engine.CloseNone && p.e.HandshakeDone() {
		p.t.Fatal("HandshakeDone after the connection failed")
	}
	var e *engine.Error
	if want != engine.CloseNone && (!errors.As(p.err, &e) || e.Reason != want) {
		p.t.Fatalf("error %v is not an *Error with this reason", p.err)
	}
}

func (p *peer) wantHandshakeDone() {
	p.t.Helper()
	p.wantCloseReason(engine.CloseNone)
	if !p.e.HandshakeDone() {
		p.t.Fatalf("handshake not done; output so far %q", p.out)
	}
}

func (p *peer) wantMessages(want ...message) {
	p.t.Helper()
	p.wantCloseReason(engine.CloseNone)
	if !equalMessages(p.msgs, want) {
		p.t.Fatalf("received %.200q, want %.200q", p.msgs, want)
	}
}

func equalMessages(a, b []message) bool { return slices.EqualFunc(a, b, slices.Equal[message]) }
