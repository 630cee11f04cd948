// Package tools is the root of the module with the development tools of this
// repository: the linter and govulncheck, whose versions go.mod pins, and the
// commands in the subdirectories.
//
// go.work does not include this module, so that the linter's dependencies do
// not affect the dependency versions of the other modules.
package tools
