package transport

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// systemDelivered is Delivered for connections of the system.
func systemDelivered(c net.Conn) (delivered, known bool) {
	if _, ok := c.(*net.UnixConn); ok {
		return true, true // what is written is with the peer
	}
	info, err := tcpInfo(c)
	if err != nil {
		return false, false
	}
	return info.Unacked == 0 && info.Notsent_bytes == 0, true
}

// Unreachable reports whether the peer's system has not answered for d although
// the system has tried again to reach it. Where nobody can tell it is false.
func Unreachable(c net.Conn, d time.Duration) bool {
	info, err := tcpInfo(c)
	if err != nil {
		return false
	}
	// The first is data that was sent again, the second a probe of a window
	// that the peer has closed.
	tried := info.Retransmits > 0 || info.Probes > 1
	return tried && time.Duration(info.Last_ack_recv)*time.Millisecond >= d
}

func tcpInfo(c net.Conn) (*unix.TCPInfo, error) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil, unix.ENOTSUP
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return nil, err
	}
	var info *unix.TCPInfo
	cerr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if cerr != nil {
		return nil, cerr
	}
	return info, err
}
