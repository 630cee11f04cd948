package zmq4_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	original = flag.String("original", "", "directory of the original module, from which testdata/api.txt is made")
	packages = []string{".", "security/null", "security/plain", "transport"}
)

// missing are the declarations of the original that this package does not have, or has
// in another form. The package comment has the reasons.
var missing = []string{
	"func Open(net.Conn, Security, SocketType, SocketIdentity, bool, func(c *Conn)) (*Conn, error)",
	"method (*Conn) Close() error",
	"method (*Conn) Closed() bool",
	"method (*Conn) Read([]byte) (int, error)",
	"method (*Conn) RecvCmd() (Cmd, error)",
	"method (*Conn) RecvMsg() (Msg, error)",
	"method (*Conn) SendCmd(string, []byte) error",
	"method (*Conn) SendMsg(Msg) error",
	"method (*Conn) SetClosed()",
	"method (*Conn) Write([]byte) (int, error)",
}

// TestAPIIsThatOfOriginal compares the exported declarations with testdata/api.txt, which
// `go test -run API -original DIR` makes of the original.
func TestAPIIsThatOfOriginal(t *testing.T) {
	if *original != "" {
		if err := os.WriteFile("testdata/api.txt", []byte(strings.Join(api(t, *original), "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("testdata/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	got := api(t, ".")
	for _, line := range want {
		if slices.Contains(got, line) == slices.Contains(missing, strings.TrimPrefix(line, ". ")) {
			t.Errorf("of the original: %s: in this package %v", line, slices.Contains(got, line))
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not in the original: %s", line)
		}
	}
}

// api returns the exported declarations of the packages, without the names of parameters
// and without values, each after the directory of its package.
func api(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, p := range packages {
		pkg, err := build.ImportDir(filepath.Join(dir, p), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				for _, text := range declarations(d) {
					all = append(all, p+" "+text)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func declarations(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return function(d)
	case *ast.GenDecl:
		var all []string
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						all = append(all, d.Tok.String()+" "+n.Name)
					}
				}
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					all = append(all, typeSpec(s)...)
				}
			}
		}
		return all
	}
	return nil
}

func function(d *ast.FuncDecl) []string {
	if !d.Name.IsExported() {
		return nil
	}
	if d.Recv == nil {
		return []string{"func " + d.Name.Name + signature(d.Type)}
	}
	receiver := code(d.Recv.List[0].Type)
	if !ast.IsExported(strings.TrimPrefix(receiver, "*")) {
		return nil
	}
	return []string{"method (" + receiver + ") " + d.Name.Name + signature(d.Type)}
}

func typeSpec(s *ast.TypeSpec) []string {
	name := s.Name.Name
	switch t := s.Type.(type) {
	case *ast.StructType:
		all := []string{"type " + name + " struct"}
		for _, f := range t.Fields.List {
			for _, n := range f.Names {
				if n.IsExported() {
					all = append(all, "field "+name+"."+n.Name+" "+code(f.Type))
				}
			}
		}
		return all
	case *ast.InterfaceType:
		all := []string{"type " + name + " interface"}
		for _, m := range t.Methods.List {
			for _, n := range m.Names {
				all = append(all, "method "+name+"."+n.Name+signature(m.Type.(*ast.FuncType)))
			}
		}
		return all
	case *ast.FuncType:
		return []string{"type " + name + " func" + signature(t)}
	}
	return []string{"type " + name + " " + code(s.Type)}
}

// signature returns the types of the parameters and results.
func signature(f *ast.FuncType) string {
	text := "(" + strings.Join(types(f.Params), ", ") + ")"
	switch results := types(f.Results); len(results) {
	case 0:
	case 1:
		text += " " + results[0]
	default:
		text += " (" + strings.Join(results, ", ") + ")"
	}
	return text
}

func types(l *ast.FieldList) []string {
	var all []string
	if l == nil {
		return nil
	}
	for _, f := range l.List {
		for range max(1, len(f.Names)) {
			all = append(all, code(f.Type))
		}
	}
	return all
}

// code returns the source text of a type, in one line.
func code(e ast.Expr) string {
	var b bytes.Buffer
	printer.Fprint(&b, token.NewFileSet(), e)
	return strings.Join(strings.Fields(b.String()), " ")
}
