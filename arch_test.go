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

// The tests in this file compare the source with docs/ARCHITECTURE.md: its
// table of packages is the import rule, and its list of goroutines is complete.

const (
	modulePath   = "github.com/zerobroker/zmq"
	architecture = "docs/ARCHITECTURE.md"
)

// allowedModules are the packages of other modules that the library imports. A
// record in docs/decisions has the reason for each.
var allowedModules = []string{
	"golang.org/x/crypto/bcrypt",
	"golang.org/x/crypto/nacl/secretbox", "golang.org/x/crypto/poly1305", "golang.org/x/crypto/salsa20/salsa",
	"golang.org/x/net/proxy",
	"golang.org/x/sys/unix",
}

// maxLines is the maximum number of lines of a file.
const maxLines = 600

// goFile is one Go file of the repository.
type goFile struct {
	path   string // relative to the repository, with slashes
	module string // directory of its module, "." for the library
	test   bool
	text   []byte
	ast    *ast.File
	fset   *token.FileSet
}

func (f *goFile) dir() string { return path.Dir(f.path) }

// imports returns the paths that f imports.
func (f *goFile) imports() []string {
	var list []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

// tree returns every Go file of the repository. It parses them once.
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

// isTestSupport reports whether a package exists for tests only.
func isTestSupport(dir string) bool {
	return strings.HasSuffix(dir, "test") || path.Base(dir) == "memnet" || path.Base(dir) == "simnet"
}

var quoted = regexp.MustCompile("`([^`]+)`")

// rows returns the cells of the table below a heading of docs/ARCHITECTURE.md,
// without the header.
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

// code returns the parts of a cell that are between backquotes.
func code(cell string) []string {
	var list []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// allows reports whether a list of imports, which may end with /*, has a
// package.
func allows(imports []string, pkg string) bool {
	return slices.ContainsFunc(imports, func(a string) bool {
		parent, all := strings.CutSuffix(a, "/*")
		return a == pkg || all && strings.HasPrefix(pkg, parent+"/")
	})
}

func TestPackagesImportWhatTheArchitectureAllows(t *testing.T) {
	allowed := map[string][]string{}
	for _, row := range rows(t, "## Packages") {
		allowed[code(row[0])[0]] = code(row[len(row)-1])
	}
	used := map[string]bool{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isTestSupport(f.dir()) {
			return
		}
		imports, known := allowed[f.dir()]
		if !known {
			t.Errorf("%s: %s has no row in %s", f.path, f.dir(), architecture)
			return
		}
		for _, p := range f.imports() {
			pkg, ours := strings.CutPrefix(p, modulePath+"/")
			if p == modulePath {
				pkg, ours = ".", true
			}
			if !ours {
				continue
			}
			used[f.dir()+" "+pkg] = true
			if isTestSupport(pkg) || !allows(imports, pkg) {
				t.Errorf("%s: %s may not import %s", f.path, f.dir(), pkg)
			}
		}
	})
	for dir, imports := range allowed {
		if _, err := os.Stat(filepath.FromSlash(dir)); err != nil {
			t.Errorf("%s has a row for %s: %v", architecture, dir, err)
		}
		for _, pkg := range imports {
			if !strings.HasSuffix(pkg, "/*") && !used[dir+" "+pkg] {
				t.Errorf("%s allows %s to import %s, which it does not", architecture, dir, pkg)
			}
		}
	}
}

func TestLibraryImportsNoOtherModules(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test {
			return
		}
		for _, p := range f.imports() {
			host, _, _ := strings.Cut(p, "/")
			if strings.Contains(host, ".") && p != modulePath && !strings.HasPrefix(p, modulePath+"/") &&
				!slices.Contains(allowedModules, p) {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	})
}

// TestOnlyPackagesOfTheirOwnImportHTTP: a program that does not serve HTTP does not
// link it.
func TestOnlyPackagesOfTheirOwnImportHTTP(t *testing.T) {
	found := map[string]bool{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isTestSupport(f.dir()) {
			return
		}
		for _, p := range f.imports() {
			if p != "net/http" && p != "expvar" && p != "html/template" {
				continue
			}
			if found[f.dir()] = true; f.dir() != "zmqexpvar" && f.dir() != "zmqdebug" {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	})
	if len(found) != 2 {
		t.Errorf("HTTP is imported by %v, want zmqexpvar and zmqdebug", found)
	}
}

// TestOtherModulesDoNotImportInternalPackages, except for the API of pebbe/zmq4, which sets
// options by the numbers of libzmq as a C library does, the tests that compare the
// internal packages for that with libzmq, and packages for tests.
func TestOtherModulesDoNotImportInternalPackages(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if f.test && f.dir() == "interop/diff/capi" || f.module == "compat/pebbe" {
			return
		}
		own := modulePath + "/" + f.module
		for _, p := range f.imports() {
			if (f.test || isTestSupport(f.dir())) && isTestSupport(p) {
				continue
			}
			if f.module != "." && strings.HasPrefix(p, modulePath+"/") && strings.Contains(p+"/", "/internal/") && !strings.HasPrefix(p, own+"/") {
				t.Errorf("%s imports %s", f.path, p)
			}
		}
	})
}

// pure are the packages that do no I/O, read no clock and start no goroutine.
var pure = []string{
	"internal/wire", "internal/mechanism", "internal/msg", "internal/engine", "internal/pattern", "internal/pipe",
	"internal/topics", "internal/zpl", "z85",
}

// clock are the functions of package time that the pure packages do not call:
// their callers pass the time.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

func TestPurePackagesDoNoIO(t *testing.T) {
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

// goFiles are the files outside of internal/session with go statements: of the
// goroutine that calls the application's log handler, and of those of a proxy.
var goFiles = []string{"internal/socket/log.go", "proxy.go"}

// A goroutine is a go statement or a call of an AfterFunc of the standard
// library.
func TestArchitectureListsAllGoroutines(t *testing.T) {
	listed := map[string]int{}
	for _, row := range rows(t, "## Goroutines") {
		listed[code(row[0])[0]+" "+code(row[1])[0]]++
	}
	found := map[string]int{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isTestSupport(f.dir()) {
			return
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found[f.path+" go "+source(f, n.Call.Fun)]++
				if f.dir() != "internal/session" && !slices.Contains(goFiles, f.path) {
					t.Errorf("%s: go statements belong in internal/session and %v", f.fset.Position(n.Pos()), goFiles)
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

// source returns an expression as text; a function literal is "func".
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

func TestFilesHaveAtMostMaxLines(t *testing.T) {
	eachFile(t, func(f *goFile) {
		if n := bytes.Count(f.text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by subject", f.path, n, maxLines)
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
