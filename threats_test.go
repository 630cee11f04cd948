package zmq_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// testName finds the names of tests in documents.
var testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")

// A test that a document names as evidence exists.
func TestTestsInDocumentsExist(t *testing.T) {
	declared := map[string]bool{}
	eachFile(t, func(f *goFile) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test && fn.Recv == nil {
				declared[fn.Name.Name] = true
			}
		}
	})
	found := 0
	for name, text := range documents(t) {
		for _, m := range testName.FindAllStringSubmatch(text, -1) {
			found++
			if !declared[m[1]] {
				t.Errorf("%s: there is no test %s", name, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d tests are named", found)
	}
}

// The table of the checks of CURVE has each of them once, with a test.
func TestEachCheckOfCurveHasATest(t *testing.T) {
	inRepository(t)
	_, table, found := strings.Cut(documents(t)["docs/THREATS.md"], "\n## Checks of CURVE\n")
	table, _, _ = strings.Cut(table, "\n## ")
	tested := map[string]int{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) == 5 && testName.MatchString(cells[3]) {
			for number := range strings.SplitSeq(cells[1], ",") {
				tested[strings.TrimSpace(number)]++
			}
		}
	}
	for i := 1; i <= 24; i++ {
		if number := fmt.Sprint("C", i); tested[number] != 1 {
			t.Errorf("check %s is in %d rows with tests, want 1", number, tested[number])
		}
	}
	if !found || len(tested) != 24 {
		t.Errorf("found %v: %v", found, tested)
	}
}
