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
	otherAddr = netip.MustParseAddrPort("10.9.9.9:999")
	dishAddr  = netip.MustParseAddrPort("10.0.0.1:5555")
)

// joinAir joins groups on a DISH.
func joinAir(w *st.World, s *st.Socket, groups ...string) {
	w.Helper()
	for _, g := range groups {
		if err := s.Subscribe(g, true); err != nil {
			w.Fatal(err)
		}
	}
}

// TestDishReceivesDatagramsOfJoinedGroups: a RADIO sends every message. A DISH
// receives those of the groups that it has joined.
func TestDishReceivesDatagramsOfJoinedGroups(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
		if bound := dish.MustBind(airAt); bound != airAt {
			t.Errorf("bound to %s", bound)
		}
		joinAir(w, dish, "TV")
		radio.MustConnect(airAt)
		radio.WaitPeers(1)
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

// TestMulticastReachesEveryBoundDish: each DISH bound to the multicast group
// receives every message.
func TestMulticastReachesEveryBoundDish(t *testing.T) {
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

// TestDatagramEndpointsAreRefusedByOtherTypes: only a RADIO connects to a
// datagram endpoint, and only a DISH or a DGRAM binds one. A DGRAM has no other
// endpoints. libzmq returns ENOCOMPATPROTO here.
func TestDatagramEndpointsAreRefusedByOtherTypes(t *testing.T) {
	st.Run(t, func(w *st.World) {
		for typ, info := range pattern.Types {
			s := w.Socket(typ)
			_, err := s.Bind("air://10.0.0.2:0")
			if may := typ == pattern.DISH || typ == pattern.DGRAM; may != (err == nil) || !may && !errors.Is(err, socket.ErrUnsupportedTransport) {
				t.Errorf("%s binds: %v", info.Name, err)
			}
			err = s.Connect("air://10.0.0.2:1")
			if may := typ == pattern.RADIO; may != (err == nil) || !may && !errors.Is(err, socket.ErrUnsupportedTransport) {
				t.Errorf("%s connects: %v", info.Name, err)
			}
		}
		dgram := w.Socket(pattern.DGRAM)
		for _, ep := range []string{"mem://a", "inproc://a"} {
			if _, err := dgram.Bind(ep); !errors.Is(err, socket.ErrUnsupportedTransport) {
				t.Errorf("DGRAM binds %s: %v", ep, err)
			}
			if err := dgram.Connect(ep); !errors.Is(err, socket.ErrUnsupportedTransport) {
				t.Errorf("DGRAM connects %s: %v", ep, err)
			}
		}
	})
}

// TestInvalidDatagramEndpointsAreRefused: malformed endpoints, endpoints in
// use, and unknown endpoints.
func TestInvalidDatagramEndpointsAreRefused(t *testing.T) {
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
			t.Error("the bound endpoint has port 0")
		}
		if _, err := w.Socket(pattern.DISH).Bind(one); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("bind of an endpoint in use: %v", err)
		}
		radio.MustConnect(one)
		if err := dish.Disconnect(one); err != socket.ErrEndpointNotFound {
			t.Errorf("Disconnect of a bound endpoint: %v", err)
		}
		if err := radio.Unbind(one); err != socket.ErrEndpointNotFound {
			t.Errorf("Unbind of a connected endpoint: %v", err)
		}
		radio.WaitPeers(1)
		for _, err := range []error{dish.Unbind(one), radio.Disconnect(one)} {
			if err != nil {
				t.Error(err)
			}
		}
		w.Settle()
		if _, err := w.Socket(pattern.DISH).Bind(one); err != nil {
			t.Errorf("bind after Unbind: %v", err)
		}
		dish.WantKinds(session.Listening, session.ListenerClosed)
		radio.WantKinds(session.Ready, session.Disconnected)
	})
}

// TestDgramReplyToReceivedAddress: the first frame of a received message is the
// address to which a reply goes.
func TestDgramReplyToReceivedAddress(t *testing.T) {
	st.Run(t, func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind("air://10.0.0.1:1")
		b.MustBind("air://[fd00::2]:2")
		a.MustSend("[fd00::2]:2", "question")
		b.WantRecv("10.0.0.1:1", "question")
		b.MustSend("10.0.0.1:1\x00", "answer") // with the trailing zero byte that programs for libzmq send
		a.WantRecv("[fd00::2]:2", "answer")
		b.MustSend("10.0.0.1:1", "")
		a.WantRecv("[fd00::2]:2", "")
	})
}

