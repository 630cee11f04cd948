package zyre

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/curve"
)

var testLimits = codecLimits{hello: 1000, groups: 3, headers: 3}

// 36/ZRE, TCP Protocol Grammar, written out.
func TestEncodingIsThatOfTheGrammar(t *testing.T) {
	for want, c := range map[string]*command{
		"\xaa\xa1\x01\x02\x00\x01\x03tcp\x00\x00\x00\x02\x00\x00\x00\x01a\x00\x00\x00\x02bb\x07\x01n\x00\x00\x00\x01\x01k\x00\x00\x00\x01v": {
			id: cmdHello, sequence: 1, endpoint: "tcp", groups: []string{"a", "bb"}, status: 7, name: "n", headers: map[string]string{"k": "v"},
		},
		"\xaa\xa1\x02\x02\x01\x00|x|":       {id: cmdWhisper, sequence: 256, content: [][]byte{[]byte("x"), {}}},
		"\xaa\xa1\x03\x02\x00\x02\x01g|x":   {id: cmdShout, sequence: 2, group: "g", content: [][]byte{[]byte("x")}},
		"\xaa\xa1\x04\x02\x00\x03\x01g\x05": {id: cmdJoin, sequence: 3, group: "g", status: 5},
		"\xaa\xa1\x05\x02\x00\x03\x01g\x05": {id: cmdLeave, sequence: 3, group: "g", status: 5},
		"\xaa\xa1\x06\x02\xff\xff":          {id: cmdPing, sequence: 0xFFFF},
		"\xaa\xa1\x07\x02\x00\x00":          {id: cmdPingOK},
		"\xaa\xa1\x0a\x02\x00\x09":          {id: cmdGoodbye, sequence: 9},
	} {
		frames := c.encode()
		if got := string(bytes.Join(frames, []byte("|"))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		back, err := decode(frames, testLimits)
		if err != nil {
			t.Fatal(err)
		}
		back.version = 0
		if c.content != nil && len(back.content) == 0 || c.headers != nil && !maps.Equal(back.headers, c.headers) {
			t.Errorf("%+v became %+v", c, back)
		}
		back.content, c.content = nil, nil
		if !reflect.DeepEqual(back, c) {
			t.Errorf("%+v became %+v", c, back)
		}
	}
}

// 36/ZRE, Protocol Signature and Versioning: other messages are discarded.
func TestMalformedCommandsAreRefused(t *testing.T) {
	hello := (&command{id: cmdHello, sequence: 1, endpoint: "tcp://a:1", groups: []string{"g"}, name: "n", headers: map[string]string{"k": "v"}}).encode()[0]
	for i := range hello {
		if _, err := decode([][]byte{hello[:i]}, testLimits); err == nil {
			t.Errorf("%d of %d bytes were accepted", i, len(hello))
		}
	}
	long := strings.Repeat("x", 1001)
	for name, b := range map[string]string{
		"signature":   "\xaa\xa0\x06\x02\x00\x01",
		"version 1":   "\xaa\xa1\x06\x01\x00\x01",
		"version 4":   "\xaa\xa1\x06\x04\x00\x01",
		"command 0":   "\xaa\xa1\x00\x02\x00\x01",
		"command 11":  "\xaa\xa1\x0b\x02\x00\x01",
		"no status":   "\xaa\xa1\x04\x02\x00\x03\x01g",
		"NUL":         "\xaa\xa1\x04\x02\x00\x03\x01\x00\x05",
		"groups":      "\xaa\xa1\x01\x02\x00\x01\x03tcp\xff\xff\xff\xff",
		"many groups": "\xaa\xa1\x01\x02\x00\x01\x03tcp\x00\x00\x00\x04" + strings.Repeat("\x00\x00\x00\x01a", 4) + "\x07\x01n\x00\x00\x00\x00",
		"large":       string((&command{id: cmdHello, headers: map[string]string{"k": long}}).encode()[0]),
	} {
		if _, err := decode([][]byte{[]byte(b)}, testLimits); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// 36/ZRE and 43/ZRE, Node Discovery and Presence: the beacon.
func TestBeaconsOfBothVersions(t *testing.T) {
	key, err := curve.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	id := UUID([]byte("0123456789abcdef"))
	for want, b := range map[string]beacon{
		"ZRE\x010123456789abcdef\xc0\x01":                     {uuid: id, port: 0xC001},
		"ZRE\x010123456789abcdef\x00\x00":                     {uuid: id},
		"ZRE\x030123456789abcdef\xc0\x01" + pub(key.Public()): {uuid: id, port: 0xC001, key: key.Public()},
	} {
		if got := b.encode(); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, ok := decodeBeacon([]byte(want)); !ok || got != b {
			t.Errorf("%q became %+v", want, got)
		}
	}
	if got, ok := decodeBeacon([]byte("ZRE\x030123456789abcdef\xc0\x01")); !ok || got.uuid != id || got.port != 0xC001 {
		t.Error("version 3 without a key was refused") // "optional" in 43/ZRE
	}
	for name, b := range map[string]string{
		"empty":        "",
		"short":        "ZRE\x010123456789abcdef\xc0",
		"long":         "ZRE\x010123456789abcdef\xc0\x01x",
		"header":       "ZRX\x010123456789abcdef\xc0\x01",
		"version 2":    "ZRE\x020123456789abcdef\xc0\x01",
		"version 255":  "ZRE\xff0123456789abcdef\xc0\x01",
		"1 with a key": "ZRE\x010123456789abcdef\xc0\x01" + strings.Repeat("k", 32),
		"zero UUID":    "ZRE\x01" + strings.Repeat("\x00", 16) + "\xc0\x01",
	} {
		if _, ok := decodeBeacon([]byte(b)); ok {
			t.Errorf("%s was accepted", name)
		}
	}
}

func pub(k curve.PublicKey) string { return string(k[:]) }

func TestUUIDText(t *testing.T) {
	u := NewUUID()
	if got, err := ParseUUID(u.String()); err != nil || got != u || len(u.String()) != 32 || u.String() != strings.ToUpper(u.String()) {
		t.Error(u, got, err)
	}
	if got, ok := fromRoutingID(u.routingID()); !ok || got != u {
		t.Error(got, ok)
	}
	if _, ok := fromRoutingID("\x02" + u.routingID()[1:]); ok {
		t.Error("routing ID that begins with 2 was accepted")
	}
	if _, err := ParseUUID("xyz"); err == nil {
		t.Error("xyz was accepted")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add((&command{id: cmdHello, sequence: 1, endpoint: "tcp://a:1", groups: []string{"g"}, name: "n", headers: map[string]string{"k": "v"}}).encode()[0])
	f.Add((&command{id: cmdShout, group: "g"}).encode()[0])
	f.Add([]byte("\xaa\xa1\x01\x02\x00\x01\x03tcp\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decode([][]byte{b}, testLimits)
		if err != nil {
			return
		}
		again, err := decode(c.encode(), codecLimits{1 << 30, 1 << 30, 1 << 30})
		if err != nil || again.id != c.id || again.group != c.group || again.endpoint != c.endpoint || !maps.Equal(again.headers, c.headers) {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
	})
}

func FuzzDecodeBeacon(f *testing.F) {
	f.Add([]byte("ZRE\x010123456789abcdef\xc0\x01"))
	f.Add([]byte("ZRE\x030123456789abcdef\xc0\x01" + strings.Repeat("k", 32)))
	f.Fuzz(func(t *testing.T, p []byte) {
		if b, ok := decodeBeacon(p); ok && b.port == 0 && b.uuid.IsZero() {
			t.Fatal("zero beacon was accepted")
		}
	})
}
