// Package diff runs one description of a dialogue between sockets against this
// library and against libzmq, and compares what each delivers. It has tests
// only, knows the library by its Go face alone, and holds no model of what a
// socket type does: libzmq says that.
package diff
