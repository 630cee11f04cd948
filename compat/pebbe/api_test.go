package zmq4_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var original = flag.String("original", "", "write testdata/api.txt from the package in this directory, and not compare")

// absent are the names of the original that this package does not have, with the
// reason of each.
var absent = map[string]string{}

// TestPackageHasAllExportedNamesOfOriginal compares the exported names and their
// types with those of github.com/pebbe/zmq4 v1.4.0.
func TestPackageHasAllExportedNamesOfOriginal(t *testing.T) {
	const list = "testdata/api.txt"
	if *original != "" {
		text := strings.Join(exported(t, *original), "\n") + "\n"
		if err := os.WriteFile(list, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	have := exported(t, ".")
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(want) < 300 {
		t.Fatalf("%s has only %d lines", list, len(want))
	}
	for _, line := range want {
		if _, ok := absent[line]; !ok && !slices.Contains(have, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for line, reason := range absent {
		if slices.Contains(have, line) || !slices.Contains(want, line) {
			t.Errorf("%s is listed as absent (%s)", line, reason)
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) && !slices.Contains(added, line) {
			t.Errorf("not in the original: %s", line)
		}
	}
}

// added are names that the original does not have.
var added = []string{"method Errno Is(error) bool"}

// exported returns one line for each exported name of the package in a directory, with
// types and without the names of parameters.
func exported(t *testing.T, dir string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_windows.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				lines = append(lines, function(d)...)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					lines = append(lines, declared(d.Tok, s)...)
				}
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func function(d *ast.FuncDecl) []string {
	if !d.Name.IsExported() {
		return nil
	}
	signature := text(d.Type)
	if d.Recv == nil {
		return []string{"func " + d.Name.Name + signature}
	}
	receiver := text(d.Recv.List[0].Type)
	if !ast.IsExported(strings.TrimPrefix(receiver, "*")) {
		return nil
	}
	return []string{"method " + receiver + " " + d.Name.Name + signature}
}

func declared(tok token.Token, s ast.Spec) (lines []string) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() {
				lines = append(lines, tok.String()+" "+n.Name)
			}
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		st, ok := s.Type.(*ast.StructType)
		if !ok {
			return []string{"type " + s.Name.Name + " " + text(s.Type)}
		}
		lines = append(lines, "type "+s.Name.Name+" struct")
		for _, f := range st.Fields.List {
			for _, n := range f.Names {
				if n.IsExported() {
					lines = append(lines, "field "+s.Name.Name+"."+n.Name+" "+text(f.Type))
				}
			}
		}
	}
	return lines
}

// text returns a type in one form. A function has one unnamed parameter for each of
// its parameters.
func text(e ast.Expr) string {
	if f, ok := e.(*ast.FuncType); ok {
		results := types(f.Results)
		out := "(" + strings.Join(types(f.Params), ", ") + ")"
		switch len(results) {
		case 0:
			return out
		case 1:
			return out + " " + results[0]
		}
		return out + " (" + strings.Join(results, ", ") + ")"
	}
	if s, ok := e.(*ast.Ellipsis); ok {
		return "..." + text(s.Elt)
	}
	if c, ok := e.(*ast.ChanType); ok {
		return map[ast.ChanDir]string{ast.RECV: "<-chan ", ast.SEND: "chan<- ", ast.SEND | ast.RECV: "chan "}[c.Dir] + text(c.Value)
	}
	var b bytes.Buffer
	printer.Fprint(&b, token.NewFileSet(), e)
	if s := b.String(); s != "interface{}" {
		return s
	}
	return "any"
}

func types(list *ast.FieldList) (out []string) {
	if list == nil {
		return nil
	}
	for _, f := range list.List {
		for range max(1, len(f.Names)) {
			out = append(out, text(f.Type))
		}
	}
	return out
}
