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

// streamSides runs the test of a STREAM with one connection, which it accepted
// or made.
func streamSides(t *testing.T, says string, f func(w *st.World, s *st.Socket, p *st.Peer), set ...func(*socket.Options)) {
	t.Helper()
	clause(t, says+", bound", func(w *st.World) {
		s := w.Socket(pattern.STREAM, set...)
		s.MustBind("mem://a")
		f(w, s, w.Dial("a"))
	})
	clause(t, says+", connecting", func(w *st.World) {
		s := w.Socket(pattern.STREAM, set...)
		l := w.Listen("a")
		s.MustConnect("mem://a")
		f(w, s, l.Accept())
	})
}

// came takes the message that tells of a new connection and returns its id.
func came(w *st.World, s *st.Socket) string {
	w.Helper()
	m, from := s.MustRecv()
	if len(m) != 1 || m[0] != "" || from.Notice != msg.Came {
		w.Fatalf("received %.40q, notice %d", m, from.Notice)
	}
	return from.RoutingID
}

func TestRule_3_7_1_StreamReceivesBytes(t *testing.T) {
	streamSides(t, "in pieces of at most 8192", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := came(w, s)
		text := strings.Repeat("0123456789", 3000)
		p.Must([]byte(text))
		var got strings.Builder
		for got.Len() < len(text) {
			m, from := s.MustRecv()
			if len(m) != 1 || len(m[0]) > 8192 || from.RoutingID != id {
				w.Fatalf("%d frames, %d bytes, of %q", len(m), len(m[0]), from.RoutingID)
			}
			got.WriteString(m[0])
		}
		if got.String() != text {
			w.Error("they are other bytes")
		}
		p.Must([]byte("one"))
		s.WantRecv("one") // as soon as it is there
		p.Must([]byte("last"))
		p.Close()
		s.WantRecv("last")
		told(w, s, msg.Left, id)
	})
	streamSides(t, "silent", func(w *st.World, s *st.Socket, p *st.Peer) {
		s.WantNone()
		p.Must([]byte("x"))
		s.WantRecv("x")
		p.Close()
		s.WantNone()
	}, options(func(o *pattern.Options) { o.Silent = true }))
}

func TestRule_3_7_2_StreamSendsBytes(t *testing.T) {
	streamSides(t, "what is behind the id", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := came(w, s)
		s.MustSend(id, "one")
		s.MustSend(id, "two", "", "three")
		if got := string(p.Skip(11)); got != "onetwothree" {
			w.Errorf("the peer read %q", got)
		}
		s.MustSend(id, "last")
		s.MustSend(id, "")
		if got := string(p.Skip(4)); got != "last" {
			w.Errorf("the peer read %q", got)
		}
		ends(w, p)
		is(w, "to who is parted with", try(s, id, "x"), pattern.ErrNoRoute)
	})
	streamSides(t, "an id alone is refused", func(w *st.World, s *st.Socket, p *st.Peer) {
		id := came(w, s)
		is(w, "the id alone", try(s, id), pattern.ErrInvalidMessage)
		s.MustSend(id, "x")
		if got := string(p.Skip(1)); got != "x" {
			w.Errorf("the peer read %q", got)
		}
	})
}

func TestRule_3_7_3_StreamIDs(t *testing.T) {
	clause(t, "each connection's own, of five bytes", func(w *st.World) {
		s := w.Socket(pattern.STREAM)
		s.MustBind("mem://a")
		seen := make(map[string]bool)
		for range 20 {
			w.Dial("a")
			id := came(w, s)
			if len(id) != 5 || id[0] != 0 || seen[id] {
				w.Errorf("id %q", id)
			}
			seen[id] = true
		}
	})
	clause(t, "given to an endpoint, and good at once", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.STREAM)
		is(w, "connecting", s.ConnectAs("mem://a", "given"), nil)
		is(w, "the id again", s.ConnectAs("mem://b", "given"), pattern.ErrDuplicateRoutingID)
		s.MustSend("given", "early")
		p := l.Accept()
		if got := string(p.Skip(5)); got != "early" {
			w.Errorf("the peer read %q", got)
		}
		if id := came(w, s); id != "given" {
			w.Errorf("id %q", id)
		}
	})
	clause(t, "connects again, and keeps the id but not the bytes", func(w *st.World) {
		l := w.Listen("a")
		s := w.Socket(pattern.STREAM)
		is(w, "connecting", s.ConnectAs("mem://a", "given"), nil)
		for range 3 {
			p := l.Accept()
			if id := came(w, s); id != "given" {
				w.Errorf("id %q", id)
			}
			links := w.Net.Links()
			links[len(links)-1].Up().SetBuffer(1)
			for range 3 {
				s.MustSend("given", "of the stream that is lost")
				w.Settle() // or all would be on the way, and none queued
			}
			p.Close()
			told(w, s, msg.Left, "given")
		}
		p := l.Accept()
		came(w, s)
		s.MustSend("given", "new")
		if got := string(p.Skip(3)); got != "new" {
			w.Errorf("the peer read %q", got)
		}
		drops := s.Stats().Drops
		if n := drops[pipe.DropConnLost] + drops[pipe.DropInFlight]; n != 9 {
			w.Errorf("%d are counted, want 9", n)
		}
	})
}

