package zmq_test

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tests in this file compare docs/LIBZMQ.md with the exported names.

// migration lists the equivalent of each name of libzmq.
const migration = "docs/LIBZMQ.md"

// api has the declarations of package zmq.
type api struct {
	names   map[string]bool              // names of the package, exported or not
	members map[string]map[string]string // fields and methods of each type, with the type of the field or of the first result
	within  map[string][]string          // types that each type embeds
	fields  map[string][]option
}

// option is one field declaration of an options struct. It may declare several
// names. Its type is that of an option or of a struct of options.
type option struct {
	names []string
	typ   string
	doc   string
}

// options returns the options of a struct and of its groups.
func (p *api) options(of, prefix string) (list []option) {
	for _, o := range p.fields[of] {
		if group := p.options(o.typ, prefix+o.names[0]+"."); group != nil {
			list = append(list, group...)
			continue
		}
		full := option{typ: o.typ, doc: o.doc}
		for _, name := range o.names {
			full.names = append(full.names, prefix+name)
		}
		list = append(list, full)
	}
	return list
}

// readAPI parses the package.
func readAPI(t *testing.T) *api {
	t.Helper()
	p := &api{names: map[string]bool{}, members: map[string]map[string]string{}, within: map[string][]string{}, fields: map[string][]option{}}
	eachFile(t, func(f *goFile) {
		if f.dir() != "." || f.test {
			return
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				p.function(d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					p.declaration(s)
				}
			}
		}
	})
	return p
}

func (p *api) function(d *ast.FuncDecl) {
	if d.Recv == nil {
		p.names[d.Name.Name] = true
		return
	}
	p.member(typeName(d.Recv.List[0].Type), d.Name.Name, d.Type)
}

func (p *api) declaration(s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			p.names[n.Name] = true
		}
	case *ast.TypeSpec:
		p.names[s.Name.Name] = true
		var fields *ast.FieldList
		switch t := s.Type.(type) {
		case *ast.StructType:
			fields = t.Fields
		case *ast.InterfaceType:
			fields = t.Methods
		default:
			return
		}
		for _, f := range fields.List {
			if len(f.Names) == 0 {
				p.within[s.Name.Name] = append(p.within[s.Name.Name], typeName(f.Type))
			}
			var o option
			for _, n := range f.Names {
				p.member(s.Name.Name, n.Name, f.Type)
				o.names = append(o.names, n.Name)
			}
			if name := s.Name.Name; strings.HasSuffix(name, "Options") || name == "Limits" || name == "AutoMessages" {
				o.typ, o.doc = typeName(f.Type), f.Doc.Text()
				p.fields[name] = append(p.fields[name], o)
			}
		}
	}
}

func (p *api) member(of, name string, t ast.Expr) {
	if p.members[of] == nil {
		p.members[of] = map[string]string{}
	}
	if f, ok := t.(*ast.FuncType); ok {
		t = nil
		if f.Results != nil {
			t = f.Results.List[0].Type
		}
	}
	p.members[of][name] = typeName(t)
}

