package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/CONFORMANCE.md anew")

// Where the documents are, from this folder.
const (
	reportFile     = "../../docs/CONFORMANCE.md"
	deviationsFile = "../../docs/DEVIATIONS.md"
)

// ruleTest is a test of a rule.
type ruleTest struct{ id, name, file string }

// ruleName is the name of one: TestRule_3_3_4_DuplicateIDIsRefused is of the row
// 3.3.4, and TestRule_3_0_PAIR of the row 3.0.PAIR.
var ruleName = regexp.MustCompile(`^TestRule_(\d+)_(\d+)_([0-9A-Z]+)(_[0-9A-Za-z]+)?$`)

// testsOf returns the names of the test functions of one folder, each with its
// file.
func testsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				found[fn.Name.Name] = filepath.Base(file)
			}
		}
	}
	return found
}

// ruleTests returns the tests of rules, by the row they are of.
func ruleTests(t *testing.T) map[string][]ruleTest {
	t.Helper()
	byRow := make(map[string][]ruleTest)
	for name, file := range testsOf(t, ".") {
		m := ruleName.FindStringSubmatch(name)
		switch {
		case m != nil:
			id := strings.Join(m[1:4], ".")
			byRow[id] = append(byRow[id], ruleTest{id, name, file})
		case strings.HasPrefix(name, "TestRule"):
			t.Errorf("%s: the name of %s does not say which row it is of", file, name)
		case name != "TestMain" && file != "report_test.go":
			t.Errorf("%s: %s is of no row", file, name)
		}
	}
	for _, list := range byRow {
		slices.SortFunc(list, func(a, b ruleTest) int { return strings.Compare(a.name, b.name) })
	}
	return byRow
}

// A row without a test would be a claim, and a test without a row would be
// found by nobody.
func TestEveryRowHasATest(t *testing.T) {
	tests := ruleTests(t)
	known := make(map[string]bool)
	for _, r := range rules {
		if known[r.id] {
			t.Errorf("there are two rows %s", r.id)
		}
		known[r.id] = true
		if n := len(tests[r.id]); (n == 0) != (r.status == pending) {
			t.Errorf("row %s is %q and has %d tests", r.id, r.status, n)
		}
		if (r.status == partly || r.status == pending) != (r.missing != "") {
			t.Errorf("row %s is %q, and what is missing is %q", r.id, r.status, r.missing)
		}
		if r.status == deviates && len(r.see) == 0 {
			t.Errorf("row %s deviates and does not say where that is described", r.id)
		}
	}
	for id, list := range tests {
		if !known[id] {
			t.Errorf("there is no row %s, which %s is of", id, list[0].name)
		}
	}
}

// docs/CONFORMANCE.md is made of the table and the names of the tests.
func TestReportIsTrue(t *testing.T) {
	want := report(ruleTests(t))
	if *update {
		if err := os.WriteFile(reportFile, want, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what the table says: go generate ./internal/conformance", reportFile)
	}
}

// report is docs/CONFORMANCE.md.
func report(tests map[string][]ruleTest) []byte {
	var b bytes.Buffer
	b.WriteString(preamble)
	count := make(map[status]int)
	for _, r := range rules {
		count[r.status]++
	}
	fmt.Fprintf(&b, "%d rules: %d kept, %d deviate, %d partly, %d pending.\n",
		len(rules), count[kept], count[deviates], count[partly], count[pending])
	section := ""
	for _, r := range rules {
		if s := r.id[:3]; s != section {
			section = s
			fmt.Fprintf(&b, "\n## %s %s\n\n| row | rule | status | tests |\n|---|---|---|---|\n", s, sections[s])
		}
		var names []string
		for _, one := range tests[r.id] {
			names = append(names, fmt.Sprintf("[%s](../internal/conformance/%s)", short(one), one.file))
		}
		fmt.Fprintf(&b, "| <a id=\"%s\"></a>%s | %s | %s | %s |\n", r.id, r.id, r.says, r.standing(), strings.Join(names, ", "))
	}
	return b.Bytes()
}

// short is a test's name without the row.
func short(t ruleTest) string {
	prefix := "TestRule_" + strings.ReplaceAll(t.id, ".", "_")
	if rest := strings.TrimPrefix(t.name, prefix+"_"); rest != t.name {
		return rest
	}
	return t.name
}

// standing is a row's status in the report.
func (r *rule) standing() string {
	s := "**" + string(r.status) + "**"
	if r.status == kept {
		s = string(kept)
	}
	if r.missing != "" {
		s += ": " + r.missing
	}
	for i, anchor := range r.see {
		sep := ", "
		if i == 0 {
			sep = "; see "
		}
		s += fmt.Sprintf("%s[%s](DEVIATIONS.md#%s)", sep, strings.ReplaceAll(anchor, "-", " "), anchor)
	}
	return s
}

var (
	anchors = regexp.MustCompile(`<a id="([^"]+)"></a>`)
	named   = regexp.MustCompile("`(Test[0-9A-Za-z_]+)`")
)

// Every place that the table points to in docs/DEVIATIONS.md is there, and every
// test that is named there exists, somewhere in the repository.
func TestDeviationsAreShown(t *testing.T) {
	text, err := os.ReadFile(deviationsFile)
	if err != nil {
		t.Fatal(err)
	}
	at := make(map[string]bool)
	for _, m := range anchors.FindAllSubmatch(text, -1) {
		if at[string(m[1])] {
			t.Errorf("%s has the anchor %s twice", deviationsFile, m[1])
		}
		at[string(m[1])] = true
	}
	for _, r := range rules {
		for _, anchor := range r.see {
			if !at[anchor] {
				t.Errorf("row %s points to %s, which %s has not", r.id, anchor, deviationsFile)
			}
		}
	}
	exists := make(map[string]bool)
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); name[0] == '.' && strings.Trim(name, ".") != "" {
			return fs.SkipDir
		}
		for name := range testsOf(t, path) {
			exists[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := named.FindAllSubmatch(text, -1)
	if len(shown) == 0 {
		t.Errorf("%s names no test", deviationsFile)
	}
	for _, m := range shown {
		if !exists[string(m[1])] {
			t.Errorf("%s names %s, which there is not", deviationsFile, m[1])
		}
	}
	for entry := range strings.SplitSeq(string(text), "\n### ") {
		if title, body, _ := strings.Cut(entry, "\n"); !strings.HasPrefix(title, "# ") && !named.MatchString(body) {
			t.Errorf("%s: no test shows %q", deviationsFile, title)
		}
	}
}
