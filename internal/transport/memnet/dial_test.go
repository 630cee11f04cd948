package memnet_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq/internal/transport"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// try dials and returns the error and the time that Dial took.
func (w *fixture) try(ctx context.Context, addr string) (err error, took time.Duration) {
	var c net.Conn
	took = stopwatch(func() { c, err = w.n.Dial(ctx, addr, nil) })
	if err == nil {
		c.Close()
	}
	return err, took
}

func TestNetworkChecksAddress(t *testing.T) {
	n := memnet.New(0)
	tests := []struct {
		addr         string
		listen, dial bool
	}{
		{"a", true, true},
		{"a:1", true, true},
		{"127.0.0.1:5555", true, true},
		{"[::1]:5555", true, true},
		{"/tmp/x", true, true},
		{"*", true, false},
		{"a:0", true, false},
		{"a:*", true, false},
		{"*:*", true, false},
		{"", false, false},
		{":1", false, false},
		{"a b", false, false},
		{"a\n", false, false},
	}
	for _, test := range tests {
		if got := n.CheckListen(test.addr) == nil; got != test.listen {
			t.Errorf("listen on %q: %v", test.addr, got)
		}
		if got := n.CheckDial(test.addr) == nil; got != test.dial {
			t.Errorf("dial %q: %v", test.addr, got)
		}
	}
}

func TestRefuseRefusesGivenNumberOfDials(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		other, err := w.n.Listen("other:1", nil)
		if err != nil {
			w.Fatal(err)
		}
		defer other.Close()
		w.n.Refuse("server:1", 2)
		for range 2 {
			err, _ := w.try(w.Context(), "server:1")
			w.wantErr("refused dial", err, syscall.ECONNREFUSED)
			err, _ = w.try(w.Context(), "other:1")
			w.wantErr("other address", err, nil)
		}
		err, _ = w.try(w.Context(), "server:1")
		w.wantErr("third dial", err, nil)

		w.n.Refuse("", 1) // the next dial of any address
		err, _ = w.try(w.Context(), "other:1")
		w.wantErr("any address", err, syscall.ECONNREFUSED)
		err, _ = w.try(w.Context(), "server:1")
		w.wantErr("any address, later", err, nil)
	})
}

func TestRefuseForRefusesDialsUntilTimeHasPassed(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.n.RefuseFor("server:1", time.Minute)
		var c net.Conn
		var err error
		tries := 0
		took := stopwatch(func() {
			for c == nil {
				tries++
				if c, err = w.n.Dial(w.Context(), "server:1", nil); err != nil {
					w.wantErr("Dial", err, syscall.ECONNREFUSED)
					time.Sleep(7 * time.Second) // virtual
				}
			}
		})
		c.Close()
		if took != 63*time.Second || tries != 10 {
			w.Errorf("%d tries took %v", tries, took)
		}
	})
}

func TestHangBlocksDialUntilContextEnds(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.n.Hang("server:1", true)
		ctx, cancel := context.WithTimeout(w.Context(), 3*time.Second)
		defer cancel()
		err, took := w.try(ctx, "server:1")
		w.wantErr("Dial", err, context.DeadlineExceeded)
		if ne, ok := err.(net.Error); !ok || !ne.Timeout() || took != 3*time.Second {
			w.Errorf("%v after %v", err, took)
		}
		w.n.Hang("server:1", false)
		err, _ = w.try(w.Context(), "server:1")
		w.wantErr("Dial", err, nil)
	})
}

func TestDialEndsWithContextDuringHandshake(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.n.OnLink(func(l *memnet.Link) { l.SetLatency(time.Hour) })
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		err, took := w.try(ctx, "server:1")
		w.wantErr("Dial", err, context.DeadlineExceeded)
		if took != time.Second {
			w.Errorf("took %v", took)
		}
	})
}

func TestDialIsRefusedIfListenerClosesDuringHandshake(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.n.OnLink(func(l *memnet.Link) { l.SetLatency(time.Second) })
		time.AfterFunc(time.Second, func() { w.l.Close() })
		err, _ := w.try(w.Context(), "server:1")
		w.wantErr("Dial", err, syscall.ECONNREFUSED)
	})
}

