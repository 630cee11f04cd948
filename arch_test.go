package zmq_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The tests in this file hold the tree against docs/ARCHITECTURE.md: its table
// of rooms is the import rule, and its list of goroutines is all there are.

const (
	modulePath   = "github.com/zerobroker/zmq"
	architecture = "docs/ARCHITECTURE.md"
)

// outside is what the library imports that is neither ours nor Go's. A name
// comes here with a record in docs/decisions that says why.
var outside = []string{"golang.org/x/sys/unix"}

// maxLines is the length from which a file is to be split by aspect.
const maxLines = 600

// goFile is one Go file of the repository.
type goFile struct {
	path   string // from the top, with slashes
	module string // the folder of its module, "." for the library's
	test   bool
	text   []byte
	ast    *ast.File
	fset   *token.FileSet
}

func (f *goFile) dir() string { return path.Dir(f.path) }

// imports is the paths that f imports.
func (f *goFile) imports() []string {
	var list []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

// tree is every Go file of the repository, parsed once.
var tree = sync.OnceValues(func() ([]*goFile, error) {
	var files []*goFile
	modules := map[string]bool{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(p)
		base := d.Name()
		switch {
		case d.IsDir() && name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "bin"):
			return fs.SkipDir
		case d.IsDir():
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
				modules[name] = true
			}
			return nil
		case !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f := &goFile{path: name, test: strings.HasSuffix(name, "_test.go"), text: text, fset: token.NewFileSet()}
		f.ast, err = parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		for f.module = f.dir(); f.module != "." && !modules[f.module]; {
			f.module = path.Dir(f.module)
		}
		files = append(files, f)
		return err
	})
	return files, err
})

// eachFile calls do for every Go file.
func eachFile(t *testing.T, do func(f *goFile)) {
	t.Helper()
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		do(f)
	}
}

// isAid reports whether a package exists for tests only.
func isAid(dir string) bool {
	return strings.HasSuffix(dir, "test") || path.Base(dir) == "memnet"
}

var quoted = regexp.MustCompile("`([^`]+)`")

// rows is the cells of the table below a heading of the architecture, without
// its head.
func rows(t *testing.T, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", architecture, heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var table [][]string
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "| `") {
			table = append(table, strings.Split(strings.Trim(line, "|"), "|"))
		}
	}
	if len(table) == 0 {
		t.Fatalf("%s has no table below %q", architecture, heading)
	}
	return table
}

// code is what a cell has between backquotes.
func code(cell string) []string {
	var list []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// allows reports whether a room with these arrows may import another.
func allows(arrows []string, room string) bool {
	return slices.ContainsFunc(arrows, func(a string) bool {
		parent, all := strings.CutSuffix(a, "/*")
		return a == room || all && strings.HasPrefix(room, parent+"/")
	})
}

// The table of rooms in docs/ARCHITECTURE.md says who may import whom.
func TestImportsFollowTheTable(t *testing.T) {
	arrows := map[string][]string{}
	for _, row := range rows(t, "## Rooms") {
		arrows[code(row[0])[0]] = code(row[len(row)-1])
	}
	used := map[string]bool{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isAid(f.dir()) {
			return
		}
		may, known := arrows[f.dir()]
		if !known {
			t.Errorf("%s: %s has no row in %s", f.path, f.dir(), architecture)
			return
		}
		for _, p := range f.imports() {
			room, ours := strings.CutPrefix(p, modulePath+"/")
			if p == modulePath {
				room, ours = ".", true
			}
			if !ours {
				continue
			}
			used[f.dir()+" "+room] = true
			if isAid(room) || !allows(may, room) {
				t.Errorf("%s: %s may not import %s", f.path, f.dir(), room)
			}
		}
	})
	for dir, may := range arrows {
		if _, err := os.Stat(filepath.FromSlash(dir)); err != nil {
			t.Errorf("%s has a row for %s: %v", architecture, dir, err)
		}
		for _, room := range may {
			if !strings.HasSuffix(room, "/*") && !used[dir+" "+room] {
				t.Errorf("%s lets %s import %s, which it does not", architecture, dir, room)
			}
		}
	}
}

// Whoever uses the library gets no other module with it.
func TestLibraryStandsOnGoAlone(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test {
			return
		}
		for _, p := range f.imports() {
			host, _, _ := strings.Cut(p, "/")
			if strings.Contains(host, ".") && p != modulePath && !strings.HasPrefix(p, modulePath+"/") &&
				!slices.Contains(outside, p) {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	})
}

// The other modules know the library as its users do.
func TestOtherModulesUseThePublicFace(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if f.module == "." {
			return
		}
		own := modulePath + "/" + f.module
		for _, p := range f.imports() {
			if strings.HasPrefix(p, modulePath+"/internal") || strings.HasPrefix(p, modulePath+"/") &&
				p != own && !strings.HasPrefix(p, own+"/") {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	})
}

// pure is the rooms that do no I/O, read no clock and start nothing.
var pure = []string{
	"internal/wire", "internal/mechanism", "internal/msg", "internal/engine", "internal/pattern", "internal/pipe",
	"internal/topics",
}

// clock is what of package time those do not use: they are told the time.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

func TestPureRooms(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if f.test || !slices.Contains(pure, f.dir()) {
			return
		}
		for _, p := range f.imports() {
			switch root, _, _ := strings.Cut(p, "/"); root {
			case "net", "os", "io", "context", "log", "syscall", "runtime":
				t.Errorf("%s imports %s", f.path, p)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, s.Sel.Name) {
					t.Errorf("%s calls time.%s", f.fset.Position(n.Pos()), s.Sel.Name)
				}
			}
			return true
		})
	})
}

// logWriter is the file of the goroutine that calls the application's log handler.
const logWriter = "internal/socket/log.go"

// The list of goroutines in docs/ARCHITECTURE.md is complete: every go
// statement, and every call that has the standard library start one.
func TestGoroutinesAreListed(t *testing.T) {
	listed := map[string]int{}
	for _, row := range rows(t, "## Goroutines") {
		listed[code(row[0])[0]+" "+code(row[1])[0]]++
	}
	found := map[string]int{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isAid(f.dir()) {
			return
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found[f.path+" go "+source(f, n.Call.Fun)]++
				if f.dir() != "internal/session" && f.path != logWriter {
					t.Errorf("%s: go statements belong in internal/session and %s", f.fset.Position(n.Pos()), logWriter)
				}
			case *ast.SelectorExpr:
				if n.Sel.Name == "AfterFunc" {
					found[f.path+" "+source(f, n)]++
				}
			}
			return true
		})
	})
	for what, n := range found {
		if listed[what] != n {
			t.Errorf("%s: %d in the code, %d in %s", what, n, listed[what], architecture)
		}
	}
	for what, n := range listed {
		if found[what] == 0 {
			t.Errorf("%s: %d in %s, none in the code", what, n, architecture)
		}
	}
}

// source is an expression as text; a function literal is "func".
func source(f *goFile, e ast.Expr) string {
	if _, ok := e.(*ast.FuncLit); ok {
		return "func"
	}
	var b strings.Builder
	if err := printer.Fprint(&b, f.fset, e); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestFilesStayShort(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if n := bytes.Count(f.text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by aspect", f.path, n, maxLines)
		}
	})
}

func TestFilesAreFormatted(t *testing.T) {
	eachFile(t, func(f *goFile) {
		want, err := format.Source(f.text)
		if err != nil {
			t.Errorf("%s: %v", f.path, err)
		} else if !bytes.Equal(f.text, want) {
			t.Errorf("%s is not formatted: make fmt", f.path)
		}
	})
}
