package transport

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// IPC is the "ipc" scheme: Unix-domain stream sockets.
//
// An address is a path, or "@name" in Linux's abstract namespace. "*" binds a
// socket file in a new directory with mode 0700; Addr of the listener returns
// its path. Close of the listener removes the file. Listen replaces the file of
// a process that ended without closing its listener. It returns EADDRINUSE and
// leaves the file unchanged if a listener still uses it or it is not a socket.
var IPC Transport = ipc{}

type ipc struct{}

// maxPath returns the maximum length of a path: the size of sun_path in
// sockaddr_un, less one for the terminating NUL.
func maxPath() int {
	switch runtime.GOOS {
	case "darwin", "ios", "dragonfly", "freebsd", "netbsd", "openbsd":
		return 103
	}
	return 107
}

func (ipc) CheckListen(addr string) error {
	if addr == "*" {
		return nil
	}
	return checkPath(addr)
}

func (ipc) CheckDial(addr string) error { return checkPath(addr) }

func checkPath(addr string) error {
	e := &AddrError{Addr: addr}
	switch {
	case addr == "":
		e.Reason = "no path"
	case strings.IndexByte(addr, 0) >= 0:
		e.Reason = "the path contains a NUL byte"
	case addr == "*":
		e.Reason = "a wildcard can only be bound"
	case addr[0] == '*':
		// libzmq treats all of these as the wildcard and ignores the rest.
		e.Reason = "a file whose name begins with * is written ./*"
	case addr == "@":
		e.Reason = "no name after @"
	case addr[0] == '@' && runtime.GOOS != "linux":
		e.Reason = "abstract names exist on Linux only"
	case len(addr) > maxPath():
		e.Reason = "longer than " + strconv.Itoa(maxPath()) + " bytes"
		e.errno = syscall.ENAMETOOLONG
	default:
		return nil
	}
	return e
}

func (t ipc) Listen(addr string, o *Options) (Listener, error) {
	if err := t.CheckListen(addr); err != nil {
		return nil, err
	}
	o = o.orZero()
	switch addr[0] {
	case '*':
		return listenTemp(o)
	case '@':
		l, err := o.listenUnix(addr)
		if err != nil {
			return nil, err
		}
		return &listener{Listener: l, addr: addr}, nil
	}
	return listenFile(addr, o)
}

// listenTemp binds the wildcard: a file in a new directory, so that its name
// cannot be in use and other users have no access.
func listenTemp(o *Options) (Listener, error) {
	dir, err := os.MkdirTemp("", "zmq-") // mode 0700
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	l, err := bindTemp(filepath.Join(dir, "socket"), o)
	if err != nil {
		os.Remove(dir)
		return nil, err
	}
	file := l.cleanup
	l.cleanup = func() error {
		err := file()
		// Remove, not RemoveAll, which would also remove files of other
		// programs.
		if rerr := os.Remove(dir); err == nil && !os.IsNotExist(rerr) {
			err = rerr
		}
		return err
	}
	return l, nil
}

func bindTemp(path string, o *Options) (*listener, error) {
	if err := checkPath(path); err != nil {
		return nil, err // TMPDIR is too long
	}
	return listenFile(path, o)
}

func (t ipc) Dial(ctx context.Context, addr string, o *Options) (net.Conn, error) {
	if err := t.CheckDial(addr); err != nil {
		return nil, err
	}
	o = o.orZero()
	return o.dial(ctx, &net.Dialer{Control: o.control}, "unix", addr)
}
