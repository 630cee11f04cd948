package transport

import (
	"os"
	"strings"
	"syscall"
)

// control sets the options of a socket before it is bound or connected. It does
// not set TCP_NODELAY, because package net does.
func (o *Options) control(network, _ string, c syscall.RawConn) error {
	return rawControl(c, func(fd uintptr) error { return o.set(network, fd) })
}

// controlFrom is like control for a connection with a source address. It also sets
// SO_REUSEADDR, because an earlier connection from that address may be in
// TIME_WAIT.
func (o *Options) controlFrom(network, _ string, c syscall.RawConn) error {
	return rawControl(c, func(fd uintptr) error {
		if err := setReuse(fd); err != nil {
			return err
		}
		return o.set(network, fd)
	})
}

// rawControl calls set with the file descriptor of c and returns its error.
func rawControl(c syscall.RawConn, set func(fd uintptr) error) error {
	var err error
	if cerr := c.Control(func(fd uintptr) { err = set(fd) }); cerr != nil {
		return cerr
	}
	return err
}

// set sets the options that the system supports. network is "tcp4", "tcp6",
// "udp4", "udp6" or "unix".
func (o *Options) set(network string, fd uintptr) error {
	if err := o.setBuffers(fd); err != nil {
		return err
	}
	v6 := strings.HasSuffix(network, "6")
	if strings.HasPrefix(network, "tcp") {
		if err := o.setTCP(fd); err != nil {
			return err
		}
	} else if !strings.HasPrefix(network, "udp") {
		return nil
	}
	return o.setIP(fd, v6)
}

// sockopt is an integer socket option.
type sockopt struct {
	what        string // name for error messages
	level, name int
	value       int // 0: do not set, use the system's default
}

func setAll(fd uintptr, opts ...sockopt) error {
	for _, s := range opts {
		if s.value == 0 {
			continue
		}
		if err := setInt(fd, s.level, s.name, s.value); err != nil {
			return os.NewSyscallError("setsockopt "+s.what, err)
		}
	}
	return nil
}
