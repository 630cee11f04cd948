package zmq_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"unicode"

	"github.com/zerobroker/zmq"
)

// TestTextOfReasonsAndKindsIsNameOfConstant: a name in a counter or a log leads
// to the constant, and the reverse.
func TestTextOfReasonsAndKindsIsNameOfConstant(t *testing.T) {
	exported := constantNames(t, "events.go")
	if zmq.DropHWM != 0 || zmq.CloseNone != 0 || zmq.EventListening != 1 {
		t.Errorf("the first constants are %d, %d, %d", zmq.DropHWM, zmq.CloseNone, zmq.EventListening)
	}
	for _, tt := range []struct {
		file, typ, prefix string // the internal constants
		public, publicTyp string // prefix and type of the exported constants
		first             int    // value of the first constant
		text              func(i int) string
	}{
		{"internal/pipe/drop.go", "Drop", "Drop", "Drop", "DropReason", 0,
			func(i int) string { return zmq.DropReason(i).String() }},
		{"internal/engine/close_reason.go", "CloseReason", "Close", "Close", "CloseReason", 0,
			func(i int) string { return zmq.CloseReason(i).String() }},
		{"internal/session/session.go", "Kind", "", "Event", "EventKind", 1,
			func(i int) string { return zmq.EventKind(i).String() }},
	} {
		names := constantNames(t, tt.file)[tt.typ]
		if len(names) < 5 {
			t.Errorf("%s: found only the constants %v", tt.file, names)
		}
		for i, name := range names {
			name = strings.TrimPrefix(name, tt.prefix)
			if got, want := tt.text(tt.first+i), snakeCase(name); got != want {
				t.Errorf("the text of %s%s is %q, want %q", tt.public, name, got, want)
			}
			// The values are those of iota on both sides, so the order must be the same.
			if list := exported[tt.publicTyp]; i >= len(list) || list[i] != tt.public+name {
				t.Errorf("constant %d of events.go is not %s%s", i, tt.public, name)
			}
		}
	}
}

// constantNames returns the names of the constants of a file by their type, in
// order, without those that are a number of constants.
func constantNames(t *testing.T, path string) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string][]string)
	for _, decl := range file.Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		typ := ""
		for _, spec := range block.Specs {
			constant := spec.(*ast.ValueSpec)
			if ident, ok := constant.Type.(*ast.Ident); ok {
				typ = ident.Name
			}
			if name := constant.Names[0].Name; !strings.HasPrefix(name, "Num") {
				names[typ] = append(names[typ], name)
			}
		}
	}
	return names
}

// snakeCase converts a name such as NoRoute to no_route.
func snakeCase(name string) string {
	var b strings.Builder
	lower := false // whether the last letter is in lower case
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
