package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// The bodies of all datagrams are sent unchanged from one port, and replies to
// that port are printed.
func TestDgramExchangesDatagramsWithUDPSocket(t *testing.T) {
	far, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skipf("this machine has no udp: %v", err)
	}
	defer far.Close()
	far.SetDeadline(time.Now().Add(time.Minute)) // reached only if the command hangs
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	e := &env{stdin: strings.NewReader("one\ntwo\ttabs\n"), stdout: &stdout, stderr: &stderr}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"dgram", "--to", "udp://" + far.LocalAddr().String(), "-n", "1", "-Q"}, e)
	}()
	// The second line is invalid, because a tab begins a second frame. The
	// command fails after it has sent the first line.
	buf := make([]byte, 100)
	n, _, err := far.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "one" {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	if status := <-done; status != exitFailed || !strings.Contains(stderr.String(), "standard input, line 2: a tab") {
		t.Errorf("exit status %d: %s", status, &stderr)
	}

	stderr.Reset()
	go func() {
		done <- run(ctx, []string{"dgram", "--to", far.LocalAddr().String(), "-n", "2", "-Q", `a\tb\n`, ""}, e)
	}()
	var from net.Addr
	for _, want := range []string{"a\tb\n", ""} {
		if n, from, err = far.ReadFrom(buf); err != nil || string(buf[:n]) != want {
			t.Fatalf("%q, %v", buf[:n], err)
		}
		if _, err := far.WriteTo([]byte("re\x00"+want), from); err != nil {
			t.Fatal(err)
		}
	}
	at := far.LocalAddr().String()
	want := at + "\t" + `re\x00a\tb\n` + "\n" + at + "\t" + `re\x00` + "\n"
	if status := <-done; status != exitOK || stdout.String() != want || stderr.Len() > 0 {
		t.Errorf("exit status %d: %q %s", status, &stdout, &stderr)
	}
}

func TestDgramWarnsAboutDroppedDatagrams(t *testing.T) {
	o := &zmq.Options{RecvHWM: 1}
	s, err := zmq.NewDgram(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bound, err := s.Bind("udp://127.0.0.1:*")
	if err != nil {
		t.Skipf("this machine has no udp: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for s.Stats().Drops[zmq.DropHWM] == 0 {
		if err := s.SendTo(ctx, netip.MustParseAddrPort(strings.TrimPrefix(bound, "udp://")), nil); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	j := &job{e: &env{stderr: &stderr}, sock: s.Socket, bound: []string{bound}}
	s.Close()
	j.warnOverrun()
	want := fmt.Sprintf("zmq: warning: %d datagrams were dropped: they arrived faster than they were printed\n", s.Stats().Drops[zmq.DropHWM])
	if stderr.String() != want {
		t.Errorf("standard error %q, want %q", &stderr, want)
	}
}

func TestResolveAcceptsOnlyHostAndPort(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:5555":        "192.0.2.1:5555",
		"[2001:db8::1]:5555":    "[2001:db8::1]:5555",
		"[::ffff:192.0.2.1]:55": "192.0.2.1:55",
		"192.0.2.1":             "", "192.0.2.1:0": "", ":5555": "", "192.0.2.1:": "", "192.0.2.1:65536": "", "": "",
	} {
		got, err := resolve(t.Context(), address)
		switch {
		case want == "" && !isUsageError(err):
			t.Errorf("%q: %v, %v", address, got, err)
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%q: %v, %v", address, got, err)
		}
	}
}
