package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport"
)

// udpSocket returns a socket with the udp transport. The tests run in real
// time.
func udpSocket(t *testing.T, typ pattern.Type, set ...func(*socket.Options)) *socket.Socket {
	t.Helper()
	o := socket.Options{
		SendHWM: 1000, RecvHWM: 1000, MaxQueuedBytes: 64 << 20,
		Datagrams:         map[string]transport.Packets{"udp": transport.UDP},
		ReconnectInterval: 10 * time.Millisecond,
	}
	for _, f := range set {
		f(&o)
	}
	s, err := socket.New(typ, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(st.Ended()) })
	return s
}

// udpBind binds, or skips the test if the machine does not have the address.
func udpBind(t *testing.T, s *socket.Socket, ep string) string {
	t.Helper()
	bound, err := s.Bind(ep)
	for _, lacking := range []error{syscall.EAFNOSUPPORT, syscall.EADDRNOTAVAIL, syscall.ENODEV} {
		if errors.Is(err, lacking) {
			t.Skipf("this machine cannot bind %s: %v", ep, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

func udpSend(t *testing.T, s *socket.Socket, frames ...string) {
	t.Helper()
	if err := s.Send(t.Context(), st.Of(frames...)); err != nil {
		t.Fatal(err)
	}
}

// datagramTimeout is the time after which a datagram counts as lost.
const datagramTimeout = time.Minute

func udpRecv(t *testing.T, s *socket.Socket, frames ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), datagramTimeout)
	defer cancel()
	var m msg.Msg
	if err := s.Recv(ctx, &m); err != nil {
		t.Fatalf("%v, want %.40q; dropped: %v", err, frames, s.Stats().Drops)
	}
	if got := st.Frames(&m); fmt.Sprint(got) != fmt.Sprint(frames) {
		t.Fatalf("received %.80q, want %.80q", got, frames)
	}
}

// TestUDPDishReceivesJoinedGroups uses the loopback addresses of IPv4 and IPv6.
func TestUDPDishReceivesJoinedGroups(t *testing.T) {
	for _, ep := range []string{"udp://127.0.0.1:*", "udp://[::1]:*", "udp://*:*", "udp://localhost:0"} {
		t.Run(ep, func(t *testing.T) {
			dish, radio := udpSocket(t, pattern.DISH), udpSocket(t, pattern.RADIO)
			bound := udpBind(t, dish, ep)
			if strings.HasSuffix(bound, ":0") || strings.Contains(bound, "*") {
				t.Fatalf("bound to %s", bound)
			}
			if err := dish.Topics().Subscribe("TV", true); err != nil {
				t.Fatal(err)
			}
			if err := radio.Connect(bound); err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				udpSend(t, radio, "Movies", "x")
				udpSend(t, radio, "TV", fmt.Sprint(i))
				udpRecv(t, dish, "TV", fmt.Sprint(i))
			}
			whole := strings.Repeat("x", 8192-3)
			udpSend(t, radio, "TV", whole)
			udpRecv(t, dish, "TV", whole)
			if n := dish.Stats().Drops[pipe.DropFiltered]; n != 100 {
				t.Errorf("%d messages filtered, want 100", n)
			}
		})
	}
}

// TestUDPMessagesBeforeBindAreLost: messages sent before the DISH binds are
// lost, later ones are received.
func TestUDPMessagesBeforeBindAreLost(t *testing.T) {
	dish, radio := udpSocket(t, pattern.DISH), udpSocket(t, pattern.RADIO)
	bound := udpBind(t, dish, "udp://127.0.0.1:*")
	if err := dish.Unbind(bound); err != nil {
		t.Fatal(err)
	}
	if err := dish.Topics().Subscribe("TV", true); err != nil {
		t.Fatal(err)
	}
	if err := radio.Connect(bound); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		udpSend(t, radio, "TV", "lost")
	}
	udpBind(t, dish, bound)
	udpSend(t, radio, "TV", "found")
	ctx, cancel := context.WithTimeout(t.Context(), datagramTimeout)
	defer cancel()
	// A datagram sent before Bind may be written after it.
	for m := (msg.Msg{}); len(m.Rest) == 0 || string(m.Rest[0]) != "found"; {
		if err := dish.Recv(ctx, &m); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUDPTwoSocketsBindSameMulticastGroup: both receive every message.
func TestUDPTwoSocketsBindSameMulticastGroup(t *testing.T) {
	for _, ep := range []string{"udp://127.0.0.1;239.192.7.21:*", "udp://*;239.192.7.22:*", "udp://239.192.7.23:*"} {
		t.Run(ep, func(t *testing.T) {
			a, b, radio := udpSocket(t, pattern.DISH), udpSocket(t, pattern.DISH), udpSocket(t, pattern.RADIO)
			bound := udpBind(t, a, ep)
			udpBind(t, b, bound)
			skipWithoutRoute(t, bound)
			for _, d := range []*socket.Socket{a, b} {
				if err := d.Topics().Subscribe("TV", true); err != nil {
					t.Fatal(err)
				}
			}
			if err := radio.Connect(bound); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				udpSend(t, radio, "TV", fmt.Sprint(i))
				udpRecv(t, a, "TV", fmt.Sprint(i))
				udpRecv(t, b, "TV", fmt.Sprint(i))
			}
		})
	}
}

// skipWithoutRoute skips the test if the system cannot send to the endpoint.
func skipWithoutRoute(t *testing.T, ep string) {
	t.Helper()
	c, to, err := transport.UDP.DialPackets(t.Context(), strings.TrimPrefix(ep, "udp://"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.WritePacket(nil, to); err != nil {
		t.Skip("this machine cannot send to multicast groups: ", err)
	}
}

// TestUDPDgramRepliesToSender sends to the received address, over IPv4 and
// IPv6.
func TestUDPDgramRepliesToSender(t *testing.T) {
	for _, ep := range []string{"udp://127.0.0.1:*", "udp://[::1]:*"} {
		t.Run(ep, func(t *testing.T) {
			a, b := udpSocket(t, pattern.DGRAM), udpSocket(t, pattern.DGRAM)
			atA := strings.TrimPrefix(udpBind(t, a, ep), "udp://")
			atB := strings.TrimPrefix(udpBind(t, b, ep), "udp://")
			for _, body := range []string{"question", "", strings.Repeat("x", 8192)} {
				udpSend(t, a, atB, body)
				udpRecv(t, b, atA, body)
				udpSend(t, b, atA, "answer")
				udpRecv(t, a, atB, "answer")
			}
		})
	}
}

// TestUDPFloodIsBounded: a socket whose application does not receive uses no
// more memory than its limits allow, and closes.
func TestUDPFloodIsBounded(t *testing.T) {
	dish, dgram := udpSocket(t, pattern.DISH, st.HWM(100, 100)), udpSocket(t, pattern.DGRAM, st.HWM(100, 100))
	if err := dish.Topics().Subscribe("TV", true); err != nil {
		t.Fatal(err)
	}
	const datagrams = 20_000
	before := heap()
	for s, all := range map[*socket.Socket][]pipe.Drop{
		dish:  {pipe.DropHWM, pipe.DropMalformed, pipe.DropFiltered},
		dgram: {pipe.DropHWM},
	} {
		c, err := net.Dial("udp", strings.TrimPrefix(udpBind(t, s, "udp://127.0.0.1:*"), "udp://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		counted := func() bool {
			drops := s.Stats().Drops
			return !slices.ContainsFunc(all, func(d pipe.Drop) bool { return drops[d] == 0 })
		}
		body := append([]byte("\x02TV"), make([]byte, 4000)...)
		kinds := [][]byte{body, []byte("\xffshort"), append([]byte("\x05other"), body...)}
		end := time.Now().Add(datagramTimeout)
		for i := 0; i < datagrams || !counted() && time.Now().Before(end); i++ {
			c.Write(kinds[i%len(kinds)])
		}
		if !counted() {
			t.Errorf("no drops counted for some of %v: %v", all, s.Stats().Drops)
		}
		if n := s.Stats().QueuedRecv; n > 100 {
			t.Errorf("%d messages queued", n)
		}
	}
	// 200 messages of 4 KiB, twice that while memory chunks are filled, and the
	// read buffers.
	const most = 4 << 20
	if grown := heap() - before; grown > most {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}
