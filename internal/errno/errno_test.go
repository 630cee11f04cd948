package errno_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/errno"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/options"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

func TestNumbersAreThoseOfLibzmq(t *testing.T) {
	for n, want := range map[syscall.Errno]uintptr{errno.EFSM: 156384763, errno.ENOCOMPATPROTO: 156384764, errno.ETERM: 156384765, errno.EMTHREAD: 156384766} {
		if uintptr(n) != want {
			t.Errorf("%d, want %d", uintptr(n), want)
		}
	}
}

func ended() context.Context {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	cancel()
	return ctx
}

// Calls on sockets with the numbers that libzmq returns for them.
func TestCallsReturnTheErrnoOfLibzmq(t *testing.T) {
	frame := func(s string, more bool) *msg.Frame { return &msg.Frame{Body: []byte(s), More: more} }
	for _, c := range []struct {
		what string
		typ  pattern.Type
		f    func(w *st.World, c *options.Core, s *st.Socket) error
		want syscall.Errno
	}{
		{"bind", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Bind("mem://a:1") }, 0},
		{"bind without a scheme", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Bind("127.0.0.1:1") }, syscall.EINVAL},
		{"connect to no address", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Connect("mem://") }, syscall.EINVAL},
		{"unknown option", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Set(1, nil) }, syscall.EINVAL},
		{"unknown transport", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Bind("nosuch://a") }, syscall.EPROTONOSUPPORT},
		{"stream over inproc", pattern.STREAM, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Bind("inproc://a") }, errno.ENOCOMPATPROTO},
		{"datagrams of a PULL", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error { return c.Bind("air://10.0.0.1:1") }, errno.ENOCOMPATPROTO},
		{"name in use", pattern.PULL, func(w *st.World, c *options.Core, _ *st.Socket) error {
			w.Socket(pattern.PULL).MustBind("inproc://a")
			return c.Bind("inproc://a")
		}, syscall.EADDRINUSE},
		{"address in use", pattern.PULL, func(w *st.World, c *options.Core, _ *st.Socket) error {
			w.Socket(pattern.PULL).MustBind("mem://a:1")
			return c.Bind("mem://a:1")
		}, syscall.EADDRINUSE},
		{"path that is too long", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error {
			return c.Bind("ipc://" + strings.Repeat("p", 200))
		}, syscall.ENAMETOOLONG},
		{"unbind of an unknown endpoint", pattern.PULL, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.Unbind("mem://a:1") }, syscall.ENOENT},
		{"disconnect of an unknown endpoint", pattern.PULL, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.Disconnect("mem://a:1") }, syscall.ENOENT},
		{"receive nothing", pattern.PULL, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TryRecvFrame(frame("", false)) }, syscall.EAGAIN},
		{"receive until the timeout", pattern.PULL, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.RecvFrame(ended(), frame("", false)) }, syscall.EAGAIN},
		{"send without a peer", pattern.PUSH, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TrySendFrame(frame("x", false)) }, syscall.EAGAIN},
		{"send on a PULL", pattern.PULL, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TrySendFrame(frame("x", false)) }, syscall.ENOTSUP},
		{"receive on a PUSH", pattern.PUSH, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TryRecvFrame(frame("", false)) }, syscall.ENOTSUP},
		{"reply without a request", pattern.REP, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TrySendFrame(frame("x", false)) }, errno.EFSM},
		{"receive without a request", pattern.REQ, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.TryRecvFrame(frame("", false)) }, errno.EFSM},
		{"unknown peer", pattern.ROUTER, func(_ *st.World, c *options.Core, s *st.Socket) error {
			return errors.Join(c.Set(33, []byte{1, 0, 0, 0}), s.TrySendFrame(frame("absent", true)))
		}, syscall.EHOSTUNREACH},
		{"unknown number", pattern.SERVER, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.DisconnectPeer(7) }, syscall.EHOSTUNREACH},
		{"several frames of a SERVER", pattern.SERVER, func(_ *st.World, _ *options.Core, s *st.Socket) error {
			return s.TrySendFrame(&msg.Frame{More: true, Number: 7})
		}, syscall.EINVAL},
		{"leave a group", pattern.DISH, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.Join("g", false) }, syscall.EINVAL},
		{"join a group of 256 bytes", pattern.DISH, func(_ *st.World, _ *options.Core, s *st.Socket) error { return s.Join(strings.Repeat("g", 256), true) }, syscall.EINVAL},
		{"closed socket", pattern.PULL, func(_ *st.World, c *options.Core, s *st.Socket) error {
			c.Close().Close(ended())
			return s.TryRecvFrame(frame("", false))
		}, syscall.ENOTSOCK},
		{"option of a closed socket", pattern.PULL, func(_ *st.World, c *options.Core, _ *st.Socket) error {
			c.Close().Close(ended())
			return c.Set(17, []byte{0, 0, 0, 0})
		}, syscall.ENOTSOCK},
	} {
		st.Run(t, func(w *st.World) {
			o := w.Options()
			o.Transports["ipc"] = transport.IPC
			core := options.NewContext().NewCore(c.typ, o, nil)
			s, err := core.Socket()
			if err != nil {
				t.Fatal(err)
			}
			wrapped := w.Wrap(s)
			w.Cleanup(func() { wrapped.CloseIn(0) })
			if err := c.f(w, core, wrapped); errno.Of(err) != c.want {
				t.Errorf("%s: %v is %d, want %d", c.what, err, errno.Of(err), c.want)
			}
		})
	}
}

// The errors of the operating system keep their numbers.
func TestErrorsOfTheSystemKeepTheirNumbers(t *testing.T) {
	core := options.NewContext().NewCore(pattern.PULL, socket.Options{
		Transports: map[string]transport.Transport{"tcp": transport.TCP, "ipc": transport.IPC},
	}, nil)
	if _, err := core.Socket(); err != nil {
		t.Fatal(err)
	}
	defer func() { core.Close().Close(ended()) }()
	for ep, want := range map[string]syscall.Errno{
		"tcp://192.0.2.1:1": syscall.EADDRNOTAVAIL,
		"ipc://" + filepath.Join(t.TempDir(), "missing", "s"): syscall.ENOENT,
	} {
		if err := core.Bind(ep); errno.Of(err) != want {
			t.Errorf("%s: %v is %d, want %d", ep, err, errno.Of(err), want)
		}
	}
	if got := errno.Of(fmt.Errorf("anything else")); got != syscall.EINVAL {
		t.Errorf("unknown error: %d", got)
	}
}
