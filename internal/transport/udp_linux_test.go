package transport

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// udpOption returns the value of a socket option.
func udpOption(t *testing.T, c PacketConn, level, name int) (v int) {
	t.Helper()
	raw, err := c.(*udpConn).c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if cerr := raw.Control(func(fd uintptr) { v, err = unix.GetsockoptInt(int(fd), level, name) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return v
}

// TestUDPSocketHasOptions also checks that a dual-stack socket has the options
// of IPv4 and IPv6, and that only a group may be bound by several sockets.
func TestUDPSocketHasOptions(t *testing.T) {
	o := &Options{SendBuffer: 40_000, RecvBuffer: 50_000, TOS: 0x28, Priority: 3, MulticastHops: 7, MulticastRemoteOnly: true}
	lo := loInterface(t)
	type want struct {
		what             string
		level, name, set int
		zero             int
	}
	v4 := []want{
		{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, 80_000, -1}, // Linux doubles buffer sizes
		{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, 100_000, -1},
		{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, 0x28, 0},
		{"SO_PRIORITY", syscall.SOL_SOCKET, syscall.SO_PRIORITY, 3, 0},
		{"IP_MULTICAST_TTL", syscall.IPPROTO_IP, syscall.IP_MULTICAST_TTL, 7, 1},
		{"IP_MULTICAST_LOOP", syscall.IPPROTO_IP, syscall.IP_MULTICAST_LOOP, 0, 1},
	}
	v6 := []want{
		{"IPV6_TCLASS", syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, 0x28, 0},
		{"IPV6_MULTICAST_HOPS", syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_HOPS, 7, 1},
		{"IPV6_MULTICAST_LOOP", syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_LOOP, 0, 1},
	}
	open := map[string]func(o *Options) (PacketConn, error){
		"bound":      func(o *Options) (PacketConn, error) { return UDP.ListenPackets("127.0.0.1:0", o) },
		"bound dual": func(o *Options) (PacketConn, error) { return UDP.ListenPackets("*:0", o) },
		"bound group": func(o *Options) (PacketConn, error) {
			return UDP.ListenPackets(lo.Name+";239.192.7.9:*", o)
		},
		"dialed": func(o *Options) (PacketConn, error) {
			c, _, err := UDP.DialPackets(t.Context(), "127.0.0.1;239.192.7.9:5555", o)
			return c, err
		},
	}
	for name, f := range open {
		t.Run(name, func(t *testing.T) {
			for _, set := range []bool{true, false} {
				opts := o
				if !set {
					opts = nil
				}
				c, err := f(opts)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				list := v4
				if udpOption(t, c, syscall.SOL_SOCKET, syscall.SO_DOMAIN) == syscall.AF_INET6 {
					list = append(list, v6...)
				}
				for _, w := range list {
					have, expect := udpOption(t, c, w.level, w.name), w.set
					if !set {
						expect = w.zero
					}
					if expect >= 0 && have != expect {
						t.Errorf("options set %v: %s is %d, want %d", set, w.what, have, expect)
					}
				}
				shared := 0
				if name == "bound group" {
					shared = 1
					if all := udpOption(t, c, syscall.IPPROTO_IP, unix.IP_MULTICAST_ALL); all != 0 {
						t.Errorf("IP_MULTICAST_ALL is %d", all)
					}
				}
				for _, reuse := range []int{syscall.SO_REUSEADDR, unix.SO_REUSEPORT} {
					if have := udpOption(t, c, syscall.SOL_SOCKET, reuse); have != shared {
						t.Errorf("SO_REUSE* %d is %d, want %d", reuse, have, shared)
					}
				}
			}
		})
	}
}

// TestUDPSendsToGroupFromGivenInterface covers IPv4 and IPv6 groups.
func TestUDPSendsToGroupFromGivenInterface(t *testing.T) {
	lo := loInterface(t)
	c, _, err := UDP.DialPackets(t.Context(), lo.Name+";[ff15::1]:5555", nil)
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	defer c.Close()
	if i := udpOption(t, c, syscall.IPPROTO_IPV6, syscall.IPV6_MULTICAST_IF); i != lo.Index {
		t.Errorf("IPV6_MULTICAST_IF is %d, want %d", i, lo.Index)
	}
	c, _, err = UDP.DialPackets(t.Context(), lo.Name+";239.192.7.9:5555", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*udpConn).c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		ip, err := unix.GetsockoptInet4Addr(int(fd), syscall.IPPROTO_IP, syscall.IP_MULTICAST_IF)
		if err != nil || ip != [4]byte{127, 0, 0, 1} {
			t.Errorf("IP_MULTICAST_IF is %v, %v", ip, err)
		}
	})
}
