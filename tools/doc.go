// Package tools is the module of the programs that work on this repository:
// the linter, which its go.mod pins as a tool, and the small commands below it.
//
// It is the one module that go.work leaves out: what the linter depends on must
// not decide with which versions everything else is built.
package tools
