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

// binding is held while a path is bound and while leftovers are removed, and so
// is the directory's lock against other processes: nobody must mistake a socket
// that is bound but not yet listening for a dead one.
var binding sync.Mutex

// listenFile binds a path. The path may be relative: it is resolved now, so
// that Close removes this file wherever the program has gone since.
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

// listenUnix binds without touching what is there, and leaves the removal of
// the file to us: package net removes whatever has the name by then.
func (o *Options) listenUnix(addr string) (net.Listener, error) {
	lc := net.ListenConfig{Control: o.controlFile}
	l, err := lc.Listen(context.Background(), "unix", addr)
	if err != nil {
		return nil, portable(err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return l, nil
}

// controlFile narrows the mode before the file exists where the system allows
// it, so that there is no moment at which others can connect.
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

// removeSame removes the file we bound, unless somebody has put another there.
// The time is compared too, because file systems reuse inode numbers at once.
func removeSame(path string, file fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil || !os.SameFile(now, file) || !now.ModTime().Equal(file.ModTime()) {
		return nil // gone, or not ours: either way there is nothing to remove
	}
	if err := os.Remove(path); !os.IsNotExist(err) {
		return err
	}
	return nil
}

// removeStale removes a socket nobody listens on, and tells whether the path is
// free now. A process that does not know our lock may be doing the same at this
// moment: it may have removed the dead file and bound a living one between our
// look and our removal. So the file is first moved aside, where nobody else
// looks for it, and asked again; if it lives, it is put back.
func removeStale(path string) bool {
	if !isDead(path) {
		return false
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".zmq-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	aside := filepath.Join(dir, "s")
	if len(aside) > maxPath() {
		// Nothing could connect to it there, so the second question is put
		// to the path itself, and the race stays as narrow as that.
		return isDead(path) && os.Remove(path) == nil
	}
	if os.Rename(path, aside) != nil {
		return false
	}
	if isDead(aside) {
		return os.Remove(aside) == nil
	}
	putBack(aside, path)
	return false
}

// putBack returns a living socket to its path. Link, unlike rename, does not
// replace what was bound in the meantime; not every file system has it.
func putBack(aside, path string) {
	err := os.Link(aside, path)
	if err != nil && !os.IsExist(err) && os.Rename(aside, path) == nil {
		return
	}
	os.Remove(aside)
}

// isDead tells whether the path is a stream socket that refuses connections.
// Whatever cannot be asked counts as alive. (A BSD also refuses while a living
// listener's queue is full; nothing tells the two apart.)
func isDead(path string) bool {
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
