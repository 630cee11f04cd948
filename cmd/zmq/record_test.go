package main

import (
	"bytes"
	"testing"

	"github.com/zerobroker/zmq"
)

func frames(texts ...string) [][]byte {
	var f [][]byte
	for _, t := range texts {
		f = append(f, []byte(t))
	}
	return f
}

func sameFrames(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec codec
		rec   record
		want  string
	}{
		{"raw", raw, record{frames: frames("a", "", "b\tc\n")}, "a\t\tb\tc\n"},
		{"raw with id", raw, record{"\x00id", frames("a")}, "006964\ta"},
		{"quoted", quoted, record{frames: frames("a\tb", "\n\r\\\x00\x7f\xff", "é")}, `a\tb` + "\t" + `\n\r\\\x00\x7f\xff` + "\té"},
		{"quoted C1 control", quoted, record{frames: frames("\u009b31m")}, `\xc2\x9b31m`},
		{"display", display, record{frames: frames(`{"a":"\n"}`, "\x1b[31m")}, `{"a":"\n"}` + "\t" + `\x1b[31m`},
		{"json", jsonLines{}, record{frames: frames("hello", "", "\xff")}, `{"frames":["aGVsbG8=","","/w=="]}`},
		{"json with id", jsonLines{}, record{"id", frames("")}, `{"id":"6964","frames":[""]}`},
	} {
		if got := string(c.codec.encode(nil, &c.rec)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDecodeAddressed(t *testing.T) {
	for _, c := range []struct {
		codec addressed
		line  string
		id    string // empty: not to be read
	}{
		{raw, "6964\ta\tb", "id"},
		{raw, "6964\t", "id"},
		{raw, "6964", ""},
		{raw, "\ta", ""},
		{raw, "abc\ta", ""},
		{quoted, "6964\t\\q", ""},
		{jsonLines{}, `{"id":"6964","frames":["YQ=="]}`, "id"},
		{jsonLines{}, `{"id":"","frames":["YQ=="]}`, ""},
		{jsonLines{}, `{"id":"6964"}`, ""},
		{jsonLines{}, `{"id":"6964","frames":["YQ=="]} {}`, ""},
	} {
		var r record
		err := c.codec.decodeAddressed([]byte(c.line), &r)
		if (err == nil) != (c.id != "") || err == nil && r.id != c.id {
			t.Errorf("%s: id %q, error %v", c.line, r.id, err)
		}
	}
}

// FuzzExact: what --quoted and --json print is read back as it was, on a line.
func FuzzExact(f *testing.F) {
	f.Add([]byte("hello"), []byte("\t\n\r\\\x00\xff\xc2\x9b"), "")
	f.Add([]byte(`\x41`), []byte(""), "\x00id")
	f.Fuzz(func(t *testing.T, a, b []byte, id string) {
		for _, c := range []addressed{quoted, jsonLines{}} {
			in := record{id, [][]byte{a, b}}
			line := c.encode(nil, &in)
			if bytes.ContainsAny(line, "\n\r\x1b") {
				t.Fatalf("%q is no line", line)
			}
			decode := c.decode
			if id != "" {
				decode = c.decodeAddressed
			}
			var out record
			if err := decode(line, &out); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if out.id != id || !sameFrames(out.frames, in.frames) {
				t.Fatalf("%q became %q %q", line, out.id, out.frames)
			}
		}
	})
}

// FuzzDecode: no line is too strange for an error.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"frames":["YQ=="]}`))
	f.Add([]byte(`a\x`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, c := range []addressed{raw, quoted, jsonLines{}} {
			var r record
			if c.decode(line, &r) == nil && len(r.frames) == 0 {
				t.Fatalf("%q has no frames", line)
			}
			if c.decodeAddressed(line, &r) == nil && r.id == "" {
				t.Fatalf("%q has no id", line)
			}
		}
	})
}

func TestRecordFill(t *testing.T) {
	r := record{"old", frames("x", "y", "z")}
	m := zmq.NewStringMessage("a", "b")
	r.fill(&m)
	if r.id != "" || !sameFrames(r.frames, frames("a", "b")) {
		t.Errorf("%q %q", r.id, r.frames)
	}
}
