package transport_test

import (
	"io"
	"net"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

// reading returns a function that reads once from c.
type reading func(c net.Conn) func() (int, error)

func plainRead(size int) reading {
	return func(c net.Conn) func() (int, error) {
		buf := make([]byte, size)
		return func() (int, error) { return c.Read(buf) }
	}
}

func idleRead(size int) reading {
	return func(c net.Conn) func() (int, error) {
		r, spare := transport.NewReader(c), make([]byte, size)
		get, put := func() []byte { return spare }, func([]byte) {}
		return func() (int, error) {
			_, n, err := r.Read(get, put)
			return n, err
		}
	}
}

// BenchmarkRead compares Reader with the Read method of the connection: in a
// stream, where bytes are always available, and in ping-pong, where every Read
// waits.
func BenchmarkRead(b *testing.B) {
	const size = 64 << 10
	ways := []struct {
		name string
		r    reading
	}{{"conn", plainRead(size)}, {"reader", idleRead(size)}}
	for _, w := range ways {
		b.Run("stream/"+w.name, func(b *testing.B) { benchStream(b, w.r) })
	}
	for _, w := range ways {
		b.Run("pingpong/"+w.name, func(b *testing.B) { benchPingPong(b, w.r) })
	}
}

func benchPair(b *testing.B) (net.Conn, net.Conn) {
	l, err := tcp.Listen("127.0.0.1:0", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	x, y, err := both(tcp, l)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { x.Close(); y.Close() })
	return x, y
}

func benchStream(b *testing.B, r reading) {
	x, y := benchPair(b)
	const block = 64 << 10
	go func() {
		buf := make([]byte, block)
		for {
			if _, err := x.Write(buf); err != nil {
				return
			}
		}
	}()
	read := r(y)
	b.SetBytes(block)
	b.ReportAllocs()
	left := 0
	for b.Loop() {
		for left += block; left > 0; {
			n, err := read()
			if err != nil {
				b.Fatal(err)
			}
			left -= n
		}
	}
}

func benchPingPong(b *testing.B, r reading) {
	x, y := benchPair(b)
	go io.Copy(x, x)
	read := r(y)
	msg := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := y.Write(msg); err != nil {
			b.Fatal(err)
		}
		for left := len(msg); left > 0; {
			n, err := read()
			if err != nil {
				b.Fatal(err)
			}
			left -= n
		}
	}
}
