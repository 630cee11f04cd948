package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

var automatic = func(o *socket.Options) {
	o.Hello, o.Farewell, o.Hiccup = []byte("hello"), []byte("gone"), []byte("hiccup")
}

// ordinary is the types whose peers have a handshake and send messages of one
// frame to it, each with one that they talk to.
var ordinary = map[pattern.Type]string{
	pattern.PAIR: "PAIR", pattern.DEALER: "DEALER", pattern.ROUTER: "DEALER", pattern.PULL: "PUSH",
	pattern.PUSH: "PULL", pattern.SERVER: "CLIENT", pattern.CLIENT: "SERVER",
	pattern.GATHER: "SCATTER", pattern.SCATTER: "GATHER", pattern.PEER: "PEER", pattern.CHANNEL: "CHANNEL",
}

func TestRule_3_8_1_Hello(t *testing.T) {
	greets := []pattern.Type{pattern.ROUTER, pattern.DEALER, pattern.CLIENT, pattern.SERVER, pattern.PEER}
	for typ, peer := range ordinary {
		clause(t, names[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.Hello = []byte("hello") })
			s.MustBind("mem://b")
			s.MustConnect("mem://a")
			for range 2 {
				p := l.Accept()
				p.Shake(peer)
				if slices.Contains(greets, typ) {
					wants(w, p, "hello")
				}
				p.Close()
				w.Settle()
			}
			if s.Disconnect("mem://a"); typ == pattern.PAIR || typ == pattern.CHANNEL {
				time.Sleep(time.Minute) // or its one peer is still that endpoint
			}
			q := w.Dial("b")
			q.Shake(peer)
			if slices.Contains(greets, typ) {
				wants(w, q, "hello")
			}
			silent(w, q)
		})
	}
	everywhere(t, "ahead of what is queued", func(w *st.World, ep string) {
		a := w.Socket(pattern.DEALER, func(o *socket.Options) { o.Hello = []byte("hello") })
		b := w.Socket(pattern.DEALER, func(o *socket.Options) { o.Hello = []byte("hello") })
		a.MustConnect(ep)
		a.MustSend("queued")
		b.MustBind(ep)
		b.WantRecv("hello")
		b.WantRecv("queued")
		a.WantRecv("hello")
		c := w.Socket(pattern.DEALER)
		c.MustConnect(ep)
		c.WantRecv("hello")
	})
}

func TestRule_3_8_2_Gone(t *testing.T) {
	laments := []pattern.Type{pattern.ROUTER, pattern.SERVER, pattern.PEER}
	for typ, peer := range ordinary {
		if !pattern.Types[typ].Receives {
			continue
		}
		clause(t, names[typ], func(w *st.World) {
			s := w.Socket(typ, func(o *socket.Options) { o.Farewell = []byte("gone") })
			s.MustBind("mem://a")
			p := handshaken(w, s, 1, peer)[0]
			whole := st.Message("a part", "is missing")
			p.Must(st.Message("last"), whole[:len(whole)-1])
			p.Close()
			s.WantRecv("last")
			if slices.Contains(laments, typ) {
				s.WantRecv("gone")
			}
			s.WantNone()
			w.Dial("a").Close() // who never ended its handshake
			q := w.Dial("a")
			q.Must(st.Greeting())
			q.Close()
			s.WantNone()
			// Nor is one that we connected to told of.
			l := w.Listen("b")
			s.MustConnect("mem://b")
			r := l.Accept()
			r.Shake(peer)
			s.MustMeet(1)
			r.Close()
			s.WantNone()
		})
	}
	for _, leaves := range []string{"closes", "disconnects"} {
		clause(t, "over inproc, a peer that "+leaves, func(w *st.World) {
			router, dealer := w.Socket(pattern.ROUTER, automatic), w.Socket(pattern.DEALER, st.ID("id"))
			meet(w, "inproc://a", router, dealer)
			dealer.WantRecv("hello")
			dealer.MustSend("last")
			if leaves == "closes" {
				dealer.CloseIn(time.Second)
			} else {
				is(w, "disconnecting", dealer.Disconnect("inproc://a"), nil)
			}
			w.Settle()
			router.WantRecv("last")
			if m, from := router.MustRecv(); m[0] != "gone" || from.RoutingID != "id" {
				w.Errorf("received %q of %q", m, from.RoutingID)
			}
			router.WantNone()
		})
	}
}

func TestRule_3_8_3_Hiccups(t *testing.T) {
	hiccups := []pattern.Type{pattern.DEALER, pattern.CLIENT, pattern.PEER}
	for typ, peer := range ordinary {
		if !pattern.Types[typ].Receives {
			continue
		}
		clause(t, names[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.Hiccup = []byte("hiccup") })
			s.MustConnect("mem://a")
			for i := range 3 {
				p := l.Accept()
				if i != 1 { // one that goes before its handshake is no loss
					p.Shake(peer)
					p.Must(st.Message("last"))
				}
				p.Close()
				if i == 1 {
					s.WantNone()
					continue
				}
				s.WantRecv("last")
				if slices.Contains(hiccups, typ) {
					s.WantRecv("hiccup")
				}
				s.WantNone()
			}
		})
	}
	clause(t, "not where the peer came to us, nor over inproc", func(w *st.World) {
		s := w.Socket(pattern.DEALER, automatic)
		s.MustBind("mem://a")
		handshaken(w, s, 1, "DEALER")[0].Close()
		s.WantNone()
		other := w.Socket(pattern.DEALER)
		meet(w, "inproc://a", other, s)
		other.WantRecv("hello")
		other.CloseIn(0)
		if got := received(w, s); len(got) != 0 {
			w.Errorf("received %s", fmt.Sprint(got))
		}
	})
}
