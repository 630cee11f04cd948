package z85

import "fmt"

// LengthError is returned if the length of the input is not a multiple of the
// size of a group: 4 bytes when encoding, 5 characters when decoding.
type LengthError struct {
	Len      int // the length of the input in bytes
	Multiple int // 4 or 5
}

func (e LengthError) Error() string {
	input := "text"
	if e.Multiple == groupBytes {
		input = "data"
	}
	return fmt.Sprintf("z85: %s of length %d, not a multiple of %d", input, e.Len, e.Multiple)
}

// CharError is returned if the text has a character that is not in the alphabet
// of Z85, such as a quote, a space or a byte above 127.
type CharError struct {
	Offset int  // in bytes from the start of the text
	Char   byte // the first byte of the character
}

func (e CharError) Error() string {
	return fmt.Sprintf("z85: invalid character %q at offset %d", string([]byte{e.Char}), e.Offset)
}

// RangeError is returned if a group of 5 characters encodes a number above
// 2^32-1, which 4 bytes cannot hold. The error does not contain the group,
// because it may be a part of a secret.
type RangeError struct {
	Offset int // of the first character of the group, in bytes from the start of the text
}

func (e RangeError) Error() string {
	return fmt.Sprintf("z85: the 5 characters at offset %d encode a number above 2^32-1", e.Offset)
}
