package socket_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/transport/memnet"
	"github.com/zerobroker/zmq/internal/wire"
)

// join makes a DISH join groups, or leave them.
func join(t *testing.T, s *st.Socket, on bool, groups ...string) {
	t.Helper()
	for _, g := range groups {
		if err := s.Join(g, on); err != nil {
			t.Fatal(err)
		}
	}
}

// wantCommands reads the next commands, which may be in any order.
func wantCommands(t *testing.T, p *st.Peer, want ...string) {
	t.Helper()
	var got []string
	for range want {
		flags, body := p.Frame()
		if flags != wire.FlagCommand {
			t.Fatalf("frame %q with flags %x, want a command", body, flags)
		}
		got = append(got, string(body))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
}

// TestDishSendsJoinAndLeaveCommands: a DISH sends a command for each change at
// once, and all its groups to each new connection, in ZMTP 3.0 and 3.1.
// https://rfc.zeromq.org/spec/48/
func TestDishSendsJoinAndLeaveCommands(t *testing.T) {
	for _, minor := range []byte{0, 1} {
		st.Run(t, func(w *st.World) {
			l := w.Listen("a")
			dish := w.Socket(pattern.DISH)
			join(t, dish, true, "one", "two", "")
			dish.MustConnect("mem://a")
			for i := range 3 {
				p := l.Accept()
				greeting := st.Greeting()
				greeting[11] = minor
				p.MustWrite(greeting, st.Ready("Socket-Type", "RADIO"))
				p.ReadN(64)
				if _, body := p.Frame(); !strings.Contains(string(body), "DISH") {
					t.Fatalf("READY %q", body)
				}
				wantCommands(t, p, "\x04JOINone", "\x04JOINtwo", "\x04JOIN")
				join(t, dish, false, "one")
				wantCommands(t, p, "\x05LEAVEone")
				join(t, dish, true, "one")
				wantCommands(t, p, "\x04JOINone")
				p.MustWrite(st.Message("one", "1"), st.Message("three", "3"), st.Message("", "0"))
				dish.WantRecv("one", "1")
				dish.WantRecv("", "0")
				dish.WantNone()
				dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: uint64(i + 1)})
				p.Close()
			}
		})
	}
}

// TestJoinReturnsErrInvalidGroup: for a malformed group, for a group that is
// joined already, and for leaving a group that is not joined.
func TestJoinReturnsErrInvalidGroup(t *testing.T) {
	st.Run(t, func(w *st.World) {
		dish := w.Socket(pattern.DISH)
		bad := func(group string, on bool) {
			t.Helper()
			if err := dish.Join(group, on); !errors.Is(err, pattern.ErrInvalidGroup) {
				t.Errorf("Join(%.10q, %v): %v", group, on, err)
			}
		}
		long := strings.Repeat("g", 255)
		bad(long+"g", true)
		bad("nul\x00", true)
		bad("g", false)
		join(t, dish, true, "g", long)
		bad("g", true)
		join(t, dish, false, "g")
		bad("g", false)
		if n := dish.TopicCount(); n != 1 {
			t.Errorf("%d groups", n)
		}
	})
}

// TestDishDisconnectsPeerThatSendsMalformedMessage: a message has two frames, a
// group of at most 255 bytes and a body.
func TestDishDisconnectsPeerThatSendsMalformedMessage(t *testing.T) {
	for _, m := range [][]byte{
		st.Message("alone"), st.Message("g", "body", "more"), st.Message(strings.Repeat("g", 256), "body"),
	} {
		st.Run(t, func(w *st.World) {
			dish := w.Socket(pattern.DISH)
			dish.MustBind("mem://a")
			join(t, dish, true, "g")
			p := w.Dial("a")
			p.Handshake("RADIO")
			wantCommands(t, p, "\x04JOINg")
			p.MustWrite(st.Message("g", "good"), m)
			p.WaitClosed()
			dish.WantRecv("g", "good")
			dish.WantNone()
			dish.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
		})
	}
}

