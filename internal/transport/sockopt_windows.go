package transport

import (
	"syscall"
	"time"
)

// tcpMaxRT is TCP_MAXRT, whose unit is seconds. It is the Windows option most
// similar to TCP_USER_TIMEOUT.
const tcpMaxRT = 5

func setInt(fd uintptr, level, name, value int) error {
	return syscall.SetsockoptInt(syscall.Handle(fd), level, name, value)
}

// setReuse does nothing. On Windows, SO_REUSEADDR permits a program to bind a
// port that another program uses, and TIME_WAIT does not prevent binding.
func setReuse(uintptr) error { return nil }

// setBacklog does nothing: the queue keeps the length that package net has set.
func setBacklog(uintptr, int) error { return nil }

func (o *Options) setBuffers(fd uintptr) error {
	return setAll(fd,
		sockopt{"SO_SNDBUF", syscall.SOL_SOCKET, syscall.SO_SNDBUF, o.SendBuffer},
		sockopt{"SO_RCVBUF", syscall.SOL_SOCKET, syscall.SO_RCVBUF, o.RecvBuffer})
}

func (o *Options) setTCP(fd uintptr) error {
	seconds := (o.MaxRetrans + time.Second - 1) / time.Second
	return setAll(fd, sockopt{"TCP_MAXRT", syscall.IPPROTO_TCP, tcpMaxRT, int(seconds)})
}

func (o *Options) setIP(fd uintptr, v6 bool) error {
	if o.Device != "" {
		return errNoDevice
	}
	if v6 {
		return nil
	}
	return setAll(fd, sockopt{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, o.TOS})
}
