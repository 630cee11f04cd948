package curve_test

import (
	"crypto/ecdh"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
)

func TestKeyParsesBothTextFormsAndDerivesThePublicKey(t *testing.T) {
	for _, p := range pairs {
		for _, text := range []string{p.secret, strings.ToUpper(p.secret), p.secretZ85} {
			if text == "" {
				continue
			}
			k := parseKey(t, text)
			if k.Public().Hex() != p.public {
				t.Errorf("%s: Public = %x", p.source, k.Public())
			}
			if k.Secret() != fromHex(t, p.secret) {
				t.Errorf("%s: Secret = %x", p.source, k.Secret())
			}
			if p.secretZ85 != "" && k.SecretZ85() != p.secretZ85 {
				t.Errorf("%s: SecretZ85 = %s", p.source, k.SecretZ85())
			}
			if again := parseKey(t, k.SecretZ85()); !again.Equal(k) {
				t.Errorf("%s: SecretZ85 parses as another key", p.source)
			}
		}
	}
}

// RFC 7748, section 6.1.
func TestKeysShareTheSecretOfTheRFC(t *testing.T) {
	const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
	alice, bob := parseKey(t, pairs[2].secret), parseKey(t, pairs[3].secret)
	for _, sides := range [][2]curve.Key{{alice, bob}, {bob, alice}} {
		public := sides[1].Public()
		point, err := ecdh.X25519().NewPublicKey(public[:])
		if err != nil {
			t.Fatal(err)
		}
		got, err := sides[0].ECDH().ECDH(point)
		if err != nil || [32]byte(got) != fromHex(t, shared) {
			t.Errorf("ECDH = %x, %v; want %s", got, err, shared)
		}
	}
}

func TestGeneratedKeysDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		k, err := curve.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		if k.IsZero() || seen[k.SecretZ85()] || seen[k.Public().String()] {
			t.Fatalf("GenerateKey = %v again", k)
		}
		seen[k.SecretZ85()], seen[k.Public().String()] = true, true
		if again := parseKey(t, k.SecretZ85()); !again.Equal(k) || again.Public() != k.Public() {
			t.Errorf("SecretZ85 of %v parses as %v", k, again)
		}
		if public, err := curve.NewPublicKey(k.Public()); public != k.Public() || err != nil {
			t.Errorf("NewPublicKey(%v) = %v, %v", k.Public(), public, err)
		}
	}
}

func TestZeroKeyIsNotSet(t *testing.T) {
	var k curve.Key
	if !k.IsZero() || !k.Public().IsZero() || k.SecretZ85() != "" || k.Secret() != [32]byte{} || k.ECDH() != nil ||
		k.String() != "not set" {
		t.Errorf("zero: %v %v %v %q %x %v", k, k.IsZero(), k.Public(), k.SecretZ85(), k.Secret(), k.ECDH())
	}
	if text, err := k.MarshalText(); len(text) != 0 || err != nil {
		t.Errorf("MarshalText = %q, %v", text, err)
	}
	if parseKey(t, server.secret).IsZero() {
		t.Error("IsZero of a key is true")
	}
}

func TestZeroSecretIsRefused(t *testing.T) {
	const want = "curve: secret key: all bytes are zero"
	if k, err := curve.NewKey([32]byte{}); !k.IsZero() || err == nil || err.Error() != want {
		t.Errorf("NewKey = %v, %v; want %s", k, err, want)
	}
	for _, n := range []int{40, 64} {
		if k, err := curve.ParseKey(strings.Repeat("0", n)); !k.IsZero() || err == nil || err.Error() != want {
			t.Errorf("ParseKey of %d zeros = %v, %v; want %s", n, k, err, want)
		}
	}
}

func TestKeysAreEqualIfTheirSecretsAre(t *testing.T) {
	a, same, b := parseKey(t, server.secret), parseKey(t, server.secretZ85), parseKey(t, pairs[0].secret)
	for _, test := range []struct {
		name string
		x, y curve.Key
		want bool
	}{
		{"the same key", a, same, true},
		{"different keys", a, b, false},
		{"no key and a key", curve.Key{}, a, false},
		{"a key and no key", a, curve.Key{}, false},
		{"no keys", curve.Key{}, curve.Key{}, true},
	} {
		if test.x.Equal(test.y) != test.want {
			t.Errorf("%s: Equal = %v", test.name, !test.want)
		}
	}
	if !reflect.DeepEqual(a, same) || reflect.DeepEqual(a, b) {
		t.Error("reflect.DeepEqual differs from Equal")
	}
}

// == would compare the pointers in two keys.
func TestKeysCannotBeComparedWithOperators(t *testing.T) {
	if reflect.TypeFor[curve.Key]().Comparable() {
		t.Error("Key is comparable")
	}
}

func TestKeyUnmarshalsFromText(t *testing.T) {
	var config struct{ Key, Other curve.Key }
	text, err := json.Marshal(map[string]string{"Key": server.secretZ85, "Other": ""})
	if err != nil {
		t.Fatal(err)
	}
	config.Other = parseKey(t, pairs[0].secret)
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if !config.Key.Equal(parseKey(t, server.secret)) || !config.Other.IsZero() {
		t.Errorf("Unmarshal = %v", config)
	}
}

func TestKeyIsUnchangedAfterUnmarshalError(t *testing.T) {
	k := parseKey(t, server.secret)
	for _, text := range []string{"short", strings.Repeat("|", 40), strings.Repeat("0", 40)} {
		if err := k.UnmarshalText([]byte(text)); err == nil || !k.Equal(parseKey(t, server.secret)) {
			t.Errorf("UnmarshalText(%q): %v, %v", text, k, err)
		}
	}
}
