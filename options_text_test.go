package zmq_test

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// Without String a value is printed as a number, which a reader must look up.
func TestEveryExportedIntegerTypeHasString(t *testing.T) {
	types, methods := map[string]bool{}, map[string]bool{}
	eachFile(t, func(f *goFile) {
		if f.dir() != "." || f.test {
			return
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil && d.Name.Name == "String" {
					methods[typeName(d.Recv.List[0].Type)] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					s, ok := s.(*ast.TypeSpec)
					if !ok || !s.Name.IsExported() {
						continue
					}
					base, _ := s.Type.(*ast.Ident)
					if base != nil && (strings.HasPrefix(base.Name, "int") || strings.HasPrefix(base.Name, "uint")) {
						types[s.Name.Name] = true
					}
				}
			}
		}
	})
	if len(types) < 12 {
		t.Errorf("found only %v", types)
	}
	for name := range types {
		if !methods[name] {
			t.Errorf("%s has no method String", name)
		}
	}
}

func TestTextOfOptionValuesIsNameOfConstant(t *testing.T) {
	constants := constantNames(t, "options.go")
	for _, tt := range []struct {
		typ, prefix string
		values      []fmt.Stringer // of all constants, in order
		zero        fmt.Stringer
		zeroText    string
		invalid     fmt.Stringer
		invalidText string
	}{
		{"Overflow", "Overflow", []fmt.Stringer{zmq.OverflowBlock, zmq.OverflowDropNewest, zmq.OverflowDropOldest, zmq.OverflowError},
			zmq.Overflow(0), "default", zmq.OverflowError + 1, "unknown"},
		{"ReconnectStop", "ReconnectStop", []fmt.Stringer{zmq.ReconnectStopRefused, zmq.ReconnectStopHandshakeFailed, zmq.ReconnectStopAfterDisconnect},
			zmq.ReconnectStop(0), "none", zmq.ReconnectStopRefused | zmq.ReconnectStopAfterDisconnect | 0x90, "refused|after_disconnect|unknown"},
		{"RouterHandover", "RouterHandover", []fmt.Stringer{zmq.RouterHandoverNone, zmq.RouterHandoverSameUser, zmq.RouterHandoverAny},
			zmq.RouterHandoverNone, "none", zmq.RouterHandoverAny + 1, "unknown"},
		{"RouterNotify", "RouterNotify", []fmt.Stringer{zmq.RouterNotifyConnect, zmq.RouterNotifyDisconnect},
			zmq.RouterNotify(0), "none", zmq.RouterNotifyConnect | zmq.RouterNotifyDisconnect, "connect|disconnect"},
		{"XPubNotify", "XPubNotify", []fmt.Stringer{zmq.XPubNotifyFirstAndLast, zmq.XPubNotifyEverySubscribe, zmq.XPubNotifyEveryChange},
			zmq.XPubNotifyFirstAndLast, "first_and_last", zmq.XPubNotifyEveryChange + 1, "unknown"},
		{"Toggle", "", []fmt.Stringer{zmq.On, zmq.Off}, zmq.Toggle(0), "default", zmq.Off + 1, "unknown"},
	} {
		names := constants[tt.typ]
		if len(names) != len(tt.values) {
			t.Errorf("%s has the constants %v, and %d are tested", tt.typ, names, len(tt.values))
			continue
		}
		for i, v := range tt.values {
			if want := snakeCase(strings.TrimPrefix(names[i], tt.prefix)); v.String() != want {
				t.Errorf("the text of %s is %q, want %q", names[i], v, want)
			}
		}
		if got := tt.zero.String(); got != tt.zeroText {
			t.Errorf("the text of the zero %s is %q, want %q", tt.typ, got, tt.zeroText)
		}
		if got := tt.invalid.String(); got != tt.invalidText {
			t.Errorf("the text of an invalid %s is %q, want %q", tt.typ, got, tt.invalidText)
		}
	}
}
