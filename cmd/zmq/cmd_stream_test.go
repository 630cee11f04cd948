package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// The library generates routing IDs that begin with a zero byte. Those of
// endpoints must not.
func TestEndpointIDHasNoLeadingZero(t *testing.T) {
	for n, want := range map[int]string{1: "\x01", 255: "\xff", 256: "\x01\x00", 65536: "\x01\x00\x00"} {
		if got := endpointID(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// The command stops when its only connection ends, even if it does not receive:
// it does not wait for more input, or for another connection to send queued
// messages.
func TestStreamEndsWithItsOnlyConnection(t *testing.T) {
	for _, c := range []struct {
		name, flags, answer string
		more                bool // input follows after the peer has disconnected
		want                string
	}{
		{"receives nothing", "-n 0", "", false, "zmq: stream: the peer closed the connection: 1 sent\n"},
		{"has received enough", "-n 1", "answer", false, "zmq: stream: the peer closed the connection: 1 sent, 1 of 1 received\n"},
		{"receives until the end", "", "answer", false, "zmq: stream: the peer closed the connection: 1 sent, 1 received\n"},
		{"has more to send", "-n 0", "", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // reached only if the command hangs
			defer cancel()
			stdin, input := io.Pipe()
			var stdout, stderr bytes.Buffer
			done := make(chan int, 1)
			go func() {
				args := append([]string{"stream", "-c", "tcp://" + l.Addr().String()}, strings.Fields(c.flags)...)
				done <- run(ctx, args, &env{stdin: stdin, stdout: &stdout, stderr: &stderr})
			}()
			go io.WriteString(input, "question\n")
			peer, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReader(peer).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			io.WriteString(peer, c.answer)
			peer.Close()
			l.Close()
			if c.more {
				go func() {
					io.WriteString(input, "another\n")
					input.Close()
				}()
			}
			status := <-done
			if c.more { // a write before the system reports the end succeeds
				return
			}
			if status != exitFailed || stderr.String() != c.want {
				t.Errorf("exit status %d: %s", status, &stderr)
			}
			if got := stdout.String(); c.answer != "" && !strings.Contains(got, "01\t"+c.answer) {
				t.Errorf("printed %q", got)
			}
		})
	}
}
