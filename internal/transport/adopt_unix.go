//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// AdoptListener returns the listener whose descriptor is fd: a stream socket of tcp or
// ipc that is bound and listens. The listener owns fd: its Close closes it, and does not
// remove an ipc file. After an error the caller still owns fd.
func AdoptListener(fd int) (net.Listener, error) {
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	} else if listens == 0 {
		return nil, fmt.Errorf("descriptor %d does not listen: %w", fd, syscall.EINVAL)
	}
	// FileListener duplicates the descriptor of its file, which is one of our own: if it
	// fails, fd must stay open.
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	f := os.NewFile(uintptr(own), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return &adopted{Listener: l, fd: fd}, nil
}

// adopted is a listener of package net with the descriptor that it was made of.
type adopted struct {
	net.Listener
	fd int // -1 after Close
}

// Close closes the listener and the descriptor.
func (l *adopted) Close() error {
	if l.fd < 0 {
		return net.ErrClosed
	}
	err := errors.Join(l.Listener.Close(), os.NewSyscallError("close", unix.Close(l.fd)))
	l.fd = -1
	return err
}
