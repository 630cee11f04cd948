package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// testStreamBothSides runs f as two subtests, for a STREAM that has accepted a
// connection and for one that has made it.
func testStreamBothSides(t *testing.T, name string, f func(w *st.World, s *st.Socket, p *st.Peer), set ...func(*socket.Options)) {
	t.Helper()
	subtest(t, name+", bound", func(w *st.World) {
		s := w.Socket(pattern.STREAM, set...)
		s.MustBind("mem://a")
		f(w, s, w.Dial("a"))
	})
	subtest(t, name+", connecting", func(w *st.World) {
		s := w.Socket(pattern.STREAM, set...)
		l := w.Listen("a")
		s.MustConnect("mem://a")
		f(w, s, l.Accept())
	})
}

// recvConnectNotification receives the notification of a new connection and returns its
// routing ID.
func recvConnectNotification(w *st.World, s *st.Socket) string {
	w.Helper()
	m, from := s.MustRecv()
	if len(m) != 1 || m[0] != "" || from.Notification != msg.ConnectNotification {
		w.Fatalf("received %.40q, notification %d", m, from.Notification)
	}
	return from.RoutingID
}

func TestStreamReceivesBytesAndNotifications(t *testing.T) {
	testStreamBothSides(t, "pieces of at most 8192 bytes", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := recvConnectNotification(w, s)
		text := strings.Repeat("0123456789", 3000)
		p.MustWrite([]byte(text))
		var got strings.Builder
		for got.Len() < len(text) {
			m, from := s.MustRecv()
			if len(m) != 1 || len(m[0]) > 8192 || from.RoutingID != id {
				w.Fatalf("received %d frames, the first of %d bytes, from %q", len(m), len(m[0]), from.RoutingID)
			}
			got.WriteString(m[0])
		}
		if got.String() != text {
			w.Error("the bytes differ")
		}
		p.MustWrite([]byte("one"))
		s.WantRecv("one") // without waiting for more
		p.MustWrite([]byte("last"))
		p.Close()
		s.WantRecv("last")
		wantNotice(w, s, msg.DisconnectNotification, id)
	})
	testStreamBothSides(t, "without notifications", func(w *st.World, s *st.Socket, p *st.Peer) {
		s.WantNone()
		p.MustWrite([]byte("x"))
		s.WantRecv("x")
		p.Close()
		s.WantNone()
	}, patternOptions(func(o *pattern.Options) { o.StreamDataOnly = true }))
}

func TestStreamSendsBytesAfterTheRoutingID(t *testing.T) {
	testStreamBothSides(t, "the frames after the routing ID", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := recvConnectNotification(w, s)
		s.MustSend(id, "one")
		s.MustSend(id, "two", "", "three")
		if got := string(p.ReadN(11)); got != "onetwothree" {
			w.Errorf("the peer read %q, want %q", got, "onetwothree")
		}
		s.MustSend(id, "last")
		s.MustSend(id, "")
		if got := string(p.ReadN(4)); got != "last" {
			w.Errorf("the peer read %q, want %q", got, "last")
		}
		wantPeerClosed(w, p)
		wantErr(w, "sending to a closed connection", trySend(s, id, "x"), pattern.ErrNoRoute)
	})
	testStreamBothSides(t, "a routing ID alone is refused", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := recvConnectNotification(w, s)
		wantErr(w, "a routing ID alone", trySend(s, id), pattern.ErrInvalidMessage)
		s.MustSend(id, "x")
		if got := string(p.ReadN(1)); got != "x" {
			w.Errorf("the peer read %q, want %q", got, "x")
		}
	})
}

