package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

const (
	airAt    = "air://10.0.0.1:5555"
	airGroup = "air://239.0.0.1:5555"
)

var (
	strange = netip.MustParseAddrPort("10.9.9.9:999")
	dishAt  = netip.MustParseAddrPort("10.0.0.1:5555")
)

// joinAir has a DISH join groups.
func joinAir(w *st.World, s *st.Socket, groups ...string) {
	w.Helper()
	for _, g := range groups {
		if err := s.Subscribe(g, true); err != nil {
			w.Fatal(err)
		}
	}
}

// TestDatagramRadioDish: every message goes out, and DISH takes those of the
// groups it has joined. conformance 3.7, 6.7
func TestDatagramRadioDish(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
		if bound := dish.MustBind(airAt); bound != airAt {
			t.Errorf("bound to %s", bound)
		}
		joinAir(w, dish, "TV")
		radio.MustConnect(airAt)
		radio.MustMeet(1)
		radio.MustSend("Movies", "Godfather")
		radio.MustSend("TV", "Friends")
		dish.WantRecv("TV", "Friends")
		joinAir(w, dish, "Movies")
		radio.MustSend("Movies", "Godfather")
		radio.MustSend("TV", "")
		dish.WantRecv("Movies", "Godfather")
		dish.WantRecv("TV", "")
		if err := dish.Subscribe("TV", false); err != nil {
			t.Fatal(err)
		}
		radio.MustSend("TV", "Friends")
		dish.WantNone()
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 2})
		radio.WantDrops(nil)
		radio.WantKinds(session.Ready)
		dish.WantKinds(session.Listening)
	})
}

// TestDatagramGroup: what goes to a multicast group comes to all who are bound
// there.
func TestDatagramGroup(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		var dishes []*st.Socket
		for range 3 {
			d := w.Socket(pattern.DISH)
			d.MustBind(airGroup)
			joinAir(w, d, "TV")
			dishes = append(dishes, d)
		}
		radio.MustConnect(airGroup)
		for i := range 100 {
			radio.MustSend("TV", fmt.Sprint(i))
		}
		for _, d := range dishes {
			for i := range 100 {
				d.WantRecv("TV", fmt.Sprint(i))
			}
		}
	})
}

// TestDatagramWhoMay: RADIO only connects, DISH and DGRAM only bind, and others
// do neither; DGRAM goes over nothing else. In libzmq that is ENOCOMPATPROTO.
// conformance 3.7
func TestDatagramWhoMay(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for typ, info := range pattern.Types {
			s := w.Socket(typ)
			_, err := s.Bind("air://10.0.0.2:0")
			if may := typ == pattern.DISH || typ == pattern.DGRAM; may != (err == nil) || !may && !errors.Is(err, socket.ErrIncompatible) {
				t.Errorf("%s binds: %v", info.Name, err)
			}
			err = s.Connect("air://10.0.0.2:1")
			if may := typ == pattern.RADIO; may != (err == nil) || !may && !errors.Is(err, socket.ErrIncompatible) {
				t.Errorf("%s connects: %v", info.Name, err)
			}
		}
		dgram := w.Socket(pattern.DGRAM)
		for _, ep := range []string{"mem://a", "inproc://a"} {
			if _, err := dgram.Bind(ep); !errors.Is(err, socket.ErrIncompatible) {
				t.Errorf("DGRAM binds %s: %v", ep, err)
			}
			if err := dgram.Connect(ep); !errors.Is(err, socket.ErrIncompatible) {
				t.Errorf("DGRAM connects %s: %v", ep, err)
			}
		}
	})
}

