package curve

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Key is a key pair: a secret key and the public key that belongs to it. A copy
// of a Key is the same key. The zero value means that no key is set.
//
// Keys cannot be compared with ==; use [Key.Equal].
type Key struct {
	_    [0]func() // prevents ==, which would compare pointers
	pair *pair     // nil in the zero value
}

// pair holds the secret behind two pointers, because package fmt calls no method
// of a value in an unexported field of another struct, but prints what the field
// contains. It prints a pointer there as an address. But if the verb does not
// suit a pointer, such as s, it follows the first one.
type pair struct {
	private *ecdh.PrivateKey
	public  PublicKey
}

func newKey(private *ecdh.PrivateKey) Key {
	return Key{pair: &pair{private, PublicKey(private.PublicKey().Bytes())}}
}

// GenerateKey returns a new random key pair. It fails only if the program allows
// nothing but FIPS 140 algorithms, which do not include those of CURVE.
func GenerateKey() (Key, error) {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, keyError(err)
	}
	return newKey(private), nil
}

// NewKey returns the key pair with the given secret key. Every value is a secret
// key, except that all bytes zero are an error.
func NewKey(secret [32]byte) (Key, error) {
	if secret == [32]byte{} {
		return Key{}, keyError(errZero)
	}
	private, err := ecdh.X25519().NewPrivateKey(secret[:])
	if err != nil {
		return Key{}, keyError(err)
	}
	return newKey(private), nil
}

// ParseKey returns the key pair with the secret key that the text encodes as 40
// characters of Z85 or as 64 hexadecimal digits, without white space.
//
// The error says what is wrong: the length, the first invalid character and its
// offset, or that all bytes of the key are zero. It contains nothing else of the
// text.
func ParseKey(secret string) (Key, error) {
	b, err := parse(secret)
	if err != nil {
		return Key{}, keyError(err)
	}
	return NewKey(b)
}

func keyError(err error) error { return fmt.Errorf("curve: secret key: %w", err) }

// IsZero reports whether k is the zero value, which means that no key is set.
func (k Key) IsZero() bool { return k.pair == nil }

// Equal reports whether k and other have the same secret key, or are both zero.
// Its time does not depend on the keys.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() && other.IsZero()
	}
	return k.pair.private.Equal(other.pair.private)
}

// Public returns the public key of k. It is the zero PublicKey if k is zero.
func (k Key) Public() PublicKey {
	if k.IsZero() {
		return PublicKey{}
	}
	return k.pair.public
}

// Secret returns the secret key. Its bytes are all zero if k is zero.
//
// The result is a plain array, which package fmt prints.
func (k Key) Secret() [32]byte {
	if k.IsZero() {
		return [32]byte{}
	}
	return [32]byte(k.pair.private.Bytes())
}

// SecretZ85 returns the secret key as 40 characters of Z85, which [ParseKey]
// reads. It returns an empty string if k is zero.
func (k Key) SecretZ85() string {
	if k.IsZero() {
		return ""
	}
	return encode(k.Secret())
}

// ECDH returns k as a private key of package crypto/ecdh, or nil if k is zero.
// Every call returns the same pointer. Package fmt prints the secret of what it
// points to.
func (k Key) ECDH() *ecdh.PrivateKey {
	if k.IsZero() {
		return nil
	}
	return k.pair.private
}

// String returns a description of k with its public key and without its secret,
// or "not set" if k is zero. [Key.SecretZ85] returns the secret.
func (k Key) String() string {
	if k.IsZero() {
		return notSet
	}
	return "secret key of " + k.Public().String()
}

// GoString implements [fmt.GoStringer]. It returns the result of [Key.String].
func (k Key) GoString() string { return k.String() }

// Format implements [fmt.Formatter]. Every verb prints the result of
// [Key.String].
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }

// LogValue implements [slog.LogValuer]. The value is the result of [Key.String].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

var errMarshal = errors.New("curve: a secret key is not encoded implicitly: encode the result of SecretZ85 instead")

// MarshalText implements [encoding.TextMarshaler] to prevent that an encoder
// writes the secret, or silently something else. It returns an error, or an
// empty text if k is zero. A program that stores a key calls [Key.SecretZ85].
func (k Key) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return []byte{}, nil
	}
	return nil, errMarshal
}

// UnmarshalText implements [encoding.TextUnmarshaler]. It reads what [ParseKey]
// reads. An empty text sets k to the zero value. After an error k is unchanged.
func (k *Key) UnmarshalText(secret []byte) error {
	if len(secret) == 0 {
		*k = Key{}
		return nil
	}
	parsed, err := ParseKey(string(secret))
	if err == nil {
		*k = parsed
	}
	return err
}
