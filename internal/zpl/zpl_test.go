package zpl

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// outline returns properties as lines of the path, the value and the line.
func outline(list []*Property) string {
	var b strings.Builder
	var walk func(list []*Property, path string)
	walk = func(list []*Property, path string) {
		for _, p := range list {
			fmt.Fprintf(&b, "%d %s%s=%s|\n", p.Line, path, p.Name, p.Value)
			walk(p.Children, path+p.Name+":")
		}
	}
	walk(list, "")
	return b.String()
}

func TestParseReadsTheExampleOfTheRFC(t *testing.T) {
	list, err := Parse([]byte(`#   ZPL configuration file example
#   This format is designed to be trivial to write and parse
#
context
    iothreads = 1
    verbose = 1      #   Ask for a trace

main
    type = zmq_queue
    frontend
        option
            hwm = 1000
            swap = 25000000
            subscribe = "#2"
        bind = tcp://eth0:5555
    backend
        bind = tcp://eth0:5556
`))
	const want = `4 context=|
5 context:iothreads=1|
6 context:verbose=1|
8 main=|
9 main:type=zmq_queue|
10 main:frontend=|
11 main:frontend:option=|
12 main:frontend:option:hwm=1000|
13 main:frontend:option:swap=25000000|
14 main:frontend:option:subscribe=#2|
15 main:frontend:bind=tcp://eth0:5555|
16 main:backend=|
17 main:backend:bind=tcp://eth0:5556|
`
	if got := outline(list); got != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestParseLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"\n\n  \n\t\n", ""},
		{"# comment\n   # comment\n\t# comment", ""},
		{"a", "1 a=|\n"},
		{"a  ", "1 a=|\n"},
		{"a#comment", "1 a=|\n"},
		{"a # = b", "1 a=|\n"},
		{"a=", "1 a=|\n"},
		{"a = # comment", "1 a=|\n"},
		{"a=b", "1 a=b|\n"},
		{"a\t=\tb\t", "1 a=b|\n"},
		{"a = b c = d", "1 a=b c = d|\n"},
		{"a = b # comment", "1 a=b|\n"},
		{"a = b#comment", "1 a=b|\n"},
		{`a = ""`, "1 a=|\n"},
		{`a = " b "`, "1 a= b |\n"},
		{`a = "b#c'd=" # comment`, "1 a=b#c'd=|\n"},
		{`a = 'b"c'`, "1 a=b\"c|\n"},
		{`a = 'b'#comment`, "1 a=b|\n"},
		{`a = b"c"`, "1 a=b\"c\"|\n"},
		{`a = b "c`, "1 a=b \"c|\n"},
		{"a = caf\u00e9 # caf\u00e9", "1 a=caf\u00e9|\n"},
		{"$-_@.&+1z/Z = b", "1 $-_@.&+1z/Z=b|\n"},
		{"a = 1\r\nb = 2\r\n", "1 a=1|\n2 b=2|\n"},
		{"a = 1\rb = 2", "1 a=1|\n2 b=2|\n"},
		{"a = 1\n\n\r\n\rb = 2", "1 a=1|\n5 b=2|\n"},
		{"a = 1\n    b = 2\n        c = 3\n    d = 4\n\n    e = 5\nf = 6", "1 a=1|\n2 a:b=2|\n3 a:b:c=3|\n4 a:d=4|\n6 a:e=5|\n7 f=6|\n"},
		{"a\n  # comment\n    b = 2", "1 a=|\n3 a:b=2|\n"},
		{"a = 1\na = 2", "1 a=1|\n2 a=2|\n"},
	} {
		list, err := Parse([]byte(test.text))
		if got := outline(list); got != test.want || err != nil {
			t.Errorf("Parse(%q): %v\n%swant\n%s", test.text, err, got, test.want)
		}
	}
}

func TestParseErrorsHaveLineAndReason(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a = 1\n  b = 2", "line 2: indented by 2 spaces, not a multiple of 4"},
		{"    a = 1", "line 1: indented too far below the line before it"},
		{"a\n        b = 2", "line 2: indented too far below the line before it"},
		{"a\n    b\nc\n        d", "line 4: indented too far below the line before it"},
		{"a\n\tb = 2", "line 2: indented with a tab, want spaces"},
		{"a\n    \tb = 2", "line 2: indented with a tab, want spaces"},
		{"= 1", `line 1: character "=" instead of a name`},
		{"\ufeffa = 1", `line 1: character "\xef" instead of a name`},
		{"\n\r\n\r\n!", `line 4: character "!" instead of a name`},
		{"/a = 1", "line 1: name that begins or ends with a slash"},
		{"a/ = 1", "line 1: name that begins or ends with a slash"},
		{"a b = 1", "line 1: no = after the name"},
		{"a: 1", "line 1: no = after the name"},
		{`a = "b`, `line 1: no closing "`},
		{`a = 'b"`, `line 1: no closing '`},
		{`a = "b" c`, `line 1: text after the closing "`},
		{`a = 'b''`, `line 1: text after the closing '`},
		{"a = b\x00", `line 1: control character "\x00"`},
		{"a = 1\n# \x1b[2J", `line 2: control character "\x1b"`},
		{"a = '\x7f'", `line 1: control character "\x7f"`},
		{strings.Repeat("a = 1\n", MaxSize/6+1), "longer than 65536 bytes"},
	} {
		list, err := Parse([]byte(test.text))
		if list != nil || !errors.As(err, new(*Error)) || err.Error() != test.want {
			t.Errorf("Parse(%.60q) = %v; want %s", test.text, err, test.want)
		}
	}
}

