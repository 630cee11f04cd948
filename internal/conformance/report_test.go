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
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/CONFORMANCE.md")

// Paths of the documents, relative to this directory.
const (
	reportFile     = "../../docs/CONFORMANCE.md"
	deviationsFile = "../../docs/DEVIATIONS.md"
	securityFile   = "../../docs/SECURITY-MODEL.md"
)

// reportTests check the table and the documents, so they are in no rule.
var reportTests = []string{
	"TestMain", "TestEveryTestChecksARule", "TestConformanceDocumentIsCurrent", "TestDeviationsNameExistingRulesAndTests", "TestSecurityModelNamesExistingTests",
	"TestPatternCommentsNameExistingRules", "TestEveryOptionHasAnEffect",
}

// allRules returns the rules of all sections.
func allRules() (list []rule) {
	for _, s := range sections {
		list = append(list, s.rules...)
	}
	return list
}

// ruleSlugs returns the slugs of all rules.
func ruleSlugs() (list []string) {
	for _, r := range allRules() {
		list = append(list, r.slug)
	}
	return list
}

// nameOf returns the name of a test and the file that declares it.
func nameOf(test func(*testing.T)) (name, file string) {
	f := runtime.FuncForPC(reflect.ValueOf(test).Pointer())
	file, _ = f.FileLine(f.Entry())
	return f.Name()[strings.LastIndex(f.Name(), ".")+1:], filepath.Base(file)
}

// testsOf returns the tests that a directory declares, with the file of each.
func testsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	tests := make(map[string]string)
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				tests[fn.Name.Name] = file
			}
		}
	}
	return tests
}

var slugSyntax = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// TestEveryTestChecksARule checks that each rule has a unique slug, a test that
// exists unless only C has its subject, and, if it deviates, a reference to docs/DEVIATIONS.md, and that each test
// of this package is in a rule.
func TestEveryTestChecksARule(t *testing.T) {
	inTable := make(map[string]bool)
	seen := make(map[string]bool)
	declared := declaredTests(t)
	for _, r := range allRules() {
		if seen[r.slug] || !slugSyntax.MatchString(r.slug) {
			t.Errorf("rule %q: the slug is not unique or not of lower-case words joined by hyphens", r.slug)
		}
		seen[r.slug] = true
		if tests := len(r.tests) + len(r.others); r.status == onlyC && r.reason != "" || r.status != onlyC && (tests == 0) != (r.reason != "") {
			t.Errorf("rule %s has no test and no reason, or both", r.slug)
		}
		for _, name := range r.others {
			if declared["./"+name] == "" {
				t.Errorf("rule %s has the test %s, which does not exist", r.slug, name)
			}
		}
		if r.status == deviates && len(r.deviations) == 0 {
			t.Errorf("rule %s deviates and names no entry of %s", r.slug, deviationsFile)
		}
		for _, test := range r.tests {
			name, _ := nameOf(test)
			inTable[name] = true
		}
	}
	for name := range testsOf(t, ".") {
		if !inTable[name] && !slices.Contains(reportTests, name) {
			t.Errorf("%s is in no rule of the table", name)
		}
	}
}

// TestConformanceDocumentIsCurrent compares docs/CONFORMANCE.md with the table,
// or writes it if -update is set.
func TestConformanceDocumentIsCurrent(t *testing.T) {
	want := report(declaredTests(t))
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
		t.Errorf("%s differs from the table; run: go generate ./internal/conformance", reportFile)
	}
}

// report returns the text of docs/CONFORMANCE.md.
func report(declared map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString(preamble)
	count := make(map[status]int)
	for _, r := range allRules() {
		count[r.status]++
	}
	fmt.Fprintf(&b, "%d rules: %d kept, %d deviate, %d only in C.\n", len(allRules()), count[kept], count[deviates], count[onlyC])
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | text | status | tests |\n|---|---|---|---|\n", s.title)
		for _, r := range s.rules {
			var links []string
			for _, test := range r.tests {
				name, file := nameOf(test)
				links = append(links, fmt.Sprintf("[%s](../internal/conformance/%s)", name, file))
			}
			for _, name := range r.others {
				links = append(links, fmt.Sprintf("[%s](../%s)", path.Base(name), declared["./"+name]))
			}
			if r.reason != "" {
				links = []string{"none: " + r.reason}
			}
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>%s | %s | %s | %s |\n", r.slug, r.slug, r.text, r.statusCell(), strings.Join(links, ", "))
		}
	}
	return b.Bytes()
}

// statusCell returns the status of a rule, with links to its deviations.
func (r *rule) statusCell() string {
	s := "**" + string(r.status) + "**"
	if r.status == kept {
		s = string(kept)
	}
	for i, anchor := range r.deviations {
		sep := ", "
		if i == 0 {
			sep = "; see "
		}
		s += fmt.Sprintf("%s[%s](DEVIATIONS.md#%s)", sep, strings.ReplaceAll(anchor, "-", " "), anchor)
	}
	return s
}