func TestAcceptDelayDelaysAcceptButNotDial(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		w.n.OnLink(func(l *memnet.Link) { l.SetAcceptDelay(time.Second) })
		a, err := w.n.Dial(w.Context(), "server:1", nil)
		if err != nil {
			w.Fatal(err)
		}
		defer a.Close()
		w.wantWrite(a, "early", 5, nil) // the connection is established before Accept
		w.wantTime("Accept", time.Second, func() {
			b, err := w.l.Accept()
			if err != nil {
				w.Fatal(err)
			}
			w.wantRead(b, "early", nil)
			b.Close()
		})
	})
}

func TestConnHasAddressesOfBothEnds(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(nil)
		for _, got := range []net.Addr{a.RemoteAddr(), b.LocalAddr()} {
			if got.Network() != "mem" || got.String() != "server:1" {
				w.Errorf("address of the listener is %v", got)
			}
		}
		if a.LocalAddr() != b.RemoteAddr() || a.LocalAddr().String() != fmt.Sprint("dialer:", l.Ordinal()) {
			w.Errorf("address of the dialer is %v at its end and %v at the other", a.LocalAddr(), b.RemoteAddr())
		}
	})
}

// TestListenerCloseResetsConnectionsNotYetAccepted: Dial has already succeeded
// for these connections.
func TestListenerCloseResetsConnectionsNotYetAccepted(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		var l *memnet.Link
		w.n.OnLink(func(k *memnet.Link) { l = k })
		a, err := w.n.Dial(w.Context(), "server:1", nil)
		if err != nil {
			w.Fatal(err)
		}
		defer a.Close()
		w.wantWrite(a, "hello", 5, nil)
		w.l.Close()
		w.wantRead(a, "", reset)
		w.wantStats(l.Up(), 5, 0, 5, 0)
	})
}

// TestRandIndependentOfOtherAddresses checks that the random numbers for
// address a do not depend on connections to address b.
func TestRandIndependentOfOtherAddresses(t *testing.T) {
	draw := func(busy bool) (drawn []uint64) {
		synctest.Test(t, func(t *testing.T) {
			n := memnet.New(9)
			for _, addr := range []string{"a", "b"} {
				if _, err := n.Listen(addr, nil); err != nil {
					t.Fatal(err)
				}
			}
			n.OnLink(func(l *memnet.Link) {
				if l.Addr() == "a" {
					drawn = append(drawn, l.Rand().Uint64())
				}
			})
			dial := func(addr string) {
				c, err := n.Dial(t.Context(), addr, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			for range 3 {
				dial("a")
				if busy {
					dial("b")
				}
			}
			var got []string
			for _, l := range n.Links() {
				got = append(got, fmt.Sprint(l.Ordinal(), l.Addr(), l.Index()))
			}
			if want := "[0a0 1b0 2a1 3b1 4a2 5b2]"; busy && fmt.Sprint(got) != want {
				t.Errorf("links are %v, want %s", got, want)
			}
		})
		return drawn
	}
	quiet, busy := draw(false), draw(true)
	if fmt.Sprint(quiet) != fmt.Sprint(busy) {
		t.Error("connections to b have changed the random numbers of links to a")
	}
	if quiet[0] == quiet[1] || quiet[1] == quiet[2] {
		t.Errorf("two links have the same random numbers: %v", quiet)
	}
}

func TestReaderHasNoBufferWhileItWaits(t *testing.T) {
	inVirtualTime(t, func(w *fixture) {
		a, b, l := w.connect(nil)
		r := transport.NewReader(b)
		out := 0
		get := func() []byte { out++; return make([]byte, 100) }
		put := func([]byte) { out-- }
		time.AfterFunc(time.Hour, func() {
			if out != 0 {
				w.Error("the waiting Reader has a buffer")
			}
			a.Write([]byte("news"))
			a.Close()
		})
		if _, n, err := r.Read(get, put); n != 4 || err != nil {
			w.Errorf("read %d bytes, %v", n, err)
		}
		if _, _, err := r.Read(get, put); err != io.EOF || out != 1 {
			w.Errorf("read error %v, %d buffers not returned", err, out)
		}
		w.wantStats(l.Up(), 4, 4, 0, 0)
	})
}