func TestRule_3_7_4_ServerNumbers(t *testing.T) {
	everywhere(t, "never 0, and not for the client to see", func(w *st.World, ep string) {
		seen := make(map[uint32]bool)
		var firsts []uint32
		for i := range 3 {
			name := fmt.Sprint(ep, i)
			server := w.Socket(pattern.SERVER)
			for k := range 4 {
				client := w.Socket(pattern.CLIENT)
				meet(w, name, server, client)
				client.MustSend("hello")
				_, from := server.MustRecv()
				n := from.Number
				if n == 0 || seen[n] {
					w.Errorf("number %d", n)
				}
				if seen[n] = true; k == 0 {
					firsts = append(firsts, n)
				}
				is(w, "sending", server.TrySendToNumber(n, st.Of("you")), nil)
				if m, from := client.MustRecv(); m[0] != "you" || from.Number != 0 {
					w.Errorf("the client received %q with number %d", m, from.Number)
				}
			}
		}
		if firsts[0]+4 == firsts[1] || firsts[0] == firsts[1] && firsts[1] == firsts[2] {
			w.Errorf("they begin with %d", firsts)
		}
	})
}

func TestRule_3_7_5_PeersByNumber(t *testing.T) {
	everywhere(t, "connecting gives a number, good both ways", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
		n, err := a.ConnectPeer(ep)
		if err != nil || n == 0 {
			w.Fatalf("number %d, %v", n, err)
		}
		is(w, "before anybody is there", a.TrySendToNumber(n, st.Of("early")), nil)
		b.MustBind(ep)
		m, from := b.MustRecv()
		if m[0] != "early" || from.Number == 0 {
			w.Errorf("received %q of number %d", m, from.Number)
		}
		is(w, "back", b.TrySendToNumber(from.Number, st.Of("back")), nil)
		if m, from := a.MustRecv(); m[0] != "back" || from.Number != n {
			w.Errorf("received %q of number %d, want %d", m, from.Number, n)
		}
	})
	everywhere(t, "who is disconnected has none", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.PEER), w.Socket(pattern.PEER)
		b.MustBind(ep)
		n, _ := a.ConnectPeer(ep)
		a.MustMeet(1)
		b.MustMeet(1)
		is(w, "disconnecting", a.DisconnectPeer(n), nil)
		is(w, "disconnecting again", a.DisconnectPeer(n), pattern.ErrNoRoute)
		is(w, "sending", a.TrySendToNumber(n, st.Of("x")), pattern.ErrNoRoute)
		time.Sleep(time.Minute)
		if k := b.Stats().Peers; k != 0 { // its connection has ended, too
			w.Errorf("the other has %d peers", k)
		}
	})
}

func TestRule_3_7_6_ChannelIsPairOfOneFrame(t *testing.T) {
	everywhere(t, "both ways", func(w *st.World, ep string) {
		a, b := w.Socket(pattern.CHANNEL), w.Socket(pattern.CHANNEL)
		meet(w, ep, a, b)
		a.MustSend("to b")
		b.MustSend("to a")
		a.WantRecv("to a")
		b.WantRecv("to b")
		is(w, "of two frames", try(a, "x", "y"), pattern.ErrInvalidMessage)
		b.WantNone()
		c := w.Socket(pattern.CHANNEL)
		c.MustConnect(ep)
		time.Sleep(time.Minute)
		if n := a.Stats().Peers; n != 1 {
			w.Errorf("%d peers", n)
		}
		if refused := a.Heard(session.PeerRefused); len(refused) == 0 || !errors.Is(refused[0].Err, pattern.ErrPeerExists) {
			w.Errorf("refused: %+v", refused)
		}
	})
}