// TestDatagramEndpoints that are none, in use, or not there.
func TestDatagramEndpoints(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
		if _, err := dish.Bind("air://nonsense"); !errors.Is(err, socket.ErrInvalidEndpoint) {
			t.Errorf("bind: %v", err)
		}
		if err := radio.Connect("air://nonsense"); !errors.Is(err, socket.ErrInvalidEndpoint) {
			t.Errorf("connect: %v", err)
		}
		one := dish.MustBind("air://10.0.0.1:0")
		if one == "air://10.0.0.1:0" {
			t.Error("the port is not filled in")
		}
		if _, err := w.Socket(pattern.DISH).Bind(one); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("bound twice: %v", err)
		}
		radio.MustConnect(one)
		if err := dish.Disconnect(one); err != socket.ErrEndpointNotFound {
			t.Errorf("disconnect what is bound: %v", err)
		}
		if err := radio.Unbind(one); err != socket.ErrEndpointNotFound {
			t.Errorf("unbind what is connected: %v", err)
		}
		radio.MustMeet(1)
		for _, err := range []error{dish.Unbind(one), radio.Disconnect(one)} {
			if err != nil {
				t.Error(err)
			}
		}
		w.Settle()
		if _, err := w.Socket(pattern.DISH).Bind(one); err != nil {
			t.Errorf("bound again: %v", err)
		}
		dish.WantKinds(session.Listening, session.ListenerClosed)
		radio.WantKinds(session.Ready, session.Disconnected)
	})
}

// TestDgramExchange: a datagram comes with the address that an answer goes to.
func TestDgramExchange(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind("air://10.0.0.1:1")
		b.MustBind("air://[fd00::2]:2")
		a.MustSend("[fd00::2]:2", "question")
		b.WantRecv("10.0.0.1:1", "question")
		b.MustSend("10.0.0.1:1\x00", "answer") // as libzmq's programs send it back
		a.WantRecv("[fd00::2]:2", "answer")
		b.MustSend("10.0.0.1:1", "")
		a.WantRecv("[fd00::2]:2", "")
	})
}

// TestDgramRefuses what is no address and one frame. conformance 3.7
func TestDgramRefuses(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := w.Socket(pattern.DGRAM)
		if err := s.TrySend(st.Of("10.0.0.1:1", "x")); err != pattern.ErrWouldBlock {
			t.Errorf("sent before it was bound: %v", err)
		}
		s.MustBind("air://10.0.0.1:1")
		for _, frames := range [][]string{{""}, {"10.0.0.1:1"}, {"10.0.0.1:1", "a", "b"}} {
			if err := s.TrySend(st.Of(frames...)); err != pattern.ErrInvalidMessage {
				t.Errorf("sent %q: %v", frames, err)
			}
		}
		for size, want := range map[int]error{8191: nil, 8192: nil, 8193: pattern.ErrMessageTooLarge, 1 << 20: pattern.ErrMessageTooLarge} {
			if err := s.TrySend(st.Of("10.0.0.1:1", st.Large(size))); !errors.Is(err, want) {
				t.Errorf("sent %d bytes: %v, want %v", size, err, want)
			}
		}
		for range 2 {
			s.MustRecv()
		}
		for _, bad := range []string{"", ":", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:70000", "name:1", "::1:1"} {
			s.MustSend(bad, "x")
		}
		w.Settle()
		s.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 8})
		if _, err := s.Bind("air://10.0.0.1:2"); !errors.Is(err, pattern.ErrAlreadyBound) {
			t.Errorf("bound twice: %v", err)
		}
		if err := s.Unbind("air://10.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		s.MustBind("air://10.0.0.1:2")
	})
}

// TestDatagramSizes: a message of RADIO that no datagram takes is dropped, and
// counted. conformance 5.5
func TestDatagramSizes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio, near := w.Socket(pattern.DISH), w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		dish.MustBind(airAt)
		near.MustBind("inproc://near")
		for _, s := range []*st.Socket{dish, near} {
			joinAir(w, s, "", "g", strings.Repeat("g", 255))
		}
		radio.MustConnect(airAt)
		radio.MustConnect("inproc://near")
		dropped := uint64(0)
		for _, group := range []string{"", "g", strings.Repeat("g", 255)} {
			for _, size := range []int{0, 1, 255, 256, 4096, 8191 - len(group), 8192 - len(group), 8192, 8193, 100_000} {
				radio.MustSend(group, st.Large(size))
				near.WantRecv(group, st.Large(size))
				if 1+len(group)+size > 8192 {
					dropped++
					continue
				}
				dish.WantRecv(group, st.Large(size))
			}
		}
		dish.WantNone()
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropTooLarge: dropped})
	})
}

