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
	return dropRepeats(err.Error())
}

// eventText describes an event and its error.
func eventText(ev zmq.Event) string {
	text := strings.ReplaceAll(ev.Kind.String(), "_", " ")
	if ev.Err != nil {
		text += ": " + ev.Err.Error()
	}
	return dropRepeats(text)
}

// dropRepeats removes each part of an error text that the next part begins
// with, as in "malformed: malformed greeting".
func dropRepeats(text string) string {
	parts := strings.Split(text, ": ")
	kept := parts[:0]
	for i, p := range parts {
		if i+1 < len(parts) && (parts[i+1] == p || strings.HasPrefix(parts[i+1], p+" ")) {
			continue
		}
		kept = append(kept, p)
	}
	return strings.Join(kept, ": ")
}
