package memnet_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// fixture is a network with one listener, in a synctest bubble.
type fixture struct {
	*testing.T
	n *memnet.Network
	l transport.Listener
}

// inVirtualTime runs f in a synctest bubble.
func inVirtualTime(t *testing.T, f func(w *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New(42)
		l, err := n.Listen("server:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f(&fixture{t, n, l})
	})
}

// connect returns both ends of a new connection, the dialer's first, and its
// link. setup may be nil.
func (w *fixture) connect(setup func(*memnet.Link)) (a, b net.Conn, l *memnet.Link) {
	w.Helper()
	w.n.OnLink(func(k *memnet.Link) {
		l = k
		if setup != nil {
			setup(k)
		}
	})
	a, err := w.n.Dial(context.Background(), w.l.Addr(), nil)
	if err != nil {
		w.Fatal(err)
	}
	b, err = w.l.Accept()
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { a.Close(); b.Close() })
	return a, b, l
}

// wantErr checks that err matches target.
func (w *fixture) wantErr(what string, err, target error) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// wantWrite checks the result of one Write.
func (w *fixture) wantWrite(c net.Conn, s string, n int, target error) {
	w.Helper()
	got, err := c.Write([]byte(s))
	if got != n || !errors.Is(err, target) {
		w.Errorf("Write(%q): got %d, %v, want %d, %v", s, got, err, n, target)
	}
}

// wantRead checks the result of one Read with a large buffer.
func (w *fixture) wantRead(c net.Conn, s string, target error) {
	w.Helper()
	buf := make([]byte, 1000)
	n, err := c.Read(buf)
	if string(buf[:n]) != s || !errors.Is(err, target) {
		w.Errorf("Read: got %q, %v, want %q, %v", buf[:n], err, s, target)
	}
}

func (w *fixture) wantStats(f *memnet.Flow, accepted, delivered, destroyed, pending int64) {
	w.Helper()
	want := memnet.Stats{Accepted: accepted, Delivered: delivered, Destroyed: destroyed, Pending: pending}
	if got := f.Stats(); got != want {
		w.Errorf("Stats are %+v, want %+v", got, want)
	}
}

// stopwatch returns the virtual time that f takes.
func stopwatch(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func (w *fixture) wantTime(what string, want time.Duration, f func()) {
	w.Helper()
	if got := stopwatch(f); got != want {
		w.Errorf("%s took %v, want %v", what, got, want)
	}
}
