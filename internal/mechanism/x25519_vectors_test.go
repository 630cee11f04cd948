package mechanism_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	//lint:ignore SA1019 RFC 26 prescribes the construction of NaCl, of which HSalsa20 is a part
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// unhex decodes a constant.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkShared checks that the key agreement computes the shared point of a
// published vector. The key of the boxes is a hash of the point.
func checkShared(t *testing.T, name string, secret, public, shared []byte) {
	t.Helper()
	var want [32]byte
	salsa.HSalsa20(&want, new([16]byte), (*[32]byte)(shared), &salsa.Sigma)
	got, err := mechanism.CurveSharedKey(secret, public)
	if err != nil || got != want {
		t.Errorf("%s: shared key %x, %v; want that of the point %x", name, got, err, shared)
	}
}

// The key agreement computes the vectors of RFC 7748. That of the iterations is
// computed with crypto/ecdh up to the last.
// https://www.rfc-editor.org/rfc/rfc7748#section-5.2
// https://www.rfc-editor.org/rfc/rfc7748#section-6.1
func TestCurveSharedKeysAreThoseOfRFC7748(t *testing.T) {
	for _, v := range []struct{ name, secret, public, shared string }{
		{"5.2, first",
			"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"5.2, second",
			"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
		{"6.1, Alice",
			"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
			"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
			"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
		{"6.1, Bob",
			"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
			"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
			"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	} {
		checkShared(t, v.name, unhex(t, v.secret), unhex(t, v.public), unhex(t, v.shared))
	}

	k := make([]byte, 32)
	k[0] = 9
	u := slices.Clone(k)
	for i := range 1000 {
		switch i + 1 {
		case 1:
			checkShared(t, "5.2, 1 iteration", k, u, unhex(t, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"))
		case 1000:
			checkShared(t, "5.2, 1,000 iterations", k, u, unhex(t, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
		}
		secret, err := ecdh.X25519().NewPrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		public, err := ecdh.X25519().NewPublicKey(u)
		if err != nil {
			t.Fatal(err)
		}
		point, err := secret.ECDH(public)
		if err != nil {
			t.Fatal(err)
		}
		k, u = point, k
	}
}

// The key agreement computes the vectors of Wycheproof, among them those with
// points of the twist and encodings that are not canonical, and refuses those whose
// result is zero.
func TestCurveSharedKeysAreThoseOfWycheproof(t *testing.T) {
	data, err := os.ReadFile("testdata/wycheproof/x25519_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Curve string
			Tests []struct {
				TcID                            int
				Comment                         string
				Flags                           []string
				Public, Private, Shared, Result string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	tests, refused := 0, 0
	flags := map[string]int{}
	for _, g := range file.TestGroups {
		if g.Curve != "curve25519" {
			t.Fatalf("group for %q", g.Curve)
		}
		for _, v := range g.Tests {
			tests++
			for _, f := range v.Flags {
				flags[f]++
			}
			secret, public, shared := unhex(t, v.Private), unhex(t, v.Public), unhex(t, v.Shared)
			if !bytes.Equal(shared, make([]byte, 32)) {
				checkShared(t, v.Comment, secret, public, shared)
				continue
			}
			refused++
			if key, err := mechanism.CurveSharedKey(secret, public); !errors.Is(err, mechanism.ErrKeyExchange) {
				t.Errorf("vector %d, %s: shared key %x, %v", v.TcID, v.Comment, key, err)
			}
			if _, err := mechanism.NewCurveServerKey([32]byte(public)); err == nil {
				t.Errorf("vector %d, %s: server key accepted", v.TcID, v.Comment)
			}
		}
	}
	if tests != file.NumberOfTests || flags["ZeroSharedSecret"] != refused || flags["LowOrderPublic"] == 0 || flags["NonCanonicalPublic"] == 0 {
		t.Errorf("%d of %d vectors, %d refused, flags %v", tests, file.NumberOfTests, refused, flags)
	}
	t.Logf("%d vectors, %d refused; flags %v", tests, refused, flags)
}
