package wire

import (
	"encoding/binary"
	"math"
	"testing"
)

// TestFrameHeaderV1EncodesToExpectedBytes checks the format in
// https://rfc.zeromq.org/spec/13/#the-framing-layer
func TestFrameHeaderV1EncodesToExpectedBytes(t *testing.T) {
	tests := []struct {
		more bool
		size int
		want string
	}{
		{false, 0, "\x01\x00"}, // "an empty frame has a length of 1"
		{true, 0, "\x01\x01"},  // the envelope delimiter
		{false, 5, "\x06\x00"},
		{true, 253, "\xfe\x01"},
		{false, 254, "\xff\x00\x00\x00\x00\x00\x00\x00\xff\x00"}, // length 255 marks the long form
		{true, 255, "\xff\x00\x00\x00\x00\x00\x00\x01\x00\x01"},
	}
	for _, tt := range tests {
		got := AppendFrameHeaderV1([]byte("x"), tt.more, tt.size)
		if string(got) != "x"+tt.want {
			t.Errorf("AppendFrameHeaderV1(%v, %d) = %x, want %x", tt.more, tt.size, got[1:], tt.want)
		}
	}
}

func TestFrameHeaderV1DecodesEverySize(t *testing.T) {
	for _, length := range frameSizes() {
		long := append(binary.BigEndian.AppendUint64([]byte{0xFF}, length), FlagMore)
		more, size, n := ConsumeFrameHeaderV1(long)
		if length == 0 {
			if n >= 0 {
				t.Errorf("length 0 accepted: %v, %d, %d", more, size, n)
			}
			continue
		}
		if !more || size != length-1 || n != MaxFrameHeaderV1 {
			t.Errorf("ConsumeFrameHeaderV1(%x) = %v, %d, %d", long, more, size, n)
		}
		if length > math.MaxInt {
			continue
		}
		for _, want := range []bool{false, true} {
			b := AppendFrameHeaderV1(nil, want, int(length-1))
			more, size, n := ConsumeFrameHeaderV1(append(b, "body"...))
			if more != want || size != length-1 || n != len(b) {
				t.Errorf("more %v, size %d: header %x is decoded to %v, %d, %d", want, length-1, b, more, size, n)
			}
		}
	}
}

// TestFrameHeaderV1RefusesReservedBits covers every first byte with every flags
// byte. Reserved bits must be zero, or set as by libzmq 2.1.
func TestFrameHeaderV1RefusesReservedBits(t *testing.T) {
	for first := 1; first < 255; first++ {
		for f := range 256 {
			more, size, n := ConsumeFrameHeaderV1([]byte{byte(first), byte(f)})
			if f > 1 && f != 0x7E && f != 0x7F {
				if n >= 0 {
					t.Fatalf("%02x %02x: accepted as %v, %d, %d", first, f, more, size, n)
				}
				continue
			}
			if more != (f&1 == 1) || size != uint64(first-1) || n != 2 {
				t.Fatalf("%02x %02x: got %v, %d, %d", first, f, more, size, n)
			}
		}
		if _, _, n := ConsumeFrameHeaderV1([]byte{byte(first)}); n != 0 {
			t.Errorf("%02x alone: n = %d", first, n)
		}
	}
}

func TestTruncatedFrameHeaderV1NeedsMoreBytes(t *testing.T) {
	long := AppendFrameHeaderV1(nil, true, 1000)
	for cut := range len(long) {
		if _, _, n := ConsumeFrameHeaderV1(long[:cut]); n != 0 {
			t.Errorf("%d bytes of a long header: n = %d", cut, n)
		}
	}
}

// TestFrameHeaderV1RefusesZeroLength checks that the short form is refused
// after its first byte, and the long form after the last byte of the length.
func TestFrameHeaderV1RefusesZeroLength(t *testing.T) {
	for _, b := range []string{"\x00", "\x00\x01", "\xff\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x01"} {
		if _, _, n := ConsumeFrameHeaderV1([]byte(b)); n >= 0 {
			t.Errorf("%x: n = %d, want malformed", b, n)
		}
	}
}

func FuzzFrameHeaderV1(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		more, size, n := ConsumeFrameHeaderV1(b)
		if n > MaxFrameHeaderV1 || n > len(b) {
			t.Fatalf("n = %d of %d bytes", n, len(b))
		}
		for cut := range max(n, 0) {
			if _, _, m := ConsumeFrameHeaderV1(b[:cut]); m != 0 {
				t.Fatalf("the first %d of %d header bytes return n = %d", cut, n, m)
			}
		}
		if n < 0 {
			if _, _, m := ConsumeFrameHeaderV1(append(b[:len(b):len(b)], 1)); m >= 0 {
				t.Fatalf("%x is malformed, but with one more byte it is not", b)
			}
		}
		if n <= 0 || size > math.MaxInt {
			return
		}
		again := AppendFrameHeaderV1(nil, more, int(size))
		more2, size2, n2 := ConsumeFrameHeaderV1(again)
		if more2 != more || size2 != size || n2 != len(again) {
			t.Fatalf("%x is decoded to %v, %d, which is encoded to %x", b[:n], more, size, again)
		}
	})
}

func BenchmarkConsumeFrameHeaderV1(b *testing.B) {
	buf := AppendFrameHeaderV1(nil, true, 10)
	var sum uint64
	for b.Loop() {
		_, size, n := ConsumeFrameHeaderV1(buf)
		sum += size + uint64(n)
	}
	if sum == 0 {
		b.Fatal("nothing decoded")
	}
}

func BenchmarkAppendFrameHeaderV1(b *testing.B) {
	buf := make([]byte, 0, 4096)
	for b.Loop() {
		if cap(buf)-len(buf) < MaxFrameHeaderV1 {
			buf = buf[:0]
		}
		buf = AppendFrameHeaderV1(buf, true, 10)
	}
}
