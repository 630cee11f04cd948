package transport

import (
	"os"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall lacks.
const tcpUserTimeout = 18

// soBusyPoll is SO_BUSY_POLL, which package syscall lacks.
const soBusyPoll = 46

func (o *Options) setTCP(fd uintptr) error {
	ms := (o.MaxRetrans + time.Millisecond - 1) / time.Millisecond
	return setAll(fd, sockopt{"TCP_USER_TIMEOUT", syscall.IPPROTO_TCP, tcpUserTimeout, int(ms)})
}

func (o *Options) setIP(fd uintptr, v6 bool) error {
	// A dual-stack socket also sends IPv4 packets, so it needs both IP_TOS and
	// IPV6_TCLASS.
	err := setAll(fd,
		sockopt{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, o.TOS},
		sockopt{"SO_PRIORITY", syscall.SOL_SOCKET, syscall.SO_PRIORITY, o.Priority},
		sockopt{"SO_BUSY_POLL", syscall.SOL_SOCKET, soBusyPoll, int((o.BusyPoll + time.Microsecond - 1) / time.Microsecond)})
	if err == nil && v6 {
		err = setAll(fd, sockopt{"IPV6_TCLASS", syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, o.TOS})
	}
	if err == nil && o.Device != "" {
		err = os.NewSyscallError("setsockopt SO_BINDTODEVICE", syscall.BindToDevice(int(fd), o.Device))
	}
	return err
}
