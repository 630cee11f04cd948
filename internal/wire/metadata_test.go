package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type property struct{ name, value string }

// properties returns the properties and the error of WalkProperties.
func properties(b []byte) (all []property, err error) {
	err = WalkProperties(b, func(name, value []byte) error {
		all = append(all, property{string(name), string(value)})
		return nil
	})
	return all, err
}

// TestPropertyEncodesToExpectedBytes checks the format in
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func TestPropertyEncodesToExpectedBytes(t *testing.T) {
	got := AppendProperty([]byte("x"), PropSocketType, "DEALER")
	if want := "x\x0bSocket-Type\x00\x00\x00\x06DEALER"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = AppendProperty(nil, []byte(PropIdentity), []byte{})
	if want := "\x08Identity\x00\x00\x00\x00"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWalkReturnsEncodedProperties covers the sizes at which fixed buffers of
// libzmq overflowed (CVE-2019-13132).
func TestWalkReturnsEncodedProperties(t *testing.T) {
	var b []byte
	var want []property
	for _, size := range []int{0, 1, 254, 255, 256, 257, 511, 512, 65535, 65536, 128 << 10} {
		p := property{strings.Repeat("n", 1+size%255), strings.Repeat("v", size)}
		want = append(want, p)
		b = AppendProperty(b, p.name, p.value)
	}
	got, err := properties(b)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d of %d properties, %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("property %d: name of %d, value of %d bytes", i, len(got[i].name), len(got[i].value))
		}
	}
}

func TestTruncatedPropertiesAreMalformed(t *testing.T) {
	md := dealerMetadata()
	boundary := len(AppendProperty(nil, PropSocketType, "DEALER"))
	for cut := range md {
		_, err := properties(md[:cut])
		if valid := cut == 0 || cut == boundary; valid != (err == nil) {
			t.Errorf("truncated to %d bytes: %v", cut, err)
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("truncated to %d bytes: %v is not ErrMalformed", cut, err)
		}
		if _, _, n := ConsumeProperty(md[:cut]); (n < 0) != (0 < cut && cut < boundary) {
			t.Errorf("truncated to %d bytes: n = %d", cut, n)
		}
	}
}

func TestAppendingToPropertyKeepsFollowingBytes(t *testing.T) {
	b := AppendProperty(AppendProperty(nil, "a", "1"), "b", "2")
	name, value, n := ConsumeProperty(b)
	_, _ = append(name, "XXXX"...), append(value, "XXXX"...)
	if got, _ := properties(b[n:]); string(value) != "1" || len(got) != 1 || got[0] != (property{"b", "2"}) {
		t.Errorf("appending to a decoded field changed the bytes after it: %q", b)
	}
}

func TestWalkReturnsErrorOfFunctionUnchanged(t *testing.T) {
	b := AppendProperty(AppendProperty(nil, "a", "1"), "b", "2")
	limit := errors.New("limit")
	calls := 0
	err := WalkProperties(b, func(_, _ []byte) error { calls++; return limit })
	if err != limit || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}

func TestFindPropertyReturnsFirstOfName(t *testing.T) {
	b := AppendProperty(dealerMetadata(), "SOCKET-TYPE", "second")
	if v, ok := FindProperty(b, "socket-type"); !ok || string(v) != "DEALER" {
		t.Errorf("socket-type: %q, %v", v, ok)
	}
	if v, ok := FindProperty(b, PropIdentity); !ok || len(v) != 0 {
		t.Errorf("empty identity: %q, %v", v, ok)
	}
	if v, ok := FindProperty(b, PropResource); ok {
		t.Errorf("resource: %q", v)
	}
	if _, ok := FindProperty(append([]byte{0}, b...), PropIdentity); ok {
		t.Error("found a property after malformed bytes")
	}
}

func TestDuplicatePropertyIgnoresCase(t *testing.T) {
	b := dealerMetadata()
	if got := DuplicateProperty(b); got != nil {
		t.Errorf("no duplicate: %q", got)
	}
	b = AppendProperty(AppendProperty(b, "X-a", ""), "IDENTITY", "x")
	if got := DuplicateProperty(b); string(got) != "IDENTITY" {
		t.Errorf("duplicate: %q", got)
	}
	if got := DuplicateProperty(nil); got != nil {
		t.Errorf("no metadata: %q", got)
	}
}

// TestPropertyNameAllowsOnlyGrammarCharacters also checks the maximum length.
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func TestPropertyNameAllowsOnlyGrammarCharacters(t *testing.T) {
	for c := range 256 {
		want := strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+", rune(c))
		if got := ValidPropertyName([]byte{'X', byte(c)}); got != want {
			t.Errorf("%q: %v", byte(c), got)
		}
	}
	for size, want := range map[int]bool{0: false, 1: true, 255: true, 256: false} {
		if got := ValidPropertyName(strings.Repeat("a", size)); got != want {
			t.Errorf("%d characters: %v", size, got)
		}
	}
}

// TestEqualPropertyNameIgnoresCaseOfASCII covers letters outside ASCII, too.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func TestEqualPropertyNameIgnoresCaseOfASCII(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"Socket-Type", "sOCKET-tYPE", true},
		{"az", "AZ", true},
		{"a", "ab", false},
		{"a", "b", false},
		{"@[`{", "`{@[", false}, // the characters before and after the letters differ by 32, too
		{"k", "\u212a", false},  // Kelvin sign, which Unicode folds to k
		{"\xe4", "\xc4", false},
	}
	for _, tt := range tests {
		if EqualPropertyName(tt.a, tt.b) != tt.want || EqualPropertyName([]byte(tt.b), tt.a) != tt.want {
			t.Errorf("%q and %q: want %v", tt.a, tt.b, tt.want)
		}
	}
}

// asciiLower converts ASCII letters to lower case. It works on bytes, because
// names from a peer need not be UTF-8.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) >= 0 {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func FuzzMetadata(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := properties(b)
		var again []byte
		for _, p := range all {
			again = AppendProperty(again, p.name, p.value)
			if _, ok := FindProperty(b, p.name); !ok {
				t.Fatalf("FindProperty does not find %q", p.name)
			}
		}
		if !bytes.HasPrefix(b, again) || (err == nil) != (len(again) == len(b)) {
			t.Fatalf("%q is decoded and encoded to %q, error %v", b, again, err)
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("error %v is not ErrMalformed", err)
		}
		seen := make(map[string]bool)
		var duplicate string
		for _, p := range all {
			key := asciiLower(p.name)
			if seen[key] && duplicate == "" {
				duplicate = p.name
			}
			seen[key] = true
		}
		if got := DuplicateProperty(b); string(got) != duplicate {
			t.Fatalf("%q: duplicate %q, want %q", b, got, duplicate)
		}
	})
}
