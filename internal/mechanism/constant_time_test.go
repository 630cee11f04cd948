package mechanism_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The code of CURVE compares bytes with crypto/subtle only: the time of other
// comparisons depends on how many bytes are equal. It compares the names of
// commands, which are not secret, as strings.
func TestCurveComparesInConstantTime(t *testing.T) {
	files, err := filepath.Glob("curve*.go")
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := s.X.(*ast.Ident)
			switch call := s.Sel.Name; {
			case !ok:
			case pkg.Name == "subtle" && call == "ConstantTimeCompare":
				constant++
			case pkg.Name == "bytes" && (call == "Equal" || call == "Compare" || call == "HasPrefix" || call == "HasSuffix" || call == "Contains"),
				pkg.Name == "slices" && (call == "Equal" || call == "Compare"), pkg.Name == "reflect":
				t.Errorf("%v: %s.%s", set.Position(n.Pos()), pkg.Name, call)
			}
			return true
		})
	}
	if constant < 5 {
		t.Errorf("%d comparisons in constant time, want those of the cookie, the vouch and the keys", constant)
	}
}
