package curve

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/zerobroker/zmq/z85"
)

// The lengths of a key as text.
const (
	z85Len = 40
	hexLen = 64
)

// notSet is the text of a zero value.
const notSet = "not set"

var errZero = errors.New("all bytes are zero")

// parse decodes a key. The error contains no more of s than one invalid
// character.
func parse(s string) (key [32]byte, err error) {
	switch len(s) {
	case z85Len:
		var text [z85Len]byte // no allocation, and no copy of a secret on the heap
		copy(text[:], s)
		_, err = z85.Decode(key[:], text[:])
	case hexLen:
		if i := strings.IndexFunc(s, notHex); i >= 0 {
			err = fmt.Errorf("invalid hexadecimal digit %q at offset %d", s[i:i+1], i)
			break
		}
		var text [hexLen]byte
		copy(text[:], s)
		_, err = hex.Decode(key[:], text[:])
	default:
		err = fmt.Errorf("length %d, want %d for Z85 or %d for hexadecimal%s", len(s), z85Len, hexLen, lengthHint(s))
	}
	if err != nil {
		return [32]byte{}, err
	}
	return key, nil
}

func notHex(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
}

// lengthHint returns the likely reason for the wrong length of s, if any.
func lengthHint(s string) string {
	if len(strings.TrimSpace(s)) != len(s) {
		return ": white space before or after the key"
	}
	return ""
}

// encode returns a key as Z85.
func encode(key [32]byte) string {
	text, err := z85.EncodeToString(key[:])
	if err != nil { // 32 is a multiple of 4
		panic("zmq: internal: " + err.Error())
	}
	return text
}
