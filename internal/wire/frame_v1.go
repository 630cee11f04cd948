package wire

import "encoding/binary"

// MaxFrameHeaderV1 is the size of the longest ZMTP 1.0 frame header.
const MaxFrameHeaderV1 = 10

// AppendFrameHeaderV1 appends a ZMTP 1.0 frame's length and flags. size is the
// body's and must not be negative; the length on the wire counts the flags
// byte too, and 255 is what marks the long form, so that bodies of 254 bytes
// and more take it.
// https://rfc.zeromq.org/spec/13/#the-framing-layer
func AppendFrameHeaderV1(dst []byte, more bool, size int) []byte {
	var flags byte
	if more {
		flags = FlagMore
	}
	if uint(size) < 254 {
		return append(dst, byte(size)+1, flags)
	}
	dst = binary.BigEndian.AppendUint64(append(dst, 0xFF), uint64(size)+1)
	return append(dst, flags)
}

// flagsV1Unset is what the reserved bits of a ZMTP 1.0 frame are when libzmq
// 2.1 before 2.2.0 sends it: bits 1 to 6 are set, because it writes the flags
// of its messages in memory to the wire. (libzmq issue 293)
const flagsV1Unset = 0x7E

// ConsumeFrameHeaderV1 decodes the ZMTP 1.0 frame header that b starts with
// and returns its length: 0 if more bytes are needed, negative if it is
// malformed. It is malformed if the length is 0, which has no room for the
// flags, or if the reserved bits of the flags are neither all zero nor
// flagsV1Unset: a peer that sends text is refused by its second byte. The size
// is the body's, without the flags byte: what the peer claims, up to 2^64-2, to
// be compared before it is converted.
// https://rfc.zeromq.org/spec/13/#the-framing-layer
func ConsumeFrameHeaderV1(b []byte) (more bool, size uint64, n int) {
	switch {
	case len(b) == 0:
		return false, 0, 0
	case b[0] == 0:
		return false, 0, -1
	case b[0] == 0xFF:
		return consumeLongHeaderV1(b)
	case len(b) < 2:
		return false, 0, 0
	}
	more, ok := moreV1(b[1])
	if !ok {
		return false, 0, -1
	}
	return more, uint64(b[0]) - 1, 2
}

// moreV1 reads the flags of a ZMTP 1.0 frame.
func moreV1(flags byte) (more, ok bool) {
	reserved := flags &^ FlagMore
	return flags&FlagMore != 0, reserved == 0 || reserved == flagsV1Unset
}

// consumeLongHeaderV1 refuses a zero length as soon as its eighth byte is
// there, without waiting for flags that cannot belong to the frame.
func consumeLongHeaderV1(b []byte) (more bool, size uint64, n int) {
	if len(b) < MaxFrameHeaderV1-1 {
		return false, 0, 0
	}
	length := binary.BigEndian.Uint64(b[1:])
	switch {
	case length == 0:
		return false, 0, -1
	case len(b) < MaxFrameHeaderV1:
		return false, 0, 0
	}
	more, ok := moreV1(b[9])
	if !ok {
		return false, 0, -1
	}
	return more, length - 1, MaxFrameHeaderV1
}
