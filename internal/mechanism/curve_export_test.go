package mechanism

import (
	"crypto/ecdh"
	"testing"
)

// CurveSharedKey returns the key of the boxes between the owners of a secret and
// of a public key, as both sides of a handshake compute it.
func CurveSharedKey(secret, public []byte) ([32]byte, error) {
	s, err := newTransient(make([]byte, 32), func(b []byte) { copy(b, secret) })
	if err != nil {
		return [32]byte{}, err
	}
	p, err := parsePublic(public)
	if err != nil {
		return [32]byte{}, err
	}
	key, err := sharedKey(s, p)
	if err != nil {
		return [32]byte{}, err
	}
	return *key, nil
}

// SetCurveSent sets the nonce of the last command that m has sent.
func SetCurveSent(m Mechanism, last uint64) {
	switch m := m.(type) {
	case *CurveClient:
		m.sealer.last = last
	case *CurveServer:
		m.sealer.last = last
	}
}

// CurveHandshakeSecrets returns how many secrets of its handshake m still has.
func CurveHandshakeSecrets(m Mechanism) (n int) {
	switch m := m.(type) {
	case *CurveClient:
		if m.hello != nil {
			n++
		}
		if m.initiate != nil {
			n++
		}
	case *CurveServer:
		if m.hello != nil {
			n++
		}
		if m.session != nil {
			n++
		}
	}
	return n
}

// CloneCurve returns a copy of m that shares only the random number generator with
// it.
func CloneCurve(m Mechanism) Mechanism {
	switch m := m.(type) {
	case *CurveClient:
		c := *m
		c.sealer, c.opener = clonePointer(m.sealer), clonePointer(m.opener)
		if c.hello = clonePointer(m.hello); c.hello != nil {
			c.hello.key = clonePointer(m.hello.key)
		}
		if c.initiate = clonePointer(m.initiate); c.initiate != nil {
			c.initiate.key, c.initiate.vouchKey = clonePointer(m.initiate.key), clonePointer(m.initiate.vouchKey)
		}
		return &c
	case *CurveServer:
		s := *m
		s.sealer, s.opener = clonePointer(m.sealer), clonePointer(m.opener)
		s.session = clonePointer(m.session)
		if s.hello = clonePointer(m.hello); s.hello != nil {
			s.hello.key = clonePointer(m.hello.key)
		}
		return &s
	}
	return m
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// CountScalarMultiplications counts those of handshakes until the end of the test,
// which must not run in parallel with others.
func CountScalarMultiplications(t *testing.T) *int {
	count := new(int)
	m, b := multiply, multiplyBase
	t.Cleanup(func() { multiply, multiplyBase = m, b })
	multiply = func(secret *ecdh.PrivateKey, public *ecdh.PublicKey) ([]byte, error) {
		*count++
		return m(secret, public)
	}
	multiplyBase = func(secret []byte) (*ecdh.PrivateKey, error) {
		*count++
		return b(secret)
	}
	return count
}