// typeName is the name of a type of this package, or "".
func typeName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return typeName(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// find returns the type of a field, or of the first result of a method. It
// includes promoted fields and methods.
func (p *api) find(of, name string) (result string, ok bool) {
	if !ast.IsExported(name) {
		return "", false
	}
	if result, ok = p.members[of][name]; ok {
		return result, true
	}
	for _, in := range p.within[of] {
		if result, ok = p.find(in, name); ok {
			return result, true
		}
	}
	return "", false
}

// anywhere reports whether any exported type has a field or method of that
// name.
func (p *api) anywhere(name string) bool {
	for n := range p.names {
		if _, ok := p.find(n, name); ok && ast.IsExported(n) {
			return true
		}
	}
	return false
}

// variable returns the type of a variable in the document, which has the name
// of its type in lower case, or "".
func (p *api) variable(name string) string {
	switch name {
	case "m":
		return "Message"
	case "s":
		return "Pair"
	}
	for n := range p.names {
		if ast.IsExported(n) && strings.ToLower(n) == name {
			return n
		}
	}
	return ""
}

// foreign are other packages that the document names.
var foreign = []string{"context", "errors", "net", "signal", "syscall", "time"}

// exists reports whether the package has a selector, given by its parts. Words
// that are not Go names, such as ZMQ_LINGER and EAGAIN, are accepted.
func (p *api) exists(path []string) bool {
	first, rest := path[0], path[1:]
	of := ""
	switch {
	case slices.Contains(foreign, first), strings.Contains(first, "-"), first == strings.ToUpper(first) && len(first) > 1:
		return true
	case !ast.IsExported(first):
		if of = p.variable(first); of == "" { // a word, or a file
			return !slices.ContainsFunc(rest, ast.IsExported)
		}
	case p.names[first]:
		of = first
	default: // a method or a field of any type
		return len(rest) == 0 && p.anywhere(first)
	}
	for _, name := range rest {
		var ok bool
		if of, ok = p.find(of, name); !ok {
			return false
		}
	}
	return true
}

var names = regexp.MustCompile(`[A-Za-z_][\w-]*(?:\(\))?(?:\.[A-Za-z_]\w*(?:\(\))?)*`)

func TestNamesInMigrationGuideExist(t *testing.T) {
	text, p := documents(t)[migration], readAPI(t)
	checked := 0
	for _, span := range quoted.FindAllStringSubmatch(text, -1) {
		for _, name := range names.FindAllString(span[1], -1) {
			checked++
			if !p.exists(strings.Split(strings.ReplaceAll(name, "()", ""), ".")) {
				t.Errorf("%s: `%s` has %s, which does not exist", migration, span[1], name)
			}
		}
	}
	if checked == 0 {
		t.Errorf("no names in %s", migration)
	}
}

var theirs = regexp.MustCompile(`\b(?:ZMQ|zmq)_\w+`)

// If the comment of an option names an option of libzmq, the guide must list
// ours in the row of that name.
func TestMigrationGuideListsAllOptions(t *testing.T) {
	text, p := documents(t)[migration], readAPI(t)
	list := p.options("Options", "Options.")
	if len(list) == 0 {
		t.Fatal("Options has no fields")
	}
	for _, o := range list {
		for _, name := range o.names {
			if !named(text, name) {
				t.Errorf("%s does not name %s", migration, name)
			}
		}
		for _, z := range theirs.FindAllString(o.doc, -1) {
			if !slices.ContainsFunc(o.names, func(n string) bool { return named(rowOf(text, z), n) }) {
				t.Errorf("%s: the row of %s names none of %v", migration, z, o.names)
			}
		}
	}
}

// If the comment of a method names a function or option of libzmq, the guide
// must list the method in the row of that name.
func TestMigrationGuideListsAllMethods(t *testing.T) {
	text := documents(t)[migration]
	checked := 0
	eachFile(t, func(f *goFile) {
		if f.dir() != "." || f.test {
			return
		}
		for _, d := range f.ast.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || !d.Name.IsExported() {
				continue
			}
			for _, z := range theirs.FindAllString(d.Doc.Text(), -1) {
				checked++
				if !named(rowOf(text, z), d.Name.Name) {
					t.Errorf("%s: the row of %s does not name %s", migration, z, d.Name.Name)
				}
			}
		}
	})
	if checked == 0 {
		t.Error("no comment of a method contains a name of libzmq")
	}
}

// named reports whether a text contains a name as a word.
func named(text, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(text)
}

// rowOf returns the table rows whose first cell contains a name of libzmq,
// without that cell.
func rowOf(text, name string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		cells := strings.SplitN(line, "|", 3)
		if len(cells) == 3 && strings.Contains(cells[1], "`"+name+"`") {
			b.WriteString(cells[2])
		}
	}
	return b.String()
}

// missing matches the words with which the guide says that something does not exist.
var missing = regexp.MustCompile(`(?i)\bnot yet\b|\bnone\b`)

// Only what belongs to the transports pgm, epgm, norm and vmci is missing. For
// everything else the guide says what to use, or why it is not needed.
func TestMigrationGuideHasAnAlternativeForEverything(t *testing.T) {
	lines, allowed := strings.Split(documents(t)[migration], "\n"), 0
	for i, line := range lines {
		cells := strings.Split(line, "|")
		switch {
		case !missing.MatchString(line):
		case strings.Contains(line, "transports pgm, epgm, norm and vmci") || i+1 < len(lines) && strings.Contains(lines[i+1], "transports pgm, epgm, norm and vmci"):
			allowed++ // the definition of the words
		case len(cells) == 5 && slices.Contains([]string{"pgm", "epgm", "norm", "vmci"}, strings.TrimSpace(cells[3])):
			allowed++
		default:
			t.Errorf("%s:%d: %q without an alternative: %s", migration, i+1, missing.FindString(line), line)
		}
	}
	if allowed != 4 {
		t.Errorf("%s: %d lines define or use the words for missing features, want 4", migration, allowed)
	}
	for line := range strings.Lines(documents(t)[migration]) {
		cells := strings.Split(line, "|")
		if len(cells) > 3 && strings.Contains(cells[1], "`") && strings.TrimSpace(cells[2]) == "" {
			t.Errorf("%s: a row says nothing: %s", migration, line)
		}
	}
}

