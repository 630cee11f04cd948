// Package zmq is ZeroMQ in pure Go.
package zmq
