package session_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// TestHandshakeTimeoutIncludesSlowPeer has a peer that sends its handshake a byte at a
// time. The timeout is for the whole handshake, not for one read.
func TestHandshakeTimeoutIncludesSlowPeer(t *testing.T) {
	for _, gap := range []time.Duration{2 * time.Millisecond, 100 * time.Millisecond, time.Second, 9 * time.Second, time.Minute} {
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL)
			pull.MustBind("mem://a")
			p := w.Dial("a")
			dripped := make(chan struct{})
			go func() {
				defer close(dripped)
				// As long as the limits allow.
				b := append(st.Greeting(), st.Ready("Socket-Type", "PUSH", "X", st.Large(9<<10-100))...)
				for _, c := range b {
					if _, err := p.Write([]byte{c}); err != nil {
						return
					}
					time.Sleep(gap)
				}
			}()
			if d := p.WaitClosed(); d != 10*time.Second {
				t.Errorf("a byte every %v: closed after %v", gap, d)
			}
			<-dripped
			pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHandshakeTimeout: 1})
			pull.WantKinds(session.Listening, session.Accepted, session.HandshakeFailed)
		})
	}
}

// TestHandshakeTimeoutOfDialer has a listener that sends only its greeting. The
// dialer then connects again.
func TestHandshakeTimeoutOfDialer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		p := l.Accept()
		p.MustWrite(st.Greeting())
		if d := p.WaitClosed(); d != 10*time.Second {
			t.Errorf("closed after %v", d)
		}
		w.Settle()
		push.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHandshakeTimeout: 1})
		l.Accept().Handshake("PULL")
		push.WaitPeers(1)
	})
}

// TestListenerClosesOldestPendingForNewPeer has more silent peers than MaxPending
// allows. A peer that completes its handshake is admitted at once.
func TestListenerClosesOldestPendingForNewPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxPending = 3 })
		pull.MustBind("mem://a")
		var silent []*st.Peer
		for range 5 {
			silent = append(silent, w.Dial("a"))
			time.Sleep(time.Second)
		}
		for i, p := range silent[:2] {
			if d := p.WaitClosed(); d != 0 {
				t.Errorf("silent peer %d closed after %v", i, d)
			}
		}
		good := w.Dial("a")
		good.Handshake("PUSH")
		good.MustWrite(st.Message("x"))
		pull.WantRecv("x")
		if d := silent[2].WaitClosed(); d != 0 {
			t.Errorf("the third closed after %v", d)
		}
		if d := silent[4].WaitClosed(); d != 9*time.Second {
			t.Errorf("the last closed after %v", d)
		}
		w.Settle()
		if n := len(pull.EventsOf(session.PeerRefused)); n != 3 {
			t.Errorf("%d peers refused, want 3", n)
		}
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseHandshakeTimeout: 2})
	})
}

// TestListenerDoesNotAdmitPeerThatItCloses: a connection is closed for another one
// while its handshake ends. Its peer would lose the messages that it sent after READY.
func TestListenerDoesNotAdmitPeerThatItCloses(t *testing.T) {
	runHost(t, func(w *st.World, h *host) {
		goOn := make(chan struct{})
		h.onNewPipe = func() { <-goOn } // the handshake is complete, the peer not yet admitted
		h.listen()
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
		time.Sleep(time.Second)
		w.Dial("a")
		w.Settle()
		close(goOn)
		w.Settle()
		if ev := h.lastEvent(); ev.Kind != session.PeerRefused {
			t.Errorf("the end is reported as %+v", ev)
		}
		h.wantCalls("Disconnected", "Detach")
	}, func(c *session.Config) { c.MaxPending = 1 })
}