// TestRadioSendsOnlyToJoinedGroups: JOIN and LEAVE commands of a raw peer take
// effect, and it receives only messages of the groups that it has joined.
func TestRadioSendsOnlyToJoinedGroups(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		radio.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DISH")
		send := func(group, body string) {
			t.Helper()
			if err := radio.TrySendGroup(group, st.Of(body)); err != nil {
				t.Fatal(err)
			}
		}
		send("g", "too early")
		p.MustWrite(st.Command("JOIN", []byte("g")), st.Command("JOIN", []byte("h")), st.Command("LEAVE", []byte("h")),
			st.Command("SUBSCRIBE", []byte("i")), st.Ping(0, ""))
		if _, body := p.Frame(); string(body) != "\x04PONG" {
			t.Fatalf("received %q, want a PONG", body)
		}
		for _, g := range []string{"h", "i", "", "gg", "g"} {
			send(g, "to "+g)
		}
		if m := p.Message(); !slices.Equal(m, []string{"g", "to g"}) {
			t.Errorf("received %q", m)
		}
		p.MustWrite(st.Command("JOIN", []byte(strings.Repeat("x", 256))), st.Ping(0, ""))
		if _, body := p.Frame(); string(body) != "\x04PONG" {
			t.Errorf("received %q, want a PONG", body)
		}
		radio.WantDrops(map[pipe.Drop]uint64{pipe.DropUpstream: 1})
	})
}

// TestDishReceivesJoinedGroups: groups joined before and after connecting take
// effect, whichever socket is first. WaitSubscribed returns when they have.
func TestDishReceivesJoinedGroups(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		radio, dish := w.Socket(pattern.RADIO), w.Socket(pattern.DISH)
		late := w.Socket(pattern.DISH)
		join(t, dish, true, "a", "b")
		dish.MustConnect(ep)
		radio.MustBind(ep)
		late.MustConnect(ep)
		join(t, late, true, "b", "c")
		for _, d := range []*st.Socket{dish, late} {
			if err := d.WaitSubscribed(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if err := radio.WaitSubscribers(context.Background(), 2, []byte("b")); err != nil {
			t.Fatal(err)
		}
		for _, g := range []string{"a", "b", "c", "d", "bb"} {
			if err := radio.SendGroup(context.Background(), g, st.Of("to "+g)); err != nil {
				t.Fatal(err)
			}
		}
		dish.WantRecv("a", "to a")
		dish.WantRecv("b", "to b")
		dish.WantNone()
		late.WantRecv("b", "to b")
		late.WantRecv("c", "to c")
		late.WantNone()
		join(t, dish, false, "b")
		if err := dish.WaitSubscribed(context.Background()); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		radio.TrySendGroup("b", st.Of("again"))
		late.WantRecv("b", "again")
		dish.WantNone()
	})
}

func TestRadioDisconnectsPeerAboveMaxTopics(t *testing.T) {
	st.Run(t, func(w *st.World) {
		radio := w.Socket(pattern.RADIO, func(o *socket.Options) { o.Pattern.MaxTopics = 2 })
		radio.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DISH")
		for _, g := range []string{"1", "2", "3"} {
			p.MustWrite(st.Command("JOIN", []byte(g)))
		}
		p.WaitClosed()
		w.Settle()
		if got := radio.EventsOf(session.Disconnected); len(got) != 1 || !errors.Is(got[0].Err, pattern.ErrTooManySubscriptions) {
			t.Errorf("events %v", got)
		}
	})
}

// numberOf receives a message, compares it, and returns the routing number of
// its sender.
func numberOf(t *testing.T, s *st.Socket, text string) uint32 {
	t.Helper()
	m, from := s.MustRecv()
	if m[0] != text || from.Number == 0 {
		t.Fatalf("received %q from number %d", m, from.Number)
	}
	return from.Number
}