// TestDgramRefusesMalformedMessages: a message has two frames, an address and a
// body of at most 8192 bytes.
func TestDgramRefusesMalformedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		s := w.Socket(pattern.DGRAM)
		if err := s.TrySend(st.Of("10.0.0.1:1", "x")); err != pattern.ErrWouldBlock {
			t.Errorf("send before Bind: %v", err)
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
			t.Errorf("second Bind: %v", err)
		}
		if err := s.Unbind("air://10.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		s.MustBind("air://10.0.0.1:2")
	})
}

// TestRadioDropsMessagesAboveDatagramSize: a message that does not fit in a
// datagram is dropped and counted. Inproc peers receive it.
func TestRadioDropsMessagesAboveDatagramSize(t *testing.T) {
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

// TestDishDropsMalformedDatagrams receives datagrams with every first byte and
// every length up to 300. Malformed datagrams, and datagrams of groups that are
// not joined, are dropped and counted.
func TestDishDropsMalformedDatagrams(t *testing.T) {
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
				w.Air.Inject(b, otherAddr, dishAddr)
				if n > first {
					filtered++
				} else {
					malformed++
				}
			}
		}
		w.Air.Inject(make([]byte, 8193), otherAddr, dishAddr)
		malformed++
		w.Settle()
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: malformed, pipe.DropFiltered: filtered})
		w.Air.Inject([]byte("\x06joinedafter"), otherAddr, dishAddr)
		dish.WantRecv("joined", "after")
	})
}

// TestDatagramsOfOtherGroupsUseNoQueue: datagrams of groups that are not joined
// do not fill the receive queue.
func TestDatagramsOfOtherGroupsUseNoQueue(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish := w.Socket(pattern.DISH, st.HWM(2, 2))
		dish.MustBind(airAt)
		joinAir(w, dish, "mine")
		for range 1000 {
			w.Air.Inject([]byte("\x05otherx"), otherAddr, dishAddr)
		}
		w.Air.Inject([]byte("\x04mine1"), otherAddr, dishAddr)
		w.Settle()
		if n := dish.Stats().QueuedRecv; n != 1 {
			t.Errorf("%d messages queued", n)
		}
		dish.WantRecv("mine", "1")
	})
}

// TestDatagramQueueIsBounded: an unread queue accepts datagrams up to its
// limits. The others are dropped and counted.
func TestDatagramQueueIsBounded(t *testing.T) {
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
				w.Air.Inject(body, otherAddr, dishAddr)
			}
			w.Settle()
			if n := dgram.Stats().QueuedRecv; n != c.want {
				t.Errorf("%s: %d messages queued, want %d", c.name, n, c.want)
			}
			dgram.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: uint64(1000 - c.want)})
			for range c.want {
				dgram.MustRecv()
			}
			w.Air.Inject([]byte("room"), otherAddr, dishAddr)
			dgram.WantRecv(otherAddr.String(), "room")
		})
	}
}

// TestDatagramWriteErrorDropsOneMessage: the messages after it are sent.
func TestDatagramWriteErrorDropsOneMessage(t *testing.T) {
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

// TestForgedRefusalDropsNoOtherDatagram: the system reports that an earlier
// datagram was refused, which any host can forge. The message being sent is
// still sent.
func TestForgedRefusalDropsNoOtherDatagram(t *testing.T) {
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

// TestDatagramReadErrorsAreRetried: a bound socket reads again after an error.
// An error that reports an unreachable receiver of an earlier datagram is
// counted as a drop. After any other error the socket reports AcceptFailed and
// backs off before it reads.
func TestDatagramReadErrorsAreRetried(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dgram := w.Socket(pattern.DGRAM)
		dgram.MustBind(airAt)
		for range 10 {
			w.Air.Fail(dishAddr, syscall.ECONNRESET)
		}
		w.Settle()
		dgram.WantDrops(map[pipe.Drop]uint64{pipe.DropUnreachable: 10})
		for range 3 {
			w.Air.Fail(dishAddr, syscall.ENOMEM)
		}
		w.Air.Inject([]byte("x"), otherAddr, dishAddr)
		if d := st.After(func() { dgram.WantRecv(otherAddr.String(), "x") }); d != 35*time.Millisecond {
			t.Errorf("read again after %v", d)
		}
		if n := len(dgram.EventsOf(session.AcceptFailed)); n != 3 {
			t.Errorf("%d AcceptFailed events, want 3", n)
		}
	})
}

