package zmq_test

import (
	"encoding/json"
	"go/ast"
	"go/format"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tests in this file check the documents against the repository.

// inRepository skips a test outside the repository, for example in the module
// cache, which has only the module of the library.
func inRepository(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("bench/go.mod"); err != nil {
		t.Skip("not in the repository")
	}
}

// documents returns the Markdown files of the root, of docs and of bench by
// name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	inRepository(t)
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "bench/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(name)] = string(text)
		}
	}
	if len(texts) < 5 {
		t.Fatalf("only %d documents", len(texts))
	}
	return texts
}

var (
	program = regexp.MustCompile("(?s)```go\n(package main\n.*?)```\n(?:[^`]*?```text\n(.*?)```)?")
	fenced  = regexp.MustCompile("(?s)\n```.*?\n```")
	link    = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	target  = regexp.MustCompile("(?:`|\n    )make ([a-z-]+)")
	file    = regexp.MustCompile("`([a-z0-9_./-]+\\.(?:go|conf|md|mod|work))`")
)

func TestProgramsInDocumentsPrintTheirOutput(t *testing.T) {
	inRepository(t)
	if testing.Short() {
		t.Skip("builds programs; not with -short")
	}
	for _, name := range []string{"README.md", "docs/SECURITY-MODEL.md"} {
		t.Run(name, func(t *testing.T) { testPrograms(t, name) })
	}
}

func testPrograms(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	programs := program.FindAllStringSubmatch(string(text), -1)
	if len(programs) == 0 {
		t.Fatalf("no program in %s", name)
	}
	for _, p := range programs {
		if want, err := format.Source([]byte(p[1])); err != nil || string(want) != p[1] {
			t.Errorf("not formatted (%v):\n%s", err, p[1])
		}
		// An overlay adds the program to the module without a file there.
		dir := t.TempDir()
		real := filepath.Join(dir, "main.go")
		if err := os.WriteFile(real, []byte(p[1]), 0o644); err != nil {
			t.Fatal(err)
		}
		top, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		overlay, err := json.Marshal(map[string]map[string]string{
			"Replace": {filepath.Join(top, "internal", "readme", "main.go"): real},
		})
		if err != nil {
			t.Fatal(err)
		}
		list := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(list, overlay, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "go", "run", "-overlay", list, "./internal/readme")
		var log strings.Builder // it has times, so the document does not show it
		cmd.Stderr = &log
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%v\n%s\n%s\n%s", err, p[1], out, &log)
			continue
		}
		if string(out) != p[2] {
			t.Errorf("the program prints\n%s\nthe document has\n%s", out, p[2])
		}
	}
}

func TestLinksInDocumentsExist(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestFilesInDocumentsExist(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range file.FindAllStringSubmatch(text, -1) {
			_, atTop := os.Stat(m[1])
			_, inFolder := os.Stat(filepath.Join(filepath.Dir(name), m[1]))
			if atTop != nil && inFolder != nil {
				t.Errorf("%s: %s does not exist", name, m[1])
			}
		}
	}
}

func TestMakeTargetsInDocumentsExist(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: the Makefile has no target %s", name, m[1])
			}
		}
	}
}

// undocumented are the methods of errors, which need no comment.
var undocumented = []string{"Error", "Unwrap", "Is"}

func TestExportedNamesAreDocumented(t *testing.T) {
	check := func(f *goFile, name *ast.Ident, docs ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(docs, func(g *ast.CommentGroup) bool { return g != nil }) {
			t.Errorf("%s: %s has no comment", f.fset.Position(name.Pos()), name.Name)
		}
	}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || strings.HasPrefix(f.dir(), "internal/") {
			return
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil || !slices.Contains(undocumented, d.Name.Name) {
					check(f, d.Name, d.Doc)
				}
			case *ast.GenDecl:
				if d.Tok == token.IMPORT {
					continue
				}
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						check(f, s.Name, s.Doc, d.Doc)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							check(f, name, s.Doc, s.Comment, ofGroup(d, name))
						}
					}
				}
			}
		}
	})
}

// ofGroup returns the comment of a group of declarations if it contains the
// name.
func ofGroup(d *ast.GenDecl, name *ast.Ident) *ast.CommentGroup {
	if strings.Contains(d.Doc.Text(), name.Name) {
		return d.Doc
	}
	return nil
}
