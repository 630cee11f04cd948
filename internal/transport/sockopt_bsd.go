//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import "syscall"

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
