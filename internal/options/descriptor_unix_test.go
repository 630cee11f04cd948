//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package options_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	"github.com/zerobroker/zmq/internal/transport"
)

// realCore returns a socket with the transports of the system.
func realCore(t *testing.T, typ pattern.Type) *options.Core {
	c := options.NewContext().NewCore(typ, socket.Options{
		Transports: map[string]transport.Transport{"tcp": transport.TCP, "ipc": transport.IPC},
	}, nil)
	t.Cleanup(func() {
		if s := c.Close(); s != nil {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			s.Close(ctx)
		}
	})
	return c
}

// descriptor returns a descriptor of its own of a listener or connection, which it
// closes.
func descriptor(t *testing.T, c interface {
	File() (*os.File, error)
	Close() error
}) int {
	t.Helper()
	f, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer c.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// isOpen reports whether a descriptor is open.
func isOpen(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil
}

// A listening descriptor of tcp and ipc serves the endpoint, whatever its address is
// called, and is closed with it. An ipc file stays.
func TestUseFDBindsListeningDescriptor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for scheme, address := range map[string]string{"tcp": "127.0.0.1:0", "ipc": path} {
		network := map[string]string{"tcp": "tcp", "ipc": "unix"}[scheme]
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		if u, ok := l.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
		at := l.Addr().String()
		fd := descriptor(t, l.(interface {
			File() (*os.File, error)
			Close() error
		}))
		pull, push := realCore(t, pattern.PULL), realCore(t, pattern.PUSH)
		set(t, pull, 89, fd)
		wantInt(t, pull, 89, fd)
		bind(t, pull, scheme+"://"+address)
		wantText(t, pull, 32, scheme+"://"+at+"\x00")
		connect(t, push, scheme+"://"+at)
		sender, _ := push.Socket()
		receiver, _ := pull.Socket()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var m msg.Msg
		if err := errors.Join(sender.Send(ctx, msg.Of([]byte("x"))), receiver.Recv(ctx, &m)); err != nil || string(m.First) != "x" {
			t.Fatalf("%s: %v, %q", scheme, err, m.First)
		}
		if err := receiver.Unbind(scheme + "://" + at); err != nil {
			t.Fatal(err)
		}
		pull.Close().Close(ctx)
		if isOpen(fd) {
			t.Errorf("%s: the descriptor is open after Close", scheme)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the ipc file is gone: %v", err)
	}
}

// A descriptor that does not listen, or is none, is an error of Bind and stays open.
// Connect does not use it.
func TestUseFDRefusesOtherDescriptors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	connected := descriptor(t, c.(*net.TCPConn))
	defer syscall.Close(connected)
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, x := range []struct {
		what string
		fd   int
		want syscall.Errno
	}{{"connected", connected, syscall.EINVAL}, {"file", int(file.Fd()), syscall.ENOTSOCK}, {"not open", 1 << 20, syscall.EBADF}} {
		core := realCore(t, pattern.PAIR)
		set(t, core, 89, x.fd)
		if err := core.Bind("tcp://127.0.0.1:*"); !errors.Is(err, x.want) || !strings.Contains(err.Error(), "descriptor") {
			t.Errorf("%s: %v, want %v", x.what, err, x.want)
		}
		if x.want != syscall.EBADF && !isOpen(x.fd) {
			t.Errorf("%s: the descriptor is closed", x.what)
		}
		wantText(t, core, 32, "\x00")
		connect(t, core, "tcp://"+l.Addr().String())
	}
}

// A member of a group is accepted by the group's filter.
func TestGroupFilterAcceptsMembers(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skipf("the user of the process is not in the user database: %v", err)
	}
	groups, err := me.GroupIds()
	if err != nil || len(groups) == 0 {
		t.Skipf("the user of the process is in no group: %v", err)
	}
	group, err := strconv.Atoi(groups[0])
	v := options.New(pattern.PULL, false, true)
	if err := errors.Join(err, v.Set(60, i32(group))); err != nil {
		t.Fatal(err)
	}
	var o socket.Options
	v.Apply(&o)
	peer := &msg.Peer{Remote: &net.UnixAddr{Net: "unix"}, Credentials: &msg.Credentials{PID: 1, UID: os.Getuid(), GID: 1_000_000}}
	if !o.Accept(peer) {
		t.Errorf("user %d, a member of group %d, is refused", peer.Credentials.UID, group)
	}
	if peer.Credentials.UID = 1_000_000; o.Accept(peer) {
		t.Error("an unknown user is accepted")
	}
}
