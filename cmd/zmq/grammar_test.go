package main

import (
	"bytes"
	"testing"
)

// A command has the same flags, arguments and help in the grammar of its own
// command line as in the grammar of all commands.
func TestGrammarOfOneCommandHasSameHelp(t *testing.T) {
	help := func(grammar any, name string) string {
		var out bytes.Buffer
		parser, err := newParser(t.Context(), grammar, &env{stdout: &out, stderr: &out})
		if err != nil {
			t.Fatal(err)
		}
		parser.Exit = func(int) {}
		parser.Parse([]string{name, "--help"}) // an error if the command needs arguments
		return out.String()
	}
	all, err := newParser(t.Context(), new(cli), new(env))
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range all.Model.Children {
		one, err := newParser(t.Context(), grammar([]string{cmd.Name, "-x"}), new(env))
		if err != nil {
			t.Fatal(err)
		}
		if n := one.Model.Children; len(n) != 1 || n[0].Name != cmd.Name {
			t.Errorf("%s: the grammar has %d commands", cmd.Name, len(n))
		}
		if want, got := help(new(cli), cmd.Name), help(grammar([]string{cmd.Name}), cmd.Name); got != want || want == "" {
			t.Errorf("%s: help\n%s\nwant\n%s", cmd.Name, got, want)
		}
	}
}

func TestGrammarHasAllCommandsUnlessFirstArgumentIsACommand(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"--version"}, {"pus"}, {"--", "push"}, {"Version"}} {
		if _, ok := grammar(args).(*cli); !ok {
			t.Errorf("%q: only a part of the grammar", args)
		}
	}
}
