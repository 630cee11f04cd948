package conformance

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// The scheme air is UDP in memory.
const (
	udp1 = "air://10.0.0.1:1"
	udp2 = "air://10.0.0.2:2"
)

// unknownSender is an address that no socket is bound to.
var unknownSender = netip.MustParseAddrPort("10.9.9.9:9")

func TestDgramExchangesDatagramsWithAnyAddress(t *testing.T) {
	subtest(t, "an address and a body in both directions", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		b.MustBind(udp2)
		a.MustSend("10.0.0.2:2", "question")
		b.WantRecv("10.0.0.1:1", "question")
		b.MustSend("10.0.0.1:1", "answer")
		a.WantRecv("10.0.0.2:2", "answer")
		w.Air.Inject([]byte("anything"), unknownSender, netip.MustParseAddrPort("10.0.0.1:1"))
		a.WantRecv("10.9.9.9:9", "anything")
	})
	subtest(t, "writable while bound and not full", func(w *st.World) {
		s := w.Socket(pattern.DGRAM, st.HWM(2, 2))
		wantWritable(w, "before bind", s, false)
		wantErr(w, "sending", trySend(s, "10.0.0.2:2", "x"), pattern.ErrWouldBlock)
		wantErr(w, "a frame", trySendFrames(s, "10.0.0.2:2+"), pattern.ErrWouldBlock)
		s.MustBind(udp1)
		wantWritable(w, "after bind", s, true)
		wantErr(w, "sending", trySend(s, "10.0.0.2:2", "x"), nil)
	})
	subtest(t, "blocks while the queue is full", func(w *st.World) {
		s, receiver := w.Socket(pattern.DGRAM, st.HWM(2, 2)), w.Socket(pattern.DGRAM)
		s.MustBind(udp1)
		receiver.MustBind(udp2)
		accept := make(chan struct{})
		w.Air.OnWrite(func([]byte, netip.AddrPort) error { <-accept; return nil })
		wantErr(w, "sending while the system write blocks", trySend(s, "10.0.0.2:2", "0"), nil)
		wantWritable(w, "with one message in flight", s, true)
		wantErr(w, "sending", trySend(s, "10.0.0.2:2", "1"), nil)
		wantErr(w, "sending", trySend(s, "10.0.0.2:2", "2"), nil)
		wantWritable(w, "full", s, false)
		wantErr(w, "sending when full", trySend(s, "10.0.0.2:2", "no"), pattern.ErrWouldBlock)
		wantErr(w, "a frame when full", trySendFrames(s, "10.0.0.2:2+"), pattern.ErrWouldBlock)
		close(accept)
		wantWritable(w, "after the system write", s, true)
		for i := range 3 {
			receiver.WantRecv("10.0.0.1:1", fmt.Sprint(i))
		}
		receiver.WantNone()
		s.WantDrops(nil)
	})
	subtest(t, "other transports are refused", func(w *st.World) {
		s := w.Socket(pattern.DGRAM)
		for _, ep := range endpoints {
			_, err := s.Bind(ep)
			wantErr(w, "bind "+ep, err, socket.ErrUnsupportedTransport)
			wantErr(w, "connect "+ep, s.Connect(ep), socket.ErrUnsupportedTransport)
		}
	})
}

func TestRadioSendsEveryGroupOverUDP(t *testing.T) {
	subtest(t, "DISH drops the groups that it has not joined", func(w *st.World) {
		radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		dish.MustBind(udp1)
		wantErr(w, "join", dish.Join("g", true), nil)
		radio.MustConnect(udp1)
		radio.WaitPeers(1)
		for _, g := range []string{"g", "gg", "", "g"} {
			wantErr(w, "sending", radio.TrySendGroup(g, st.Of("to "+g)), nil)
		}
		dish.WantRecv("g", "to g")
		dish.WantRecv("g", "to g")
		dish.WantNone()
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 2})
		radio.WantDrops(nil)
	})
}

