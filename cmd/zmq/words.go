package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/zerobroker/zmq"
)

// failure says why a command failed.
func failure(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	text := strings.TrimPrefix(err.Error(), "zmq: ")
	// The library says of which endpoint, and its transport of which address.
	return strings.Replace(text, "invalid endpoint: malformed address ", "invalid endpoint: ", 1)
}

// trouble says why there is no connection, without the endpoint, which whoever
// asks knows.
func trouble(err error) string {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if sys, ok := err.(*os.SyscallError); ok {
		err = sys.Err
	}
	return once(err.Error())
}

// happened says what an event is and why.
func happened(ev zmq.Event) string {
	text := ev.Kind.String()
	if ev.Err != nil {
		text += ": " + ev.Err.Error()
	}
	return once(text)
}

// once leaves out each part of a text that the next one begins with: an error
// that wraps another may say what that one says.
func once(text string) string {
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
