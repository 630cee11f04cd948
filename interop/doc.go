// Package interop tests the library against other implementations: libzmq,
// called through Python, and peers of ZMTP 1.0, 2.0 and 3.0 written for these
// tests. The package contains only tests. It uses the public API of the library
// and shares no code with it, so that an error in one cannot hide an error in
// the other.
package interop
