package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// 1
func TestLingerOutlivesConnection(t *testing.T) {
	st.Run(t, func(w *st.World) {
		var first *memnet.Link
		w.Net.OnLink(func(l *memnet.Link) {
			if l.Index() == 0 {
				first = l
				l.Up().SetBuffer(200)
			}
		})
		pull := w.Socket(pattern.PULL)
		push := w.Socket(pattern.PUSH)
		push.MustConnect(func() string { return pull.MustBind("mem://a") }())
		push.MustMeet(1)
		first.Up().Stall()
		for i := range 10 {
			push.MustSend(fmt.Sprint(i), st.Large(100))
		}
		w.Settle()
		time.AfterFunc(time.Second, func() { first.Cut(memnet.RST) })
		if n := push.CloseIn(time.Minute); n != 0 {
			t.Errorf("%d messages unsent", n)
		}
		push.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		for {
			var m msg.Msg
			w.Settle()
			if pull.TryRecv(&m) != nil {
				break
			}
			t.Log(string(m.First))
		}
	})
}

// 2
func TestCloseDuringHandshakeWithNothingQueued(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.PULL} {
		st.Run(t, func(w *st.World) {
			srv := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			srv.Accept()
			w.Settle()
			if d := st.After(func() { s.CloseIn(time.Minute) }); d != 0 {
				t.Errorf("%v: close took %v", typ, d)
			}
		})
	}
}

// 3
func TestUnbindTakesPipesAwayAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(10 * time.Millisecond) })
		push := w.Socket(pattern.PUSH)
		a, b := push.MustBind("mem://a"), push.MustBind("mem://b")
		pa, pb := w.Socket(pattern.PULL), w.Socket(pattern.PULL)
		pa.MustConnect(a)
		pb.MustConnect(b)
		push.MustMeet(2)
		push.MustSend("1")
		push.MustSend("2")
		time.Sleep(time.Second)
		if err := push.Unbind(a); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		for range 10 {
			push.MustSend("x")
		}
		time.Sleep(time.Second)
		got := -2
		for {
			var m msg.Msg
			if pb.TryRecv(&m) != nil && pa.TryRecv(&m) != nil {
				break
			}
			got++
		}
		if got != 10 {
			t.Errorf("%d of 10 arrived", got)
		}
		push.WantDrops(nil)
		if len(push.Heard(session.ListenerClosed)) != 1 {
			t.Errorf("no event about the closed listener")
		}
	})
}

// 4
func TestUnreadOfLostPeerIsCounted(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		ep := pull.MustBind("mem://a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect(ep)
		for range 5 {
			push.MustSend("x")
		}
		push.CloseIn(time.Second)
		w.Settle()
		if n := pull.Stats().QueuedRecv; n != 5 {
			t.Errorf("%d queued", n)
		}
		pull.CloseIn(0)
		pull.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 5})
	})
}

func TestUnreadOfDialedPeerIsCounted(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		ep := push.MustBind("mem://a")
		pull := w.Socket(pattern.PULL)
		pull.MustConnect(ep)
		for range 5 {
			push.MustSend("x")
		}
		w.Settle()
		pull.CloseIn(0)
		pull.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 5})
	})
}

// 5
func TestCloseWithFullInboxDoesNotHang(t *testing.T) {
	st.Run(t, func(w *st.World) {
		d := w.Socket(pattern.DEALER, st.HWM(10, 2))
		p := w.Socket(pattern.DEALER)
		d.MustConnect(p.MustBind("mem://a"))
		d.MustSend("hello")
		p.WantRecv("hello")
		for range 100 {
			p.MustSend("x")
			w.Settle()
		}
		if took := st.After(func() { d.CloseIn(10 * time.Minute) }); took > time.Second {
			t.Errorf("close took %v", took)
		}
	})
}

// 7
func TestClosedConnectorDeliversToLaterBinder(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		push.MustConnect("inproc://x")
		for i := range 5 {
			push.MustSend(fmt.Sprint(i))
		}
		closed := make(chan int)
		go func() { closed <- push.CloseIn(time.Minute) }()
		time.Sleep(time.Second)
		pull := w.Socket(pattern.PULL)
		pull.MustBind("inproc://x")
		if n := <-closed; n != 0 {
			t.Errorf("%d unsent", n)
		}
		push.WantDrops(nil)
		for i := range 5 {
			pull.WantRecv(fmt.Sprint(i))
		}
	})
}

