package wire

import "encoding/binary"

// Flags of a ZMTP 2.0 and 3.x frame. https://rfc.zeromq.org/spec/37/#framing
const (
	FlagMore    = 1 // another frame of the same message follows
	FlagLarge   = 2 // the size is 8 bytes long, not 1
	FlagCommand = 4 // a command, not a message; reserved in 2.0

	// FlagsReserved are the bits that must be zero.
	FlagsReserved = 0xF8
)

// MaxFrameHeader is the maximum size of a ZMTP 2.0 or 3.x frame header.
const MaxFrameHeader = 9

// AppendFrameHeader appends the flags and size of a ZMTP 2.0 or 3.x frame.
// flags may contain FlagMore and FlagCommand; AppendFrameHeader sets FlagLarge
// where the size requires it. size is that of the whole body and must not be
// negative.
// https://rfc.zeromq.org/spec/37/#framing
func AppendFrameHeader(dst []byte, flags byte, size int) []byte {
	if uint(size) > 255 {
		return appendLargeHeader(dst, flags, size)
	}
	return append(dst, flags&^FlagLarge, byte(size))
}

// appendLargeHeader is separate so that the compiler can inline
// AppendFrameHeader.
func appendLargeHeader(dst []byte, flags byte, size int) []byte {
	return binary.BigEndian.AppendUint64(append(dst, flags|FlagLarge), uint64(size))
}

// ConsumeFrameHeader decodes the ZMTP 2.0 or 3.x frame header at the start of b
// and returns its length n: 0 if more bytes are needed, negative if a reserved
// bit is set. flags contains only FlagMore and FlagCommand. size is the value
// that the peer sent, up to 2^64-1, so the caller must compare it before
// converting it. A large header may contain a small size.
// https://rfc.zeromq.org/spec/37/#framing
func ConsumeFrameHeader(b []byte) (flags byte, size uint64, n int) {
	if len(b) < 2 {
		return 0, 0, 0
	}
	if b[0]&(FlagLarge|FlagsReserved) != 0 {
		return consumeLargeHeader(b)
	}
	return b[0], uint64(b[1]), 2
}

// consumeLargeHeader is separate so that the compiler can inline
// ConsumeFrameHeader.
func consumeLargeHeader(b []byte) (flags byte, size uint64, n int) {
	switch {
	case b[0]&FlagsReserved != 0:
		return 0, 0, -1
	case len(b) < MaxFrameHeader:
		return 0, 0, 0
	}
	return b[0] & (FlagMore | FlagCommand), binary.BigEndian.Uint64(b[1:]), MaxFrameHeader
}
