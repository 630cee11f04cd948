// Command rawtcp is the peer without a messaging library: the limits of a Go
// program on a TCP connection. Its messages have no framing, and the socket
// buffers are the system's defaults, as those of the libraries.
//
// rep and req are a ping-pong, the lower limit of the round-trip time. push and
// pull are the upper limit of the throughput: push writes 64 KiB or one larger
// message at a time, and pull reads into the same memory again and again. With
// -copy before the sub-command, push first copies each message into the buffer
// that it writes, as Send of a library does.
package main

import (
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

const scheme = "tcp://"

func main() {
	args := os.Args[1:]
	if copies = len(args) > 0 && args[0] == "-copy"; copies {
		args = args[1:]
	}
	peer.Main("net of "+runtime.Version(), peer.Commands{Rep: rep, Req: req, Pull: pull, Push: push}, args)
}

var copies bool // the -copy flag

// accept listens at an endpoint and returns the first connection.
func accept(endpoint string) (net.Conn, error) {
	l, err := net.Listen("tcp", strings.Replace(strings.TrimPrefix(endpoint, scheme), "*", "0", 1))
	if err != nil {
		return nil, err
	}
	defer l.Close()
	peer.Bound(scheme + l.Addr().String())
	return l.Accept()
}

const (
	writeSize = 64 << 10
	readSize  = 256 << 10
)

// pull measures from the first message to the last.
func pull(a peer.Args) (time.Duration, error) {
	c, err := accept(a.Endpoint)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := receive(c, make([]byte, a.Size)); err != nil {
		return 0, err
	}
	start := time.Now()
	buf := make([]byte, readSize)
	for left := a.Size * (a.Count - 1); left > 0; {
		n, err := c.Read(buf[:min(len(buf), left)])
		if err != nil {
			return 0, err
		}
		left -= n
	}
	return time.Since(start), nil
}

func push(a peer.Args) (time.Duration, error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(a.Endpoint, scheme))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	start := time.Now()
	body := peer.Body(a.Size)
	perWrite := max(1, writeSize/a.Size)
	buf := peer.Body(perWrite * a.Size)
	for left := a.Count; left > 0; {
		n := min(left, perWrite)
		if copies {
			for i := range n {
				copy(buf[i*a.Size:], body)
			}
		}
		if _, err := c.Write(buf[:n*a.Size]); err != nil {
			return 0, err
		}
		left -= n
	}
	return time.Since(start), nil
}

func rep(a peer.Args) (time.Duration, error) {
	c, err := accept(a.Endpoint)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	start := time.Now()
	body := make([]byte, a.Size)
	for range a.Count + peer.WarmRounds {
		if err := receive(c, body); err != nil {
			return 0, err
		}
		if _, err := c.Write(body); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func req(a peer.Args) (time.Duration, error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(a.Endpoint, scheme))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var start time.Time
	body, answer := peer.Body(a.Size), make([]byte, a.Size)
	for i := range a.Count + peer.WarmRounds {
		if i == peer.WarmRounds {
			start = time.Now()
		}
		if _, err := c.Write(body); err != nil {
			return 0, err
		}
		if err := receive(c, answer); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func receive(c net.Conn, body []byte) error {
	if _, err := io.ReadFull(c, body); err != nil {
		return err
	}
	return peer.Check(body, len(body))
}
