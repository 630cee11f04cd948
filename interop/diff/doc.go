// Package diff contains differential tests. It runs scenarios, which are lists
// of socket calls, on this library and on libzmq, and compares the results. The
// package contains only tests and uses the public API of the library. It has no
// model of the socket types: libzmq defines the expected results.
package diff