func TestUDPIsLimitedToRadioDishAndDgram(t *testing.T) {
	for typ, info := range pattern.Types {
		subtest(t, info.Name, func(w *st.World) {
			s := w.Socket(typ)
			_, err := s.Bind("air://10.0.0.1:0")
			if allowed := typ == pattern.DISH || typ == pattern.DGRAM; allowed != (err == nil) || !allowed && !errors.Is(err, socket.ErrUnsupportedTransport) {
				w.Errorf("bind: %v", err)
			}
			err = s.Connect(udp2)
			if allowed := typ == pattern.RADIO; allowed != (err == nil) || !allowed && !errors.Is(err, socket.ErrUnsupportedTransport) {
				w.Errorf("connect: %v", err)
			}
		})
	}
}

func TestDgramMessageIsAnAddressAndABody(t *testing.T) {
	subtest(t, "exactly two frames", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		b.MustBind(udp2)
		wantErr(w, "an address alone", trySend(a, "10.0.0.2:2"), pattern.ErrInvalidMessage)
		wantErr(w, "three frames", trySend(a, "10.0.0.2:2", "x", "y"), pattern.ErrInvalidMessage)
		wantErr(w, "an address frame without More", trySendFrames(a, "10.0.0.2:2"), pattern.ErrInvalidMessage)
		wantErr(w, "an address", trySendFrames(a, "10.0.0.2:2+"), nil)
		wantErr(w, "a body frame with More", trySendFrames(a, "x+"), pattern.ErrInvalidMessage)
		wantErr(w, "a body", trySendFrames(a, "body"), nil)
		wantFrames(w, b, "10.0.0.1:1+", "body")
		wantErr(w, "a third frame", b.TryRecvFrame(new(msg.Frame)), pattern.ErrWouldBlock)
	})
	subtest(t, "a body larger than a datagram is refused", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		b.MustBind(udp2)
		wantErr(w, "8193 bytes", trySend(a, "10.0.0.2:2", strings.Repeat("x", 8193)), pattern.ErrMessageTooLarge)
		wantErr(w, "an address", trySendFrames(a, "10.0.0.2:2+"), nil)
		wantErr(w, "8193 bytes in a frame", trySendFrames(a, strings.Repeat("x", 8193)), pattern.ErrMessageTooLarge)
		wantErr(w, "8192 bytes in a frame", trySendFrames(a, strings.Repeat("x", 8192)), nil)
		if m, _ := b.MustRecv(); len(m) != 2 || len(m[1]) != 8192 {
			w.Errorf("received %d frames, want 2, the second of 8192 bytes", len(m))
		}
	})
	subtest(t, "invalid addresses are dropped and counted", func(w *st.World) {
		a := w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		for _, to := range []string{"", "10.0.0.2", "somewhere:2", "10.0.0.2:2 "} {
			a.MustSend(to, "x")
		}
		w.Settle()
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 4})
	})
	// libzmq returns addresses with a final NUL, and programs send them like this.
	subtest(t, "a received address has no NUL, a sent one may", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		b.MustBind(udp2)
		a.MustSend("10.0.0.2:2\x00", "x")
		b.WantRecv("10.0.0.1:1", "x")
	})
	subtest(t, "a second bind is refused", func(w *st.World) {
		a := w.Socket(pattern.DGRAM)
		a.MustBind(udp1)
		_, err := a.Bind(udp2)
		wantErr(w, "a second bind", err, pattern.ErrAlreadyBound)
		wantErr(w, "unbind", a.Unbind(udp1), nil)
		_, err = a.Bind(udp2)
		wantErr(w, "bind after unbind", err, nil)
	})
	subtest(t, "datagrams for a full queue are dropped and counted", func(w *st.World) {
		a := w.Socket(pattern.DGRAM, st.HWM(3, 3))
		a.MustBind(udp1)
		for i := range 10 {
			w.Air.Inject([]byte(fmt.Sprint(i)), unknownSender, netip.MustParseAddrPort("10.0.0.1:1"))
		}
		if n := len(recvAll(w, a)); n != 3 {
			w.Errorf("received %d, want 3", n)
		}
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 7})
	})
}
