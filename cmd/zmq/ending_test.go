package main

import (
	"context"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// TestEndingNamesItsCause: a job that leaves messages unsent says that it was
// interrupted only if it was.
func TestEndingNamesItsCause(t *testing.T) {
	sock, err := zmq.NewPush(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	whole, interrupt := context.WithCancel(context.Background())
	j := &job{e: &env{}, flags: &socketFlags{}, sock: sock.Socket, whole: whole, connection: whole}
	if got := j.ending(1, false).Error(); !strings.HasPrefix(got, "connection lost: no peer") {
		t.Errorf("without an interrupt: %s", got)
	}
	interrupt()
	if got := j.ending(1, false).Error(); !strings.HasPrefix(got, "interrupted: no peer") {
		t.Errorf("after an interrupt: %s", got)
	}
}
