// Package patterns has no code: its subdirectories are packages that implement the
// protocols of the ZeroMQ Guide over the sockets of [github.com/zerobroker/zmq].
// They are a module of their own, so that a program that uses only sockets does not
// depend on their libraries.
package patterns
