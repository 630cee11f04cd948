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

// raw returns the Config of a STREAM. Its limits would refuse every ZMTP frame.
func raw() *engine.Config {
	return &engine.Config{
		SocketType: "STREAM", SocketNumber: 11, Raw: true,
		NewMechanism: func([]byte) mechanism.Mechanism { panic("a raw connection has no mechanism") },
		Limits: engine.Limits{Handshake: 1, Commands: 1, Metadata: 1, Properties: 1,
			Frame: 1, Frames: 1, Message: 1, Command: 1, Useless: 1},
	}
}

// The handshake is done before a byte arrives, and the engine sends nothing.
func TestRawEngineHasNoHandshake(t *testing.T) {
	e := engine.New(raw())
	if e.HandshakeDone() || e.Peer() != nil {
		t.Error("HandshakeDone or Peer is set before Handshake")
	}
	if n, err := e.Handshake(nil); n != 0 || err != nil || !e.HandshakeDone() || e.Peer() == nil {
		t.Fatalf("Handshake(nil) = %d, %v; done %v, peer %v", n, err, e.HandshakeDone(), e.Peer())
	}
	if n, err := e.Handshake([]byte("GET /")); n != 0 || err != nil {
		t.Errorf("Handshake consumed %d bytes: %v", n, err)
	}
	if e.Heartbeats() || e.Direct() || len(e.Output()) > 0 || e.Version() != 0 {
		t.Errorf("Heartbeats() = %v, Direct() = %v, Version() = %v", e.Heartbeats(), e.Direct(), e.Version())
	}
	p := *e.Peer()
	if p.SocketType+p.Version+p.Mechanism+p.RoutingID != "" {
		t.Errorf("the peer is %+v, want an empty description", p)
	}
}

// The bytes of one read become messages of 8 KiB, and one of the rest.
func TestRawDecodeSplitsBytesIntoMessages(t *testing.T) {
	const most = engine.RawMessage
	for _, n := range []int{1, 2, 255, 256, most - 1, most, most + 1, 2*most - 1, 2 * most, 64 << 10, 256<<10 + 7} {
		for _, keep := range []bool{false, true} {
			for _, limit := range []int{1, 3, math.MaxInt} {
				p := newPeer(t, raw(), whole)
				p.keep, p.limit = keep, limit
				p.send(body(n))
				p.wantHandshakeDone()
				var want []message
				for rest := body(n); rest != ""; {
					k := min(len(rest), most)
					want = append(want, message{rest[:k]})
					rest = rest[k:]
				}
				p.wantMessages(want...)
				if size, incomplete := p.e.Partial(); size > 0 || incomplete || len(p.left) > 0 {
					t.Fatalf("%d bytes: Partial() = %d, %[4]v; %[3]d bytes not consumed", n, size, len(p.left), incomplete)
				}
			}
		}
	}
}

func TestRawDecodeCopiesBytesUnlessBufferIsRetained(t *testing.T) {
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
			t.Errorf("keep %v: the messages are in the buffer: %v", keep, same)
		}
	}
}

func flat(msgs []message) (all []string) {
	for _, m := range msgs {
		all = append(all, m...)
	}
	return all
}

// Bytes that are ZMTP on other connections are messages on a raw connection.
func TestRawDecodeDoesNotInterpretBytes(t *testing.T) {
	for _, b := range []string{signature, greeting31, "\x04\x05\x04PING", "\x02\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00", "\x01", "\xff"} {
		p := newPeer(t, raw(), whole)
		p.send(b)
		p.wantMessages(message{b})
		if len(p.out)+len(p.pong) > 0 {
			t.Errorf("%q was answered with %q%q", b, p.out, p.pong)
		}
	}
}

func TestRawEncodeReturnsOnlyBodies(t *testing.T) {
	rng := newRand(1)
	for range 200 {
		msgs := []message{{"one"}, {"frames ", "of ", "", "one"}, {body(1 + rng.IntN(20_000))}, {"x"}}
		var want string
		for _, m := range msgs {
			want += strings.Join(m, "")
		}
		e := engine.New(raw())
		e.Handshake(nil)
		if got := encode(t, e, batchOf(rng, msgs...), 1+rng.IntN(30_000)); got != want {
			t.Fatalf("encoded %.100q, want %.100q", got, want)
		}
	}
}

// FuzzRaw checks that any bytes, split in any way, are returned in messages of
// 1 to RawMessage bytes, and that Encode of these messages returns the bytes
// again.
func FuzzRaw(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"), uint16(0), uint64(1))
	f.Add([]byte(greeting31), uint16(9000), uint64(2))
	f.Add([]byte{4, 255}, uint16(40_000), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, fill uint16, seed uint64) {
		data = inflate(data, fill)
		for i, cut := range []cutter{whole, whole, piecewise(data), randomCuts(newRand(seed))} {
			p := newPeer(t, raw(), cut)
			p.keep, p.limit = i%2 == 1, 1+int(seed%100)
			p.send(string(data))
			p.wantCloseReason(engine.CloseNone)
			var got bytes.Buffer
			for _, m := range p.msgs {
				if len(m) != 1 || len(m[0]) == 0 || len(m[0]) > engine.RawMessage {
					t.Fatalf("a message of %d frames, the first of %d bytes", len(m), len(m[0]))
				}
				got.WriteString(m[0])
			}
			if got.String() != string(data) || len(p.left) > 0 || len(p.out)+len(p.pong) > 0 {
				t.Fatalf("received %d bytes of %d, %d not consumed; sent %q%q", got.Len(), len(data), len(p.left), p.out, p.pong)
			}
			if len(data) == 0 {
				continue
			}
			if sent := encode(t, p.e, batchOf(rand.New(rand.NewPCG(seed, 1)), p.msgs...), 1+int(seed%100_000)); sent != string(data) {
				t.Fatalf("encoded %.100q, want %.100q", sent, data)
			}
		}
	})
}
