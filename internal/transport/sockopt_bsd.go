//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import "syscall"

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

func (o *Options) setTCP(uintptr) error { return nil }

func (o *Options) setIP(fd uintptr, v6 bool) error {
	if o.Device != "" {
		return errNoDevice
	}
	if v6 {
		return setAll(fd, sockopt{"IPV6_TCLASS", syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, o.TOS})
	}
	return setAll(fd, sockopt{"IP_TOS", syscall.IPPROTO_IP, syscall.IP_TOS, o.TOS})
}