// TestPeerSendsToNumberBeforeConnecting: the number that ConnectPeer returns is
// valid before the connection is made, and after it was made again.
func TestPeerSendsToNumberBeforeConnecting(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
		atB, err := a.ConnectPeer(ep)
		if err != nil || atB == 0 {
			t.Fatal(atB, err)
		}
		send := func(s *st.Socket, to uint32, text string) {
			t.Helper()
			if err := s.SendToNumber(context.Background(), to, st.Of(text)); err != nil {
				t.Fatal(err)
			}
		}
		send(a, atB, "early")
		b.MustBind(ep)
		atA := numberOf(t, b, "early")
		send(b, atA, "back")
		if n := numberOf(t, a, "back"); n != atB {
			t.Errorf("number %d, was %d", n, atB)
		}
		if ep == "inproc://a" {
			return
		}
		w.Net.Links()[0].Cut(memnet.RST)
		w.Settle()
		if err := b.TrySendToNumber(atA, st.Of("x")); err != pattern.ErrNoRoute {
			t.Errorf("sending to a lost connection: %v", err)
		}
		send(a, atB, "again")
		if n := numberOf(t, b, "again"); n == atA {
			t.Error("the number of a lost connection is used again")
		}
	})
}

// TestDisconnectPeerRemovesRoute: the routing number becomes invalid. Messages
// queued for the peer are sent. Its unread messages are dropped, and no
// DisconnectMessage follows.
func TestDisconnectPeerRemovesRoute(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		server := w.Socket(pattern.SERVER, func(o *socket.Options) { o.Disconnect = []byte("left") })
		server.MustBind(ep)
		a, b := w.Socket(pattern.CLIENT, st.Reconnect(time.Minute, time.Minute)), w.Socket(pattern.CLIENT)
		a.MustConnect(ep)
		b.MustConnect(ep)
		a.MustSend("a")
		n := numberOf(t, server, "a")
		b.MustSend("b")
		m := numberOf(t, server, "b")
		a.MustSend("unread")
		w.Settle()
		if err := server.TrySendToNumber(n, st.Of("last")); err != nil {
			t.Fatal(err)
		}
		if err := server.DisconnectPeer(n); err != nil {
			t.Fatal(err)
		}
		if err := server.TrySendToNumber(n, st.Of("x")); err != pattern.ErrNoRoute {
			t.Errorf("sending after DisconnectPeer: %v", err)
		}
		if err := server.DisconnectPeer(n); err != pattern.ErrNoRoute {
			t.Errorf("second DisconnectPeer: %v", err)
		}
		a.WantRecv("last")
		server.WantNone()
		server.WantDrops(map[pipe.Drop]uint64{pipe.DropUnread: 1})
		if err := server.TrySendToNumber(m, st.Of("after")); err != nil {
			t.Error(err)
		}
		b.WantRecv("after")
		if n := server.Stats().Peers; n != 1 {
			t.Errorf("%d peers", n)
		}
	})
}

// TestDisconnectPeerRemovesConnectedEndpoint: the socket does not connect to
// the endpoint again, whether or not it was connected.
func TestDisconnectPeerRemovesConnectedEndpoint(t *testing.T) {
	for _, bound := range []bool{false, true} {
		overMemAndInproc(t, func(w *st.World, ep string) {
			a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
			if bound {
				b.MustBind(ep)
			}
			n, err := a.ConnectPeer(ep)
			if err != nil {
				t.Fatal(err)
			}
			w.Settle()
			if err := a.DisconnectPeer(n); err != nil {
				t.Fatal(err)
			}
			if err := a.Disconnect(ep); err != socket.ErrEndpointNotFound {
				t.Errorf("the endpoint is still there: %v", err)
			}
			if !bound {
				b.MustBind(ep)
			}
			time.Sleep(time.Minute)
			if n := a.Stats().Peers + b.Stats().Peers; n != 0 {
				t.Errorf("%d peers", n)
			}
		})
	}
}