var (
	anchors   = regexp.MustCompile(`<a id="([^"]+)"></a>`)
	ruleLinks = regexp.MustCompile(`\(CONFORMANCE\.md#([^)]+)\)`)
	testNames = regexp.MustCompile("`(Test[0-9A-Za-z_]+)`")
)

// submatches returns the first group of each match.
func submatches(expr *regexp.Regexp, text string) (list []string) {
	for _, m := range expr.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// TestDeviationsNameExistingRulesAndTests checks docs/DEVIATIONS.md: its anchors
// are unique and include those that the table refers to, the rules that it links
// to exist, and each entry names at least one test. A named test may be declared
// in any package of the repository.
func TestDeviationsNameExistingRulesAndTests(t *testing.T) {
	b, err := os.ReadFile(deviationsFile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	found := make(map[string]bool)
	for _, anchor := range submatches(anchors, text) {
		if found[anchor] {
			t.Errorf("%s has the anchor %s twice", deviationsFile, anchor)
		}
		found[anchor] = true
	}
	for _, r := range allRules() {
		for _, anchor := range r.deviations {
			if !found[anchor] {
				t.Errorf("rule %s refers to the anchor %s, which is not in %s", r.slug, anchor, deviationsFile)
			}
		}
	}
	for _, slug := range submatches(ruleLinks, text) {
		if !slices.Contains(ruleSlugs(), slug) {
			t.Errorf("%s links to the rule %s, which does not exist", deviationsFile, slug)
		}
	}
	declared := declaredTests(t)
	for _, name := range submatches(testNames, text) {
		if declared[name] == "" {
			t.Errorf("%s names %s, which no package declares", deviationsFile, name)
		}
	}
	for entry := range strings.SplitSeq(text, "\n### ") {
		if title, body, _ := strings.Cut(entry, "\n"); !strings.HasPrefix(title, "# ") && !testNames.MatchString(body) {
			t.Errorf("%s: the entry %q names no test", deviationsFile, title)
		}
	}
}

// TestSecurityModelNamesExistingTests checks that each rule in
// docs/SECURITY-MODEL.md names tests, and that they exist.
func TestSecurityModelNamesExistingTests(t *testing.T) {
	b, err := os.ReadFile(securityFile)
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredTests(t)
	_, rules, _ := strings.Cut(string(b), "## Rules and their tests\n")
	rules, _, _ = strings.Cut(rules, "\n## ")
	for rule := range strings.SplitSeq(strings.TrimSpace(rules), "\n\n") {
		names := submatches(testNames, rule)
		if len(names) == 0 {
			t.Errorf("%s: %.60q names no test", securityFile, rule)
		}
		for _, name := range names {
			if declared[name] == "" {
				t.Errorf("%s names %s, which no package declares", securityFile, name)
			}
		}
	}
}

// declaredTests returns the tests in all packages of the repository, with the file
// of each: by name, and by "./", directory and name.
func declaredTests(t *testing.T) map[string]string {
	const top = "../.."
	declared := make(map[string]string)
	err := filepath.WalkDir(top, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); name[0] == '.' && strings.Trim(name, ".") != "" {
			return fs.SkipDir
		}
		for name, file := range testsOf(t, dir) {
			file = filepath.ToSlash(strings.TrimPrefix(file, filepath.FromSlash(top+"/")))
			declared[name], declared["./"+path.Join(path.Dir(file), name)] = file, file
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return declared
}

// rulesComment matches the comment of a pattern that names its rules, such as
// "Rules in docs/CONFORMANCE.md: push, push-turns." A slug that ends in "-*"
// stands for all rules with that prefix.
var rulesComment = regexp.MustCompile(`Rules in docs/CONFORMANCE\.md: (.*)\.\n`)

// TestPatternCommentsNameExistingRules checks the comments in internal/pattern
// that name rules, and that they name the rule of every socket type.
func TestPatternCommentsNameExistingRules(t *testing.T) {
	slugs := ruleSlugs()
	unnamed := make(map[string]bool)
	for _, r := range typeRules {
		unnamed[r.slug] = r.slug != "peer-types"
	}
	files, err := filepath.Glob("../pattern/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range submatches(rulesComment, string(text)) {
			for slug := range strings.SplitSeq(list, ", ") {
				unnamed[slug] = false
				prefix, all := strings.CutSuffix(slug, "*")
				if !slices.ContainsFunc(slugs, func(s string) bool { return s == slug || all && strings.HasPrefix(s, prefix) }) {
					t.Errorf("%s names the rule %s, which does not exist", file, slug)
				}
			}
		}
	}
	for slug, missing := range unnamed {
		if missing {
			t.Errorf("no comment in internal/pattern names the rule %s", slug)
		}
	}
}
