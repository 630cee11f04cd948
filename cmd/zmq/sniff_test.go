package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// echo is a listener that sends back what each connection sends.
func echo(t *testing.T) (endpoint string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
	return "tcp://" + l.Addr().String()
}

// sniffed runs zmq sniff in front of an echo server while use runs with its
// address, and returns what it prints.
func sniffedOutput(t *testing.T, args []string, use func(addr string)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to, err := parseAddress("--to", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := &sniffCmd{Bytes: 64, MaxConns: 256}
	for _, set := range args {
		switch set {
		case "one connection":
			cmd.MaxConns = 1
		case "1000 bytes":
			cmd.MaxBytes = 1000
		}
	}
	var out bytes.Buffer
	s := &sniffer{cmd: cmd, to: to, out: make(chan []byte, sniffQueue)}
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.run(t.Context(), &env{stdout: &out, stderr: io.Discard}, l); err != nil && !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
	})
	use(l.Addr().String())
	l.Close()
	running.Wait()
	return out.String()
}

// exchangeEcho sends text and reads it back.
func exchangeEcho(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	go io.WriteString(conn, text)
	b := make([]byte, len(text))
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != text {
		t.Errorf("%d bytes came back changed, or not at all: %v", len(text), err)
	}
}

func dialEcho(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// Connections above --max-conns are forwarded and not decoded. When one has ended, the
// next one is decoded again.
func TestSniffForwardsConnectionsAboveLimitUndecoded(t *testing.T) {
	greeting := libzmqGreeting("NULL")
	out := sniffedOutput(t, []string{"one connection"}, func(addr string) {
		first := dialEcho(t, addr)
		exchangeEcho(t, first, greeting)
		second := dialEcho(t, addr)
		exchangeEcho(t, second, greeting+strings.Repeat("\x00\x01x", 10_000))
		second.Close()
		first.Close()
	})
	if n := strings.Count(out, "greeting ZMTP 3.0"); n != 2 {
		t.Errorf("%d greetings of the first connection", n)
	}
	for _, want := range []string{
		"#2 limit: 1 other connections (--max-conns); the rest is forwarded without decoding",
		"#2 close 30064 bytes >, 30064 bytes <",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// After --max-bytes a connection is forwarded and not decoded.
func TestSniffForwardsRestAfterLimitOfBytes(t *testing.T) {
	frames := strings.Repeat("\x00\x01x", 100_000)
	out := sniffedOutput(t, []string{"1000 bytes"}, func(addr string) {
		conn := dialEcho(t, addr)
		exchangeEcho(t, conn, libzmqGreeting("NULL")+frames)
		exchangeEcho(t, conn, frames)
		conn.Close()
	})
	if n := strings.Count(out, "limit: "); n != 1 {
		t.Errorf("%d lines with the limit", n)
	}
	if n := strings.Count(out, "frame"); n > 2*sniffBuffer/3 {
		t.Errorf("%d frames are decoded", n)
	}
	if !strings.Contains(out, "close 600064 bytes >, 600064 bytes <") {
		t.Errorf("it ends with %q", out[max(0, len(out)-200):])
	}
}

// The text of the many lines that one read can have is passed on in pieces.
func TestSniffPassesLinesOnInPieces(t *testing.T) {
	c := &sniffed{sniffer: &sniffer{cmd: &sniffCmd{Bytes: 64}, out: make(chan []byte, 1000)}, n: 1}
	c.decode(0, []byte(libzmqGreeting("NULL")+strings.Repeat("\x00\x01x", 10_000)))
	close(c.out)
	frames := 0
	for text := range c.out {
		if len(text) > sniffText+1000 {
			t.Errorf("a text of %d bytes", len(text))
		}
		frames += bytes.Count(text, []byte("frame 1 bytes"))
	}
	if frames != 10_000 {
		t.Errorf("%d frames", frames)
	}
}
