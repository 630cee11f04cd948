package transport_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

// abstractName returns a name that is unique to this process and test.
func abstractName(t *testing.T) string {
	t.Helper()
	return "@zmq-test-" + strconv.Itoa(os.Getpid()) + "-" + strings.ReplaceAll(t.Name(), "/", "-")
}

func TestIPCAbstractPassesTransportTests(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New: func(t *testing.T) (transport.Transport, string) {
			t.Setenv("TMPDIR", shortDir(t))
			return ipc, "*"
		},
		Fixed:      abstractName,
		DialClosed: syscall.ENOENT,
	})
}

func TestIPCAbstractNameCreatesNoFile(t *testing.T) {
	t.Chdir(shortDir(t))
	name := abstractName(t)
	l := listen(t, ipc, name, &transport.Options{Mode: 0o600})
	if l.Addr() != name {
		t.Errorf("Addr is %s, want %s", l.Addr(), name)
	}
	checkEmpty(t, ".")
	a, b := connect(t, ipc, l, name, nil)
	if got := a.RemoteAddr().String(); got != name {
		t.Errorf("connected to %s", got)
	}
	if got := b.LocalAddr().String(); got != name {
		t.Errorf("accepted at %s", got)
	}
	if _, err := ipc.Listen(name, nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second bind: %v", err)
	}
	l.Close()
	if _, err := ipc.Dial(context.Background(), name, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: %v", err)
	}
	listen(t, ipc, name, nil)

	long := "@" + strings.Repeat("n", 106)
	connect(t, ipc, listen(t, ipc, long, nil), long, nil)
	if _, err := ipc.Listen(long+"n", nil); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("long name: %v", err)
	}
}

func TestPeerCredReturnsOwnProcess(t *testing.T) {
	l := listen(t, ipc, "*", nil)
	a, b := connect(t, ipc, l, l.Addr(), nil)
	for _, c := range []struct {
		end string
		ok  bool
	}{{"dialer", true}, {"listener", true}} {
		conn := a
		if c.end == "listener" {
			conn = b
		}
		uid, gid, pid, ok := transport.PeerCred(conn)
		if !ok || uid != os.Getuid() || gid != os.Getgid() || pid != os.Getpid() {
			t.Errorf("%s: got %d %d %d %v", c.end, uid, gid, pid, ok)
		}
	}
	a.Close()
	if _, _, _, ok := transport.PeerCred(a); ok {
		t.Error("PeerCred succeeds for a closed connection")
	}
	lt := listen(t, tcp, "127.0.0.1:0", nil)
	c, _ := connect(t, tcp, lt, lt.Addr(), nil)
	if _, _, _, ok := transport.PeerCred(c); ok {
		t.Error("PeerCred succeeds for a tcp connection")
	}
}

// TestIPCRespectsFilePermissions runs itself again as user 65534. That user
// must not be able to bind in a directory of another user, to connect to a
// socket with mode 0600, or to replace a file that it may not remove.
func TestIPCRespectsFilePermissions(t *testing.T) {
	if dir := os.Getenv("ZMQ_TEST_OTHER_USER"); dir != "" {
		otherUser(t, dir)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can run a process as another user")
	}
	dir := shortDir(t)
	for _, sub := range []string{"foreign", "sticky"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{"": 0o755, "sticky": 0o777 | os.ModeSticky} {
		if err := os.Chmod(filepath.Join(dir, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	listen(t, ipc, filepath.Join(dir, "foreign", "private"), &transport.Options{Mode: 0o600})
	l := listen(t, ipc, filepath.Join(dir, "foreign", "public"), &transport.Options{Mode: 0o666})
	abandon(t, filepath.Join(dir, "sticky", "stale"))

	// The test binary may be in a directory that only root can access.
	exe := filepath.Join(dir, "test")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(exe, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestIPCRespectsFilePermissions$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"ZMQ_TEST_OTHER_USER=" + dir, "TMPDIR=" + filepath.Join(dir, "sticky")}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 65534, Gid: 65534},
		Pdeathsig:  syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("may not change the user: ", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
		return
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if uid, gid, pid, ok := transport.PeerCred(c); !ok || uid != 65534 || gid != 65534 || pid != cmd.Process.Pid {
		t.Errorf("peer is %d %d %d %v", uid, gid, pid, ok)
	}
}

func otherUser(t *testing.T, dir string) {
	foreign := filepath.Join(dir, "foreign")
	if _, err := ipc.Listen(filepath.Join(foreign, "mine"), nil); !errors.Is(err, syscall.EACCES) {
		t.Errorf("bind in a directory of another user: %v", err)
	}
	if _, err := ipc.Dial(context.Background(), filepath.Join(foreign, "private"), nil); !errors.Is(err, syscall.EACCES) {
		t.Errorf("connect to a socket with mode 0600: %v", err)
	}
	if _, err := ipc.Listen(filepath.Join(foreign, "private"), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("bind the path of a socket that cannot be connected to: %v", err)
	}
	if _, err := ipc.Listen(filepath.Join(dir, "sticky", "stale"), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("replace a file that cannot be removed: %v", err)
	}
	if got := entries(t, filepath.Join(dir, "sticky")); got != "stale" {
		t.Errorf("the directory has %s, want stale", got)
	}
	c, err := ipc.Dial(context.Background(), filepath.Join(foreign, "public"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
