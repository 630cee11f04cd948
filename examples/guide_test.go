package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A block is a fenced code block of a chapter of the guide.
type block struct {
	chapter string
	line    int    // of its first line of code
	lang    string // such as go
	file    string // that it is taken from, relative to the root of the repository
	code    string
}

// fence matches the first line of a block.
var fence = regexp.MustCompile("^```(\\w*) ?(\\S*)$")

// blocks returns the code blocks of the guide.
func blocks(t *testing.T) (list []block) {
	chapters, err := filepath.Glob("../docs/guide/*.md")
	if err != nil || len(chapters) == 0 {
		t.Fatal("no chapters:", err)
	}
	for _, chapter := range chapters {
		text, err := os.ReadFile(chapter)
		if err != nil {
			t.Fatal(err)
		}
		var b *block
		for i, line := range strings.Split(string(text), "\n") {
			switch m := fence.FindStringSubmatch(line); {
			case b != nil && line == "```":
				list = append(list, *b)
				b = nil
			case b != nil:
				b.code += line + "\n"
			case m != nil:
				b = &block{chapter: filepath.Base(chapter), line: i + 2, lang: m[1], file: m[2]}
			}
		}
		if b != nil {
			t.Fatalf("%s:%d: block without end", chapter, b.line)
		}
	}
	return list
}

// dedent removes the indentation that all lines have.
func dedent(code string) string {
	lines := strings.Split(strings.Trim(code, "\n"), "\n")
	for strings.TrimSpace(strings.Join(lines, "")) != "" {
		for _, l := range lines {
			if l != "" && l[0] != '\t' {
				return strings.Join(lines, "\n") + "\n"
			}
		}
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], "\t")
		}
	}
	return ""
}

// Every program text of the guide is a part of a program that the tests run.
func TestGuideShowsCodeOfExamples(t *testing.T) {
	n := 0
	for _, b := range blocks(t) {
		if b.lang != "go" && b.lang != "python" && b.lang != "c" {
			continue
		}
		n++
		at := fmt.Sprintf("%s:%d", b.chapter, b.line)
		source, err := os.ReadFile(filepath.Join("..", b.file))
		if err != nil || !strings.HasPrefix(b.file, "examples/") {
			t.Errorf("%s: the block names no file of examples/: %q", at, b.file)
			continue
		}
		if !contains(string(source), b.code) {
			t.Errorf("%s: the block differs from %s", at, b.file)
		}
	}
	if n == 0 {
		t.Error("the guide has no program text")
	}
}

// contains reports whether code is a part of source, apart from the indentation of all its
// lines.
func contains(source, code string) bool {
	want := strings.Split(dedent(code), "\n")
	want = want[:len(want)-1]
	lines := strings.Split(source, "\n")
	for i := 0; i+len(want) <= len(lines) && len(want) > 0; i++ {
		if dedent(strings.Join(lines[i:i+len(want)], "\n")) == strings.Join(want, "\n")+"\n" {
			return true
		}
	}
	return false
}

func TestChangedBlockIsNoticed(t *testing.T) {
	source := "func f() {\n\tif a {\n\t\tb()\n\n\t\tc()\n\t}\n}\n"
	for code, want := range map[string]bool{
		"if a {\n\tb()\n\n\tc()\n}\n": true,
		"b()\n\nc()\n":                true,
		"b()\nc()\n":                  false, // a line is missing
		"b()\n\n\tc()\n":              false, // another indentation
		"B()\n":                       false,
		"":                            false,
	} {
		if contains(source, code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}

// command matches the start of a program of this module in a text.
var command = regexp.MustCompile(`go run \./(\w+)`)

// Every program that a text starts exists. The list of programs has each one, with a text
// that says how to run it.
func TestTextsNameExistingPrograms(t *testing.T) {
	texts, _ := filepath.Glob("../docs/guide/*.md")
	readmes, _ := filepath.Glob("*/README.md")
	for _, name := range append(append(texts, readmes...), "README.md") {
		for _, m := range command.FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: no program %s", name, m[1])
			}
		}
	}
	programs, _ := filepath.Glob("*/main.go")
	for _, p := range programs {
		dir := filepath.Dir(p)
		if !strings.Contains(read(t, "README.md"), "("+dir+")") {
			t.Errorf("README.md does not list %s", dir)
		}
		if text := read(t, filepath.Join(dir, "README.md")); !strings.Contains(text, " ./"+dir) {
			t.Errorf("%s/README.md does not say how to run it", dir)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
