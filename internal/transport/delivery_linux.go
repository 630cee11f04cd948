package transport

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// systemDelivered implements Delivered for TCP and Unix-domain connections.
func systemDelivered(c net.Conn) (delivered, known bool) {
	if _, ok := c.(*net.UnixConn); ok {
		return true, true // Write puts the bytes into the peer's receive buffer
	}
	info, err := tcpInfo(c)
	if err != nil {
		return false, false
	}
	return info.Unacked == 0 && info.Notsent_bytes == 0, true
}

// Unreachable reports whether the peer's system has sent nothing for d although
// the local system has repeated a packet that requires an answer. It returns
// false if the operating system does not report this.
func Unreachable(c net.Conn, d time.Duration) bool {
	info, err := tcpInfo(underlying(c))
	if err != nil {
		return false
	}
	// Retransmits counts repeated data; Probes counts probes of a zero window,
	// of which the first is not a repetition.
	tried := info.Retransmits > 0 || info.Probes > 1
	return tried && time.Duration(info.Last_ack_recv)*time.Millisecond >= d
}

// systemPeerDisconnected implements PeerDisconnected for TCP and Unix-domain
// connections.
func systemPeerDisconnected(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(list, 0)
		closed = err == nil && n > 0 && list[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	if err != nil || closed {
		return true // Control fails if c is closed
	}
	info, err := tcpInfo(c)
	return err == nil && max(info.Retransmits, info.Probes) >= maxTries &&
		time.Duration(info.Last_ack_recv)*time.Millisecond >= time.Second
}

// maxTries is the number of unanswered retransmissions or probes after which
// systemPeerDisconnected considers the peer disconnected, so that another peer
// may take over its routing ID. The interval between retransmissions is at
// least 200 ms and doubles each time, so three take 1.4 s.
const maxTries = 3

// CloseRead shuts down the reading side of c: Read returns the bytes that have
// arrived, then io.EOF. Only Linux keeps these bytes after a shutdown, so on
// other systems CloseRead does nothing.
func CloseRead(c net.Conn) {
	if r, ok := underlying(c).(interface{ CloseRead() error }); ok {
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
