package mechanism

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	//lint:ignore SA1019 RFC 26 prescribes the construction of NaCl, of which Poly1305 is a part
	"golang.org/x/crypto/poly1305"
	//lint:ignore SA1019 RFC 26 prescribes the construction of NaCl, of which Salsa20 is a part
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/zerobroker/zmq/internal/wire"
)

// A MESSAGE command:
//
//	offset size
//	     0    8  length and name of the command
//	     8    8  short nonce, big endian
//	    16   16  MAC of the ciphertext
//	    32  1+n  ciphertext of the flags and the body of the frame
//
// It is encrypted like a box of NaCl: with the key stream of XSalsa20, of which
// the first 32 bytes are the key of Poly1305. XSalsa20 derives from the key and
// the first 16 bytes of the nonce a key of Salsa20. These bytes are the same in
// all commands of one direction, so this is done once.
//
// https://rfc.zeromq.org/spec/26/#the-message-command
const (
	curveHeader = "\x07MESSAGE"
	curveMAC    = 16                        // offset of the MAC
	curveText   = 32                        // offset of the ciphertext
	curveBody   = curveText + curveFlagSize // offset of the body of the frame

	curveFlagSize = 1
	curveMore     = 1 // flag: another frame of the same message follows
	curveCommand  = 2 // flag: a command; libzmq's extension of the RFC
)

// curveStream is the key of Salsa20 for one direction.
type curveStream [32]byte

// newCurveStream returns the key for the messages whose nonces have that prefix.
// key is the key of boxes between C' and S'.
func newCurveStream(key *[32]byte, prefix string) (s curveStream) {
	salsa.HSalsa20((*[32]byte)(&s), (*[16]byte)([]byte(prefix)), key, &salsa.Sigma)
	return s
}

// curveBlocks has room for the start of a key stream. Salsa20 generates 256 bytes
// faster than 192 where it has vector instructions.
type curveBlocks [256]byte

// start returns the start of the key stream of a command: the key of Poly1305,
// and then at least 32 bytes, or those for the whole text if there are at most
// 224. It changes nonce to that of the block after them.
func (s *curveStream) start(b *curveBlocks, nonce *[16]byte, text int) (macKey *[32]byte, stream []byte) {
	stream = b[:]
	if n := curveText + text; n <= 64 {
		stream = b[:64]
	} else if n <= 128 {
		stream = b[:128]
	}
	salsa.XORKeyStream(stream, stream, nonce, (*[32]byte)(s))
	nonce[8] = byte(len(stream) / 64)
	return (*[32]byte)(stream), stream[32:]
}

// xor encrypts or decrypts src to dst with the key stream that follows the key of
// Poly1305. Either dst is src, or they do not overlap.
func (s *curveStream) xor(dst, src, start []byte, nonce *[16]byte) {
	n := subtle.XORBytes(dst, src, start)
	if n < len(src) {
		salsa.XORKeyStream(dst[n:], src[n:], nonce, (*[32]byte)(s))
	}
}

// curveSealer encrypts the frames of one direction.
type curveSealer struct {
	stream curveStream
	last   uint64 // short nonce of the last command
}

func newCurveSealer(key *[32]byte, prefix string, last uint64) *curveSealer {
	return &curveSealer{stream: newCurveStream(key, prefix), last: last}
}

func (s *curveSealer) seal(dst []byte, flags byte, body []byte) ([]byte, error) {
	if s.last == math.MaxUint64 {
		return dst, fmt.Errorf("%w: the connection has used all nonces", ErrSequence)
	}
	s.last++
	var nonce [16]byte // short nonce, number of the block
	binary.BigEndian.PutUint64(nonce[:], s.last)
	var blocks curveBlocks
	macKey, start := s.stream.start(&blocks, &nonce, curveFlagSize+len(body))

	head := len(dst)
	dst = slices.Grow(dst, SealOverhead+len(body))[:head+SealOverhead+len(body)]
	out := dst[head:]
	copy(out, curveHeader)
	copy(out[len(curveHeader):], nonce[:8])
	out[curveText] = start[0] ^ (flags&wire.FlagMore | flags&wire.FlagCommand>>1)
	s.stream.xor(out[curveBody:], body, start[curveFlagSize:], &nonce)
	var mac [16]byte
	poly1305.Sum(&mac, out[curveText:], macKey)
	copy(out[curveMAC:], mac[:])
	return dst, nil
}

// curveOpener decrypts the frames of one direction.
type curveOpener struct {
	stream curveStream
	last   uint64 // short nonce of the last command
	err    error  // of the first command that was not accepted
}

func newCurveOpener(key *[32]byte, prefix string, last uint64) *curveOpener {
	return &curveOpener{stream: newCurveStream(key, prefix), last: last}
}

func (o *curveOpener) open(sealed []byte) (flags byte, plain []byte, err error) {
	if o.err != nil {
		return 0, nil, o.err
	}
	flags, plain, o.err = o.decrypt(sealed)
	return flags, plain, o.err
}

func (o *curveOpener) decrypt(sealed []byte) (flags byte, plain []byte, err error) {
	switch {
	case len(sealed) < len(curveHeader) || string(sealed[:len(curveHeader)]) != curveHeader:
		return 0, nil, curveMalformed("MESSAGE", "wrong name")
	case len(sealed) < SealOverhead:
		return 0, nil, curveMalformed("MESSAGE", "too short")
	}
	var nonce [16]byte // short nonce, number of the block
	copy(nonce[:8], sealed[len(curveHeader):])
	count := binary.BigEndian.Uint64(nonce[:])
	if count <= o.last {
		return 0, nil, ErrSequence
	}
	text := sealed[curveText:]
	var blocks curveBlocks
	macKey, start := o.stream.start(&blocks, &nonce, len(text))
	mac := [16]byte(sealed[curveMAC:])
	if !poly1305.Verify(&mac, text, macKey) {
		return 0, nil, curveNotDecrypted("MESSAGE")
	}
	o.last = count
	o.stream.xor(text, text, start, &nonce)
	flags, plain = text[0], text[curveFlagSize:]
	if flags&^(curveMore|curveCommand) != 0 {
		return 0, nil, curveMalformed("MESSAGE", "reserved flags")
	}
	return flags&curveMore | flags&curveCommand<<1, plain, nil
}
