package transport_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

func TestMain(m *testing.M) { transporttest.Main(m) }

func TestTCP(t *testing.T) {
	for _, wild := range []string{"127.0.0.1:0", "[::1]:*", "0.0.0.0:*", "*:0", "[::]:0", "localhost:0"} {
		t.Run(wild, func(t *testing.T) {
			needV6(t, wild)
			transporttest.Run(t, transporttest.Config{
				New:  func(*testing.T) (transport.Transport, string) { return transport.TCP, wild },
				Gone: syscall.ECONNREFUSED,
			})
		})
	}
}

func TestIPC(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New: func(t *testing.T) (transport.Transport, string) {
			t.Setenv("TMPDIR", shortDir(t))
			return transport.IPC, "*"
		},
		Fixed: func(t *testing.T) string { return filepath.Join(shortDir(t), "s") },
		Gone:  syscall.ENOENT,
	})
}

// shortDir is t.TempDir without the test's name, for which a socket's path has
// no room.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "z")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hasV6 tells whether this machine can speak IPv6 to itself.
func hasV6() bool {
	l, err := transport.TCP.Listen("[::1]:0", nil)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// needV6 skips the test of an IPv6 address on a machine that has none. The
// wildcard [::] works everywhere.
func needV6(t *testing.T, addr string) {
	t.Helper()
	if addr[0] == '[' && !strings.HasPrefix(addr, "[::]") && !hasV6() {
		t.Skip("no IPv6 here")
	}
}

func TestErrorsMatch(t *testing.T) {
	err := transport.TCP.CheckDial("host")
	ae, ok := errors.AsType[*transport.AddrError](err)
	if !ok || ae.Addr != "host" || ae.Reason != "no port" {
		t.Errorf("got %#v", err)
	}
	if got, want := err.Error(), `malformed address "host": no port`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if errors.Unwrap(err) != transport.ErrSyntax {
		t.Error("does not unwrap to ErrSyntax")
	}
}
