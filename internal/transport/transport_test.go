package transport_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/transporttest"
)

func TestMain(m *testing.M) { transporttest.Main(m) }

func TestTCPPassesTransportTests(t *testing.T) {
	for _, wild := range []string{"127.0.0.1:0", "[::1]:*", "0.0.0.0:*", "*:0", "[::]:0", "localhost:0"} {
		t.Run(wild, func(t *testing.T) {
			needV6(t, wild)
			transporttest.Run(t, transporttest.Config{
				New:        func(*testing.T) (transport.Transport, string) { return transport.TCP, wild },
				DialClosed: syscall.ECONNREFUSED,
			})
		})
	}
}

// TestTCPPassesTransportTestsWithSpin: a Reader that looks for more bytes before it
// sleeps behaves like one that does not.
func TestTCPPassesTransportTestsWithSpin(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New:        func(*testing.T) (transport.Transport, string) { return transport.TCP, "127.0.0.1:0" },
		DialClosed: syscall.ECONNREFUSED,
		Spin:       time.Millisecond,
	})
}

func TestIPCPassesTransportTests(t *testing.T) {
	transporttest.Run(t, transporttest.Config{
		New: func(t *testing.T) (transport.Transport, string) {
			t.Setenv("TMPDIR", shortDir(t))
			return transport.IPC, "*"
		},
		Fixed:      func(t *testing.T) string { return filepath.Join(shortDir(t), "s") },
		DialClosed: syscall.ENOENT,
	})
}

// shortDir returns a temporary directory like t.TempDir, but with a short path,
// because the length of a socket path is limited.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "z")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hasV6 reports whether this machine has IPv6 on the loopback interface.
func hasV6() bool {
	l, err := transport.TCP.Listen("[::1]:0", nil)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// needV6 skips the test if addr is an IPv6 address and this machine has no
// IPv6. The wildcard [::] works on every machine.
func needV6(t *testing.T, addr string) {
	t.Helper()
	if addr[0] == '[' && !strings.HasPrefix(addr, "[::]") && !hasV6() {
		t.Skip("this machine has no IPv6")
	}
}

func TestAddrErrorMatchesErrSyntax(t *testing.T) {
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
