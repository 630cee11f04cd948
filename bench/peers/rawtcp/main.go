// Command rawtcp is the peer without a messaging library: a ping-pong over a
// plain Go TCP connection, the lower bound of the round-trip time. Its messages
// have no framing.
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
	peer.Main("net of "+runtime.Version(), peer.Commands{Rep: rep, Req: req}, os.Args[1:])
}

func rep(a peer.Args) (time.Duration, error) {
	address := strings.TrimPrefix(a.Endpoint, scheme)
	l, err := net.Listen("tcp", strings.Replace(address, "*", "0", 1))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	peer.Bound(scheme + l.Addr().String())
	c, err := l.Accept()
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
