package curve_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/z85"
)

func TestParseErrorsSayWhatIsWrong(t *testing.T) {
	hex, text := strings.Repeat("a1", 32), strings.Repeat("Hello", 8)
	for _, test := range []struct{ text, want string }{
		{"", "length 0, want 40 for Z85 or 64 for hexadecimal"},
		{text[1:], "length 39, want 40 for Z85 or 64 for hexadecimal"},
		{text + text[:1], "length 41, want 40 for Z85 or 64 for hexadecimal"},
		{text + "\n", "length 41, want 40 for Z85 or 64 for hexadecimal: white space before or after the key"},
		{" " + hex, "length 65, want 40 for Z85 or 64 for hexadecimal: white space before or after the key"},
		{hex[1:], "length 63, want 40 for Z85 or 64 for hexadecimal"},
		{`"` + text[1:], `z85: invalid character "\"" at offset 0`},
		{text[:39] + "~", `z85: invalid character "~" at offset 39`},
		{text[:20] + "\u00e9" + text[22:], `z85: invalid character "\xc3" at offset 20`},
		{text[:35] + "#####", "z85: the 5 characters at offset 35 encode a number above 2^32-1"},
		{"g" + hex[1:], `invalid hexadecimal digit "g" at offset 0`},
		{hex[:63] + " ", `invalid hexadecimal digit " " at offset 63`},
		{hex[:30] + "\u00e9" + hex[32:], `invalid hexadecimal digit "\xc3" at offset 30`},
		{hex[:30] + "\xff" + hex[31:], `invalid hexadecimal digit "\xff" at offset 30`},
	} {
		if k, err := curve.ParseKey(test.text); !k.IsZero() || err == nil || err.Error() != "curve: secret key: "+test.want {
			t.Errorf("ParseKey(%q) = %v, %v; want %s", test.text, k, err, test.want)
		}
		if k, err := curve.ParsePublicKey(test.text); !k.IsZero() || err == nil || err.Error() != "curve: public key: "+test.want {
			t.Errorf("ParsePublicKey(%q) = %v, %v; want %s", test.text, k, err, test.want)
		}
	}
}

func TestParseErrorsWrapThoseOfZ85(t *testing.T) {
	_, err := curve.ParseKey(`"` + strings.Repeat("0", 39))
	if char, ok := errors.AsType[z85.CharError](err); !ok || char.Offset != 0 {
		t.Errorf("%#v", err)
	}
}

// An error may contain the one character that is not part of a key, and no two
// characters of the text.
func TestParseErrorsContainNoPartOfTheText(t *testing.T) {
	parsers := map[string]func(string) error{
		"ParseKey":       func(s string) error { _, err := curve.ParseKey(s); return err },
		"ParsePublicKey": func(s string) error { _, err := curve.ParsePublicKey(s); return err },
		"Key.UnmarshalText": func(s string) error {
			return new(curve.Key).UnmarshalText([]byte(s))
		},
		"PublicKey.UnmarshalText": func(s string) error {
			return new(curve.PublicKey).UnmarshalText([]byte(s))
		},
	}
	// The characters are those that no text of an error has.
	for _, secret := range []string{strings.Repeat("$[]{}", 8), strings.Repeat("90", 32)} {
		for pos := range len(secret) {
			for _, text := range []string{
				secret[:pos],                           // too short
				secret[:pos] + "$9" + secret[pos:],     // too long
				secret[:pos] + "\x01" + secret[pos+1:], // an invalid character
				secret[:pos] + "##" + secret[min(pos+2, len(secret)):],
			} {
				for name, parse := range parsers {
					err := parse(text)
					if err == nil {
						continue // a valid key
					}
					for i := range len(text) - 1 {
						pair := text[i : i+2]
						if strings.Contains(err.Error(), pair) {
							t.Fatalf("%s(%q): the error contains %q: %v", name, text, pair, err)
						}
					}
				}
			}
		}
	}
}

// FuzzParse parses any text as a secret and as a public key. Text that is
// accepted must be what the key prints.
func FuzzParse(f *testing.F) {
	for _, p := range pairs {
		for _, text := range []string{p.public, p.publicZ85, p.secret, p.secretZ85, strings.ToUpper(p.secret)} {
			f.Add(text)
		}
	}
	for _, text := range lowOrder {
		f.Add(text)
	}
	f.Add(strings.Repeat("0", 40))
	f.Add(strings.Repeat("#", 40))
	f.Add(server.secretZ85 + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := curve.ParsePublicKey(text); err == nil {
			if k.IsZero() || k.String() != text && k.Hex() != strings.ToLower(text) {
				t.Errorf("ParsePublicKey(%q) = %v", text, k)
			}
		} else if !k.IsZero() {
			t.Errorf("ParsePublicKey(%q) = %v, %v", text, k, err)
		}
		k, err := curve.ParseKey(text)
		if err != nil {
			if !k.IsZero() {
				t.Errorf("ParseKey(%q) = %v, %v", text, k, err)
			}
			return
		}
		secret := curve.PublicKey(k.Secret()) // for its Hex
		if k.IsZero() || k.SecretZ85() != text && secret.Hex() != strings.ToLower(text) {
			t.Errorf("ParseKey(%q) = %q", text, k.SecretZ85())
		}
		if _, err := curve.NewPublicKey(k.Public()); err != nil {
			t.Errorf("ParseKey(%q) has the public key %v: %v", text, k.Public(), err)
		}
	})
}
