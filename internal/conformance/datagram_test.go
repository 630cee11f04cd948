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

// Two places on the air, which is udp in memory, and one that nobody knows.
const (
	air1 = "air://10.0.0.1:1"
	air2 = "air://10.0.0.2:2"
)

var stranger = netip.MustParseAddrPort("10.9.9.9:9")

func TestRule_3_0_DGRAM(t *testing.T) {
	clause(t, "an address and a body, both ways", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		b.MustBind(air2)
		a.MustSend("10.0.0.2:2", "question")
		b.WantRecv("10.0.0.1:1", "question")
		b.MustSend("10.0.0.1:1", "answer")
		a.WantRecv("10.0.0.2:2", "answer")
		w.Air.Inject([]byte("anything"), stranger, netip.MustParseAddrPort("10.0.0.1:1"))
		a.WantRecv("10.9.9.9:9", "anything")
	})
	clause(t, "writable while it is bound and has room", func(w *st.World) {
		s := w.Socket(pattern.DGRAM, st.HWM(2, 2))
		writable(w, "not bound", s, false)
		is(w, "sending", try(s, "10.0.0.2:2", "x"), pattern.ErrWouldBlock)
		is(w, "a frame", tryFrames(s, "10.0.0.2:2+"), pattern.ErrWouldBlock)
		s.MustBind(air1)
		writable(w, "bound", s, true)
		is(w, "sending", try(s, "10.0.0.2:2", "x"), nil)
	})
	clause(t, "waits while its queue is full", func(w *st.World) {
		s, far := w.Socket(pattern.DGRAM, st.HWM(2, 2)), w.Socket(pattern.DGRAM)
		s.MustBind(air1)
		far.MustBind(air2)
		system := make(chan struct{})
		w.Air.OnWrite(func([]byte, netip.AddrPort) error { <-system; return nil })
		is(w, "sending what the system does not take", try(s, "10.0.0.2:2", "0"), nil)
		writable(w, "with that out of the queue", s, true)
		is(w, "sending", try(s, "10.0.0.2:2", "1"), nil)
		is(w, "sending", try(s, "10.0.0.2:2", "2"), nil)
		writable(w, "full", s, false)
		is(w, "sending when full", try(s, "10.0.0.2:2", "no"), pattern.ErrWouldBlock)
		is(w, "a frame when full", tryFrames(s, "10.0.0.2:2+"), pattern.ErrWouldBlock)
		close(system)
		writable(w, "when the system takes it", s, true)
		for i := range 3 {
			far.WantRecv("10.0.0.1:1", fmt.Sprint(i))
		}
		far.WantNone()
		s.WantDrops(nil)
	})
	clause(t, "talks to no socket", func(w *st.World) {
		s := w.Socket(pattern.DGRAM)
		for _, ep := range places {
			_, err := s.Bind(ep)
			is(w, "bind "+ep, err, socket.ErrIncompatible)
			is(w, "connect "+ep, s.Connect(ep), socket.ErrIncompatible)
		}
	})
}

func TestRule_3_7_7_RadioOnTheAir(t *testing.T) {
	clause(t, "sends all there, and DISH takes what it has joined", func(w *st.World) {
		radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		dish.MustBind(air1)
		is(w, "join", dish.Join("g", true), nil)
		radio.MustConnect(air1)
		radio.MustMeet(1)
		for _, g := range []string{"g", "gg", "", "g"} {
			is(w, "sending", radio.TrySendGroup(g, st.Of("to "+g)), nil)
		}
		dish.WantRecv("g", "to g")
		dish.WantRecv("g", "to g")
		dish.WantNone()
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 2})
		radio.WantDrops(nil)
	})
}

func TestRule_3_7_9_WhoMayUseUDP(t *testing.T) {
	for typ, info := range pattern.Types {
		clause(t, info.Name, func(w *st.World) {
			s := w.Socket(typ)
			_, err := s.Bind("air://10.0.0.1:0")
			if may := typ == pattern.DISH || typ == pattern.DGRAM; may != (err == nil) || !may && !errors.Is(err, socket.ErrIncompatible) {
				w.Errorf("bind: %v", err)
			}
			err = s.Connect(air2)
			if may := typ == pattern.RADIO; may != (err == nil) || !may && !errors.Is(err, socket.ErrIncompatible) {
				w.Errorf("connect: %v", err)
			}
		})
	}
}

func TestRule_3_7_10_DatagramsOfTwoFrames(t *testing.T) {
	clause(t, "no fewer and no more", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		b.MustBind(air2)
		is(w, "an address alone", try(a, "10.0.0.2:2"), pattern.ErrInvalidMessage)
		is(w, "three frames", try(a, "10.0.0.2:2", "x", "y"), pattern.ErrInvalidMessage)
		is(w, "a first frame that is the last", tryFrames(a, "10.0.0.2:2"), pattern.ErrInvalidMessage)
		is(w, "an address", tryFrames(a, "10.0.0.2:2+"), nil)
		is(w, "a body with more behind it", tryFrames(a, "x+"), pattern.ErrInvalidMessage)
		is(w, "a body", tryFrames(a, "body"), nil)
		wantFrames(w, b, "10.0.0.1:1+", "body")
		is(w, "more", b.TryRecvFrame(new(msg.Frame)), pattern.ErrWouldBlock)
	})
	clause(t, "a body that no datagram holds is refused", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		b.MustBind(air2)
		is(w, "8193 bytes", try(a, "10.0.0.2:2", strings.Repeat("x", 8193)), pattern.ErrMessageTooLarge)
		is(w, "an address", tryFrames(a, "10.0.0.2:2+"), nil)
		is(w, "8193 bytes in a frame", tryFrames(a, strings.Repeat("x", 8193)), pattern.ErrMessageTooLarge)
		is(w, "8192", tryFrames(a, strings.Repeat("x", 8192)), nil)
		if m, _ := b.MustRecv(); len(m) != 2 || len(m[1]) != 8192 {
			w.Errorf("received %d frames", len(m))
		}
	})
	clause(t, "addresses that are none", func(w *st.World) {
		a := w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		for _, to := range []string{"", "10.0.0.2", "somewhere:2", "10.0.0.2:2 "} {
			a.MustSend(to, "x")
		}
		w.Settle()
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 4})
	})
	// libzmq gives addresses with a NUL behind them, and its programs send them so.
	clause(t, "the address has no NUL, and may have one", func(w *st.World) {
		a, b := w.Socket(pattern.DGRAM), w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		b.MustBind(air2)
		a.MustSend("10.0.0.2:2\x00", "x")
		b.WantRecv("10.0.0.1:1", "x")
	})
	clause(t, "it is bound once", func(w *st.World) {
		a := w.Socket(pattern.DGRAM)
		a.MustBind(air1)
		_, err := a.Bind(air2)
		is(w, "a second time", err, pattern.ErrAlreadyBound)
		is(w, "unbind", a.Unbind(air1), nil)
		_, err = a.Bind(air2)
		is(w, "when it is not", err, nil)
	})
	clause(t, "what comes while nobody reads is dropped and counted", func(w *st.World) {
		a := w.Socket(pattern.DGRAM, st.HWM(3, 3))
		a.MustBind(air1)
		for i := range 10 {
			w.Air.Inject([]byte(fmt.Sprint(i)), stranger, netip.MustParseAddrPort("10.0.0.1:1"))
		}
		if n := len(received(w, a)); n != 3 {
			w.Errorf("received %d, want 3", n)
		}
		a.WantDrops(map[pipe.Drop]uint64{pipe.DropHWM: 7})
	})
}