// TestDisconnectPeerLingers: the connection of a peer that does not read is
// closed when the linger time ends.
func TestDisconnectPeerLingers(t *testing.T) {
	st.Run(t, func(w *st.World) {
		w.Net.OnLink(func(l *memnet.Link) { l.Down().SetBuffer(100) })
		server := w.Socket(pattern.SERVER, func(o *socket.Options) { o.Linger = time.Minute })
		server.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("CLIENT")
		p.MustWrite(st.Message("hello"))
		n := numberOf(t, server, "hello")
		for range 3 {
			if err := server.TrySendToNumber(n, st.Of(text(200))); err != nil {
				t.Fatal(err)
			}
			w.Settle()
		}
		if err := server.DisconnectPeer(n); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		if got := server.EventsOf(session.Disconnected); len(got) != 0 {
			t.Errorf("ended after %v", got[0])
		}
		time.Sleep(2 * time.Second)
		if got := server.EventsOf(session.Disconnected); len(got) != 1 {
			t.Errorf("%d disconnect events, want 1", len(got))
		}
	})
}

// TestAutomaticMessagesOfDraftTypes: which types send the Hello message, and
// which receive a DisconnectMessage or a Hiccup message when a connection is
// lost.
func TestAutomaticMessagesOfDraftTypes(t *testing.T) {
	all := func(o *socket.Options) {
		o.Hello, o.Disconnect, o.Hiccup = []byte("hello"), []byte("disconnected"), []byte("hiccup")
	}
	for _, c := range []struct{ binds, connects pattern.Type }{
		{pattern.SERVER, pattern.CLIENT}, {pattern.CLIENT, pattern.SERVER}, {pattern.PEER, pattern.PEER},
	} {
		st.Run(t, func(w *st.World) {
			b, a := w.Socket(c.binds, all), w.Socket(c.connects, all)
			b.MustBind("mem://a")
			a.MustConnect("mem://a")
			for range 2 {
				b.WantRecv("hello")
				a.WantRecv("hello")
				w.Net.Links()[len(w.Net.Links())-1].Cut(memnet.RST)
				if pattern.Types[c.binds].DisconnectMessage {
					b.WantRecv("disconnected")
				}
				if pattern.Types[c.connects].HiccupMessage {
					a.WantRecv("hiccup")
				}
			}
		})
	}
}

// TestChannelRefusesSecondPeer: a CHANNEL refuses a second peer, with an event,
// until the first disconnects.
func TestChannelRefusesSecondPeer(t *testing.T) {
	overMemAndInproc(t, func(w *st.World, ep string) {
		a, b, c := w.Socket(pattern.CHANNEL), w.Socket(pattern.CHANNEL), w.Socket(pattern.CHANNEL)
		a.MustBind(ep)
		b.MustConnect(ep)
		b.MustSend("first")
		a.WantRecv("first")
		c.MustConnect(ep)
		w.Settle()
		if got := a.EventsOf(session.PeerRefused); len(got) != 1 || !errors.Is(got[0].Err, pattern.ErrPeerExists) {
			t.Errorf("events %v", got)
		}
		a.MustSend("for the first")
		b.WantRecv("for the first")
		c.WantNone()
		b.CloseIn(0)
		c.WaitPeers(1)
		a.MustSend("for the second")
		c.WantRecv("for the second")
	})
}

// TestDraftTypesRefuseIncompatiblePeers: the Socket-Type property decides.
func TestDraftTypesRefuseIncompatiblePeers(t *testing.T) {
	for _, typ := range []pattern.Type{
		pattern.SERVER, pattern.CLIENT, pattern.RADIO, pattern.DISH, pattern.GATHER, pattern.SCATTER, pattern.PEER, pattern.CHANNEL,
	} {
		st.Run(t, func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "DEALER"))
			p.ReadN(64)
			w.Settle()
			s.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseSocketType: 1})
		})
	}
}