// TestDatagramHostile: all first bytes with all lengths up to 300. What is none
// of a RADIO's, or of a group that is not joined, is counted and no more.
// threats.md 2.5
func TestDatagramHostile(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish := w.Socket(pattern.DISH, st.HWM(10, 10))
		dish.MustBind(airAt)
		joinAir(w, dish, "joined")
		var malformed, filtered uint64
		for n := range 301 {
			b := slices.Repeat([]byte{0xee}, n)
			for first := range 256 {
				if n > 0 {
					b[0] = byte(first)
				}
				w.Air.Inject(b, strange, dishAt)
				if n > first {
					filtered++
				} else {
					malformed++
				}
			}
		}
		w.Air.Inject(make([]byte, 8193), strange, dishAt)
		malformed++
		w.Settle()
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: malformed, pipe.DropFiltered: filtered})
		w.Air.Inject([]byte("\x06joinedstill"), strange, dishAt)
		dish.WantRecv("joined", "still")
	})
}

// TestDatagramFloodOfOthers: groups that are not joined take no room from those
// that are.
func TestDatagramFloodOfOthers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish := w.Socket(pattern.DISH, st.HWM(2, 2))
		dish.MustBind(airAt)
		joinAir(w, dish, "mine")
		for range 1000 {
			w.Air.Inject([]byte("\x05otherx"), strange, dishAt)
		}
		w.Air.Inject([]byte("\x04mine1"), strange, dishAt)
		w.Settle()
		if n := dish.Stats().QueuedRecv; n != 1 {
			t.Errorf("%d messages queued", n)
		}
		dish.WantRecv("mine", "1")
	})
}

// TestDatagramFlood: a queue that nobody reads takes as much as its marks say,
// and the rest is counted. conformance 5.5
func TestDatagramFlood(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*socket.Options)
		want int
	}{
		{"messages", st.HWM(10, 10), 10},
		{"bytes", func(o *socket.Options) { o.RecvHWM, o.MaxQueuedBytes = 0, 100_000 }, 13},
	} {
		st.Run(t, func(w *st.World) {
			dgram := w.Socket(pattern.DGRAM, c.set)
			dgram.MustBind(airAt)
			body := make([]byte, 8000)
			for range 1000 {
				w.Air.Inject(body, strange, dishAt)
			}
			w.Settle()
			if n := dgram.Stats().QueuedRecv; n != c.want {
				t.Errorf("%s: %d messages queued, want %d", c.name, n, c.want)
			}
			dgram.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: uint64(1000 - c.want)})
			for range c.want {
				dgram.MustRecv()
			}
			w.Air.Inject([]byte("room"), strange, dishAt)
			dgram.WantRecv(strange.String(), "room")
		})
	}
}

// TestDatagramWriteErrors: an error is of one message, and holds up no other.
func TestDatagramWriteErrors(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOBUFS, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EMSGSIZE} {
		st.Run(t, func(w *st.World) {
			dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
			dish.MustBind(airAt)
			joinAir(w, dish, "g")
			radio.MustConnect(airAt)
			calls := 0
			w.Air.OnWrite(func(b []byte, _ netip.AddrPort) error {
				calls++
				if strings.HasSuffix(string(b), "bad") {
					return errno
				}
				return nil
			})
			for _, body := range []string{"1", "bad", "bad", "2"} {
				radio.MustSend("g", body)
			}
			dish.WantRecv("g", "1")
			dish.WantRecv("g", "2")
			radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUnreachable: 2})
			if calls != 4 {
				t.Errorf("%v: %d writes of 4 messages", errno, calls)
			}
		})
	}
}

