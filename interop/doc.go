// Package interop proves the library against peers that it did not write:
// libzmq behind Python, and hand-written peers of ZMTP 1.0, 2.0 and 3.0. It
// has tests only, knows the library by its Go face alone, and shares no code
// with it, so that an error in one cannot hide an error in the other.
package interop
