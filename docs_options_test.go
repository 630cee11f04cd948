package zmq_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
)

// The tests in this file compare the table of libzmq's options with the fields of
// Options, with docs/LIBZMQ.md, and with docs/OPTIONS.md, which is generated from
// it.

//go:generate go test -run TestOptionsDocumentIsCurrent -options.update

var updateOptions = flag.Bool("options.update", false, "write docs/OPTIONS.md")

const optionsFile = "docs/OPTIONS.md"

// fieldsOf returns the paths of the fields of Options that an option names.
func fieldsOf(o *options.Option) (paths []string) {
	for _, place := range o.Go {
		if path, ok := strings.CutPrefix(place, "Options."); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

func TestOptionTableNamesExistingFieldsAndMethods(t *testing.T) {
	paths, p := zmq.OptionPaths(), readAPI(t)
	for _, o := range slices.Concat(options.Socket, options.Context) {
		if slices.Equal(o.Go, []string{"Options.Security"}) {
			t.Errorf("%s: Options.Security has several fields and mechanisms: name the field too", o.Name)
		}
		for _, path := range fieldsOf(&o) {
			if _, ok := paths[path]; !ok {
				t.Errorf("%s: Options.%s does not exist", o.Name, path)
			}
		}
		for _, place := range o.Go {
			for _, name := range names.FindAllString(place, -1) {
				if !p.exists(strings.Split(strings.ReplaceAll(name, "()", ""), ".")) {
					t.Errorf("%s: %s has %s, which does not exist", o.Name, place, name)
				}
			}
		}
	}
}

// A field whose comment names an option of libzmq is in the row of that option. All
// other fields are in the list of docs/LIBZMQ.md of those without an equivalent.
func TestOptionTableNamesAllFields(t *testing.T) {
	inTable := make(map[string]string)
	rows := slices.Concat(options.Socket, options.Context)
	for _, o := range rows {
		for _, path := range fieldsOf(&o) {
			inTable[path] += " " + o.Name
		}
	}
	text := documents(t)[migration]
	own := text[strings.Index(text, "### Options without a libzmq equivalent"):]
	own = own[:strings.Index(own, "\n## ")]
	for path := range zmq.OptionPaths() {
		if inTable[path] == "" && !named(own, "Options."+path) {
			t.Errorf("no option of libzmq names Options.%s, and %s does not list it as one without an equivalent", path, migration)
		}
	}
	for _, o := range readAPI(t).options("Options", "") {
		for _, z := range theirs.FindAllString(o.doc, -1) {
			group, _, _ := strings.Cut(o.names[0], ".") // one comment may be about several fields of a group
			if !slices.ContainsFunc(rows, func(r options.Option) bool {
				return r.Name == z && slices.ContainsFunc(fieldsOf(&r), func(path string) bool { return slices.Contains(o.names, path) || strings.HasPrefix(path, group+".") })
			}) {
				t.Errorf("the comment of %v names %s, the row of %s names no field of %s", o.names, z, z, group)
			}
		}
	}
}

var numbered = regexp.MustCompile("`(ZMQ_\\w+)` \\((\\d+)")

// The migration guide has a row for each option, with its number and aliases, and
// the same places in the Go API, or none.
func TestMigrationGuideAgreesWithOptionTable(t *testing.T) {
	text := documents(t)[migration]
	tables := text[strings.Index(text, "## Options of the context"):strings.Index(text, "### Options without a libzmq equivalent")]
	numbers := make(map[string][]string)
	for _, m := range numbered.FindAllStringSubmatch(tables, -1) {
		numbers[m[1]] = append(numbers[m[1]], m[2])
	}
	for _, o := range slices.Concat(options.Socket, options.Context) {
		if n := strconv.Itoa(o.Number); !slices.Contains(numbers[o.Name], n) {
			t.Errorf("%s lists %s with %v, want (%s)", migration, o.Name, numbers[o.Name], n)
		}
		for _, alias := range o.Aliases {
			if !strings.Contains(tables, "; `"+alias+"`") && !strings.Contains(tables, ", `"+alias+"`") {
				t.Errorf("%s does not list %s, an alias of %s", migration, alias, o.Name)
			}
		}
		row := rowOf(tables, o.Name)
		for _, path := range fieldsOf(&o) {
			if !named(row, "Options."+path) {
				t.Errorf("%s: the row of %s does not name Options.%s", migration, o.Name, path)
			}
		}
		here, _, _ := strings.Cut(row, "|")
		if o.Reason != "" && strings.Contains(here, "Options.") {
			t.Errorf("%s: the row of %s has %s, the table says that there is no place: %s", migration, o.Name, strings.TrimSpace(here), o.Reason)
		}
		if len(o.Go) > 0 && (strings.HasPrefix(strings.TrimSpace(here), "none") || strings.HasPrefix(strings.TrimSpace(here), "not yet")) {
			t.Errorf("%s: the row of %s has %s, the table has %v", migration, o.Name, strings.TrimSpace(here), o.Go)
		}
	}
	for name := range numbers {
		if !slices.ContainsFunc(slices.Concat(options.Socket, options.Context), func(o options.Option) bool { return o.Name == name }) {
			t.Errorf("%s lists %s, which the table does not have", migration, name)
		}
	}
}

func TestOptionsDocumentIsCurrent(t *testing.T) {
	want := optionsDocument(t)
	if *updateOptions {
		if err := os.WriteFile(optionsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(optionsFile); err != nil || string(got) != want {
		t.Errorf("%s is not current: run go generate . (%v)", optionsFile, err)
	}
}

func optionsDocument(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Options of libzmq

This document is generated from the table in ` + "`internal/options`" + `: run ` + "`go generate .`" + ` after a change of it. It lists every option
of libzmq with its place in the Go API, or the reason why there is none. [LIBZMQ.md](LIBZMQ.md) says what differs.

A value of the wrong size, or outside the range, is EINVAL and changes nothing; so is an option that is read only, that has no range here,
or that the socket type does not have. An int has 4 bytes; int64_t and uint64_t have 8. *There* is the default of libzmq, *here* that of the
Go API in the same unit; the C library has the defaults of libzmq. Drafts of libzmq are in italics. For
sizes, keep-alive, backlog and hops, 0 and -1 leave the value to the operating system or to package net.

## Options of sockets

| number | option | type | range | there | here | socket types | get, set | takes effect | Go API |
|---|---|---|---|---|---|---|---|---|---|
`)
	for _, o := range options.Socket {
		writeOption(t, &b, &o, true)
	}
	b.WriteString(`
## Options of contexts

| number | option | type | range | there | get, set | Go API |
|---|---|---|---|---|---|---|
`)
	for _, o := range options.Context {
		writeOption(t, &b, &o, false)
	}
	return b.String()
}

func writeOption(t *testing.T, b *strings.Builder, o *options.Option, ofSocket bool) {
	name := "`" + o.Name + "`"
	for _, alias := range o.Aliases {
		name += ", `" + alias + "`"
	}
	if o.Draft {
		name = "*" + name + "*"
	}
	typ := o.Kind.String()
	if o.Unit != "" {
		typ += ", " + o.Unit
	}
	there, here := strconv.FormatInt(o.Default, 10), ""
	if n, ok := defaultHere(t, o); ok {
		here = strconv.FormatInt(n, 10)
	}
	if o.Kind == options.Text || o.Kind == options.Blob || o.Kind == options.Key || !o.Set && ofSocket {
		there = ""
	}
	access := map[[2]bool]string{{true, true}: "get, set", {true, false}: "get", {false, true}: "set"}[[2]bool{o.Get, o.Set}]
	place := o.Reason
	if len(o.Go) > 0 {
		place = "`" + strings.Join(o.Go, "`, `") + "`"
	}
	if ofSocket {
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			o.Number, name, typ, o.Range(), there, here, o.SocketTypes(), access, o.When, place)
	} else {
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s | %s | %s |\n", o.Number, name, typ, o.Range(), there, access, place)
	}
}

// defaultHere returns the default of the Go API, as the core has it.
func defaultHere(t *testing.T, o *options.Option) (int64, bool) {
	typ := pattern.DEALER
	if o.Types != nil {
		typ = cmp.Or(o.Types[0], typ)
	}
	core, err := zmq.CoreOptions(typ)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Go) == 0 && o.Number != 33 && o.Number != 108 { // those that are always on
		return 0, false
	}
	return o.ReadCore(&core)
}
