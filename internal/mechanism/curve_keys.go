package mechanism

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	//lint:ignore SA1019 RFC 26 prescribes the construction of NaCl, of which HSalsa20 is a part
	"golang.org/x/crypto/salsa20/salsa"
)

// CurveKeys is the permanent key pair of a client or server. It is prepared
// once for all connections and does not change.
type CurveKeys struct {
	public [32]byte
	secret *ecdh.PrivateKey
}

// NewCurveKeys returns the key pair with that secret key. public may be zero;
// otherwise it must be the public key of secret. No error contains a key.
func NewCurveKeys(secret, public [32]byte) (*CurveKeys, error) {
	defer clear(secret[:])
	if isZero(&secret) {
		return nil, errors.New("CURVE secret key is zero")
	}
	s, err := ecdh.X25519().NewPrivateKey(secret[:])
	if err != nil {
		return nil, fmt.Errorf("CURVE secret key: %w", err)
	}
	k := &CurveKeys{secret: s, public: [32]byte(s.PublicKey().Bytes())}
	if !isZero(&public) && subtle.ConstantTimeCompare(public[:], k.public[:]) != 1 {
		return nil, errors.New("CURVE public key does not belong to the secret key")
	}
	return k, nil
}

// Public returns the public key.
func (k *CurveKeys) Public() [32]byte { return k.public }

// Format writes no key, whatever the verb.
func (k CurveKeys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("CURVE key pair")) }

// CurveServerKey is the permanent public key of the server that a client
// connects to. It is prepared once for all connections and does not change.
type CurveServerKey struct {
	public [32]byte
	key    *ecdh.PublicKey
}

// NewCurveServerKey returns an error for a key with which every peer could
// pretend to be the server: zero, and the other points of low order.
func NewCurveServerKey(public [32]byte) (*CurveServerKey, error) {
	key, err := ecdh.X25519().NewPublicKey(public[:])
	if err != nil {
		return nil, fmt.Errorf("CURVE server key: %w", err)
	}
	// With such a point the result is the same for every secret key.
	secret, err := ecdh.X25519().NewPrivateKey(make([]byte, 32))
	if err == nil {
		_, err = secret.ECDH(key)
	}
	if err != nil {
		return nil, errors.New("CURVE server key is zero or another point of low order")
	}
	return &CurveServerKey{public: public, key: key}, nil
}

// Format writes no key, whatever the verb.
func (k CurveServerKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("CURVE server key")) }

func isZero(key *[32]byte) bool {
	var zero [32]byte
	return subtle.ConstantTimeCompare(key[:], zero[:]) == 1
}

// cryptoRandom fills b from the random number generator of the system. It does
// not return if that fails.
func cryptoRandom(b []byte) { _, _ = rand.Read(b) }

// The scalar multiplications of handshakes, with the point of a public key and with
// the base point. They are variables so that a test can count them.
var (
	multiply     = (*ecdh.PrivateKey).ECDH
	multiplyBase = ecdh.X25519().NewPrivateKey
)

// newTransient makes a key pair for one connection: one scalar multiplication.
// It sets secret to the bytes of the secret key.
func newTransient(secret []byte, random func([]byte)) (*ecdh.PrivateKey, error) {
	random(secret)
	return multiplyBase(secret)
}

// parsePublic returns the public key with these 32 bytes.
func parsePublic(b []byte) (*ecdh.PublicKey, error) {
	key, err := ecdh.X25519().NewPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyExchange, err)
	}
	return key, nil
}

// sharedKey returns the key of the boxes between two key pairs: one scalar
// multiplication. It refuses points of low order, for which the result does not
// depend on the secret key. https://www.rfc-editor.org/rfc/rfc7748#section-6.1
func sharedKey(secret *ecdh.PrivateKey, public *ecdh.PublicKey) (*[32]byte, error) {
	point, err := multiply(secret, public)
	if err != nil {
		return nil, fmt.Errorf("%w: public key is a point of low order", ErrKeyExchange)
	}
	key := new([32]byte)
	salsa.HSalsa20(key, new([16]byte), (*[32]byte)(point), &salsa.Sigma)
	clear(point)
	return key, nil
}

// longNonce returns the nonce with a prefix of 8 bytes and 16 random bytes.
func longNonce(prefix string, random []byte) *[24]byte {
	n := new([24]byte)
	copy(n[copy(n[:8], prefix):], random)
	return n
}

// shortNonce returns the nonce with a prefix of 16 bytes and a counter.
func shortNonce(prefix string, count uint64) *[24]byte {
	n := new([24]byte)
	binary.BigEndian.PutUint64(n[copy(n[:16], prefix):], count)
	return n
}
