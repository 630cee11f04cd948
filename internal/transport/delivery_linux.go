package transport

import (
	"net"
	"syscall"
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

// systemPeerDisconnected is PeerDisconnected for connections of the system.
func systemPeerDisconnected(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(list, 0)
		gone = err == nil && n > 0 && list[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	if err != nil || gone {
		return true // err: closed by us
	}
	info, err := tcpInfo(c)
	return err == nil && max(info.Retransmits, info.Probes) >= goneTries &&
		time.Duration(info.Last_ack_recv)*time.Millisecond >= time.Second
}

// goneTries is how often the system must have tried in vain to reach a peer
// that another wants to replace. Retransmissions are at least 200 ms apart and
// double, so three take 1.4 s.
const goneTries = 3

// CloseRead shuts down the reading side of c: Read returns the bytes that have
// arrived, then io.EOF. Only Linux keeps these bytes after a shutdown, so on
// other systems CloseRead does nothing.
func CloseRead(c net.Conn) {
	if r, ok := c.(interface{ CloseRead() error }); ok {
		r.CloseRead()
	}
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
