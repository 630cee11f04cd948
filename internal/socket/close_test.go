package socket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestCloseReconnectsWhileItLingers: a closing socket loses its connection
// while messages are in flight. Within the linger time it reconnects and sends
// the queued messages.
func TestCloseReconnectsWhileItLingers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) {
			if l.Index() > 0 {
				return
			}
			l.Up().SetBuffer(200)
			time.AfterFunc(time.Second, l.Up().Stall)
			time.AfterFunc(3*time.Second, func() { l.Cut(memnet.RST) })
		})
		pull := w.Socket(pattern.PULL)
		push := w.Socket(pattern.PUSH)
		push.MustConnect(pull.MustBind("mem://a"))
		push.WaitPeers(1)
		time.Sleep(2 * time.Second)
		for i := range 10 {
			push.MustSend(fmt.Sprint(i), st.Large(100))
		}
		w.Settle()
		// The buffer holds the first message and part of the second. So the
		// first counts as written and the second as dropped in flight.
		if n := push.CloseIn(time.Minute); n != 1 {
			t.Errorf("%d messages unsent", n)
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		for i := 2; i < 10; i++ {
			pull.WantRecv(fmt.Sprint(i), st.Large(100))
		}
	})
}

// TestCloseDuringHandshakeReturnsAtOnce: the peer accepts the connection and
// sends nothing. A socket without queued messages does not linger.
func TestCloseDuringHandshakeReturnsAtOnce(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.PULL, pattern.DEALER, pattern.SUB} {
		st.Run(t, func(w *st.World) {
			silent := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.HandshakeTimeout = 0 })
			s.MustConnect("mem://a")
			silent.Accept()
			w.Settle()
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("%v with nothing to send: Close took %v", pattern.Types[typ].Name, d)
			}
		})
		st.Run(t, func(w *st.World) {
			silent := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.HandshakeTimeout = 0 })
			s.MustConnect("mem://a")
			silent.Accept()
			w.Settle()
			if err := s.Disconnect("mem://a"); err != nil {
				t.Fatal(err)
			}
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("%v after Disconnect: Close took %v", pattern.Types[typ].Name, d)
			}
		})
	}
}

// TestCloseReturnsWithFullReceiveQueue: Close returns although the reader of
// the connection is blocked on a full receive queue.
func TestCloseReturnsWithFullReceiveQueue(t *testing.T) {
	for _, binds := range []bool{true, false} {
		for _, end := range []string{"close", "disconnect and close"} {
			t.Run(fmt.Sprintf("binds=%v %s", binds, end), func(t *testing.T) {
				st.Run(t, func(w *st.World) {
					d := w.Socket(pattern.DEALER, st.HWM(10, 2))
					p := w.Socket(pattern.DEALER)
					if binds {
						p.MustConnect(d.MustBind("mem://a"))
					} else {
						d.MustConnect(p.MustBind("mem://a"))
					}
					d.MustSend("hello")
					p.WantRecv("hello")
					for range 100 {
						p.MustSend("x")
						w.Settle()
					}
					if end != "close" {
						if err := d.Disconnect("mem://a"); err != nil {
							if err := d.Unbind("mem://a"); err != nil {
								t.Fatal(err)
							}
						}
					}
					if took := st.After(func() { d.CloseIn(10 * time.Minute) }); took > time.Second {
						t.Errorf("Close took %v", took)
					}
				})
			})
		}
	}
}

// TestCloseRightAfterSendWithManyPeers gives the race detector concurrent
// writers and Close.
func TestCloseRightAfterSendWithManyPeers(t *testing.T) {
	for range 20 {
		st.Run(t, func(w *st.World) {
			d := w.Socket(pattern.DEALER)
			ep := d.MustBind("mem://a")
			for range 10 {
				w.Socket(pattern.DEALER).MustConnect(ep)
			}
			d.WaitPeers(10)
			for range 5 {
				d.MustSend("x")
			}
			d.CloseIn(0)
		})
	}
}
