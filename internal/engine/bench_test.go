package engine_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/wire"
)

// BenchmarkDecode decodes the messages of one read, all of one size.
func BenchmarkDecode(b *testing.B) {
	for _, o := range []opening{openings[1], openings[4]} {
		for _, n := range []int{10, 256, 1024} {
			frame := onWire(o.version, message{body(n)})
			bench(b, fmt.Sprintf("%s/%dB", o.version, n), o, strings.Repeat(frame, 64<<10/len(frame)), false)
		}
	}
	multipart := onWire(wire.V3_1, message{"id", "", body(10)})
	bench(b, "3.1/multipart", openings[4], strings.Repeat(multipart, 64<<10/len(multipart)), false)
	frame := onWire(wire.V3_1, message{body(10)})
	bench(b, "3.1/10B retained", openings[4], strings.Repeat(frame, 64<<10/len(frame)), true)
}

func bench(b *testing.B, name string, o opening, stream string, keep bool) {
	b.Run(name, func(b *testing.B) {
		p := connectedPeer(b, dealer(""), o, whole)
		data := []byte(stream)
		var in msg.Batch
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if n, err := p.e.Decode(data, keep, math.MaxInt, &in); n != len(data) || err != nil {
				b.Fatal(n, err)
			}
			in.Reset()
		}
	})
}

// BenchmarkEncode encodes a batch of small messages for a ZMTP 1.0 peer.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{10, 256, 1024} {
		b.Run(fmt.Sprintf("1.0/%dB", n), func(b *testing.B) {
			p := connectedPeer(b, dealer(""), openings[1], whole)
			var batch msg.Batch
			batch.Add(msg.Seg{B: []byte(strings.Repeat(onWire(wire.V3_1, message{body(n)}), 64<<10/(n+2)))})
			var out []byte
			b.SetBytes(int64(batch.Bytes))
			b.ReportAllocs()
			for b.Loop() {
				cur := batch.Cursor()
				out, _, _, _ = p.e.Encode(out[:0], &cur, math.MaxInt)
			}
		})
	}
}

// BenchmarkHandshake runs one side of a handshake whose bytes arrive at once.
func BenchmarkHandshake(b *testing.B) {
	cfg := dealer("me")
	hello := []byte(greeting31 + readyRouter)
	b.ReportAllocs()
	for b.Loop() {
		e := engine.New(cfg)
		e.Output()
		if _, err := e.Handshake(hello); err != nil || !e.HandshakeDone() {
			b.Fatal(err)
		}
		e.Output()
	}
}
