package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
)

// TestOneProcessBindsStaleIPCPath has processes compete for one path and leave
// stale sockets there. A process that has bound the path must be the one that
// accepts connections there.
func TestOneProcessBindsStaleIPCPath(t *testing.T) {
	if dir := os.Getenv("ZMQ_TEST_RACE"); dir != "" {
		for range 60 {
			competeOnce(t, dir)
		}
		return
	}
	dir := shortDir(t)
	var children []*exec.Cmd
	for range 3 {
		c := exec.Command(os.Args[0], "-test.run=^TestOneProcessBindsStaleIPCPath$")
		c.Env = append(os.Environ(), "ZMQ_TEST_RACE="+dir)
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // end the child if the test is killed
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// competeOnce binds the path as soon as it is free and checks that connections
// reach this process. Then it closes and leaves a stale socket at the path,
// unless another process has bound it already.
func competeOnce(t *testing.T, dir string) {
	path := filepath.Join(dir, "s")
	l, err := ipc.Listen(path, nil)
	for errors.Is(err, syscall.EADDRINUSE) {
		l, err = ipc.Listen(path, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := ipc.Dial(context.Background(), path, nil)
	if err != nil {
		t.Fatalf("cannot connect to a bound path: %v", err)
	}
	if _, _, pid, _ := transport.PeerCred(c); pid != os.Getpid() {
		t.Errorf("connected to process %d, want this process", pid)
	}
	c.Close()
	l.Close()

	stale := filepath.Join(dir, fmt.Sprint(os.Getpid()))
	u, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	u.SetUnlinkOnClose(false)
	u.Close()
	os.Link(stale, path)
	os.Remove(stale)
}

// TestIPCBindsInLockedDirectory checks that Listen succeeds, after a delay,
// while another process keeps the lock of the directory.
func TestIPCBindsInLockedDirectory(t *testing.T) {
	dir := shortDir(t)
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	abandon(t, path)
	l := listen(t, ipc, path, nil)
	connect(t, ipc, l, path, nil)
}
