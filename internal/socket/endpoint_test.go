package socket_test

import (
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
)

// TestUnbindStopsSendingToItsPeersAtOnce: after Unbind no message goes to a
// peer of that endpoint, and no message is dropped.
func TestUnbindStopsSendingToItsPeersAtOnce(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.SetLatency(10 * time.Millisecond) })
		push := w.Socket(pattern.PUSH)
		a, b := push.MustBind("mem://a"), push.MustBind("mem://b")
		unbound, bound := w.Socket(pattern.PULL), w.Socket(pattern.PULL)
		unbound.MustConnect(a)
		bound.MustConnect(b)
		push.WaitPeers(2)
		push.MustSend("before")
		push.MustSend("before")
		unbound.WantRecv("before")
		bound.WantRecv("before")
		if err := push.Unbind(a); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			push.MustSend("after")
			w.Settle()
		}
		for range 10 {
			bound.WantRecv("after")
		}
		push.WantDrops(nil)
	})
}

// TestUnbindReportsListenerClosed: the event follows Unbind, not Close.
func TestUnbindReportsListenerClosed(t *testing.T) {
	st.Run(t, func(w *st.World) {
		push := w.Socket(pattern.PUSH)
		a := push.MustBind("mem://a")
		if err := push.Unbind(a); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		push.WantKinds(session.Listening, session.ListenerClosed)
		push.MustBind(a)
	})
}

// TestDisconnectKeepsReceivedMessages: messages that were read from the
// connection before Disconnect are still received, or counted as dropped.
func TestDisconnectKeepsReceivedMessages(t *testing.T) {
	st.Run(t, func(w *st.World) {
		server := w.Listen("a")
		pull := w.Socket(pattern.PULL, st.HWM(1, 1))
		pull.MustConnect("mem://a")
		p := server.Accept()
		p.Handshake("PUSH")
		for range 3 {
			p.MustWrite(st.Message("x"))
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
		lost := 0
		for _, n := range pull.Stats().Drops {
			lost += int(n)
		}
		// Now, because the connection is read until it is closed.
		bytes := int(w.Net.Links()[0].Down().Stats().Delivered)
		read := (bytes - len(st.Greeting()) - len(st.Ready("Socket-Type", "PUSH"))) / len(st.Message("x"))
		if read != got+lost || read < 1 {
			t.Errorf("%d messages were read, %d delivered, %d counted as dropped", read, got, lost)
		}
	})
}

// TestDisconnectedEndpointWithEmptyQueueDoesNotReconnect: the connection is
// lost after Disconnect, while its last message is in flight. Nothing is
// queued, so the socket does not dial again.
func TestDisconnectedEndpointWithEmptyQueueDoesNotReconnect(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.PUSH, pattern.DEALER} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			l := w.Listen("a")
			s.MustConnect("mem://a")
			l.Accept().Handshake(pattern.Types[typ].Peers[0])
			s.WaitPeers(1)
			w.Net.Links()[0].Up().SetBuffer(10)
			s.MustSend("more than ten bytes")
			w.Settle()
			if err := s.Disconnect("mem://a"); err != nil {
				t.Fatal(err)
			}
			w.Net.Links()[0].Cut(memnet.RST)
			time.AfterFunc(time.Hour, l.Close)
			if _, err := l.TryAccept(); err == nil {
				t.Error("dialled again")
			}
			s.WantDrops(map[pipe.Drop]uint64{pipe.DropInFlight: 1})
		})
	}
}

// TestSecondConnectIsIgnoredByFourTypes: a DEALER, SUB, PUB or REQ keeps its
// one connection, because a SUB, for example, would receive each message twice
// over two. Other types make a second connection, and over inproc every type
// does.
func TestSecondConnectIsIgnoredByFourTypes(t *testing.T) {
	for typ, info := range pattern.Types {
		if info.Raw || typ == pattern.PAIR || typ == pattern.CHANNEL { // they return an error
			continue
		}
		once := typ == pattern.DEALER || typ == pattern.SUB || typ == pattern.PUB || typ == pattern.REQ
		overMemAndInproc(t, func(w *st.World, ep string) {
			other := pattern.Types[typ].Peers[0]
			b := w.Socket(typeNamed(other))
			b.MustBind(ep)
			s := w.Socket(typ)
			s.MustConnect(ep)
			s.WaitPeers(1)
			b.WaitPeers(1)
			s.MustConnect(ep)
			time.Sleep(time.Minute)
			want := 2
			if once && ep == "mem://a" {
				want = 1
			}
			if n := b.Stats().Peers; n != want {
				t.Errorf("%s has %d connections, want %d", info.Name, n, want)
			}
			if err := s.Disconnect(ep); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			if n := b.Stats().Peers; n != 0 {
				t.Errorf("%s has %d connections after Disconnect", info.Name, n)
			}
			s.MustConnect(ep)
			time.Sleep(time.Minute)
			if n := b.Stats().Peers; n != 1 {
				t.Errorf("%s has %d connections when it connects again", info.Name, n)
			}
		})
	}
}

// typeNamed returns the socket type with that name.
func typeNamed(name string) pattern.Type {
	for typ, info := range pattern.Types {
		if info.Name == name {
			return typ
		}
	}
	panic(name)
}
