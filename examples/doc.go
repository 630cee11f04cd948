// Package examples has no code: its subdirectories are programs that show how to use
// [github.com/zerobroker/zmq]. They are tested, and the guide in docs/guide takes its
// code from them.
package examples
