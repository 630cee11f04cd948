package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/zerobroker/zmq/bench/internal/peer"
)

// The idle rows measure a ROUTER process with many idle peers. This process
// simulates the peers: each is a plain TCP connection that completes the ZMTP
// 3.1 NULL handshake as a DEALER and then sends nothing.

const (
	// warmPeers is the number of peers that connect before the first reading,
	// so that one-time allocations (threads, arenas, tables) are not attributed
	// to the peers.
	warmPeers = 100
	// quiet is the pause before a reading.
	quiet = 500 * time.Millisecond
	// handshakeLimit bounds the handshake of a peer.
	handshakeLimit = 5 * time.Second
)

// doIdle measures resident memory per peer. With settle, the router first
// returns free memory to the system (FreeOSMemory in Go, malloc_trim in C).
func doIdle(settle bool) func(context.Context, Library, Row) (Sample, error) {
	return func(ctx context.Context, lib Library, row Row) (Sample, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		router, err := start(ctx, lib, "idle_router", anyPort)
		if err != nil {
			return Sample{}, err
		}
		s, err := readIdle(ctx, router, settle, row.Count)
		if err != nil {
			cancel()
			_, end := router.wait()
			return Sample{}, errors.Join(err, end)
		}
		router.stdin.Close() // ends the peer
		o, err := router.wait()
		s.CPU = o.cpu
		return s, err
	}
}

func readIdle(ctx context.Context, router *process, settle bool, count int) (s Sample, err error) {
	endpoint, err := router.line()
	if err != nil {
		return s, errors.New("the peer printed no endpoint")
	}
	var peers []net.Conn
	defer func() {
		for _, c := range peers {
			c.Close()
		}
	}()
	readings := make([]int, 0, 2)
	for _, n := range []int{warmPeers, count} {
		for range n {
			c, err := connectBare(ctx, endpoint, "DEALER")
			if err != nil {
				return s, fmt.Errorf("peer %d: %w", len(peers), err)
			}
			peers = append(peers, c)
		}
		rss, err := readRouter(router, settle)
		if err != nil {
			return s, err
		}
		readings = append(readings, rss)
	}
	// A router that has disconnected peers would appear to use little memory.
	for i, c := range peers {
		if err := stillOpen(c); err != nil {
			return s, fmt.Errorf("peer %d was disconnected: %w", i, err)
		}
	}
	peak, err := statusOf(router, "VmHWM")
	s.Value = float64(readings[1]-readings[0]) / float64(count)
	s.PeakKiB = []int{peak}
	return s, err
}

func readRouter(router *process, settle bool) (int, error) {
	time.Sleep(quiet)
	if settle {
		if _, err := io.WriteString(router.stdin, "settle\n"); err != nil {
			return 0, err
		}
		if answer, err := router.line(); err != nil {
			return 0, fmt.Errorf("no answer to settle: %q, %w", answer, err)
		}
	}
	return statusOf(router, "VmRSS")
}

func statusOf(p *process, field string) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	kib, ok := peer.StatusKiB(status, field)
	if !ok {
		return 0, fmt.Errorf("no %s in /proc", field)
	}
	return kib, nil
}

// connectBare opens a plain TCP connection and completes the ZMTP handshake as
// a socket of the given type.
func connectBare(ctx context.Context, endpoint, socketType string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return nil, err
	}
	if err := handshake(c, socketType); err != nil {
		c.Close()
		return nil, err
	}
	return c, c.SetDeadline(time.Time{})
}

const greetingSize = 64

// greeting returns the ZMTP 3.1 greeting with the NULL mechanism.
func greeting() []byte {
	g := make([]byte, greetingSize)
	copy(g, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL")
	return g
}

// ready returns a READY command in a short frame.
func ready(socketType string) []byte {
	body := []byte("\x05READY")
	for _, p := range [][2]string{{"Socket-Type", socketType}, {"Identity", ""}} {
		body = append(body, byte(len(p[0])))
		body = append(body, p[0]...)
		body = binary.BigEndian.AppendUint32(body, uint32(len(p[1])))
		body = append(body, p[1]...)
	}
	return append([]byte{0x04, byte(len(body))}, body...)
}

// handshake sends greeting and READY together and reads those of the router.
func handshake(c io.ReadWriter, socketType string) error {
	if _, err := c.Write(append(greeting(), ready(socketType)...)); err != nil {
		return err
	}
	theirs := make([]byte, greetingSize, 512)
	if _, err := io.ReadFull(c, theirs); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if theirs[0] != 0xff || theirs[10] < 3 {
		return fmt.Errorf("not a ZMTP 3 greeting: % x", theirs[:12])
	}
	var header [2]byte
	if _, err := io.ReadFull(c, header[:]); err != nil {
		return fmt.Errorf("READY: %w", err)
	}
	body := make([]byte, header[1])
	if _, err := io.ReadFull(c, body); err != nil {
		return fmt.Errorf("READY: %w", err)
	}
	if header[0] != 0x04 || !strings.HasPrefix(string(body), "\x05READY") {
		return fmt.Errorf("no READY: % x %q", header, body)
	}
	return nil
}

// stillOpen returns an error if the router has closed c. It does not block.
func stillOpen(c net.Conn) error {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var peek error
	if err := raw.Control(func(fd uintptr) {
		n, _, peek = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	}); err != nil {
		return err
	}
	switch {
	case peek == syscall.EAGAIN:
		return nil
	case peek != nil:
		return peek
	case n == 0:
		return io.EOF
	}
	return nil
}
