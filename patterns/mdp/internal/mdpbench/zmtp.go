package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
)

// dial connects a DEALER of ZMTP 3.0, which announces X-MDP-Concurrency if that is not 0.
func dial(address string, concurrency int) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	var greeting [64]byte
	copy(greeting[:], "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x03\x00NULL")
	ready := []byte("\x05READY")
	ready = property(ready, "Socket-Type", "DEALER")
	if concurrency > 0 {
		ready = property(ready, "X-MDP-Concurrency", strconv.Itoa(concurrency))
	}
	frame := append([]byte{4, byte(len(ready))}, ready...)
	if _, err := c.Write(append(greeting[:], frame...)); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c, greeting[:]); err != nil {
		return nil, err
	}
	var header [2]byte
	if _, err := io.ReadFull(c, header[:]); err != nil {
		return nil, err
	}
	if header[0] != 4 {
		return nil, fmt.Errorf("the broker sent %x instead of READY", header)
	}
	_, err = io.CopyN(io.Discard, c, int64(header[1]))
	return c, err
}

// property appends a property to the body of READY.
func property(b []byte, name, value string) []byte {
	b = append(append(b, byte(len(name))), name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// encode returns a message of frames.
func encode(frames ...[]byte) (b []byte) {
	for i, f := range frames {
		more := byte(1)
		if i == len(frames)-1 {
			more = 0
		}
		if len(f) < 256 {
			b = append(b, more, byte(len(f)))
		} else {
			b = binary.BigEndian.AppendUint64(append(b, more|2), uint64(len(f)))
		}
		b = append(b, f...)
	}
	return b
}

// message returns the size of the first message in b and its number of frames, or 0 if it
// is not complete.
func message(b []byte) (size, frames int) {
	for {
		if len(b)-size < 2 {
			return 0, 0
		}
		flags, n, h := b[size], int(b[size+1]), 2
		if flags&2 != 0 {
			if len(b)-size < 9 {
				return 0, 0
			}
			n, h = int(binary.BigEndian.Uint64(b[size+1:])), 9
		}
		if len(b)-size < h+n {
			return 0, 0
		}
		size += h + n
		frames++
		if flags&1 == 0 {
			return size, frames
		}
	}
}
