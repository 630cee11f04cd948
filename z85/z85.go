// Package z85 implements Z85, the text form of CURVE keys:
// [32/Z85], a base-85 encoding that is safe in source code, JSON, XML and,
// between single quotes, on a command line.
//
// Z85 encodes 4 bytes as 5 characters and has no padding. So the length of
// binary data must be a multiple of 4, and the length of text a multiple of 5.
// Every text that decodes is the only encoding of its bytes. The empty text
// encodes no bytes.
//
// The functions may be called concurrently. Their time depends on the data; for
// keys that are loaded once, this is no concern.
//
// This package imports no other package of the module.
//
// [32/Z85]: https://rfc.zeromq.org/spec/32/
package z85

import (
	"encoding/binary"
	"math"
	"slices"
)

const (
	groupBytes = 4
	groupChars = 5
	base       = 85

	alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

	// noValue marks the characters outside the alphabet in values.
	noValue = 0xff
)

// values has the value of each character.
var values = func() (table [256]byte) {
	for i := range table {
		table[i] = noValue
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

// EncodedLen returns the number of characters that encode n bytes. If n is not a
// multiple of 4, it does not count the incomplete group.
func EncodedLen(n int) int { return n / groupBytes * groupChars }

// DecodedLen returns the number of bytes that n characters encode. If n is not a
// multiple of 5, it does not count the incomplete group.
func DecodedLen(n int) int { return n / groupChars * groupBytes }

// Encode writes the encoding of src to dst and returns the number of characters
// written, [EncodedLen](len(src)). It panics if dst is shorter than that. dst
// and src may not overlap.
//
// The error is a [LengthError] if the length of src is not a multiple of 4. Then
// nothing is written.
func Encode(dst, src []byte) (int, error) {
	if len(src)%groupBytes != 0 {
		return 0, LengthError{Len: len(src), Multiple: groupBytes}
	}
	n := EncodedLen(len(src))
	if n > 0 {
		_ = dst[n-1]
	}
	for len(src) > 0 {
		v := binary.BigEndian.Uint32(src)
		for i := groupChars - 1; i >= 0; i-- {
			dst[i] = alphabet[v%base]
			v /= base
		}
		src, dst = src[groupBytes:], dst[groupChars:]
	}
	return n, nil
}

// Decode writes the bytes that src encodes to dst and returns the number of
// bytes written, [DecodedLen](len(src)). It panics if dst is shorter than that.
// dst and src may not overlap.
//
// The error is a [LengthError] if the length of src is not a multiple of 5, a
// [CharError] at the first character that is not in the alphabet, or a
// [RangeError] at the first group of characters that encodes more than 4 bytes
// can hold. The returned number is then that of the bytes before the error.
func Decode(dst, src []byte) (int, error) { return decode(dst, src) }

func decode[T string | []byte](dst []byte, src T) (int, error) {
	if len(src)%groupChars != 0 {
		return 0, LengthError{Len: len(src), Multiple: groupChars}
	}
	if n := DecodedLen(len(src)); n > 0 {
		_ = dst[n-1]
	}
	n := 0
	for pos := 0; pos < len(src); pos += groupChars {
		var v uint64
		for i := pos; i < pos+groupChars; i++ {
			d := values[src[i]]
			if d == noValue {
				return n, CharError{Offset: i, Char: src[i]}
			}
			v = v*base + uint64(d)
		}
		if v > math.MaxUint32 {
			return n, RangeError{Offset: pos}
		}
		binary.BigEndian.PutUint32(dst[n:], uint32(v))
		n += groupBytes
	}
	return n, nil
}

// AppendEncode appends the encoding of src to dst and returns the extended
// buffer. It allocates only if the capacity of dst is too small. The errors are
// those of [Encode]; dst is then returned unchanged.
func AppendEncode(dst, src []byte) ([]byte, error) {
	n := EncodedLen(len(src))
	buf := slices.Grow(dst, n)
	if _, err := Encode(buf[len(dst):len(dst)+n], src); err != nil {
		return dst, err
	}
	return buf[:len(dst)+n], nil
}

// AppendDecode appends the bytes that src encodes to dst and returns the
// extended buffer. It allocates only if the capacity of dst is too small. The
// errors are those of [Decode]; dst is then returned unchanged.
func AppendDecode(dst, src []byte) ([]byte, error) { return appendDecode(dst, src) }

func appendDecode[T string | []byte](dst []byte, src T) ([]byte, error) {
	n := DecodedLen(len(src))
	buf := slices.Grow(dst, n)
	if _, err := decode(buf[len(dst):len(dst)+n], src); err != nil {
		return dst, err
	}
	return buf[:len(dst)+n], nil
}

// EncodeToString returns the encoding of src. The errors are those of [Encode].
func EncodeToString(src []byte) (string, error) {
	b, err := AppendEncode(nil, src)
	return string(b), err
}

// DecodeString returns the bytes that s encodes. The errors are those of
// [Decode]; the bytes are then nil.
func DecodeString(s string) ([]byte, error) { return appendDecode(nil, s) }
