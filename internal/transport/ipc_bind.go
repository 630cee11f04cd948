package transport

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// binding is held while a path is bound and while stale files are removed. The
// directory is locked at the same time, for other processes. Without these
// locks, a socket that is bound but does not listen yet would look stale.
var binding sync.Mutex

// listenFile binds a path. A relative path is resolved now, so that Close
// removes the same file after a change of the working directory.
func listenFile(path string, o *Options) (*listener, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	binding.Lock()
	defer binding.Unlock()
	defer lockDir(filepath.Dir(abs))()
	l, err := o.listenUnix(path)
	if errors.Is(err, syscall.EADDRINUSE) && removeStale(path) {
		l, err = o.listenUnix(path)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		err = &net.OpError{Op: "listen", Net: "unix", Addr: &net.UnixAddr{Name: path, Net: "unix"}, Err: syscall.EADDRINUSE}
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Lstat(abs)
	if err == nil {
		err = chmodFile(abs, file, o.Mode)
	}
	if err != nil {
		l.Close()
		os.Remove(abs)
		return nil, err
	}
	return &listener{Listener: l, addr: path, cleanup: func() error { return removeSame(abs, file) }}, nil
}

// listenUnix binds without removing an existing file. It disables the removal
// in Close of package net, which would remove any file that has the name by
// then.
func (o *Options) listenUnix(addr string) (net.Listener, error) {
	lc := net.ListenConfig{Control: o.controlFile}
	l, err := lc.Listen(context.Background(), "unix", addr)
	if err != nil {
		return nil, portable(err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return o.limitBacklog(l)
}

// controlFile sets the mode before the file exists, where the system supports
// it, so that other users cannot connect before chmodFile.
func (o *Options) controlFile(network, addr string, c syscall.RawConn) error {
	if o.Mode != 0 && addr != "" && addr[0] != '@' {
		_ = rawControl(c, func(fd uintptr) error { return premode(fd, o.Mode) })
	}
	return o.control(network, addr, c)
}

func chmodFile(path string, file fs.FileInfo, mode fs.FileMode) error {
	if mode == 0 || file.Mode().Perm() == mode.Perm() {
		return nil
	}
	return os.Chmod(path, mode.Perm())
}

// removeSame removes path if it is still the same file. It also compares the
// modification time, because file systems reuse inode numbers at once.
func removeSame(path string, file fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil || !os.SameFile(now, file) || !now.ModTime().Equal(file.ModTime()) {
		return nil // already removed, or another file
	}
	if err := os.Remove(path); !os.IsNotExist(err) {
		return err
	}
	return nil
}

// removeStale removes path if it is a stale socket, on which no process
// listens. It reports whether the path is free now. A process that does not use
// our lock may replace the stale file by a live socket between the check and
// the removal. The file is therefore first moved to a temporary directory and
// checked again there. If it is live, it is moved back.
func removeStale(path string) bool {
	if !isStale(path) {
		return false
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".zmq-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	aside := filepath.Join(dir, "s")
	if len(aside) > maxPath() {
		// The path is too long to connect to. Check again at the old path,
		// which leaves a short time between the check and the removal.
		return isStale(path) && os.Remove(path) == nil
	}
	if os.Rename(path, aside) != nil {
		return false
	}
	if isStale(aside) {
		return os.Remove(aside) == nil
	}
	putBack(aside, path)
	return false
}

// putBack moves a live socket back to its path. Unlike rename, link does not
// replace a file that was created there in the meantime, but some file systems
// do not support link.
func putBack(aside, path string) {
	err := os.Link(aside, path)
	if err != nil && !os.IsExist(err) && os.Rename(aside, path) == nil {
		return
	}
	os.Remove(aside)
}

// isStale reports whether path is a stream socket that refuses connections. It
// returns false if it cannot connect for another reason. On BSD systems a
// listener with a full queue refuses connections as well and is not
// distinguishable from a stale socket.
func isStale(path string) bool {
	file, err := os.Lstat(path)
	if err != nil || file.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
		return false
	}
	return errors.Is(portable(err), syscall.ECONNREFUSED)
}
