package filemq

import (
	"reflect"
	"strings"
	"testing"
)

// 35/FILEMQ, Formal Grammar, written out.
func TestEncodingIsThatOfTheGrammar(t *testing.T) {
	for want, c := range map[string]*command{
		"\xaa\xa3\x01\x06FILEMQ\x00\x02": {id: cmdOhai, protocol: "FILEMQ", version: 2},
		"\xaa\xa3\x04":                   {id: cmdOhaiOK},
		"\xaa\xa3\x05\x02/a\x00\x00\x00\x01\x06RESYNC\x00\x00\x00\x011\x00\x00\x00\x01\x01f\x00\x00\x00\x02AB": {
			id: cmdIcanhaz, path: "/a", options: map[string]string{"RESYNC": "1"}, cache: map[string]string{"f": "AB"}},
		"\xaa\xa3\x06": {id: cmdIcanhazOK},
		"\xaa\xa3\x07\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x03": {id: cmdNom, credit: 256, sequence: 3},
		"\xaa\xa3\x08\x00\x00\x00\x00\x00\x00\x00\x05\x01\x02/f\x00\x00\x00\x00\x00\x00\x00\x07\x01\x00\x00\x00\x00\x00\x00\x00\x03abc": {
			id: cmdCheezburger, sequence: 5, op: opCreate, filename: "/f", offset: 7, eof: true, chunk: []byte("abc")},
		"\xaa\xa3\x09":        {id: cmdHugz},
		"\xaa\xa3\x0a":        {id: cmdHugzOK},
		"\xaa\xa3\x0b":        {id: cmdKthxbai},
		"\xaa\xa3\x80\x02no":  {id: cmdSrsly, reason: "no"},
		"\xaa\xa3\x81\x03bad": {id: cmdRtfm, reason: "bad"},
	} {
		if got := string(c.encode()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, err := decode([]byte(want)); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%q became %+v, %v", want, got, err)
		}
		for i := 3; i < len(want); i++ {
			if _, err := decode([]byte(want[:i])); err == nil {
				t.Errorf("%d of %d bytes of command %d were accepted", i, len(want), c.id)
			}
		}
	}
}

func TestMalformedCommandsAreRefused(t *testing.T) {
	for _, b := range []string{"", "\xaa", "\xaa\xa2\x09", "xx"} {
		if _, err := decode([]byte(b)); err != errSignature {
			t.Errorf("%q: %v", b, err)
		}
	}
	for _, b := range []string{"\xaa\xa3", "\xaa\xa3\x02", "\xaa\xa3\xff", "\xaa\xa3\x80\x01\x00",
		"\xaa\xa3\x05\x01/\xff\xff\xff\xff", "\xaa\xa3\x05\x01/\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\xff", 5)} {
		if _, err := decode([]byte(b)); err != errMalformed {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func TestNamesThatLeaveTheDirectoryAreRefused(t *testing.T) {
	for _, name := range []string{"", "/", ".", "..", "../x", "/../x", "a/../../x", "//x", "a//b", "/./a", "x" + partSuffix} {
		if got, ok := cleanName(name); ok {
			t.Errorf("%q was accepted as %q", name, got)
		}
	}
	for name, want := range map[string]string{"/a/b": "a/b", "a": "a", "/..a": "..a"} {
		if got, ok := cleanName(name); !ok || got != want {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add((&command{id: cmdIcanhaz, path: "/", options: map[string]string{"RESYNC": "1"}, cache: map[string]string{"f": "AB"}}).encode())
	f.Add((&command{id: cmdCheezburger, sequence: 5, op: opCreate, filename: "/f", eof: true, chunk: []byte("abc")}).encode())
	f.Add([]byte("\xaa\xa3\x05\x01/\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decode(b)
		if err != nil {
			return
		}
		if again, err := decode(c.encode()); err != nil || !reflect.DeepEqual(again, c) && len(c.chunk) > 0 {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
	})
}
