package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// errNoEndpoint is the error of a command line without -b and -c.
var errNoEndpoint = usagef("no endpoint: give at least one endpoint with -b (bind) or -c (connect)")

// explainNoEndpoint returns err, or an error that says what to write if err is
// errNoEndpoint and an argument is an endpoint.
func explainNoEndpoint(err error, args []string) error {
	i := slices.IndexFunc(args, isEndpoint)
	if !errors.Is(err, errNoEndpoint) || i < 0 {
		return err
	}
	return usagef("no endpoint: write -c %s to connect, or -b %[1]s to bind", args[i])
}

// isEndpoint reports whether an argument has the form of an endpoint.
func isEndpoint(arg string) bool {
	scheme, _, ok := strings.Cut(arg, "://")
	return ok && slices.Contains([]string{"tcp", "tls+tcp", "srv+tcp", "srv+tls+tcp", "ipc", "inproc", "udp"}, scheme)
}

// explain returns the error of kong for an invalid command line, or one that says
// what to write instead.
func explain(err error) error {
	p, ok := errors.AsType[*kong.ParseError](err)
	if !ok {
		return err
	}
	node := p.Context.Selected()
	if node == nil {
		node = p.Context.Model.Node
	}
	text := err.Error()
	if flag, ok := strings.CutPrefix(text, "unknown flag "); ok {
		flag, _, _ = strings.Cut(flag, ",")
		return unknownFlag(flag, node, p.Context.Args)
	}
	if arg, ok := strings.CutPrefix(text, "unexpected argument "); ok && isEndpoint(arg) && hasFlag(node, "--bind") {
		return fmt.Errorf("unexpected argument %s: write -c %[1]s to connect, or -b %[1]s to bind", arg)
	}
	flag, problem, _ := strings.Cut(text, ": ")
	if strings.HasPrefix(problem, "missing value") || strings.HasPrefix(problem, "expected ") && strings.Contains(problem, " value but got ") {
		return missingValue(flag, problem)
	}
	if unknown := unknownCommand(err); unknown != nil {
		return unknown
	}
	return err
}

// missingValue is the error for a flag without a value. The problem, a text of
// kong, quotes the next argument if that begins with a hyphen.
func missingValue(flag, problem string) error {
	if flag == "--bind" || flag == "--connect" {
		return fmt.Errorf("%s needs an endpoint, such as tcp://127.0.0.1:5555", flag)
	}
	_, got, _ := strings.Cut(problem, `but got "`)
	got, _, _ = strings.Cut(got, `"`)
	if strings.HasPrefix(got, "-") {
		return fmt.Errorf("%s needs a value; if %s is the value, write %[1]s=%[2]s", flag, got)
	}
	return fmt.Errorf("%s needs a value", flag)
}

// unknownFlag is the error for a flag that node does not have. It names the
// subcommand in args that has the flag, or the flag that differs least.
func unknownFlag(flag string, node *kong.Node, args []string) error {
	for _, child := range node.Children {
		if slices.Contains(args, child.Name) && hasFlag(child, flag) {
			command := commandName(child.Path())
			return fmt.Errorf("the flag %s must follow the command: zmq %s %[1]s", flag, command)
		}
	}
	var names []string
	for _, f := range flagsOf(node) {
		names = append(names, f.Name)
	}
	if name, long := strings.CutPrefix(flag, "--"); long {
		near := only(names, func(n string) bool { return len(name) > 1 && strings.HasPrefix(n, name) })
		if near == "" {
			near = nearest(name, names)
		}
		if near != "" {
			return fmt.Errorf("unknown flag %s, did you mean --%s?", flag, near)
		}
	}
	return fmt.Errorf("unknown flag %s", flag)
}

// only returns the one name that matches, or "" if none or several do.
func only(names []string, match func(string) bool) (name string) {
	for _, n := range names {
		switch {
		case !match(n):
		case name != "":
			return ""
		default:
			name = n
		}
	}
	return name
}

// hasFlag reports whether a command or one of its subcommands has a flag, which
// begins with one or two hyphens.
func hasFlag(node *kong.Node, flag string) bool {
	is := func(f *kong.Flag) bool { return flag == "--"+f.Name || f.Short != 0 && flag == "-"+string(f.Short) }
	return slices.ContainsFunc(node.Flags, is) ||
		slices.ContainsFunc(node.Children, func(c *kong.Node) bool { return hasFlag(c, flag) })
}

// flagsOf returns the flags of a command and those of its parents.
func flagsOf(node *kong.Node) (flags []*kong.Flag) {
	for ; node != nil; node = node.Parent {
		flags = append(flags, node.Flags...)
	}
	return flags
}
