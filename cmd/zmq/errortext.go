package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/zerobroker/zmq"
)

// errorText is the text of the error that a command failed with.
func errorText(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	text := strings.TrimPrefix(err.Error(), "zmq: ")
	// The error names the endpoint already.
	return strings.Replace(text, "invalid endpoint: malformed address ", "invalid endpoint: ", 1)
}

// connectFailure describes why a connection failed, without the addresses that
// package net adds: the caller prints the endpoint.
func connectFailure(err error) string {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if sys, ok := err.(*os.SyscallError); ok {
		err = sys.Err
	}
	return err.Error()
}

// kindText returns the kind of an event in words.
func kindText(ev zmq.Event) string { return strings.ReplaceAll(ev.Kind.String(), "_", " ") }

// eventText describes an event and its error, which may begin with the kind.
func eventText(ev zmq.Event) string {
	text := kindText(ev)
	switch {
	case ev.Err == nil:
		return text
	case strings.HasPrefix(ev.Err.Error(), text+": "):
		return ev.Err.Error()
	}
	return text + ": " + ev.Err.Error()
}