// TestDatagramRefused: an answer to an earlier datagram, which anybody may
// forge, takes the place of no other. threats.md 2.5
func TestDatagramRefused(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
		dish.MustBind(airAt)
		joinAir(w, dish, "g")
		radio.MustConnect(airAt)
		odd := false
		w.Air.OnWrite(func([]byte, netip.AddrPort) error {
			if odd = !odd; odd {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		for i := range 10 {
			radio.MustSend("g", fmt.Sprint(i))
		}
		for i := range 10 {
			dish.WantRecv("g", fmt.Sprint(i))
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUnreachable: 10})
	})
}

// TestDatagramReadErrors: a bound socket reads on; after what is no answer to a
// datagram it first waits a little, and says so.
func TestDatagramReadErrors(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dgram := w.Socket(pattern.DGRAM)
		dgram.MustBind(airAt)
		for range 10 {
			w.Air.Fail(dishAt, syscall.ECONNRESET)
		}
		w.Settle()
		dgram.WantDrops(map[pipe.Drop]uint64{pipe.DropUnreachable: 10})
		for range 3 {
			w.Air.Fail(dishAt, syscall.ENOMEM)
		}
		w.Air.Inject([]byte("x"), strange, dishAt)
		if d := st.After(func() { dgram.WantRecv(strange.String(), "x") }); d != 35*time.Millisecond {
			t.Errorf("read on after %v", d)
		}
		if n := len(dgram.Heard(session.AcceptFailed)); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

// TestDatagramOpensLater: what cannot be sent from yet is tried again; messages
// wait meanwhile, up to the mark, and then go out.
func TestDatagramOpensLater(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO, st.HWM(5, 5), st.Reconnect(time.Second, 4*time.Second))
		dish.MustBind(airAt)
		joinAir(w, dish, "g")
		fail := 3
		w.Air.OnDial(func(string) error {
			if fail--; fail >= 0 {
				return errors.New("no such host")
			}
			return nil
		})
		radio.MustConnect(airAt)
		for i := range 10 {
			radio.MustSend("g", fmt.Sprint(i))
		}
		for i := range 5 {
			dish.WantRecv("g", fmt.Sprint(i))
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 5})
		radio.WantKinds(session.Connecting, session.Connecting, session.Connecting, session.Ready)
	})
}

// TestDatagramNeverOpens: closing gives up at once when nothing waits, and after
// the time to linger when something does.
func TestDatagramNeverOpens(t *testing.T) {
	for _, n := range []int{0, 3} {
		st.Run(t, func(w *st.World) {
			w.Air.OnDial(func(string) error { return errors.New("no such host") })
			radio := w.Socket(pattern.RADIO)
			radio.MustConnect(airAt)
			for range n {
				radio.MustSend("g", "x")
			}
			want := time.Duration(0)
			if n > 0 {
				want = 7 * time.Second
			}
			if d := st.After(func() {
				if unsent := radio.CloseIn(7 * time.Second); unsent != n {
					t.Errorf("%d not sent, want %d", unsent, n)
				}
			}); d != want {
				t.Errorf("closed after %v, want %v", d, want)
			}
			radio.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: uint64(n)})
		})
	}
}

// TestDatagramOnce: without retries a name that is unknown is an endpoint that
// does nothing.
func TestDatagramOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Air.OnDial(func(string) error { return errors.New("no such host") })
		radio := w.Socket(pattern.RADIO, st.Reconnect(0, 0))
		radio.MustConnect(airAt)
		w.Settle()
		radio.MustSend("g", "x")
		radio.WantKinds()
		if unsent := radio.CloseIn(-1); unsent != 0 {
			t.Errorf("%d not sent", unsent)
		}
	})
}

