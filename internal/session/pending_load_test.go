package session_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// setSources gives accepted connections the remote addresses that from returns, in
// the order in which they are accepted.
func setSources(w *st.World, from func(i int) net.IP) {
	i := -1
	w.Transport = &far{w.Net, func() net.IP { i++; return from(i) }}
}

func oneSource(int) net.IP { return net.IPv4(10, 0, 0, 1) }

func manySources(i int) net.IP { return net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)) }

// TestListenerRefusesNoneOfManyPeersAtOnce has many peers connect at once, as after a
// restart, from one address or many. None is refused, whatever the limits of
// pending connections are.
func TestListenerRefusesNoneOfManyPeersAtOnce(t *testing.T) {
	for _, c := range []struct {
		peers   int
		latency time.Duration
		from    func(int) net.IP
		set     func(*socket.Options)
	}{
		{600, 0, oneSource, func(*socket.Options) {}},
		{600, 40 * time.Millisecond, oneSource, func(*socket.Options) {}},
		{600, 250 * time.Millisecond, oneSource, func(*socket.Options) {}},
		{1500, 40 * time.Millisecond, oneSource, func(*socket.Options) {}},
		{1500, 40 * time.Millisecond, manySources, func(*socket.Options) {}},
		{200, 40 * time.Millisecond, oneSource, func(o *socket.Options) { o.MaxPending, o.MaxPerSource = 20, 1 }},
	} {
		t.Run(fmt.Sprintf("%d peers, %v away", c.peers, c.latency), func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				setSources(w, c.from)
				w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(c.latency) })
				pull := w.Socket(pattern.PULL, c.set)
				pull.MustBind("mem://a")
				var g sync.WaitGroup
				for range c.peers {
					g.Go(func() {
						p := w.Dial("a")
						p.Handshake("PUSH")
					})
				}
				g.Wait()
				pull.WaitPeers(c.peers)
				events := pull.Stats().Events
				if n := events[session.PeerRefused] + events[session.HandshakeFailed] + events[session.Disconnected]; n > 0 {
					t.Errorf("%d of %d peers were refused", n, c.peers)
				}
			})
		})
	}
}

// halfOpen has the bytes of peers that do not complete their handshake.
var halfOpen = map[string][]byte{
	"silent":        nil,
	"greeting":      st.Greeting(),
	"partial READY": append(st.Greeting(), st.Ready("Socket-Type", "PUSH")[:5]...),
}

// TestListenerServesClientDespiteHalfOpenConnections has half-open connections from
// the client's own address, as many as the limits allow and more. Clients that
// complete their handshake are served at once.
func TestListenerServesClientDespiteHalfOpenConnections(t *testing.T) {
	for name, sent := range halfOpen {
		for _, c := range []struct {
			open int
			set  func(*socket.Options)
			wait time.Duration // at most
		}{
			{64, func(*socket.Options) {}, 0},
			{500, func(*socket.Options) {}, 0},
			{1500, func(*socket.Options) {}, 500 * time.Millisecond},
			{50, func(o *socket.Options) { o.MaxConnections = 50 }, 0},
		} {
			t.Run(fmt.Sprintf("%d %s", c.open, name), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					setSources(w, oneSource)
					pull := w.Socket(pattern.PULL, c.set)
					pull.MustBind("mem://a")
					for range c.open {
						w.Dial("a").Write(sent)
					}
					time.Sleep(500 * time.Millisecond)
					for i := range 10 {
						p := w.Dial("a")
						if d := st.After(func() { p.Handshake("PUSH") }); d > c.wait {
							t.Errorf("client %d was admitted after %v", i, d)
						}
						p.MustWrite(st.Message("x"))
						pull.WantRecv("x")
						p.Close()
						time.Sleep(100 * time.Millisecond)
					}
				})
			})
		}
	}
}

// TestListenerServesClientsDuringFlood has one address connect without end and
// complete no handshake. Clients from this and from other addresses are served
// within the time after which a silent connection is overdue.
func TestListenerServesClientsDuringFlood(t *testing.T) {
	for name, sent := range halfOpen {
		t.Run(name, func(t *testing.T) {
			st.Run(t, func(w *st.World) {
				client := false
				setSources(w, func(i int) net.IP {
					if client {
						return net.IPv4(10, 0, 0, 2)
					}
					return net.IPv4(10, 0, 0, 1)
				})
				pull := w.Socket(pattern.PULL)
				pull.MustBind("mem://a")
				for i := range 2000 {
					w.Dial("a").Write(sent)
					time.Sleep(time.Millisecond)
					if i%100 != 0 {
						continue
					}
					w.Settle()
					client = i%200 == 0
					p := w.Dial("a")
					if d := st.After(func() { p.Handshake("PUSH") }); d > 500*time.Millisecond {
						t.Errorf("client %d was admitted after %v", i, d)
					}
					client = false
					p.Close()
				}
				// Enough were closed to keep the rest within the limits.
				w.Settle()
				ev := pull.Stats().Events
				pending := ev[session.Accepted] - ev[session.Ready] - ev[session.PeerRefused] - ev[session.HandshakeFailed]
				if pending > 1024 {
					t.Errorf("%d connections are pending", pending)
				}
			})
		})
	}
}

// TestListenerClosesSilentAndOldestPendingFirst: at the limit silent connections are
// closed before others, the oldest first, and those of the source with the most
// connections before those of others.
func TestListenerClosesSilentAndOldestPendingFirst(t *testing.T) {
	ips := []net.IP{
		net.IPv4(10, 0, 0, 1), net.IPv4(10, 0, 0, 2), net.IPv4(10, 0, 0, 2), net.IPv4(10, 0, 0, 2),
		net.IPv4(10, 0, 0, 3), net.IPv4(10, 0, 0, 3), net.IPv4(10, 0, 0, 3), net.IPv4(10, 0, 0, 3),
	}
	st.Run(t, func(w *st.World) {
		setSources(w, func(i int) net.IP { return ips[i] })
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxPending = 4 })
		pull.MustBind("mem://a")
		dial := func() *st.Peer { time.Sleep(time.Millisecond); return w.Dial("a") }
		single, spoke, older, newer := dial(), dial(), dial(), dial()
		spoke.MustWrite(st.Greeting())
		time.Sleep(time.Second)
		for _, p := range []*st.Peer{older, newer, single, spoke} {
			w.Dial("a")
			if d := p.WaitClosed(); d != 0 {
				t.Fatalf("closed after %v", d)
			}
		}
	})
}

// TestListenerWaitsWhileNoPendingConnectionIsOverdue: above MaxPending no connection
// is refused while none is overdue, and the listener still closes at once.
func TestListenerWaitsWhileNoPendingConnectionIsOverdue(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.MaxPending = 2 })
		pull.MustBind("mem://a")
		first := w.Dial("a")
		w.Dial("a")
		third := w.Dial("a")
		if d := st.After(func() { third.Handshake("PUSH") }); d != 500*time.Millisecond {
			t.Errorf("admitted after %v", d)
		}
		if d := first.WaitClosed(); d != 0 {
			t.Errorf("the first was closed %v later", d)
		}
		w.Dial("a")
		fifth := w.Dial("a")
		w.Settle()
		if d := st.After(func() { pull.CloseIn(time.Minute) }); d != 0 {
			t.Errorf("Close took %v", d)
		}
		if d := fifth.WaitClosed(); d != 0 {
			t.Errorf("the one that waited was closed %v later", d)
		}
	})
}
