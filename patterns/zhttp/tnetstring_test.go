package zhttp

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestValuesEncodeAndDecode(t *testing.T) {
	for text, want := range map[string]any{
		"0:}":                      dict{},
		"0:]":                      []any{},
		"3:abc,":                   []byte("abc"),
		"0:,":                      []byte{},
		"2:-7#":                    int64(-7),
		"3:0.5^":                   0.5,
		"4:true!":                  true,
		"5:false!":                 false,
		"0:~":                      nil,
		"11:1:a,1:x,0:~]":          []any{[]byte("a"), []byte("x"), nil},
		"16:1:a,1:1#1:b,1:2#}":     dict{"a": int64(1), "b": int64(2)},
		"20:16:1:a,1:1#1:b,1:2#}]": []any{dict{"a": int64(1), "b": int64(2)}},
	} {
		var d decoder
		got, rest, err := d.decode([]byte(text), 0)
		if err != nil || len(rest) != 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %q, %v", text, got, rest, err)
			continue
		}
		if again := string(appendValue(nil, got)); again != text {
			t.Errorf("%s encoded as %s", text, again)
		}
	}
}

func TestDecoderRefusesMalformedValues(t *testing.T) {
	nested := "0:]"
	for range maxDepth + 1 {
		nested = string(appendTyped(nil, []byte(nested), ']'))
	}
	for _, text := range []string{
		"", ":", "1", "1:", "1:a", "1:a?", "01:a,", "-1:a,", " 1:a,", "x:a,", "9999999999:a,", "999999999:a,", "2:a,",
		"1:x#", "0:#", "1:1!", "4:True!", "1:x~", "1:x^", "4:1:a,}", "8:1:1#1:2#}", "12:1:a,0:~1:a,0:~}", "1:a]", "1:x}",
		"2:\xff1#", "20:99999999999999999999#", nested, string(appendTyped(nil, []byte(strings.Repeat("0:~", maxValues)), ']')),
	} {
		var d decoder
		if v, _, err := d.decode([]byte(text), 0); !errors.Is(err, errMalformed) {
			t.Errorf("%.40s: %v, %v", text, v, err)
		}
	}
	for _, text := range []string{"1:a,", "0:}x", "0:}0:}"} {
		if _, err := decodeDict([]byte(text)); !errors.Is(err, errMalformed) {
			t.Errorf("%s is accepted as a dictionary", text)
		}
	}
}

// FuzzDecode: what decodes, decodes to the same value again after it is encoded.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"0:}", "16:1:a,1:1#1:b,1:2#}", "T0:}", "3:0.5^", "11:1:a,1:x,0:~]", "4:true!", "99:x,", "12:7:headers,0:]}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, _, err := decodeMessage(b); err == nil {
			decodeRequest(t.Context(), d)
			var s session
			s.receive(time.Time{}, d)
			var e exchange
			if e.begin(time.Time{}, d, 10) == nil {
				e.receive(time.Time{}, d)
			}
		}
		var d decoder
		v, rest, err := d.decode(b, 0)
		if err != nil {
			return
		}
		if x, ok := v.(float64); ok && math.IsNaN(x) {
			return
		}
		encoded := appendValue(nil, v)
		var e decoder
		again, _, err := e.decode(encoded, 0)
		if err != nil || !reflect.DeepEqual(v, again) && !strings.Contains(string(encoded), "NaN") {
			t.Fatalf("%q: %#v, then %#v, %v; rest %q", b, v, again, err, rest)
		}
	})
}
