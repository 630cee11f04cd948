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

// batchOf returns a batch of encoded messages as a queue makes it: small frames
// share segments, large frames have segments of their own.
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

// encodedBytes returns the bytes of all segments of a batch.
func encodedBytes(b *msg.Batch) string {
	var all strings.Builder
	for _, s := range b.Segs {
		all.Write(s.B)
	}
	return all.String()
}

// encode encodes a batch by calls of Encode that each return about full bytes.
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
			t.Fatalf("%d messages from one call with full = %d", n, full)
		}
		msgs, size = msgs+n, size+k
		all.Write(out)
	}
	if msgs != b.Msgs || size != b.Bytes {
		t.Fatalf("encoded %d messages of %d bytes, want %d of %d", msgs, size, b.Msgs, b.Bytes)
	}
	if out, n, k, err := e.Encode([]byte("x"), &cur, math.MaxInt); string(out) != "x" || n+k > 0 || err != nil {
		t.Fatalf("at the end of the batch Encode returns %q, %d messages of %d bytes (%v)", out, n, k, err)
	}
	return all.String()
}

// Encode returns the frames of the negotiated version. If Direct is true, the
// encoded messages already are these bytes.
func TestEncodeReturnsFramesOfNegotiatedVersion(t *testing.T) {
	var msgs []message
	for _, n := range edges {
		msgs = append(msgs, message{body(n)}, message{"", body(n), "x"})
	}
	for _, o := range openings {
		p := connectedPeer(t, dealer(""), o, whole)
		want := onWire(o.version, msgs...)
		for _, full := range []int{1, 100, 64 << 10, math.MaxInt} {
			if got := encode(t, p.e, batchOf(newRand(uint64(full)), msgs...), full); got != want {
				t.Fatalf("%s, full = %d: encoded %d bytes, want %d", o.name, full, len(got), len(want))
			}
		}
		if p.e.Direct() != (o.version != wire.V1) {
			t.Errorf("%s: Direct is %v", o.name, p.e.Direct())
		}
		if p.e.Direct() && encodedBytes(batchOf(newRand(1), msgs...)) != want {
			t.Errorf("%s: the encoded messages are not the bytes to send", o.name)
		}
	}
}

// Encode passes commands between messages through and does not count them.
func TestEncodeDoesNotCountCommands(t *testing.T) {
	p := connectedPeer(t, dealer(""), openings[4], whole)
	frames := engine.AppendPing(nil, 7, 258)
	frames = append(frames, onWire(wire.V3_1, message{"m", "n"})...)
	frames = p.e.AppendSubscription(frames, "t", true)
	cur := msg.Frames(frames)
	out, n, _, err := p.e.Encode([]byte("before"), &cur, math.MaxInt)
	if err != nil || n != 1 || string(out) != "before"+command("PING", "\x00\x07\x00\x00\x00\x00\x00\x00\x01\x02")+onWire(wire.V3_1, message{"m", "n"})+command("SUBSCRIBE", "t") {
		t.Errorf("encoded %q, %d messages (%v)", out, n, err)
	}
}

// A subscription is a command from ZMTP 3.1 on and a message before.
// https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
func TestAppendSubscriptionUsesFormOfNegotiatedVersion(t *testing.T) {
	for _, o := range openings {
		for _, n := range []int{0, 1, 100, 243, 244, 245, 246, 252, 253, 254, 255, 256, 10000} {
			topic := body(n)
			p := connectedPeer(t, dealer(""), o, whole)
			appended := p.e.AppendSubscription(nil, topic, true)
			appended = p.e.AppendSubscription(appended, topic, false)
			want := onWire(o.version, message{"\x01" + topic}, message{"\x00" + topic})
			if o.version == wire.V3_1 {
				want = command("SUBSCRIBE", topic) + command("CANCEL", topic)
			}
			cur := msg.Frames(appended)
			out, _, _, err := p.e.Encode(nil, &cur, math.MaxInt)
			if err != nil || string(out) != want {
				t.Errorf("%s: %.50q, want %.50q (%v)", o.name, out, want, err)
			}
			if p.e.Direct() && string(appended) != want {
				t.Errorf("%s: appended %.50q, want %.50q", o.name, appended, want)
			}
			q := connectedPeer(t, publisher(), o, whole)
			q.msgs = nil
			q.send(string(out))
			q.wantMessages(message{"\x01" + topic}, message{"\x00" + topic})
		}
	}
}

// Messages and commands pass through a mechanism that encrypts.
func TestDecodeDecryptsWhatEncodeEncrypts(t *testing.T) {
	msgs := []message{{"a"}, {"", body(300), body(50000)}, {body(8192)}, {""}, {body(100000), "z"}}
	for seed := range uint64(20) {
		a, b := newPeer(t, securedDealer(1), whole), newPeer(t, securedDealer(1), whole)
		a.send(greeting("TEST") + command("CHAT", "") + readyRouter)
		b.send(greeting("TEST") + command("CHAT", "") + readyRouter)
		a.wantHandshakeDone()
		b.wantHandshakeDone()
		if a.e.Direct() || a.e.Peer().Mechanism != "TEST" {
			t.Fatalf("direct %v, peer %+v", a.e.Direct(), a.e.Peer())
		}
		stream := encode(t, a.e, batchOf(newRand(seed), msgs...), 1<<seed)
		ping := msg.Frames(engine.AppendPing(nil, 9, 1))
		out, _, _, err := a.e.Encode(nil, &ping, math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		b.cut = randomCuts(newRand(seed))
		b.send(stream + string(out))
		b.wantMessages(msgs...)
		if b.e.PeerTTL() != 9 {
			t.Errorf("PeerTTL() = %d", b.e.PeerTTL())
		}
	}
}

func TestEncodeAndDecodeFailIfEncryptionFails(t *testing.T) {
	p := newPeer(t, securedDealer(0), whole)
	p.send(greeting("TEST") + readyRouter)
	cur := batchOf(newRand(1), message{"a"}, message{body(unsealableSize)}, message{"b"}).Cursor()
	if out, n, _, err := p.e.Encode(nil, &cur, math.MaxInt); err != errSeal || n != 1 || string(out) != sealedFrame(0, "a") {
		t.Errorf("encoded %q, %d messages (%v)", out, n, err)
	}
	p.send(sealedFrame(0, "in") + "\x00\x00")
	p.wantCloseReason(engine.CloseMalformed)
	if !equalMessages(p.msgs, []message{{"in"}}) {
		t.Errorf("received %q", p.msgs)
	}
}
