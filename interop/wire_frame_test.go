package interop

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// ZMTP framing, implemented independently of the library.
// https://rfc.zeromq.org/spec/13/ https://rfc.zeromq.org/spec/15/
// https://rfc.zeromq.org/spec/23/

// version is an old version of ZMTP.
type version int

const (
	v1   version = 1 // ZMTP 1.0: no greeting
	v2   version = 2 // ZMTP 2.0: the greeting has a revision, a socket type and an identity
	v3_0 version = 3 // ZMTP 3.0: ZMTP 3.1 without SUBSCRIBE, CANCEL, PING and PONG
)

func (v version) String() string { return fmt.Sprintf("ZMTP %d.0", int(v)) }

// wireFrame is a decoded frame.
type wireFrame struct {
	body    []byte
	more    bool
	command bool
	odd     bool // has flags that the version does not define
}

// appendFrame appends the encoded frame.
func (v version) appendFrame(dst []byte, f wireFrame) []byte {
	if v == v1 {
		// The length counts the flags byte that follows it.
		if n := len(f.body) + 1; n < 255 {
			dst = append(dst, byte(n))
		} else {
			dst = binary.BigEndian.AppendUint64(append(dst, 255), uint64(n))
		}
		return append(append(dst, bit(f.more, 1)), f.body...)
	}
	flags := bit(f.more, 1) | bit(f.command, 4)
	if n := len(f.body); n < 256 {
		dst = append(dst, flags, byte(n))
	} else {
		dst = binary.BigEndian.AppendUint64(append(dst, flags|2), uint64(n))
	}
	return append(dst, f.body...)
}

func bit(on bool, b byte) byte {
	if on {
		return b
	}
	return 0
}

// readFrame reads a frame. It appends the body to memory.
func (v version) readFrame(r *bufio.Reader, memory *[]byte) (f wireFrame, err error) {
	var flags byte
	var size uint64
	if v == v1 {
		flags, size, err = readHeaderV1(r)
	} else {
		flags, size, err = readHeaderV2(r)
	}
	if err != nil {
		return f, err
	}
	f.more = flags&1 != 0
	f.command = v == v3_0 && flags&4 != 0
	f.odd = flags&^v.flags() != 0
	begin := len(*memory)
	*memory = slices.Grow(*memory, int(size))[:begin+int(size)]
	f.body = (*memory)[begin:]
	_, err = io.ReadFull(r, f.body)
	return f, err
}

// flags returns the flags that the version defines.
func (v version) flags() byte { return [...]byte{v1: 1, v2: 1 | 2, v3_0: 1 | 2 | 4}[v] }

func readHeaderV1(r *bufio.Reader) (flags byte, size uint64, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	size = uint64(first)
	if first == 255 {
		var long [8]byte
		if _, err := io.ReadFull(r, long[:]); err != nil {
			return 0, 0, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	if size == 0 || size > 1<<30 {
		return 0, 0, fmt.Errorf("ZMTP 1.0 frame of length %d", size)
	}
	flags, err = r.ReadByte()
	return flags, size - 1, err
}

func readHeaderV2(r *bufio.Reader) (flags byte, size uint64, err error) {
	if flags, err = r.ReadByte(); err != nil {
		return 0, 0, err
	}
	if flags&2 == 0 {
		first, err := r.ReadByte()
		return flags, uint64(first), err
	}
	var long [8]byte
	if _, err := io.ReadFull(r, long[:]); err != nil {
		return 0, 0, err
	}
	if size = binary.BigEndian.Uint64(long[:]); size > 1<<30 {
		return 0, 0, fmt.Errorf("frame of length %d", size)
	}
	return flags, size, nil
}
