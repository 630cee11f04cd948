package wire

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

// frameSizes returns 2^k-1, 2^k and 2^k+1 for k = 0..64, as far as they fit in
// 64 bits. Decoders have failed at such lengths (CVE-2019-6250 and others).
func frameSizes() []uint64 {
	var sizes []uint64
	for k := range 64 {
		p := uint64(1) << k
		sizes = append(sizes, p-1, p, p+1)
	}
	return append(sizes, math.MaxUint64) // 2^64-1; 2^64 and 2^64+1 do not fit
}

// TestFrameHeaderEncodesToExpectedBytes checks the format in
// https://rfc.zeromq.org/spec/37/#framing
func TestFrameHeaderEncodesToExpectedBytes(t *testing.T) {
	tests := []struct {
		flags byte
		size  int
		want  string
	}{
		{0, 0, "\x00\x00"},
		{FlagMore, 1, "\x01\x01"},
		{FlagCommand, 41, "\x04\x29"},
		{FlagLarge, 3, "\x00\x03"}, // only the size determines LARGE
		{0, 255, "\x00\xff"},
		{0, 256, "\x02\x00\x00\x00\x00\x00\x00\x01\x00"},
		{FlagMore, 256, "\x03\x00\x00\x00\x00\x00\x00\x01\x00"},
		{FlagCommand, 65536, "\x06\x00\x00\x00\x00\x00\x01\x00\x00"},
	}
	for _, tt := range tests {
		got := AppendFrameHeader([]byte("x"), tt.flags, tt.size)
		if string(got) != "x"+tt.want {
			t.Errorf("AppendFrameHeader(%d, %d) = %x, want %x", tt.flags, tt.size, got[1:], tt.want)
		}
	}
}

func TestFrameHeaderDecodesEverySize(t *testing.T) {
	for _, size := range frameSizes() {
		large := binary.BigEndian.AppendUint64([]byte{FlagLarge | FlagMore}, size)
		flags, got, n := ConsumeFrameHeader(large)
		if flags != FlagMore || got != size || n != MaxFrameHeader {
			t.Errorf("ConsumeFrameHeader(%x) = %d, %d, %d", large, flags, got, n)
		}
		if size > math.MaxInt {
			continue
		}
		for _, want := range []byte{0, FlagMore, FlagCommand} {
			b := AppendFrameHeader(nil, want, int(size))
			flags, got, n := ConsumeFrameHeader(append(b, "body"...))
			if flags != want || got != size || n != len(b) {
				t.Errorf("flags %d, size %d: header %x is decoded to %d, %d, %d", want, size, b, flags, got, n)
			}
		}
	}
}

// TestFrameHeaderRefusesReservedBits covers every flags byte. It also checks
// that only LARGE determines the length of the header.
func TestFrameHeaderRefusesReservedBits(t *testing.T) {
	for f := range 256 {
		b := []byte{byte(f), 7, 6, 5, 4, 3, 2, 1, 0, 99}
		wantSize, wantN := uint64(7), 2
		if f&FlagLarge != 0 {
			wantSize, wantN = 0x0706050403020100, 9
		}
		flags, size, n := ConsumeFrameHeader(b)
		if f&FlagsReserved != 0 {
			if n >= 0 {
				t.Errorf("flags %02x: accepted as %d, %x, %d", f, flags, size, n)
			}
			continue
		}
		if flags != byte(f)&(FlagMore|FlagCommand) || size != wantSize || n != wantN {
			t.Errorf("flags %02x: got %d, %x, %d", f, flags, size, n)
		}
		for cut := range wantN {
			if _, _, n := ConsumeFrameHeader(b[:cut]); n != 0 {
				t.Errorf("flags %02x cut to %d bytes: n = %d", f, cut, n)
			}
		}
	}
}

func FuzzFrameHeader(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		flags, size, n := ConsumeFrameHeader(b)
		if malformed := len(b) >= 2 && b[0]&FlagsReserved != 0; n < 0 != malformed || n > MaxFrameHeader || n > len(b) {
			t.Fatalf("n = %d of %x", n, b)
		}
		for cut := range max(n, 0) {
			if _, _, m := ConsumeFrameHeader(b[:cut]); m != 0 {
				t.Fatalf("the first %d of %d header bytes return n = %d", cut, n, m)
			}
		}
		if n <= 0 || size > math.MaxInt {
			return
		}
		again := AppendFrameHeader(nil, flags, int(size))
		flags2, size2, n2 := ConsumeFrameHeader(again)
		if flags2 != flags || size2 != size || n2 != len(again) {
			t.Fatalf("%x is decoded to %d, %d, which is encoded to %x", b[:n], flags, size, again)
		}
		if isShortest := n == 2 || size > 255; isShortest && !bytes.Equal(again, b[:n]) {
			t.Fatalf("shortest header %x is decoded and encoded to %x", b[:n], again)
		}
	})
}

func BenchmarkAppendFrameHeader(b *testing.B) {
	for _, bm := range []struct {
		name string
		size int
	}{{"small", 10}, {"large", 8192}} {
		b.Run(bm.name, func(b *testing.B) {
			buf := make([]byte, 0, 4096)
			for b.Loop() {
				if cap(buf)-len(buf) < MaxFrameHeader {
					buf = buf[:0]
				}
				buf = AppendFrameHeader(buf, FlagMore, bm.size)
			}
		})
	}
}

func BenchmarkConsumeFrameHeader(b *testing.B) {
	for _, bm := range []struct {
		name string
		size int
	}{{"small", 10}, {"large", 8192}} {
		b.Run(bm.name, func(b *testing.B) {
			buf := AppendFrameHeader(nil, FlagMore, bm.size)
			var sum uint64
			for b.Loop() {
				_, size, n := ConsumeFrameHeader(buf)
				sum += size + uint64(n)
			}
			if sum == 0 {
				b.Fatal("nothing decoded")
			}
		})
	}
}