func TestStreamAssignsRoutingIDToEachConnection(t *testing.T) {
	subtest(t, "each connection has an ID of five bytes", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		s.MustBind("mem://a")
		seen := make(map[string]bool)
		for range 20 {
			w.Dial("a")
			id := recvConnectNotification(w, s)
			if len(id) != 5 || id[0] != 0 || seen[id] {
				w.Errorf("routing ID %q is in use or not a zero and four bytes", id)
			}
			seen[id] = true
		}
	})
	subtest(t, "an ID assigned to an endpoint is routable at once", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.STREAM)
		wantErr(w, "connecting", s.ConnectAs("mem://a", "assigned"), nil)
		wantErr(w, "the same ID again", s.ConnectAs("mem://b", "assigned"), pattern.ErrDuplicateRoutingID)
		s.MustSend("assigned", "early")
		p := l.Accept()
		if got := string(p.ReadN(5)); got != "early" {
			w.Errorf("the peer read %q, want %q", got, "early")
		}
		if id := recvConnectNotification(w, s); id != "assigned" {
			w.Errorf("routing ID %q, want %q", id, "assigned")
		}
	})
	subtest(t, "a reconnect keeps the ID and drops queued bytes", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.STREAM)
		wantErr(w, "connecting", s.ConnectAs("mem://a", "assigned"), nil)
		for range 3 {
			p := l.Accept()
			if id := recvConnectNotification(w, s); id != "assigned" {
				w.Errorf("routing ID %q, want %q", id, "assigned")
			}
			links := w.Net.Links()
			links[len(links)-1].Up().SetBuffer(1)
			for range 3 {
				s.MustSend("assigned", "of the lost stream")
				w.Settle() // so that some are queued and not all in flight
			}
			p.Close()
			wantNotice(w, s, msg.DisconnectNotification, "assigned")
		}
		p := l.Accept()
		recvConnectNotification(w, s)
		s.MustSend("assigned", "new")
		if got := string(p.ReadN(3)); got != "new" {
			w.Errorf("the peer read %q, want %q", got, "new")
		}
		drops := s.Stats().Drops
		if n := drops[pipe.DropConnLost] + drops[pipe.DropInFlight]; n != 9 {
			w.Errorf("%d drops, want 9", n)
		}
	})
}

func TestServerAssignsNonzeroRoutingNumbers(t *testing.T) {
	overEachTransport(t, "numbers are not 0 and not visible to the client", func(w *st.World, ep string) {
		seen := make(map[uint32]bool)
		var firsts []uint32
		for i := range 3 {
			name := fmt.Sprint(ep, i)
			server := w.Socket(pattern.SERVER)
			for k := range 4 {
				client := w.Socket(pattern.CLIENT)
				connect(w, name, server, client)
				client.MustSend("hello")
				_, from := server.MustRecv()
				n := from.Number
				if n == 0 || seen[n] {
					w.Errorf("routing number %d is 0 or in use", n)
				}
				if seen[n] = true; k == 0 {
					firsts = append(firsts, n)
				}
				wantErr(w, "sending", server.TrySendToNumber(n, st.Of("you")), nil)
				if m, from := client.MustRecv(); m[0] != "you" || from.Number != 0 {
					w.Errorf("the client received %q with number %d", m, from.Number)
				}
			}
		}
		if firsts[0]+4 == firsts[1] || firsts[0] == firsts[1] && firsts[1] == firsts[2] {
			w.Errorf("the first numbers of three sockets are %d, want different ones", firsts)
		}
	})
}

func TestPeerConnectReturnsRoutingNumber(t *testing.T) {
	overEachTransport(t, "ConnectPeer returns a number for both directions", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
		n, err := a.ConnectPeer(ep)
		if err != nil || n == 0 {
			w.Fatalf("ConnectPeer returned routing number %d, %v", n, err)
		}
		wantErr(w, "before the peer is bound", a.TrySendToNumber(n, st.Of("early")), nil)
		b.MustBind(ep)
		m, from := b.MustRecv()
		if m[0] != "early" || from.Number == 0 {
			w.Errorf("received %q from number %d", m, from.Number)
		}
		wantErr(w, "sending back", b.TrySendToNumber(from.Number, st.Of("back")), nil)
		if m, from := a.MustRecv(); m[0] != "back" || from.Number != n {
			w.Errorf("received %q from number %d, want %d", m, from.Number, n)
		}
	})
	overEachTransport(t, "a disconnected peer has no number", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
		b.MustBind(ep)
		n, _ := a.ConnectPeer(ep)
		a.WaitPeers(1)
		b.WaitPeers(1)
		wantErr(w, "disconnecting", a.DisconnectPeer(n), nil)
		wantErr(w, "disconnecting again", a.DisconnectPeer(n), pattern.ErrNoRoute)
		wantErr(w, "sending", a.TrySendToNumber(n, st.Of("x")), pattern.ErrNoRoute)
		time.Sleep(time.Minute)
		if k := b.Stats().Peers; k != 0 { // the connection is closed
			w.Errorf("the other socket has %d peers", k)
		}
	})
}

