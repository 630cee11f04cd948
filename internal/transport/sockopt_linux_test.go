package transport_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
)

// sockopt returns the value of a socket option.
func sockopt(t *testing.T, c net.Conn, level, name int) int {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var v int
	if cerr := raw.Control(func(fd uintptr) { v, err = syscall.GetsockoptInt(int(fd), level, name) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return v
}

type option struct {
	what        string
	level, name int
	want        int
}

func checkOptions(t *testing.T, c net.Conn, end string, opts []option) {
	t.Helper()
	for _, o := range opts {
		if got := sockopt(t, c, o.level, o.name); got != o.want {
			t.Errorf("%s: %s is %d, want %d", end, o.what, got, o.want)
		}
	}
}

// TestBothEndsHaveSocketOptions: an accepted connection inherits the options of
// the listener.
func TestBothEndsHaveSocketOptions(t *testing.T) {
	o := &transport.Options{
		SendBuffer: 40_000,
		RecvBuffer: 50_000,
		KeepAlive:  net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 11 * time.Second, Count: 5},
		MaxRetrans: 12345 * time.Millisecond,
		TOS:        0x28,
		Priority:   3,
		BusyPoll:   busyPoll(t),
	}
	set := []option{
		{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, 80_000}, // Linux doubles buffer sizes
		{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, 100_000},
		{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 77},
		{"TCP_KEEPINTVL", syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 11},
		{"TCP_KEEPCNT", syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 5},
		{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, 18, 12345},
		{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, 0x28},
	}
	v6 := option{"IPV6_TCLASS", syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, 0x28}
	set = append(set, option{"SO_BUSY_POLL", syscall.SOL_SOCKET, 46, int(o.BusyPoll / time.Microsecond)})
	priority := option{"SO_PRIORITY", syscall.SOL_SOCKET, syscall.SO_PRIORITY, 3}

	l4 := listen(t, tcp, "127.0.0.1:0", o)
	a, b := connect(t, tcp, l4, l4.Addr(), o)
	checkOptions(t, a, "IPv4 dial", append(set, priority))
	checkOptions(t, b, "IPv4 accept", set)

	needV6(t, "[::1]:0")
	l6 := listen(t, tcp, "*:0", o)
	a, b = connect(t, tcp, l6, "[::1]"+port(l6), o)
	checkOptions(t, a, "IPv6 dial", append(set, v6, priority))
	checkOptions(t, b, "IPv6 accept", append(set, v6))
	_, b = connect(t, tcp, l6, "127.0.0.1"+port(l6), o)
	checkOptions(t, b, "mapped accept", set)
}

// busyPoll returns a time that this process may set with SO_BUSY_POLL, or 0. More
// than the system's default needs CAP_NET_ADMIN.
func busyPoll(t *testing.T) time.Duration {
	t.Helper()
	l, err := tcp.Listen("127.0.0.1:0", &transport.Options{BusyPoll: 49500 * time.Nanosecond})
	if errors.Is(err, syscall.EPERM) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return 50 * time.Microsecond
}

// Linux queues one connection more than the backlog.
func TestBacklogBoundsTheQueueOfTheSystem(t *testing.T) {
	o := &transport.Options{Backlog: 1}
	for _, c := range []struct {
		what string
		tr   transport.Transport
		addr string
	}{{"tcp", tcp, "127.0.0.1:0"}, {"ipc", transport.IPC, "*"}} {
		l := listen(t, c.tr, c.addr, o)
		made := 0
		for i := range 4 {
			timeout := 10 * time.Second
			if i >= 2 { // the system ignores the attempt, and Dial repeats it
				timeout = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			conn, err := c.tr.Dial(ctx, l.Addr(), nil)
			cancel()
			if err == nil {
				defer conn.Close()
				made++
			}
		}
		if made != 2 {
			t.Errorf("%s: %d connections were made, want 2", c.what, made)
		}
	}
}

// TestZeroOptionsKeepSystemDefaults compares with a connection of package net.
func TestZeroOptionsKeepSystemDefaults(t *testing.T) {
	plain, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	c, err := net.Dial("tcp4", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := []option{
		{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0},
		{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, 18, 0},
		{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, 0},
		{"SO_PRIORITY", syscall.SOL_SOCKET, syscall.SO_PRIORITY, 0},
		{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, sockopt(t, c, syscall.SOL_SOCKET, syscall.SO_SNDBUF)},
	}
	l := listen(t, tcp, "127.0.0.1:0", nil)
	a, b := connect(t, tcp, l, l.Addr(), nil)
	checkOptions(t, a, "dial", want)
	checkOptions(t, b, "accept", want[:5])
}

func TestIPCConnectionHasBufferSizes(t *testing.T) {
	o := &transport.Options{SendBuffer: 40_000, RecvBuffer: 50_000}
	l := listen(t, transport.IPC, "*", o)
	a, _ := connect(t, transport.IPC, l, l.Addr(), o)
	checkOptions(t, a, "dial", []option{
		{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, 80_000},
		{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, 100_000},
	})
}

func TestDeviceMustExist(t *testing.T) {
	lo := loopback(t)
	l, err := tcp.Listen("127.0.0.1:0", &transport.Options{Device: lo})
	if errors.Is(err, syscall.EPERM) {
		t.Skip("needs CAP_NET_RAW: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connect(t, tcp, l, l.Addr(), &transport.Options{Device: lo})
	if l, err := tcp.Listen("127.0.0.1:0", &transport.Options{Device: "nosuch0"}); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("unknown device: %v, %v", l, err)
	}
}
