// Package capi contains differential tests of what only an interface in C uses:
// option numbers with their sizes, ranges and errors, the frames of a monitor, and
// the effects of options that have no place in the scenarios of package diff. It
// contains only tests. They call libzmq's C functions in a process of Python, and
// compare the results with those of internal/options and internal/monitor, or of
// the public API.
package capi