func TestRule_3_7_6_ManyThreadsShareAChannel(t *testing.T) {
	everywhere(t, "and no message is lost or comes twice", func(w *st.World, ep string) {
		const senders, each = 8, 50
		a, b := w.Socket(pattern.CHANNEL, st.HWM(3, 3)), w.Socket(pattern.CHANNEL, st.HWM(3, 3))
		meet(w, ep, a, b)
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
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
			all.Go(func() {
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
		all.Wait()
		if len(seen) != senders*each {
			w.Errorf("%d different messages, want %d", len(seen), senders*each)
		}
	})
}

func TestRule_3_7_7_RadioGroups(t *testing.T) {
	everywhere(t, "whole names, each peer its own", func(w *st.World, ep string) {
		radio, one, two := w.Socket(pattern.RADIO), w.Socket(pattern.DISH), w.Socket(pattern.DISH)
		meet(w, ep, radio, one)
		meet(w, ep, radio, two)
		for s, groups := range map[*st.Socket][]string{one: {"a", "ab"}, two: {"a", ""}} {
			for _, g := range groups {
				is(w, "join", s.Join(g, true), nil)
			}
		}
		send := func(want string) {
			w.Helper()
			w.Settle()
			for _, g := range []string{"a", "ab", "abc", "b", ""} {
				is(w, "sending", radio.TrySendGroup(g, st.Of("body")), nil)
			}
			if got := fmt.Sprint(received(w, one), received(w, two)); got != want {
				w.Errorf("they received %s, want %s", got, want)
			}
		}
		send("[[a body] [ab body]] [[a body] [ body]]")
		is(w, "leave", one.Join("a", false), nil)
		send("[[ab body]] [[a body] [ body]]")
		two.CloseIn(0)
		w.Settle()
		if n := radio.Stats().Peers; n != 1 {
			w.Errorf("%d peers", n)
		}
		is(w, "sending", radio.TrySendGroup("a", st.Of("body")), nil)
		radio.WantDrops(nil)
	})
	clause(t, "what it sends", func(w *st.World) {
		radio := w.Socket(pattern.RADIO)
		radio.MustBind("mem://a")
		p := handshaken(w, radio, 1, "DISH")[0]
		p.Must(st.Command("JOIN", []byte("g")), st.Command("JOIN", []byte("h")), st.Command("LEAVE", []byte("h")))
		w.Settle()
		is(w, "sending", radio.TrySendGroup("h", st.Of("x")), nil)
		is(w, "sending", radio.TrySendGroup("g", st.Of("body")), nil)
		wants(w, p, "g", "body")
		p.Must(st.Command("JOIN", []byte("g"))) // a set: once left it is left
		w.Settle()
		is(w, "sending", radio.TrySendGroup("g", st.Of("once")), nil)
		wants(w, p, "g", "once")
		p.Must(st.Command("LEAVE", []byte("g")))
		w.Settle()
		is(w, "sending", radio.TrySendGroup("g", st.Of("x")), nil)
		silent(w, p)
		is(w, "of two frames", radio.TrySendGroup("g", st.Of("x", "y")), pattern.ErrInvalidMessage)
		is(w, "to a group of 256 bytes", radio.TrySendGroup(strings.Repeat("g", 256), st.Of("x")), pattern.ErrInvalidGroup)
	})
}

func TestRule_3_7_8_DishJoins(t *testing.T) {
	clause(t, "told to each new peer and after each loss", func(w *st.World) {
		l := w.Listen("a")
		dish := w.Socket(pattern.DISH)
		for _, g := range []string{"a", "b", "c"} {
			is(w, "join", dish.Join(g, true), nil)
		}
		is(w, "join twice", dish.Join("a", true), pattern.ErrInvalidGroup)
		is(w, "leave", dish.Join("c", false), nil)
		is(w, "leave twice", dish.Join("c", false), pattern.ErrInvalidGroup)
		is(w, "a name of 256 bytes", dish.Join(strings.Repeat("g", 256), true), pattern.ErrInvalidGroup)
		dish.MustConnect("mem://a")
		for range 2 {
			p := l.Accept()
			p.Shake("RADIO")
			heard := []string{command(w, p), command(w, p)}
			slices.Sort(heard)
			if fmt.Sprint(heard) != "[JOIN a JOIN b]" {
				w.Errorf("it says %q", heard)
			}
			is(w, "join", dish.Join("now", true), nil)
			is(w, "leave", dish.Join("now", false), nil)
			if got := command(w, p) + command(w, p); got != "JOIN nowLEAVE now" {
				w.Errorf("it says %q", got)
			}
			p.Must(st.Message("a", "1"), st.Message("now", "2"), st.Message("ab", "3"), st.Message("b", ""))
			dish.WantRecv("a", "1")
			dish.WantRecv("b", "")
			dish.WantNone()
			p.Close()
			w.Settle()
		}
		dish.WantDrops(map[pipe.Drop]uint64{pipe.DropFiltered: 4})
	})
	clause(t, "closing waits for nothing", func(w *st.World) {
		dish := w.Socket(pattern.DISH)
		dish.MustConnect("mem://nobody")
		dish.MustBind("mem://a")
		handshaken(w, dish, 1, "RADIO")
		w.Net.Links()[0].Down().SetBuffer(1000)
		for i := range unheard {
			is(w, "join", dish.Join(fmt.Sprint(i), true), nil)
		}
		w.Settle()
		if d := st.After(func() { dish.CloseIn(-1) }); d != 0 {
			w.Errorf("closing takes %v", d)
		}
	})
	for _, bad := range [][]string{{"g"}, {"g", "a", "b"}, {strings.Repeat("g", 256), "body"}} {
		clause(t, fmt.Sprintf("%d frames, %d bytes of group, end the connection", len(bad), len(bad[0])), func(w *st.World) {
			l := w.Listen("a")
			dish := w.Socket(pattern.DISH)
			is(w, "join", dish.Join("g", true), nil)
			dish.MustConnect("mem://a")
			p := l.Accept()
			p.Shake("RADIO")
			p.Must(st.Message(bad...), st.Message("g", "behind it"))
			ends(w, p)
			dish.WantNone()
			q := l.Accept() // we dial again, and libzmq does not
			q.Shake("RADIO")
			q.Must(st.Message(strings.Repeat("g", 255), "not joined"), st.Message("g", "good"))
			dish.WantRecv("g", "good")
			dish.WantFaults(map[engine.Fault]uint64{})
		})
	}
}
