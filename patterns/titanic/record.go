package titanic

import (
	"encoding/binary"
	"hash/crc32"
)

// kind is the meaning of a record of the log.
type kind byte

const (
	kindAdd kind = iota + 1
	kindReply
	kindRemove
)

// A record is
//
//	length   4 bytes, of what follows the checksum
//	checksum 4 bytes, CRC-32C of the length and of what follows
//	kind     1 byte
//	ID       16 bytes
//	frames   for each its length as 4 bytes, and its bytes
//
// with integers in big-endian order.
const (
	recordHeader = 8
	recordFixed  = recordHeader + 1 + 16
	maxRecord    = 1 << 30 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is a decoded record. Its frames alias the encoded one.
type record struct {
	kind   kind
	id     ID
	frames [][]byte
}

// recordSize returns the size of a record with the frames.
func recordSize(frames [][]byte) int {
	n := recordFixed
	for _, f := range frames {
		n += 4 + len(f)
	}
	return n
}

// appendRecord appends a record to b.
func appendRecord(b []byte, k kind, id ID, frames [][]byte) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(recordSize(frames)-recordHeader))
	b = append(b, 0, 0, 0, 0, byte(k))
	b = append(b, id[:]...)
	for _, f := range frames {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	binary.BigEndian.PutUint32(b[start+4:], checksum(b[start:]))
	return b
}

// checksum returns the checksum of an encoded record.
func checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:4], castagnoli), castagnoli, b[recordHeader:])
}

// decodeRecord decodes the record at the start of b and returns its size, or 0 if b does
// not begin with a complete, intact record.
func decodeRecord(b []byte) (r record, size int) {
	if len(b) < recordFixed {
		return r, 0
	}
	length := binary.BigEndian.Uint32(b)
	if length < recordFixed-recordHeader || length > maxRecord || int(length) > len(b)-recordHeader {
		return r, 0
	}
	b = b[:recordHeader+int(length)]
	if binary.BigEndian.Uint32(b[4:]) != checksum(b) {
		return r, 0
	}
	r.kind = kind(b[recordHeader])
	copy(r.id[:], b[recordHeader+1:])
	rest := b[recordFixed:]
	for len(rest) > 0 {
		if len(rest) < 4 {
			return r, 0
		}
		n := binary.BigEndian.Uint32(rest)
		if uint64(n) > uint64(len(rest)-4) {
			return r, 0
		}
		r.frames = append(r.frames, rest[4:4+n:4+n])
		rest = rest[4+n:]
	}
	if r.kind < kindAdd || r.kind > kindRemove || (r.kind == kindRemove) != (len(r.frames) == 0) {
		return r, 0
	}
	return r, len(b)
}