// TestListenerRefusesPeerAboveMaxConnections: with a limit of two, the third peer is
// refused, and admitted when another disconnects.
func TestListenerRefusesPeerAboveMaxConnections(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxConnections = 2 })
		ep := pull.MustBind("mem://a")
		var push []*st.Socket
		for range 3 {
			s := w.Socket(pattern.PUSH)
			s.MustConnect(ep)
			w.Settle()
			push = append(push, s)
		}
		if n := len(pull.EventsOf(session.PeerRefused)); n != 1 {
			t.Errorf("%d refused", n)
		}
		push[2].MustSend("x")
		time.Sleep(time.Minute)
		pull.WantNone()
		push[0].CloseIn(0)
		pull.WantRecv("x")
	})
}

// far is a transport whose connections have remote internet addresses.
type far struct {
	transport.Transport
	from func() net.IP
}

type farListener struct {
	transport.Listener
	from func() net.IP
}

type farConn struct {
	net.Conn
	from net.IP
}

func (f *far) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	l, err := f.Transport.Listen(addr, o)
	return &farListener{l, f.from}, err
}

func (l *farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &farConn{c, l.from()}, nil
}

func (c *farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: c.from, Port: 1} }
func (c *farConn) WaitRead() error      { return c.Conn.(transport.ReadWaiter).WaitRead() }

// TestListenerLimitsPendingPerSource counts IPv4 addresses and IPv6 prefixes. When a
// source above its limit connects again, its overdue connections are closed.
func TestListenerLimitsPendingPerSource(t *testing.T) {
	for _, c := range []struct {
		ips    []string
		closed int
	}{
		{[]string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1"}, 2},
		{[]string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"}, 0},
		{[]string{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"}, 1},
		{[]string{"2001:db8:0:1::1", "2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"}, 1},
		{[]string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 0},
	} {
		st.Run(t, func(w *st.World) {
			i := -1
			w.Transport = &far{w.Net, func() net.IP { i++; return net.ParseIP(c.ips[i]) }}
			pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxPerSource = 2 })
			pull.MustBind("mem://a")
			for i := range c.ips {
				if i == len(c.ips)-1 {
					time.Sleep(500 * time.Millisecond)
				}
				w.Dial("a")
				w.Settle()
			}
			if n := len(pull.EventsOf(session.PeerRefused)); n != c.closed {
				t.Errorf("%v: %d closed, want %d", c.ips, n, c.closed)
			}
		})
	}
}

// failing is a transport whose listeners fail to accept a number of times, as in a
// process without free descriptors.
type failing struct {
	transport.Transport
	times int
}

type failingListener struct {
	transport.Listener
	f *failing
}

func (f *failing) Listen(addr string, o *transport.Options) (transport.Listener, error) {
	l, err := f.Transport.Listen(addr, o)
	return &failingListener{l, f}, err
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.f.times > 0 {
		l.f.times--
		return nil, syscall.EMFILE
	}
	return l.Listener.Accept()
}

// TestListenerRetriesAcceptWithDoubledDelay: after a failure Accept is called again,
// after 5 ms to a second, and the listener still closes at once.
func TestListenerRetriesAcceptWithDoubledDelay(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Transport = &failing{w.Net, 20}
		pull := w.Socket(pattern.PULL)
		push := w.Socket(pattern.PUSH)
		push.MustConnect(pull.MustBind("mem://a"))
		push.MustSend("x")
		var total, want time.Duration
		total = st.After(func() { pull.WantRecv("x") })
		failed := pull.EventsOf(session.AcceptFailed)
		if len(failed) != 20 {
			t.Fatalf("%d failures reported", len(failed))
		}
		delay := 5 * time.Millisecond
		for i, ev := range failed {
			if ev.Delay != delay || !errors.Is(ev.Err, syscall.EMFILE) {
				t.Errorf("failure %d: %v, delay %v, want %v", i, ev.Err, ev.Delay, delay)
			}
			want += delay
			delay = min(2*delay, time.Second)
		}
		if total < want {
			t.Errorf("accepted after %v, want at least %v", total, want)
		}
	})
	st.Run(t, func(w *st.World) {
		w.Transport = &failing{w.Net, 1 << 30}
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		time.Sleep(time.Minute)
		if d := st.After(func() { pull.CloseIn(time.Minute) }); d != 0 {
			t.Errorf("Close took %v", d)
		}
	})
}
