package mechanism

import (
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
// the first 32 bytes are the key of Poly1305. So the key stream begins exactly
// at offset 0, and one call can generate the key of Poly1305 in the header, which
// is written later, and encrypt the rest in place.
//
// XSalsa20 derives from the key and the first 16 bytes of the nonce the key of
// Salsa20. These bytes are the same in all commands of one direction, so this is
// done once.
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

// curveSealer encrypts the frames of one direction.
type curveSealer struct {
	key  [32]byte // of Salsa20
	last uint64   // short nonce of the last command
}

// newCurveSealer returns the sealer for the messages whose nonces have that
// prefix. key is the key of boxes between C' and S'.
func newCurveSealer(key *[32]byte, prefix string, last uint64) *curveSealer {
	s := &curveSealer{last: last}
	messageKey(&s.key, key, prefix)
	return s
}

func (s *curveSealer) seal(dst []byte, flags byte, body []byte) ([]byte, error) {
	if s.last == math.MaxUint64 {
		return dst, fmt.Errorf("%w: the connection has sent all nonces", ErrSequence)
	}
	s.last++
	start := len(dst)
	dst = slices.Grow(dst, SealOverhead+len(body))[:start+SealOverhead+len(body)]
	out := dst[start:]
	clear(out[:curveText])
	out[curveText] = flags&wire.FlagMore | flags&wire.FlagCommand>>1
	copy(out[curveBody:], body)

	var nonce [16]byte // short nonce, block counter
	binary.BigEndian.PutUint64(nonce[:], s.last)
	salsa.XORKeyStream(out, out, &nonce, &s.key)
	var mac [16]byte
	macKey := [32]byte(out)
	poly1305.Sum(&mac, out[curveText:], &macKey)
	copy(out, curveHeader)
	copy(out[len(curveHeader):], nonce[:8])
	copy(out[curveMAC:], mac[:])
	return dst, nil
}

// curveOpener decrypts the frames of one direction.
type curveOpener struct {
	key  [32]byte // of Salsa20
	last uint64   // short nonce of the last command
	err  error    // of the first command that was not accepted
}

// newCurveOpener returns the opener for the messages whose nonces have that
// prefix. key is the key of boxes between C' and S'.
func newCurveOpener(key *[32]byte, prefix string, last uint64) *curveOpener {
	o := &curveOpener{last: last}
	messageKey(&o.key, key, prefix)
	return o
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
	var nonce [16]byte // short nonce, block counter
	copy(nonce[:8], sealed[len(curveHeader):])
	count := binary.BigEndian.Uint64(nonce[:])
	if count <= o.last {
		return 0, nil, ErrSequence
	}
	var block [64]byte
	salsa.XORKeyStream(block[:], block[:], &nonce, &o.key)
	mac, macKey := [16]byte(sealed[curveMAC:]), [32]byte(block[:])
	if !poly1305.Verify(&mac, sealed[curveText:], &macKey) {
		return 0, nil, curveNotDecrypted("MESSAGE")
	}
	o.last = count
	salsa.XORKeyStream(sealed, sealed, &nonce, &o.key)
	flags = sealed[curveText]
	if flags&^(curveMore|curveCommand) != 0 {
		return 0, nil, curveMalformed("MESSAGE", "reserved flags")
	}
	return flags&curveMore | flags&curveCommand<<1, sealed[curveBody:], nil
}

// messageKey sets dst to the key of Salsa20 for nonces with that prefix.
func messageKey(dst, key *[32]byte, prefix string) {
	salsa.HSalsa20(dst, (*[16]byte)([]byte(prefix)), key, &salsa.Sigma)
}
