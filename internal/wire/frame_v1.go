package wire

import "encoding/binary"

// MaxFrameHeaderV1 is the maximum size of a ZMTP 1.0 frame header.
const MaxFrameHeaderV1 = 10

// AppendFrameHeaderV1 appends the length and flags of a ZMTP 1.0 frame. size is
// that of the body and must not be negative. The encoded length includes the
// flags byte, and a first byte of 255 marks the long form, so bodies of 254
// bytes and more need the long form.
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

// flagsV1Unset is the value of the reserved bits in a ZMTP 1.0 frame of libzmq
// 2.1 before 2.2.0. These versions send the flags of the message in memory, in
// which bits 1 to 6 are set (libzmq issue 293).
const flagsV1Unset = 0x7E

// ConsumeFrameHeaderV1 decodes the ZMTP 1.0 frame header at the start of b and
// returns its length n: 0 if more bytes are needed, negative if it is
// malformed. A header is malformed if its length is 0, since the length
// includes the flags byte, or if the reserved bits are neither all zero nor
// flagsV1Unset. A peer that sends text is therefore refused at its second byte.
// size is that of the body, without the flags byte. The peer may send any value
// up to 2^64-2, so the caller must compare it before converting it.
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

// consumeLongHeaderV1 decodes a header of the long form. It refuses a length of
// 0 as soon as all eight bytes of it are present, without waiting for the
// flags.
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