// 8
func TestInprocUnreadIsCounted(t *testing.T) {
	for _, binder := range []bool{true, false} {
		st.Run(t, func(w *st.World) {
			push, pull := w.Socket(pattern.PUSH), w.Socket(pattern.PULL)
			if binder {
				pull.MustBind("inproc://x")
				push.MustConnect("inproc://x")
			} else {
				push.MustBind("inproc://x")
				pull.MustConnect("inproc://x")
			}
			for range 5 {
				push.MustSend("x")
			}
			pull.CloseIn(0)
			pull.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 5})
		})
	}
}

// 9
func TestLargeRepliesKeepTheirMemory(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep := w.Listen("a")
		req := w.Socket(pattern.REQ)
		req.MustConnect("mem://a")
		p := rep.Accept()
		p.Shake("REP")
		frame := func(i int) string { return string(byte('a'+i)) + st.Large(60000) }
		results := make(chan error, 4)
		for i := range 4 {
			go func() {
				m, err := req.Call(context.Background(), st.Of(string(byte('a'+i))))
				if err == nil && string(m.First) != frame(i) {
					err = fmt.Errorf("%d: reply begins %q", i, m.First[:20])
				}
				results <- err
			}()
		}
		var ids []string
		for range 4 {
			m := p.Message()
			ids = append(ids, m[0]+m[2])
		}
		for _, id := range ids {
			b := st.Message(id[:4], "", frame(int(id[4]-'a')))
			p.Must(b[:1000])
			w.Settle()
			p.Must(b[1000:])
		}
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// 10
func TestPartialMessageIsCounted(t *testing.T) {
	for _, n := range []int{1, 2, 50, 102, 103, 104, 150, 203} {
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL)
			pull.MustBind("mem://a")
			p := w.Dial("a")
			p.Shake("PUSH")
			p.Must(st.Message(st.Large(100), st.Large(100))[:n])
			p.Close()
			w.Settle()
			if got := pull.Stats().Drops[pipe.DropPartial]; got != 1 {
				t.Errorf("%d bytes of a message: %d counted", n, got)
			}
		})
	}
}

func TestMessagesReadBeforeDisconnectAreDelivered(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		pull := w.Socket(pattern.PULL, st.HWM(1, 1))
		pull.MustConnect(push.MustBind("mem://a"))
		push.MustMeet(1)
		for range 5 {
			push.MustSend("x")
			w.Settle()
		}
		if err := pull.Disconnect("mem://a"); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		got := 0
		var m msg.Msg
		for pull.TryRecv(&m) == nil {
			got++
			w.Settle()
		}
		pull.CloseIn(0)
		link := w.Net.Links()[0]
		t.Logf("got %d, drops %v, link %+v", got, pull.Stats().Drops, link.Down().Stats())
	})
}

// 11
func TestLeaseAfterPause(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, st.HWM(1, 1))
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.Shake("PUSH")
		p.Must(st.Ping(10, ""), st.Message("1"))
		w.Settle()
		p.Must(st.Message("2"))
		w.Settle()
		p.Must(st.Message("3"))
		time.Sleep(time.Minute)
		pull.WantRecv("1")
		pull.WantRecv("2")
		pull.WantRecv("3")
		start := time.Now()
		_ = start
		time.AfterFunc(time.Hour, func() { p.Close() })
		if d := p.End(); d != time.Second {
			t.Errorf("closed after %v", d)
		}
	})
}

// 13
func TestTrafficBehindBigReady(t *testing.T) {
	st.Run(t, func(w *st.World) {
		pull := w.Socket(pattern.PULL, func(o *socket.Options) { o.Limits.Metadata = 64 << 10 })
		pull.MustBind("mem://a")
		p := w.Dial("a")
		b := append(st.Greeting(), st.Ready("Socket-Type", "PUSH", "X-Big", st.Large(60<<10))...)
		for i := range 1000 {
			b = append(b, st.Message(fmt.Sprint(i), st.Large(100))...)
		}
		p.Must(b)
		for i := range 1000 {
			pull.WantRecv(fmt.Sprint(i), st.Large(100))
		}
	})
}

// abort race
func TestCloseAtOnceWithManyPeers(t *testing.T) {
	for range 20 {
		st.Run(t, func(w *st.World) {
			pull := w.Socket(pattern.PULL)
			ep := pull.MustBind("mem://a")
			for range 10 {
				w.Socket(pattern.PUSH).MustConnect(ep)
			}
			pull.MustMeet(10)
			pull.CloseIn(0)
		})
	}
}

func TestIdleDisconnectsLeaveNothing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		pull := w.Socket(pattern.PULL)
		ep := pull.MustBind("mem://a")
		for range 100 {
			push.MustConnect(ep)
			push.MustMeet(1)
			push.Disconnect(ep)
			w.Settle()
		}
	})
}
