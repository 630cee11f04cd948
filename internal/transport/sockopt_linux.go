package transport

import (
	"os"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall lacks.
const tcpUserTimeout = 18

func setInt(fd uintptr, level, name, value int) error {
	return syscall.SetsockoptInt(int(fd), level, name, value)
}

func setReuse(fd uintptr) error {
	return setAll(fd, sockopt{"SO_REUSEADDR", syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1})
}

func (o *Options) setBuffers(fd uintptr) error {
	return setAll(fd,
		sockopt{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, o.SendBuffer},
		sockopt{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, o.RecvBuffer})
}

func (o *Options) setTCP(fd uintptr) error {
	ms := (o.MaxRetrans + time.Millisecond - 1) / time.Millisecond
	return setAll(fd, sockopt{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, tcpUserTimeout, int(ms)})
}

func (o *Options) setIP(fd uintptr, v6 bool) error {
	// A dual-stack socket also sends IPv4 packets, so it needs both IP_TOS and
	// IPV6_TCLASS.
	err := setAll(fd,
		sockopt{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, o.TOS},
		sockopt{"SO_PRIORITY", syscall.SOL_SOCKET, syscall.SO_PRIORITY, o.Priority})
	if err == nil && v6 {
		err = setAll(fd, sockopt{"IPV6_TCLASS", syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, o.TOS})
	}
	if err == nil && o.Device != "" {
		err = os.NewSyscallError("setsockopt SO_BINDTODEVICE", syscall.BindToDevice(int(fd), o.Device))
	}
	return err
}
