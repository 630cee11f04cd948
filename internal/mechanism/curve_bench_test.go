package mechanism_test

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
)

func BenchmarkCurveSeal(b *testing.B) { benchmarkSeal(b, false) }

// BenchmarkCurveSealAndOpen measures both, because a frame cannot be opened twice.
func BenchmarkCurveSealAndOpen(b *testing.B) { benchmarkSeal(b, true) }

func benchmarkSeal(b *testing.B, open bool) {
	for _, size := range []int{10, 256, 8 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := connectedPair(b)
			body := make([]byte, size)
			var buf []byte
			b.SetBytes(int64(size))
			for b.Loop() {
				buf, _ = p.client.Seal(buf[:0], 0, body)
				if !open {
					continue
				}
				if _, _, err := p.server.Open(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCurveHandshake measures both sides.
func BenchmarkCurveHandshake(b *testing.B) {
	p := newCurvePair(b)
	for b.Loop() {
		p.client = mechanism.NewCurveClient(p.clientKeys, p.serverKey, clientMetadata, nil)
		p.server = mechanism.NewCurveServer(p.serverKeys, serverMetadata, nil)
		p.connect(b)
	}
}
