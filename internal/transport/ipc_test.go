//go:build unix

package transport_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

var ipc = transport.IPC

// limit returns the maximum length of a path on this system.
func limit() int {
	if runtime.GOOS == "linux" || runtime.GOOS == "solaris" || runtime.GOOS == "illumos" {
		return 107
	}
	return 103
}

func TestIPCChecksAddress(t *testing.T) {
	tests := []struct {
		addr         string
		listen, dial bool
	}{
		{"/tmp/x", true, true},
		{"x", true, true},
		{"./*", true, true},
		{"./@x", true, true},
		{"/with blank", true, true},
		{strings.Repeat("p", limit()), true, true},
		{"*", true, false},
		{"", false, false},
		{"@", false, false},
		{"*x", false, false},
		{"a\x00b", false, false},
		{"@a\x00b", false, false},
		{strings.Repeat("p", limit()+1), false, false},
		{"@name", runtime.GOOS == "linux", runtime.GOOS == "linux"},
	}
	for _, test := range tests {
		for _, err := range []error{ipc.CheckListen(test.addr), ipc.CheckDial(test.addr)} {
			if err != nil && !errors.Is(err, transport.ErrSyntax) {
				t.Errorf("%q: %v does not match ErrSyntax", test.addr, err)
			}
		}
		if got := ipc.CheckListen(test.addr) == nil; got != test.listen {
			t.Errorf("listen on %q: %v", test.addr, got)
		}
		if got := ipc.CheckDial(test.addr) == nil; got != test.dial {
			t.Errorf("dial %q: %v", test.addr, got)
		}
	}
	long := strings.Repeat("p", limit()+1)
	if _, err := ipc.Listen(long, nil); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("listen on a long path: %v", err)
	}
	if _, err := ipc.Dial(context.Background(), long, nil); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("dial a long path: %v", err)
	}
}

func TestIPCBindsPathOfMaximumLength(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, strings.Repeat("p", limit()-len(dir)-1))
	abandon(t, path) // a stale socket at such a path is recognized too
	l := listen(t, ipc, path, nil)
	connect(t, ipc, l, path, nil)
}

func TestIPCWildcardBindsInPrivateDirectory(t *testing.T) {
	tmp := shortDir(t)
	t.Setenv("TMPDIR", tmp)
	l := listen(t, ipc, "*", &transport.Options{Mode: 0o600})
	path := l.Addr()
	if filepath.Base(path) != "socket" || filepath.Dir(filepath.Dir(path)) != tmp {
		t.Errorf("bound %s in %s", path, tmp)
	}
	checkMode(t, filepath.Dir(path), fs.ModeDir|0o700)
	checkMode(t, path, fs.ModeSocket|0o600)
	connect(t, ipc, l, path, nil)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	checkEmpty(t, tmp)
}

func TestFailedIPCWildcardLeavesNoFiles(t *testing.T) {
	tmp := filepath.Join(shortDir(t), strings.Repeat("d", 90))
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	if _, err := ipc.Listen("*", nil); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("got %v", err)
	}
	checkEmpty(t, tmp)
}

func TestIPCFileHasModeOfOptions(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	for _, mode := range []fs.FileMode{0o600, 0o660, 0o666, 0o777, 0o700} {
		path := filepath.Join(shortDir(t), "s")
		listen(t, ipc, path, &transport.Options{Mode: mode})
		checkMode(t, path, fs.ModeSocket|mode)
	}
	path := filepath.Join(shortDir(t), "s")
	listen(t, ipc, path, nil)
	checkMode(t, path, fs.ModeSocket|0o750)
}

func checkMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
	} else if fi.Mode() != want {
		t.Errorf("mode of %s is %v, want %v", filepath.Base(path), fi.Mode(), want)
	}
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 0 {
		t.Errorf("directory %s has %v, %v, want no files", dir, files, err)
	}
}

