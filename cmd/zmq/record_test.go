package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

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

func TestCodecsEncode(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec codec
		rec   record
		want  string
	}{
		{"raw", raw, record{frames: frames("a", "", "b\tc\n")}, "a\t\tb\tc\n"},
		{"raw with id", raw.of(ids), record{id: "\x00id", frames: frames("a")}, "006964\ta"},
		{"raw with number", raw.of(numbers), record{number: 1 << 31, frames: frames("a")}, "2147483648\ta"},
		{"raw with group", raw.of(groups), record{group: "g", frames: frames("a")}, "g\ta"},
		{"raw without name", raw, record{id: "id", frames: frames("a")}, "a"},
		{"event", quoted.of(ids), record{id: "id", frames: frames(""), event: "connected"}, "6964 connected"},
		{"quoted", quoted, record{frames: frames("a\tb", "\n\r\\\x00\x7f\xff", "é")}, `a\tb` + "\t" + `\n\r\\\x00\x7f\xff` + "\té"},
		{"quoted C1 control", quoted, record{frames: frames("\u009b31m")}, `\xc2\x9b31m`},
		{"quoted with group", quoted.of(groups), record{group: "a\tb\xff", frames: frames("a")}, `a\tb\xff` + "\ta"},
		{"raw with address", raw.of(addresses), record{addr: "[::1]:5", frames: frames("a")}, "[::1]:5\ta"},
		{"display", display, record{frames: frames(`{"a":"\n"}`, "\x1b[31m")}, `{"a":"\n"}` + "\t" + `\x1b[31m`},
		{"display with group", display.of(groups), record{group: "\x1b", frames: frames("")}, `\x1b` + "\t"},
		{"json", jsonLines{}, record{frames: frames("hello", "", "\xff")}, `{"frames":["aGVsbG8=","","/w=="]}`},
		{"json with id", jsonLines{ids}, record{id: "id", frames: frames("")}, `{"id":"6964","frames":[""]}`},
		{"json with number", jsonLines{numbers}, record{number: 7, frames: frames("")}, `{"number":7,"frames":[""]}`},
		{"json with group", jsonLines{groups}, record{group: `"\`, frames: frames("")}, `{"group":"\"\\","frames":[""]}`},
		{"json with address", jsonLines{addresses}, record{addr: "1.2.3.4:5", frames: frames("")}, `{"addr":"1.2.3.4:5","frames":[""]}`},
		{"json event", jsonLines{ids}, record{id: "id", frames: frames(""), event: "disconnected"}, `{"id":"6964","event":"disconnected"}`},
	} {
		if got := string(c.codec.encode(nil, &c.rec)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCodecsDecodeReceiverNames(t *testing.T) {
	long := strings.Repeat("g", 256)
	for _, c := range []struct {
		codec codec
		line  string
		want  *record // nil: an error
	}{
		{raw.of(ids), "6964\ta\tb", &record{id: "id", frames: frames("a", "b")}},
		{raw.of(ids), "6964\t", &record{id: "id", frames: frames("")}},
		{raw.of(ids), "6964", nil},
		{raw.of(ids), "\ta", nil},
		{raw.of(ids), "abc\ta", nil},
		{quoted.of(ids), "6964\t\\q", nil},
		{jsonLines{ids}, `{"id":"6964","frames":["YQ=="]}`, &record{id: "id", frames: frames("a")}},
		{jsonLines{ids}, `{"id":"","frames":["YQ=="]}`, nil},
		{jsonLines{ids}, `{"frames":["YQ=="]}`, nil},
		{jsonLines{ids}, `{"id":"6964"}`, nil},
		{jsonLines{ids}, `{"id":"6964","event":"connected"}`, nil},
		{jsonLines{ids}, `{"id":"6964","frames":["YQ=="]} {}`, nil},

		{raw.of(numbers), "4294967295\ta", &record{number: 1<<32 - 1, frames: frames("a")}},
		{raw.of(numbers), "4294967296\ta", nil},
		{raw.of(numbers), "0\ta", nil},
		{raw.of(numbers), "-1\ta", nil},
		{raw.of(numbers), "a", nil},
		{raw.of(numbers), "1\ta\tb", nil},
		{jsonLines{numbers}, `{"number":7,"frames":["YQ=="]}`, &record{number: 7, frames: frames("a")}},
		{jsonLines{numbers}, `{"number":7.5,"frames":["YQ=="]}`, nil},
		{jsonLines{numbers}, `{"number":0,"frames":["YQ=="]}`, nil},
		{jsonLines{numbers}, `{"frames":["YQ=="]}`, nil},
		{jsonLines{numbers}, `{"number":7,"frames":["YQ==",""]}`, nil},

		{raw.of(perhaps), "7\ta", &record{number: 7, frames: frames("a")}},
		{raw.of(perhaps), "7", &record{frames: frames("7")}},
		{raw.of(perhaps), "a\tb", nil},
		{quoted.of(perhaps), `a\tb`, &record{frames: frames("a\tb")}},
		{jsonLines{perhaps}, `{"frames":["YQ=="]}`, &record{frames: frames("a")}},
		{jsonLines{perhaps}, `{"number":0,"frames":["YQ=="]}`, nil},

		{raw.of(groups), "g\ta", &record{group: "g", frames: frames("a")}},
		{raw.of(groups), "\ta", &record{frames: frames("a")}},
		{raw.of(groups), "a", nil},
		{raw.of(groups), "g\ta\tb", nil},
		{raw.of(groups), long + "\ta", nil},
		{raw.of(groups), "a\x00b\ta", nil},
		{quoted.of(groups), `a\tb` + "\ta", &record{group: "a\tb", frames: frames("a")}},
		{quoted.of(groups), `a\q` + "\ta", nil},
		{jsonLines{groups}, `{"group":"g","frames":["YQ=="]}`, &record{group: "g", frames: frames("a")}},
		{jsonLines{groups}, `{"group":"","frames":["YQ=="]}`, &record{frames: frames("a")}},
		{jsonLines{groups}, `{"frames":["YQ=="]}`, nil},
		{jsonLines{groups}, `{"group":"` + "\xff" + `","frames":["YQ=="]}`, nil},
		{raw.of(oneGroup), "a", &record{group: "one", frames: frames("a")}},
		{raw.of(oneGroup), "g\ta", nil},
		{jsonLines{oneGroup}, `{"group":"g","frames":["YQ=="]}`, &record{group: "one", frames: frames("a")}},

		{raw.of(addresses), "1.2.3.4:5\ta", &record{addr: "1.2.3.4:5", frames: frames("a")}},
		{quoted.of(addresses), `[fe80::1%eth0]:5` + "\t" + `a\tb`, &record{addr: "[fe80::1%eth0]:5", frames: frames("a\tb")}},
		{raw.of(addresses), "1.2.3.4:5\ta\tb", nil},
		{raw.of(addresses), "1.2.3.4:0\ta", nil},
		{raw.of(addresses), "1.2.3.4\ta", nil},
		{raw.of(addresses), "localhost:5\ta", nil},
		{raw.of(addresses), "1.2.3.4:5", nil},
		{raw.of(oneAddress), "a", &record{frames: frames("a")}},
		{jsonLines{addresses}, `{"addr":"[::1]:5","frames":["YQ=="]}`, &record{addr: "[::1]:5", frames: frames("a")}},
		{jsonLines{addresses}, `{"addr":"nowhere:5","frames":["YQ=="]}`, nil},
		{jsonLines{addresses}, `{"frames":["YQ=="]}`, nil},
		{jsonLines{addresses}, `{"addr":"[::1]:5","frames":["YQ==",""]}`, nil},

		{raw.of(bytesTo), "6964\ta\tb\n", &record{id: "id", frames: frames("a\tb\n")}},
		{quoted.of(bytesTo), "6964\ta\tb\\n", &record{id: "id", frames: frames("a\tb\n")}},
		{raw.of(layout{name: byID, need: absent, stream: true}), "a\tb\n", &record{frames: frames("a\tb\n")}},
	} {
		var r record
		switch err := c.codec.decode([]byte(c.line), &r); {
		case err == nil && c.want == nil:
			t.Errorf("%q was decoded as %+v, want an error", c.line, r)
		case err != nil && c.want != nil:
			t.Errorf("%q: %v", c.line, err)
		case err == nil && !same(&r, c.want):
			t.Errorf("%q was decoded as %+v", c.line, r)
		}
	}
}

// The layouts of lines.
var (
	ids      = layout{name: byID}
	numbers  = layout{name: byNumber, single: true}
	perhaps  = layout{name: byNumber, need: optional, single: true}
	groups   = layout{name: byGroup, single: true}
	oneGroup = layout{name: byGroup, need: absent, group: "one", single: true}
	bytesTo  = layout{name: byID, stream: true}

	addresses  = layout{name: byAddress, single: true}
	oneAddress = layout{name: byAddress, need: absent, single: true}
)

// same reports whether two records have the same name, event and frames.
func same(a, b *record) bool {
	return a.id == b.id && a.number == b.number && a.group == b.group && a.addr == b.addr && a.event == b.event && sameFrames(a.frames, b.frames)
}

// A message that --quoted or --json prints as one line is decoded as the same
// message.
func FuzzQuotedAndJSONKeepEveryByte(f *testing.F) {
	f.Add([]byte("hello"), []byte("\t\n\r\\\x00\xff\xc2\x9b"), "", uint32(1))
	f.Add([]byte(`\x41`), []byte(""), "\x00id", uint32(1<<32-1))
	f.Fuzz(func(t *testing.T, a, b []byte, name string, number uint32) {
		exact(t, layout{}, &record{frames: [][]byte{a, b}})
		if name != "" {
			exact(t, ids, &record{id: name, frames: [][]byte{a, b}})
			exact(t, bytesTo, &record{id: name, frames: [][]byte{a}})
		}
		if number > 0 {
			exact(t, numbers, &record{number: number, frames: [][]byte{a}})
			exact(t, addresses, &record{addr: fmt.Sprintf("[2001:db8::%x]:5555", number&0xffff), frames: [][]byte{b}})
		}
		if new(record).setGroup(name) == nil && utf8.ValidString(name) { // dish and radio reject other groups with --json
			exact(t, groups, &record{group: name, frames: [][]byte{b}})
		}
	})
}

// exact fails unless a record is the same after encoding and decoding.
func exact(t *testing.T, l layout, in *record) {
	t.Helper()
	for _, c := range []codec{quoted.of(l), jsonLines{l}} {
		line := c.encode(nil, in)
		if bytes.ContainsAny(line, "\n\r\x1b") {
			t.Fatalf("%q is not one line", line)
		}
		var out record
		if err := c.decode(line, &out); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !same(&out, in) {
			t.Fatalf("%q became %+v", line, out)
		}
	}
}

// Every line is decoded as a complete message, or is an error.
func FuzzDecodeReturnsCompleteMessage(f *testing.F) {
	f.Add([]byte(`{"frames":["YQ=="]}`))
	f.Add([]byte(`a\x`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, l := range []layout{{}, ids, numbers, perhaps, groups, oneGroup, bytesTo, addresses, oneAddress} {
			for _, c := range []codec{raw.of(l), quoted.of(l), jsonLines{l}} {
				var r record
				if c.decode(line, &r) != nil {
					continue
				}
				switch {
				case len(r.frames) == 0:
					t.Fatalf("%q has no frames", line)
				case l.single && len(r.frames) > 1:
					t.Fatalf("%q has %d frames", line, len(r.frames))
				case l.name == byID && r.id == "", l.name == byNumber && l.need == required && r.number == 0, l.name == byAddress && l.need == required && r.addr == "":
					t.Fatalf("%q has no receiver", line)
				}
			}
		}
	})
}

func TestRecordFillReplacesOldMessage(t *testing.T) {
	r := record{id: "old", event: "connected", frames: frames("x", "y", "z")}
	m := zmq.NewStringMessage("a", "b")
	r.fill(&m)
	if r.id != "" || r.event != "" || !sameFrames(r.frames, frames("a", "b")) {
		t.Errorf("%q %q", r.id, r.frames)
	}
}