// TestDatagramNameLookupIsRetried: messages are queued until the lookup
// succeeds, and then sent.
func TestDatagramNameLookupIsRetried(t *testing.T) {
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
		radio.WantKinds(session.Retrying, session.Retrying, session.Retrying, session.Ready)
	})
}

// TestDatagramCloseLingersForUnresolvedName: Close returns at once if nothing
// is queued, else when the linger time ends.
func TestDatagramCloseLingersForUnresolvedName(t *testing.T) {
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
					t.Errorf("%d messages unsent, want %d", unsent, n)
				}
			}); d != want {
				t.Errorf("closed after %v, want %v", d, want)
			}
			radio.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: uint64(n)})
		})
	}
}

// TestDatagramWithoutRetriesQueuesNothing: with reconnecting disabled, an
// endpoint whose name does not resolve queues nothing.
func TestDatagramWithoutRetriesQueuesNothing(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Air.OnDial(func(string) error { return errors.New("no such host") })
		radio := w.Socket(pattern.RADIO, st.Reconnect(0, 0))
		radio.MustConnect(airAt)
		w.Settle()
		radio.MustSend("g", "x")
		radio.WantKinds()
		if unsent := radio.CloseIn(-1); unsent != 0 {
			t.Errorf("%d messages unsent", unsent)
		}
	})
}

func TestDatagramCloseWritesQueue(t *testing.T) {
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

// TestDatagramCloseCountsUnsentMessages: the number of messages that are
// unwritten when the linger time ends is exact, whether or not the batch in
// flight counts against the high-water mark.
func TestDatagramCloseCountsUnsentMessages(t *testing.T) {
	for _, size := range []int{1, 8000} {
		st.Run(t, func(w *st.World) {
			dish, radio := w.Socket(pattern.DISH), w.Socket(pattern.RADIO)
			dish.MustBind(airAt)
			joinAir(w, dish, "g")
			radio.MustConnect(airAt)
			radio.WaitPeers(1)
			w.Air.OnWrite(func([]byte, netip.AddrPort) error { time.Sleep(time.Second); return nil })
			for range 100 {
				radio.MustSend("g", st.Large(size))
			}
			unsent := radio.CloseIn(50*time.Second + 500*time.Millisecond)
			w.Settle()
			got := int(dish.Stats().QueuedRecv)
			if unsent+got != 100 || unsent < 48 || unsent > 50 {
				t.Errorf("%d bytes: %d messages unsent, %d received", size, unsent, got)
			}
			radio.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: uint64(unsent)})
		})
	}
}

// TestDatagramBlockedSendResumes: a call that is blocked on a full queue
// continues when datagrams are written.
func TestDatagramBlockedSendResumes(t *testing.T) {
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

// TestWaitSubscribersCountsDatagramEndpoint: a datagram endpoint receives every
// message of a RADIO, so it counts as a subscriber of each group.
func TestWaitSubscribersCountsDatagramEndpoint(t *testing.T) {
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
		radio.WaitPeers(1)
		peers := radio.Peers()
		if len(peers) != 1 || peers[0].Remote.String() != "10.0.0.1:5555" || peers[0].Address != "10.0.0.1" {
			t.Errorf("peers %v", peers)
		}
	})
}

// TestReceivedDatagramsShareNoMemory: a received message does not refer to the
// buffer that is used for the next read.
func TestReceivedDatagramsShareNoMemory(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dgram := w.Socket(pattern.DGRAM)
		dgram.MustBind(airAt)
		for _, size := range []int{1, 255, 8191, 8192} {
			for i := range 5 {
				w.Air.Inject(slices.Repeat([]byte{byte('a' + i)}, size), otherAddr, dishAddr)
			}
			w.Settle()
			for i := range 5 {
				var m msg.Msg
				if err := dgram.TryRecv(&m); err != nil {
					t.Fatal(err)
				}
				if want := strings.Repeat(string(rune('a'+i)), size); string(m.Rest[0]) != want {
					t.Errorf("message %d of %d bytes was overwritten", i, size)
				}
			}
		}
	})
}
