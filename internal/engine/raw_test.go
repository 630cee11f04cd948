package engine_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
)

// raw is a STREAM's Config. Its limits are those that would catch any frame.
func raw() *engine.Config {
	return &engine.Config{
		SocketType: "STREAM", SocketNumber: 11, Raw: true,
		NewMechanism: func([]byte) mechanism.Mechanism { panic("a raw connection has no mechanism") },
		Limits: engine.Limits{Handshake: 1, Commands: 1, Metadata: 1, Properties: 1,
			Frame: 1, Frames: 1, Message: 1, Command: 1, Useless: 1},
	}
}

// TestRawHasNoHandshake: an engine is ready before a byte has come, and says
// nothing of its own, ever.
func TestRawHasNoHandshake(t *testing.T) {
	e := engine.New(raw())
	if e.Ready() || e.Peer() != nil {
		t.Error("there is a peer before the handshake")
	}
	if n, err := e.Handshake(nil); n != 0 || err != nil || !e.Ready() || e.Peer() == nil {
		t.Fatalf("a handshake of nothing: %d, %v, ready %v, peer %v", n, err, e.Ready(), e.Peer())
	}
	if n, err := e.Handshake([]byte("GET /")); n != 0 || err != nil {
		t.Errorf("a handshake of bytes took %d of them: %v", n, err)
	}
	if e.Heartbeats() || e.Direct() || len(e.Output()) > 0 || e.Version() != 0 {
		t.Errorf("heartbeats %v, frames go out as they are %v, version %v", e.Heartbeats(), e.Direct(), e.Version())
	}
	p := *e.Peer()
	if p.SocketType+p.Version+p.Mechanism+p.RoutingID != "" {
		t.Errorf("a peer that said nothing is %+v", p)
	}
}

// TestRawChunks: what one read brings is one message, or several of 8 KiB and
// the rest.
func TestRawChunks(t *testing.T) {
	const most = engine.RawMessage
	for _, n := range []int{1, 2, 255, 256, most - 1, most, most + 1, 2*most - 1, 2 * most, 64 << 10, 256<<10 + 7} {
		for _, keep := range []bool{false, true} {
			for _, limit := range []int{1, 3, math.MaxInt} {
				p := play(t, raw(), whole)
				p.keep, p.limit = keep, limit
				p.send(body(n))
				p.wantReady()
				var want []message
				for rest := body(n); rest != ""; {
					k := min(len(rest), most)
					want = append(want, message{rest[:k]})
					rest = rest[k:]
				}
				p.wantMessages(want...)
				if held, unfinished := p.e.Held(); held > 0 || unfinished || len(p.left) > 0 {
					t.Fatalf("%d bytes: %d held, %d left, unfinished %v", n, held, len(p.left), unfinished)
				}
			}
		}
	}
}

// TestRawKeepsBuffers: bytes that were given away are not copied, others are.
func TestRawKeepsBuffers(t *testing.T) {
	for _, keep := range []bool{false, true} {
		e := engine.New(raw())
		e.Handshake(nil)
		b := []byte(body(20_000))
		var in msg.Batch
		if n, err := e.Decode(b, keep, 100, &in); n != len(b) || err != nil {
			t.Fatalf("consumed %d (%v)", n, err)
		}
		b[10_000] ^= 1
		if same := strings.Join(flat(readBatch(&in)), "") == string(b); same != keep {
			t.Errorf("keep %v: the messages share the buffer: %v", keep, same)
		}
	}
}

func flat(msgs []message) (all []string) {
	for _, m := range msgs {
		all = append(all, m...)
	}
	return all
}

// TestRawLooksAtNoByte: what would be ZMTP elsewhere is bytes here.
func TestRawLooksAtNoByte(t *testing.T) {
	for _, b := range []string{signature, greeting31, "\x04\x05\x04PING", "\x02\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00", "\x01", "\xff"} {
		p := play(t, raw(), whole)
		p.send(b)
		p.wantMessages(message{b})
		if len(p.out)+len(p.pong) > 0 {
			t.Errorf("%q was answered with %q%q", b, p.out, p.pong)
		}
	}
}

// TestRawWritesBodies: frames and messages leave no trace on the wire.
func TestRawWritesBodies(t *testing.T) {
	rng := seeded(1)
	for range 200 {
		msgs := []message{{"one"}, {"frames ", "of ", "", "one"}, {body(1 + rng.IntN(20_000))}, {"x"}}
		var want string
		for _, m := range msgs {
			want += strings.Join(m, "")
		}
		e := engine.New(raw())
		e.Handshake(nil)
		if got := encode(t, e, batchOf(rng, msgs...), 1+rng.IntN(30_000)); got != want {
			t.Fatalf("on the wire %.100q, want %.100q", got, want)
		}
	}
}

// FuzzRaw: any bytes, in any pieces, come out as they went in, in messages of
// some bytes and not too many; and so do they if sent on.
func FuzzRaw(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"), uint16(0), uint64(1))
	f.Add([]byte(greeting31), uint16(9000), uint64(2))
	f.Add([]byte{4, 255}, uint16(40_000), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, fill uint16, seed uint64) {
		data = inflate(data, fill)
		for i, cut := range []cutter{whole, whole, piecewise(data), randomly(seeded(seed))} {
			p := play(t, raw(), cut)
			p.keep, p.limit = i%2 == 1, 1+int(seed%100)
			p.send(string(data))
			p.wantFault(engine.CloseNone)
			var got bytes.Buffer
			for _, m := range p.msgs {
				if len(m) != 1 || len(m[0]) == 0 || len(m[0]) > engine.RawMessage {
					t.Fatalf("a message of %d frames, the first of %d bytes", len(m), len(m[0]))
				}
				got.WriteString(m[0])
			}
			if got.String() != string(data) || len(p.left) > 0 || len(p.out)+len(p.pong) > 0 {
				t.Fatalf("received %d bytes of %d, %d left; said %q%q", got.Len(), len(data), len(p.left), p.out, p.pong)
			}
			if len(data) == 0 {
				continue
			}
			if sent := encode(t, p.e, batchOf(rand.New(rand.NewPCG(seed, 1)), p.msgs...), 1+int(seed%100_000)); sent != string(data) {
				t.Fatalf("sent on %.100q, want %.100q", sent, data)
			}
		}
	})
}
