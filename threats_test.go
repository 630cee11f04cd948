package zmq_test

import (
	"go/ast"
	"regexp"
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
