package transport

import (
	"net"
	"os"
	"strings"
	"syscall"
)

// control sets the options of a socket before it is bound or connected. It does
// not set TCP_NODELAY, because package net does.
func (o *Options) control(network, addr string, c syscall.RawConn) error {
	if err := rawControl(c, func(fd uintptr) error { return o.set(network, fd) }); err != nil {
		return err
	}
	return o.network().control(network, addr, c)
}

// control calls the function Control. Package net may call it in a goroutine of its
// own, where no caller could recover its panic.
func (n *Network) control(network, addr string, c syscall.RawConn) (err error) {
	if n.Control == nil {
		return nil
	}
	defer RecoverHook(&err, "the function Control")
	return n.Control(network, addr, c)
}

// controlFrom is like control for a connection with a source address. It also sets
// SO_REUSEADDR, because an earlier connection from that address may be in
// TIME_WAIT.
func (o *Options) controlFrom(network, addr string, c syscall.RawConn) error {
	if err := rawControl(c, setReuse); err != nil {
		return err
	}
	return o.control(network, addr, c)
}

// rawControl calls set with the file descriptor of c and returns its error.
func rawControl(c syscall.RawConn, set func(fd uintptr) error) error {
	var err error
	if cerr := c.Control(func(fd uintptr) { err = set(fd) }); cerr != nil {
		return cerr
	}
	return err
}

// limitBacklog applies Backlog to a listener of package net. It closes l if that
// fails.
func (o *Options) limitBacklog(l net.Listener) (net.Listener, error) {
	s, ok := l.(syscall.Conn)
	if o.Backlog == 0 || !ok {
		return l, nil
	}
	raw, err := s.SyscallConn()
	if err == nil {
		err = rawControl(raw, func(fd uintptr) error { return setBacklog(fd, o.Backlog) })
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
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
