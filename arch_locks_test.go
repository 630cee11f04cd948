package zmq_test

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestArchitectureListsAllLocks compares the first column of the table with the mutexes of
// the library: fields of structures, and variables.
func TestArchitectureListsAllLocks(t *testing.T) {
	found := map[string]bool{}
	eachFile(t, func(f *goFile) {
		if f.module != "." || f.test || isTestSupport(f.dir()) {
			return
		}
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				for name := range mutexes(f, s) {
					found[name] = true
				}
			}
		}
	})
	if len(found) < 10 {
		t.Fatalf("only %d mutexes found", len(found))
	}
	listed := map[string]bool{"turns": true} // a channel
	for _, row := range rows(t, "## Locks") {
		for _, name := range code(row[0]) {
			listed[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		_, field, _ := strings.Cut(name, ".")
		if !listed[name] && !listed[field] {
			t.Errorf("%s does not list the lock %s", architecture, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		exists := found[name] || name == "turns" || name == "Resolved"
		for lock := range found {
			exists = exists || strings.HasSuffix(lock, "."+name)
		}
		if !exists {
			t.Errorf("%s lists the lock %s, which does not exist", architecture, name)
		}
	}
}

// mutexes yields the names of the mutexes that a specification declares: Type.field, or the
// name of a variable.
func mutexes(f *goFile, s ast.Spec) func(yield func(string) bool) {
	isMutex := func(e ast.Expr) bool {
		return e != nil && slices.Contains([]string{"sync.Mutex", "sync.RWMutex"}, source(f, e))
	}
	return func(yield func(string) bool) {
		switch s := s.(type) {
		case *ast.ValueSpec:
			if isMutex(s.Type) {
				for _, n := range s.Names {
					yield(n.Name)
				}
			}
		case *ast.TypeSpec:
			st, ok := s.Type.(*ast.StructType)
			if !ok {
				return
			}
			for _, field := range st.Fields.List {
				if isMutex(field.Type) {
					for _, n := range field.Names {
						if !yield(s.Name.Name + "." + n.Name) {
							return
						}
					}
				}
			}
		}
	}
}