// functions are those of zmq.h, with the drafts.
const functions = `
zmq_atomic_counter_dec zmq_atomic_counter_destroy zmq_atomic_counter_inc zmq_atomic_counter_new zmq_atomic_counter_set zmq_atomic_counter_value
zmq_bind zmq_close zmq_connect zmq_ctx_destroy zmq_ctx_get zmq_ctx_new zmq_ctx_set zmq_ctx_shutdown zmq_ctx_term zmq_curve_keypair zmq_curve_public
zmq_device zmq_disconnect zmq_errno zmq_getsockopt zmq_has zmq_init zmq_msg_close zmq_msg_copy zmq_msg_data zmq_msg_get zmq_msg_gets zmq_msg_init
zmq_msg_init_data zmq_msg_init_size zmq_msg_more zmq_msg_move zmq_msg_recv zmq_msg_send zmq_msg_set zmq_msg_size zmq_poll zmq_proxy
zmq_proxy_steerable zmq_recv zmq_recviov zmq_recvmsg zmq_send zmq_send_const zmq_sendiov zmq_sendmsg zmq_setsockopt zmq_sleep zmq_socket
zmq_socket_monitor zmq_stopwatch_intermediate zmq_stopwatch_start zmq_stopwatch_stop zmq_strerror zmq_term zmq_threadclose zmq_threadstart
zmq_timers_add zmq_timers_cancel zmq_timers_destroy zmq_timers_execute zmq_timers_new zmq_timers_reset zmq_timers_set_interval zmq_timers_timeout
zmq_unbind zmq_version zmq_z85_decode zmq_z85_encode
zmq_connect_peer zmq_ctx_get_ext zmq_ctx_set_ext zmq_disconnect_peer zmq_join zmq_leave zmq_msg_group zmq_msg_init_buffer zmq_msg_routing_id
zmq_msg_set_group zmq_msg_set_routing_id zmq_poller_add zmq_poller_add_fd zmq_poller_destroy zmq_poller_fd zmq_poller_modify zmq_poller_modify_fd
zmq_poller_new zmq_poller_remove zmq_poller_remove_fd zmq_poller_size zmq_poller_wait zmq_poller_wait_all zmq_ppoll zmq_socket_get_peer_state
zmq_socket_monitor_pipes_stats zmq_socket_monitor_versioned`

// TestMigrationGuideAgreesWithOptionTable does the same for the options.
func TestMigrationGuideHasARowForEachFunction(t *testing.T) {
	text, list := documents(t)[migration], strings.Fields(functions)
	if len(list) != 97 {
		t.Errorf("%d functions, want 97", len(list))
	}
	for _, name := range list {
		if rowOf(text, name) == "" {
			t.Errorf("%s has no row for %s", migration, name)
		}
	}
}

var docLink = regexp.MustCompile(`\[\*?([A-Z]\w*)(?:\.([A-Z]\w*))?\]`)

// Names in brackets that are in capitals are those of libzmq.
func TestDocLinksExist(t *testing.T) {
	p := readAPI(t)
	checked := 0
	eachFile(t, func(f *goFile) {
		if f.dir() != "." || f.test {
			return
		}
		for _, group := range f.ast.Comments {
			for _, m := range docLink.FindAllStringSubmatch(group.Text(), -1) {
				if m[1] == strings.ToUpper(m[1]) {
					continue
				}
				checked++
				if path := slices.DeleteFunc(m[1:], func(s string) bool { return s == "" }); !p.names[path[0]] || !p.exists(path) {
					t.Errorf("%s: %s does not exist", f.fset.Position(group.Pos()), m[0])
				}
			}
		}
	})
	if checked == 0 {
		t.Error("no links")
	}
}
