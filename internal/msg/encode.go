package msg

import "encoding/binary"

// The flag bits of an encoded frame. Other bits are ignored.
const (
	FlagMore = 1 << 0 // another frame of the same message follows
	FlagLong = 1 << 1 // the length takes eight bytes instead of one
)

// MaxHeader is the maximum size of the header (flags and length) of an encoded
// frame.
const MaxHeader = 9

// HeaderSize returns the number of bytes that AppendHeader appends for a body
// of the given size.
func HeaderSize(size int) int {
	if size > 255 {
		return MaxHeader
	}
	return 2
}

// AppendHeader appends the flags and length of a frame. The caller appends the
// body.
func AppendHeader(dst []byte, size int, more bool) []byte {
	var flags byte
	if more {
		flags = FlagMore
	}
	if size > 255 {
		dst = append(dst, flags|FlagLong)
		return binary.BigEndian.AppendUint64(dst, uint64(size))
	}
	return append(dst, flags, byte(size))
}

// AppendFrame appends an encoded frame.
func AppendFrame(dst, body []byte, more bool) []byte {
	return append(AppendHeader(dst, len(body), more), body...)
}

// AppendEncoded appends all frames of m, encoded.
func (m *Msg) AppendEncoded(dst []byte) []byte {
	dst = AppendFrame(dst, m.First, len(m.Rest) > 0)
	for i, f := range m.Rest {
		dst = AppendFrame(dst, f, i < len(m.Rest)-1)
	}
	return dst
}

// EncodedSize returns the number of bytes that AppendEncoded appends.
func (m *Msg) EncodedSize() int {
	n := HeaderSize(len(m.First)) + len(m.First)
	for _, f := range m.Rest {
		n += HeaderSize(len(f)) + len(f)
	}
	return n
}

// Header decodes the flags and length at the start of b. h is the size of this
// header. Header checks nothing: b must come from this package, or the engine
// must have checked it.
func Header(b []byte) (size, h int, more bool) {
	if b[0]&FlagLong == 0 {
		return int(b[1]), 2, b[0]&FlagMore != 0
	}
	return int(binary.BigEndian.Uint64(b[1:])), MaxHeader, b[0]&FlagMore != 0
}