func TestParseAcceptsTheLargestText(t *testing.T) {
	text := strings.Repeat("a = 1\n", MaxSize/6+1)[:MaxSize]
	if list, err := Parse([]byte(text)); len(list) != MaxSize/6+1 || err != nil {
		t.Errorf("%d properties, %v", len(list), err)
	}
	var deep strings.Builder
	depth := 0
	for ; deep.Len()+depth*indent+2 <= MaxSize; depth++ {
		deep.WriteString(strings.Repeat(" ", depth*indent) + "a\n")
	}
	list, err := Parse([]byte(deep.String()))
	for n := range depth {
		if len(list) != 1 || err != nil {
			t.Fatalf("%d properties at depth %d, %v", len(list), n, err)
		}
		list = list[0].Children
	}
}

func TestAppendWritesTheFormOfCZMQ(t *testing.T) {
	list := []*Property{
		{Name: "metadata", Children: []*Property{
			{Name: "email", Value: "ph@example.com"},
			{Name: "empty"},
			{Name: "quoted", Value: `say "hello"`},
			{Name: "both", Value: `it's "both"`},
		}},
		{Name: "curve", Value: "x", Children: []*Property{{Name: "public-key", Value: "#'"}}},
	}
	const want = `# comment
metadata
    email = "ph@example.com"
    empty
    quoted = 'say "hello"'
    both = it's "both"
curve = "x"
    public-key = "#'"
`
	got, err := Append([]byte("# comment\n"), list)
	if string(got) != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestAppendRefusesWhatZPLCannotExpress(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"", "b", "empty name"},
		{"a b", "c", `character " " in a name`},
		{"a=", "c", `character "=" in a name`},
		{"a\n", "c", `character "\n" in a name`},
		{"/a", "c", "name that begins or ends with a slash"},
		{"a", "b\nc", `control character "\n" in a value`},
		{"a", "b\rc", `control character "\r" in a value`},
		{"a", "b\x00", `control character "\x00" in a value`},
		{"a", `"it's"`, "value with both kinds of quotes that also begins with one, has a # or outer white space"},
		{"a", `it's "#1"`, "value with both kinds of quotes that also begins with one, has a # or outer white space"},
		{"a", `it's "one" `, "value with both kinds of quotes that also begins with one, has a # or outer white space"},
		{"a", "\tit's \"one\"", "value with both kinds of quotes that also begins with one, has a # or outer white space"},
	} {
		for _, list := range [][]*Property{
			{{Name: test.name, Value: test.value}},
			{{Name: "ok"}, {Name: "section", Children: []*Property{{Name: test.name, Value: test.value}}}},
		} {
			got, err := Append([]byte("dst"), list)
			if string(got) != "dst" || err == nil || err.Error() != test.want {
				t.Errorf("Append(%q = %q) = %q, %v; want %s", test.name, test.value, got, err, test.want)
			}
		}
	}
}

// withoutLines removes what is not written: the line numbers.
func withoutLines(list []*Property) []*Property {
	for _, p := range list {
		p.Line = 0
		withoutLines(p.Children)
	}
	return list
}

// FuzzParse parses any text. What is accepted can be written, and the result
// parses to the same properties.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"metadata\n    name = \"value\"\ncurve\n    public-key = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"\n",
		"a = 1\r\n    b = 'x\"' # comment\r    c = it's \"both\"\n#\n",
		"a\n        b", "a = \"b", "\ta", "a = \x00", "/a", "a/b/c = d",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := Parse(text)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if lines := 1 + bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")); !ok || list != nil ||
				e.Line < 0 || e.Line > lines || e.Line == 0 && len(text) <= MaxSize {
				t.Fatalf("%q: %v, %#v", text, list, err)
			}
			return
		}
		written, err := Append(nil, list)
		if err != nil {
			t.Fatalf("%q is not written: %v", text, err)
		}
		if len(written) > MaxSize {
			return
		}
		again, err := Parse(written)
		if err != nil || !reflect.DeepEqual(withoutLines(again), withoutLines(list)) {
			t.Fatalf("%q is written as %q, which parses as %v, %v", text, written, outline(again), err)
		}
	})
}
