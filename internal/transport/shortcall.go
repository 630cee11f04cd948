//go:build unix

package transport

// maxShort is the largest number of bytes of a raw call (shortcall_linux.go). A copy of
// more bytes takes longer than what the call saves, and other goroutines and the garbage
// collector could not use the processor meanwhile.
const maxShort = 4 << 10
