package curve_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
)

func TestPublicKeyParsesAndPrintsBothTextForms(t *testing.T) {
	for _, p := range pairs {
		want := curve.PublicKey(fromHex(t, p.public))
		for _, text := range []string{p.public, strings.ToUpper(p.public), p.publicZ85} {
			if text == "" {
				continue
			}
			if k, err := curve.ParsePublicKey(text); k != want || err != nil {
				t.Errorf("%s: ParsePublicKey(%q) = %v, %v", p.source, text, k, err)
			}
		}
		if want.Hex() != p.public {
			t.Errorf("%s: Hex = %s", p.source, want.Hex())
		}
		if p.publicZ85 != "" && want.String() != p.publicZ85 {
			t.Errorf("%s: String = %s", p.source, want)
		}
	}
}

// lowOrder are the 7 points of low order of Curve25519 and its twist, as
// published on https://cr.yp.to/ecdh.html#validate. X25519 ignores the highest
// bit of a public key, so each of them has a second encoding.
var lowOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func TestPublicKeyOfLowOrderIsRefused(t *testing.T) {
	for _, text := range lowOrder {
		for _, high := range []byte{0, 0x80} {
			b := fromHex(t, text)
			b[31] |= high
			want := "curve: public key: a point of low order, with which no connection is secret"
			if b == [32]byte{} {
				want = "curve: public key: all bytes are zero"
			}
			if k, err := curve.NewPublicKey(b); !k.IsZero() || err == nil || err.Error() != want {
				t.Errorf("NewPublicKey(%x) = %v, %v; want %s", b, k, err, want)
			}
			if k, err := curve.ParsePublicKey(hex.EncodeToString(b[:])); !k.IsZero() || err == nil || err.Error() != want {
				t.Errorf("ParsePublicKey(%x) = %v, %v; want %s", b, k, err, want)
			}
		}
	}
}

// RFC 7748 requires that values from p to 2^255-1 and a set highest bit are
// accepted. All but two of these values are points of a large order.
func TestPublicKeyWithUnusualEncodingIsAccepted(t *testing.T) {
	for low := byte(0xef); low >= 0xef; low++ {
		for _, high := range []byte{0x7f, 0xff} {
			b := [32]byte(slices.Repeat([]byte{0xff}, 32))
			b[0], b[31] = low, high
			if k, err := curve.NewPublicKey(b); k != b || err != nil {
				t.Errorf("NewPublicKey(%x) = %v, %v", b, k, err)
			}
		}
	}
}

func TestNewPublicKeyChecksAConvertedKey(t *testing.T) {
	good := curve.PublicKey(fromHex(t, server.public))
	if k, err := curve.NewPublicKey(good); k != good || err != nil {
		t.Errorf("NewPublicKey(%v) = %v, %v", good, k, err)
	}
	if k, err := curve.NewPublicKey(curve.PublicKey{1}); err == nil {
		t.Errorf("NewPublicKey of a point of low order = %v", k)
	}
}

func TestPublicKeyWithOneBitChangedIsAnotherKey(t *testing.T) {
	k := parsePublic(t, server.public)
	for bit := range 256 {
		other := k
		other[bit/8] ^= 1 << (bit % 8)
		if other == k || other.String() == k.String() || other.Hex() == k.Hex() {
			t.Errorf("bit %d: %v", bit, other)
		}
	}
}

func TestPublicKeyVerbs(t *testing.T) {
	k := parsePublic(t, server.public)
	for format, want := range map[string]string{
		"%v":   server.publicZ85,
		"%+v":  server.publicZ85,
		"%s":   server.publicZ85,
		"%q":   `"` + server.publicZ85 + `"`,
		"%#v":  `"` + server.publicZ85 + `"`,
		"%42s": "  " + server.publicZ85,
		"%x":   server.public,
		"%X":   strings.ToUpper(server.public),
		"%#x":  "0x" + server.public,
		"%.4x": server.public[:8],
	} {
		if got := fmt.Sprintf(format, k); got != want {
			t.Errorf("%s: %s; want %s", format, got, want)
		}
	}
}

func TestZeroPublicKeyIsNotSet(t *testing.T) {
	var k curve.PublicKey
	if !k.IsZero() || k.String() != "not set" || fmt.Sprint(k) != "not set" {
		t.Errorf("zero: IsZero %v, String %q, Sprint %q", k.IsZero(), k, fmt.Sprint(k))
	}
	if parsePublic(t, server.public).IsZero() {
		t.Error("IsZero of a key is true")
	}
	if text, err := k.MarshalText(); len(text) != 0 || err != nil {
		t.Errorf("MarshalText = %q, %v", text, err)
	}
	k = parsePublic(t, server.public)
	if err := k.UnmarshalText(nil); !k.IsZero() || err != nil {
		t.Errorf("UnmarshalText of an empty text: %v, %v", k, err)
	}
}

func TestPublicKeyIsJSONString(t *testing.T) {
	type config struct {
		Server curve.PublicKey
		Other  curve.PublicKey `json:",omitzero"`
		Names  map[curve.PublicKey]string
	}
	k := parsePublic(t, server.public)
	text, err := json.Marshal(config{Server: k, Names: map[curve.PublicKey]string{k: "server"}})
	// encoding/json escapes '<', '>' and '&'.
	if want := `{"Server":"rq:rM\u003e}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",` +
		`"Names":{"rq:rM\u003e}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7":"server"}}`; string(text) != want || err != nil {
		t.Errorf("Marshal = %s, %v; want %s", text, err, want)
	}
	var got config
	if err := json.Unmarshal(text, &got); got.Server != k || !got.Other.IsZero() || got.Names[k] != "server" || err != nil {
		t.Errorf("Unmarshal = %v, %v", got, err)
	}
}

func TestPublicKeyIsUnchangedAfterUnmarshalError(t *testing.T) {
	k := parsePublic(t, server.public)
	for _, text := range []string{"short", strings.Repeat("|", 40), strings.Repeat("0", 40)} {
		if err := k.UnmarshalText([]byte(text)); err == nil || k.Hex() != server.public {
			t.Errorf("UnmarshalText(%q): %v, %v", text, k, err)
		}
	}
}

func TestPublicKeyCanBeAFlag(t *testing.T) {
	var k curve.PublicKey
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.TextVar(&k, "server-key", curve.PublicKey{}, "public key of the server")
	if err := flags.Parse([]string{"-server-key", server.publicZ85}); err != nil || k.Hex() != server.public {
		t.Errorf("Parse: %v, %v", k, err)
	}
	if err := flags.Parse([]string{"-server-key", server.publicZ85[1:]}); err == nil ||
		!strings.Contains(err.Error(), "length 39, want 40 for Z85 or 64 for hexadecimal") {
		t.Errorf("Parse of a short key: %v", err)
	}
}