// TestDatagramCloseWrites: what is queued goes out before the socket ends.
func TestDatagramCloseWrites(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio, dgram := w.Socket(pattern.DISH), w.Socket(pattern.RADIO), w.Socket(pattern.DGRAM)
		dish.MustBind(airAt)
		joinAir(w, dish, "g")
		radio.MustConnect(airAt)
		dgram.MustBind("air://10.0.0.2:2")
		slow := func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil }
		w.Air.OnWrite(slow)
		for i := range 100 {
			radio.MustSend("g", fmt.Sprint(i))
			dgram.MustSend("10.0.0.1:5555", "\x01g"+fmt.Sprint(i))
		}
		if d := st.After(func() { radio.CloseIn(-1); dgram.CloseIn(-1) }); d != 100*time.Second {
			t.Errorf("closed after %v", d)
		}
		for range 200 {
			dish.MustRecv()
		}
		for _, s := range []*st.Socket{radio, dgram} {
			s.WantDrops(nil)
		}
	})
}

// TestDatagramCloseCounts: what is not written when time is over is counted, to
// the message, whether its batch counts against the marks or not.
func TestDatagramCloseCounts(t *testing.T) {
	for _, size := range []int{1, 8000} {
		st.Run(t, func(w *st.World) {
			dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
			dish.MustBind(airAt)
			joinAir(w, dish, "g")
			radio.MustConnect(airAt)
			radio.MustMeet(1)
			w.Air.OnWrite(func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil })
			for range 100 {
				radio.MustSend("g", st.Large(size))
			}
			unsent := radio.CloseIn(50*time.Second + 500*time.Millisecond)
			w.Settle()
			got := int(dish.Stats().QueuedRecv)
			if unsent+got != 100 || unsent < 48 || unsent > 50 {
				t.Errorf("%d bytes: %d not sent, %d arrived", size, unsent, got)
			}
			radio.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: uint64(unsent)})
		})
	}
}

// TestDatagramRoom: a sender that waits for room goes on as datagrams leave.
func TestDatagramRoom(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dgram := w.Socket(pattern.DGRAM, st.HWM(20, 0))
		dgram.MustBind(airAt)
		w.Air.OnWrite(func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil })
		ctx, cancel := context.WithTimeout(context.Background(), 2000*time.Second)
		defer cancel()
		for i := range 1000 {
			if err := dgram.Send(ctx, st.Of("10.0.0.1:5555", st.Large(8000))); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if n := dgram.Stats().QueuedSend; n > 40 {
			t.Errorf("%d messages queued", n)
		}
		for range 1000 {
			dgram.MustRecv()
		}
	})
}

// TestDatagramWaitsForSubscribers: who gets everything counts as one.
func TestDatagramWaitsForSubscribers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- radio.WaitSubscribers(ctx, 1, []byte("g")) }()
		w.Settle()
		radio.MustConnect(airAt)
		if err := <-done; err != nil {
			t.Error(err)
		}
		radio.MustMeet(1)
		peers := radio.Peers()
		if len(peers) != 1 || peers[0].Remote.String() != "10.0.0.1:5555" || peers[0].Address != "10.0.0.1" {
			t.Errorf("peers %v", peers)
		}
	})
}

// TestDatagramNothingKept: what a datagram's message refers to is not the buffer
// that the next one is read into.
func TestDatagramNothingKept(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dgram := w.Socket(pattern.DGRAM)
		dgram.MustBind(airAt)
		for _, size := range []int{1, 255, 8191, 8192} {
			for i := range 5 {
				w.Air.Inject(slices.Repeat([]byte{byte('a' + i)}, size), strange, dishAt)
			}
			w.Settle()
			for i := range 5 {
				var m msg.Msg
				if err := dgram.TryRecv(&m); err != nil {
					t.Fatal(err)
				}
				if want := strings.Repeat(string(rune('a'+i)), size); string(m.Rest[0]) != want {
					t.Errorf("message %d of %d bytes is another", i, size)
				}
			}
		}
	})
}