// abandon creates a stale socket file, as a killed process leaves it.
func abandon(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// TestIPCReplacesOnlyStaleSockets covers the kinds of files that may exist at
// the path.
func TestIPCReplacesOnlyStaleSockets(t *testing.T) {
	tests := []struct {
		what  string
		place func(t *testing.T, path string)
		stale bool
	}{
		{"stale socket", abandon, true},
		{"live socket", func(t *testing.T, path string) { listen(t, ipc, path, nil) }, false},
		{"regular file", func(t *testing.T, path string) { write(t, path) }, false},
		{"empty file", func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"fifo", func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Skip("no fifo: ", err)
			}
		}, false},
		{"symlink to a file", func(t *testing.T, path string) {
			write(t, path+".target")
			symlink(t, path+".target", path)
		}, false},
		{"symlink to a stale socket", func(t *testing.T, path string) {
			abandon(t, path+".target")
			symlink(t, path+".target", path)
		}, false},
		{"dangling symlink", func(t *testing.T, path string) { symlink(t, path+".target", path) }, false},
		{"datagram socket", func(t *testing.T, path string) {
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}, false},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			dir := shortDir(t)
			path := filepath.Join(dir, "s")
			test.place(t, path)
			before, names := state(t, path), entries(t, dir)
			l, err := ipc.Listen(path, nil)
			if test.stale {
				if err != nil {
					t.Fatal(err)
				}
				connect(t, ipc, l, path, nil)
				l.Close()
				checkEmpty(t, dir)
				return
			}
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("got %v, %v", l, err)
			}
			if after := state(t, path); !os.SameFile(before, after) || before.Mode() != after.Mode() || before.Size() != after.Size() {
				t.Errorf("was %v, is %v", before, after)
			}
			if got := entries(t, dir); got != names {
				t.Errorf("directory had %s, has %s", names, got)
			}
		})
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func state(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi
}

func entries(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestIPCCloseRemovesTheFile(t *testing.T) {
	dir := shortDir(t)
	l := listen(t, ipc, filepath.Join(dir, "s"), nil)
	l.Close()
	checkEmpty(t, dir)
}

// TestIPCCloseKeepsFileOfOtherProgram: before Close, another program may
// replace the file, as libzmq does.
func TestIPCCloseKeepsFileOfOtherProgram(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := listen(t, ipc, path, nil)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := listen(t, ipc, path, nil)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	connect(t, ipc, other, path, nil)
	other.Close()

	l = listen(t, ipc, path, nil)
	os.Remove(path)
	write(t, path)
	l.Close()
	if b, err := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("file is %q, %v", b, err)
	}

	os.Remove(path)
	l = listen(t, ipc, path, nil)
	os.Remove(path)
	if err := l.Close(); err != nil {
		t.Errorf("Close after the file was removed: %v", err)
	}
}

func TestIPCCloseRemovesRelativePathAfterChdir(t *testing.T) {
	dir, other := shortDir(t), shortDir(t)
	t.Chdir(dir)
	l := listen(t, ipc, "s", nil)
	if l.Addr() != "s" {
		t.Errorf("Addr is %s", l.Addr())
	}
	connect(t, ipc, l, "s", nil)
	t.Chdir(other)
	l.Close()
	checkEmpty(t, dir)
}

func TestIPCErrorsMatchErrno(t *testing.T) {
	dir := shortDir(t)
	missing := filepath.Join(dir, "missing", "s")
	if _, err := ipc.Listen(missing, nil); !errors.Is(err, syscall.ENOENT) || errors.Is(err, transport.ErrSyntax) {
		t.Errorf("listen in a missing directory: %v", err)
	}
	if _, err := ipc.Dial(context.Background(), missing, nil); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("dial in a missing directory: %v", err)
	}
	stale := filepath.Join(dir, "stale")
	abandon(t, stale)
	if _, err := ipc.Dial(context.Background(), stale, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial a stale socket: %v", err)
	}
}

// TestOneListenerBindsStaleIPCPath has eight listeners compete for a stale
// path. In each round exactly one must succeed.
func TestOneListenerBindsStaleIPCPath(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "s")
	for range 30 {
		abandon(t, path)
		var wins atomic.Int32
		var winner atomic.Value
		var g sync.WaitGroup
		for range 8 {
			g.Go(func() {
				l, err := ipc.Listen(path, nil)
				if err == nil {
					wins.Add(1)
					winner.Store(l)
				} else if !errors.Is(err, syscall.EADDRINUSE) {
					t.Error(err)
				}
			})
		}
		g.Wait()
		if n := wins.Load(); n != 1 {
			t.Fatalf("%d listeners have bound the path", n)
		}
		l := winner.Load().(transport.Listener)
		c, err := ipc.Dial(context.Background(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
		checkEmpty(t, dir)
	}
}

func TestIPCMovesBytes(t *testing.T) {
	l := listen(t, ipc, filepath.Join(shortDir(t), "s"), &transport.Options{Mode: 0o600})
	a, b := connect(t, ipc, l, l.Addr(), nil)
	a.Write([]byte("hello"))
	a.Close()
	if got, err := io.ReadAll(b); string(got) != "hello" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
