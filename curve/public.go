package curve

import (
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/zerobroker/zmq/z85"
)

// PublicKey is a public key. It is comparable, so that == compares keys, and can
// be a key of a map.
//
// [ParsePublicKey] and [NewPublicKey] return only keys that a connection can use.
// A conversion from [32]byte skips their checks; NewPublicKey makes up for it.
type PublicKey [32]byte

// NewPublicKey returns the public key with the given bytes, which may be a
// PublicKey that a conversion has made.
//
// The error says what is wrong: the bytes are all zero, or the key is one of
// those with which every secret key gives the same shared secret (points of low
// order). A connection with such a key would not be secret. Every other value is
// a key. NewPublicKey takes about as long as a step of a handshake, tens of
// microseconds.
func NewPublicKey(b [32]byte) (PublicKey, error) {
	if b == [32]byte{} {
		return PublicKey{}, publicKeyError(errZero)
	}
	probe, err := lowOrderProbe()
	if err != nil {
		return PublicKey{}, publicKeyError(err)
	}
	point, err := ecdh.X25519().NewPublicKey(b[:])
	if err != nil {
		return PublicKey{}, publicKeyError(err)
	}
	// X25519 multiplies by 8, so the result is zero exactly for the points of
	// low order. https://www.rfc-editor.org/rfc/rfc7748#section-6.1
	if _, err := probe.ECDH(point); err != nil {
		return PublicKey{}, publicKeyError(errLowOrder)
	}
	return PublicKey(b), nil
}

// lowOrderProbe is the secret key that NewPublicKey uses. Its value is not
// important: no secret key has a usable shared secret with a point of low order.
var lowOrderProbe = sync.OnceValues(func() (*ecdh.PrivateKey, error) {
	return ecdh.X25519().NewPrivateKey(make([]byte, 32))
})

var errLowOrder = errors.New("a point of low order, with which no connection is secret")

// ParsePublicKey returns the public key that s encodes as 40 characters of Z85 or
// as 64 hexadecimal digits, without white space.
//
// The error says what is wrong: the length, the first invalid character and its
// offset, or a reason of [NewPublicKey]. It does not contain s, because a common
// mistake is to pass a secret key.
func ParsePublicKey(s string) (PublicKey, error) {
	b, err := parse(s)
	if err != nil {
		return PublicKey{}, publicKeyError(err)
	}
	return NewPublicKey(b)
}

func publicKeyError(err error) error { return fmt.Errorf("curve: public key: %w", err) }

// IsZero reports whether k is the zero value, which means that no key is set.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// String returns k as 40 characters of Z85, or "not set" for the zero value.
func (k PublicKey) String() string {
	if k.IsZero() {
		return notSet
	}
	return encode(k)
}

// Hex returns k as 64 hexadecimal digits in lower case.
func (k PublicKey) Hex() string { return hex.EncodeToString(k[:]) }

// Format implements [fmt.Formatter]. The verbs x and X print the bytes of k as
// hexadecimal digits, the others format the result of [PublicKey.String].
func (k PublicKey) Format(s fmt.State, verb rune) {
	if verb == 'x' || verb == 'X' {
		fmt.Fprintf(s, fmt.FormatString(s, verb), k[:])
		return
	}
	fmt.Fprintf(s, fmt.FormatString(s, verb), k.String())
}

// MarshalText implements [encoding.TextMarshaler]. It returns k as 40 characters
// of Z85, or an empty text for the zero value. The error is always nil.
func (k PublicKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return []byte{}, nil
	}
	return z85.AppendEncode(nil, k[:])
}

// UnmarshalText implements [encoding.TextUnmarshaler]. It reads what
// [ParsePublicKey] reads. An empty text sets k to the zero value. After an error
// k is unchanged.
func (k *PublicKey) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*k = PublicKey{}
		return nil
	}
	parsed, err := ParsePublicKey(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}