func TestChannelHasOnePeerAndSingleFrameMessages(t *testing.T) {
	overEachTransport(t, "both directions and one peer", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.CHANNEL), w.Socket(pattern.CHANNEL)
		connect(w, ep, a, b)
		a.MustSend("to b")
		b.MustSend("to a")
		a.WantRecv("to a")
		b.WantRecv("to b")
		wantErr(w, "two frames", trySend(a, "x", "y"), pattern.ErrInvalidMessage)
		b.WantNone()
		c := w.Socket(pattern.CHANNEL)
		c.MustConnect(ep)
		time.Sleep(time.Minute)
		if n := a.Stats().Peers; n != 1 {
			w.Errorf("%d peers, want 1", n)
		}
		if refused := a.EventsOf(session.PeerRefused); len(refused) == 0 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
			w.Errorf("events of refused peers: %+v", refused)
		}
	})
}

func TestChannelDeliversEachMessageOnceToConcurrentCallers(t *testing.T) {
	overEachTransport(t, "each message is received once", func(w *st.World, ep string) {
		const senders, each = 8, 50
		a, b := w.Socket(pattern.CHANNEL, st.HWM(3, 3)), w.Socket(pattern.CHANNEL, st.HWM(3, 3))
		connect(w, ep, a, b)
		var callers sync.WaitGroup
		for i := range senders {
			callers.Go(func() {
				for k := range each {
					if err := a.Send(context.Background(), st.Of(fmt.Sprint(i, " ", k))); err != nil {
						w.Error(err)
					}
				}
			})
		}
		var mu sync.Mutex
		seen := make(map[string]int)
		for range 2 {
			callers.Go(func() {
				for range senders * each / 2 {
					var m msg.Msg
					if err := b.Recv(context.Background(), &m); err != nil {
						w.Error(err)
					}
					mu.Lock()
					seen[string(m.First)]++
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		if len(seen) != senders*each {
			w.Errorf("%d different messages, want %d", len(seen), senders*each)
		}
	})
}

func TestRadioSendsToMembersOfTheExactGroup(t *testing.T) {
	overEachTransport(t, "whole names, separate for each peer", func(w *st.World, ep string) {
		radio, one, two := w.Socket(pattern.RADIO), w.Socket(pattern.DISH), w.Socket(pattern.DISH)
		connect(w, ep, radio, one)
		connect(w, ep, radio, two)
		for s, groups := range map[*st.Socket][]string{one: {"a", "ab"}, two: {"a", ""}} {
			for _, g := range groups {
				wantErr(w, "join", s.Join(g, true), nil)
			}
		}
		send := func(want string) {
			w.Helper()
			w.Settle()
			for _, g := range []string{"a", "ab", "abc", "b", ""} {
				wantErr(w, "sending", radio.TrySendGroup(g, st.Of("body")), nil)
			}
			if got := fmt.Sprint(recvAll(w, one), recvAll(w, two)); got != want {
				w.Errorf("the peers received %s, want %s", got, want)
			}
		}
		send("[[a body] [ab body]] [[a body] [ body]]")
		wantErr(w, "leave", one.Join("a", false), nil)
		send("[[ab body]] [[a body] [ body]]")
		two.CloseIn(0)
		w.Settle()
		if n := radio.Stats().Peers; n != 1 {
			w.Errorf("%d peers, want 1", n)
		}
		wantErr(w, "sending", radio.TrySendGroup("a", st.Of("body")), nil)
		radio.WantDrops(nil)
	})
	subtest(t, "messages of joined groups only", func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		radio.MustBind("mem://a")
		p := dialRawPeers(w, radio, 1, "DISH")[0]
		p.MustWrite(st.Command("JOIN", []byte("g")), st.Command("JOIN", []byte("h")), st.Command("LEAVE", []byte("h")))
		w.Settle()
		wantErr(w, "sending", radio.TrySendGroup("h", st.Of("x")), nil)
		wantErr(w, "sending", radio.TrySendGroup("g", st.Of("body")), nil)
		wantPeerRecv(w, p, "g", "body")
		p.MustWrite(st.Command("JOIN", []byte("g"))) // the second JOIN of g: one LEAVE cancels both
		w.Settle()
		wantErr(w, "sending", radio.TrySendGroup("g", st.Of("once")), nil)
		wantPeerRecv(w, p, "g", "once")
		p.MustWrite(st.Command("LEAVE", []byte("g")))
		w.Settle()
		wantErr(w, "sending", radio.TrySendGroup("g", st.Of("x")), nil)
		wantPeerNone(w, p)
		wantErr(w, "two frames", radio.TrySendGroup("g", st.Of("x", "y")), pattern.ErrInvalidMessage)
		wantErr(w, "a group of 256 bytes", radio.TrySendGroup(strings.Repeat("g", 256), st.Of("x")), pattern.ErrInvalidGroup)
	})
}

func TestDishSendsItsGroupsToEachRadio(t *testing.T) {
	subtest(t, "to each new peer and after each reconnect", func(w *st.World) {
		l := w.Listen("a")
		dish := w.Socket(pattern.DISH)
		for _, g := range []string{"a", "b", "c"} {
			wantErr(w, "join", dish.Join(g, true), nil)
		}
		wantErr(w, "join twice", dish.Join("a", true), pattern.ErrInvalidGroup)
		wantErr(w, "leave", dish.Join("c", false), nil)
		wantErr(w, "leave twice", dish.Join("c", false), pattern.ErrInvalidGroup)
		wantErr(w, "a name of 256 bytes", dish.Join(strings.Repeat("g", 256), true), pattern.ErrInvalidGroup)
		dish.MustConnect("mem://a")
		for range 2 {
			p := l.Accept()
			p.Handshake("RADIO")
			joins := []string{recvCommand(w, p), recvCommand(w, p)}
			slices.Sort(joins)
			if fmt.Sprint(joins) != "[JOIN a JOIN b]" {
				w.Errorf("the peer read %q, want JOIN a and JOIN b", joins)
			}
			wantErr(w, "join", dish.Join("now", true), nil)
			wantErr(w, "leave", dish.Join("now", false), nil)
			if got := recvCommand(w, p) + recvCommand(w, p); got != "JOIN nowLEAVE now" {
				w.Errorf("the peer read %q, want %q", got, "JOIN nowLEAVE now")
			}
			p.MustWrite(st.Message("a", "1"), st.Message("now", "2"), st.Message("ab", "3"), st.Message("b", ""))
			dish.WantRecv("a", "1")
			dish.WantRecv("b", "")
			dish.WantNone()
			p.Close()
			w.Settle()
		}
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 4})
	})
	subtest(t, "Close does not wait", func(w *st.World) {
		dish := w.Socket(pattern.DISH)
		dish.MustConnect("mem://absent")
		dish.MustBind("mem://a")
		dialRawPeers(w, dish, 1, "RADIO")
		w.Net.Links()[0].Down().SetBuffer(1000)
		for i := range manyTopics {
			wantErr(w, "join", dish.Join(fmt.Sprint(i), true), nil)
		}
		w.Settle()
		if d := st.After(func() { dish.CloseIn(-1) }); d != 0 {
			w.Errorf("Close took %v", d)
		}
	})
	for _, bad := range [][]string{{"g"}, {"g", "a", "b"}, {strings.Repeat("g", 256), "body"}} {
		subtest(t, fmt.Sprintf("%d frames with a group of %d bytes close the connection", len(bad), len(bad[0])), func(w *st.World) {
			l := w.Listen("a")
			dish := w.Socket(pattern.DISH)
			wantErr(w, "join", dish.Join("g", true), nil)
			dish.MustConnect("mem://a")
			p := l.Accept()
			p.Handshake("RADIO")
			p.MustWrite(st.Message(bad...), st.Message("g", "after it"))
			wantPeerClosed(w, p)
			dish.WantNone()
			q := l.Accept() // libzmq does not reconnect here
			q.Handshake("RADIO")
			q.MustWrite(st.Message(strings.Repeat("g", 255), "not joined"), st.Message("g", "good"))
			dish.WantRecv("g", "good")
			dish.WantCloseReasons(map[engine.CloseReason]uint64{})
		})
	}
}
