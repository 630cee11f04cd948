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

var automaticMessages = func(o *socket.Options) {
	o.Hello, o.Disconnect, o.Hiccup = []byte("hello"), []byte("disconnect"), []byte("hiccup")
}

// rawPeerType maps socket types to a type that they talk to. The types have a
// handshake, and their peers send messages of one frame.
var rawPeerType = map[pattern.Type]string{
	pattern.PAIR: "PAIR", pattern.DEALER: "DEALER", pattern.ROUTER: "DEALER", pattern.PULL: "PUSH",
	pattern.PUSH: "PULL", pattern.SERVER: "CLIENT", pattern.CLIENT: "SERVER",
	pattern.GATHER: "SCATTER", pattern.SCATTER: "GATHER", pattern.PEER: "PEER", pattern.CHANNEL: "CHANNEL",
}

func TestHelloMessageIsFirstOnEachConnection(t *testing.T) {
	greets := []pattern.Type{pattern.ROUTER, pattern.DEALER, pattern.CLIENT, pattern.SERVER, pattern.PEER}
	for typ, peer := range rawPeerType {
		subtest(t, typeNames[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.Hello = []byte("hello") })
			s.MustBind("mem://b")
			s.MustConnect("mem://a")
			for range 2 {
				p := l.Accept()
				p.Handshake(peer)
				if slices.Contains(greets, typ) {
					wantPeerRecv(w, p, "hello")
				}
				p.Close()
				w.Settle()
			}
			if s.Disconnect("mem://a"); typ == pattern.PAIR || typ == pattern.CHANNEL {
				time.Sleep(time.Minute) // until the endpoint no longer counts as its one peer
			}
			q := w.Dial("b")
			q.Handshake(peer)
			if slices.Contains(greets, typ) {
				wantPeerRecv(w, q, "hello")
			}
			wantPeerNone(w, q)
		})
	}
	overEachTransport(t, "before queued messages", func(w *st.World, ep string) {
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

func TestDisconnectMessageFollowsLastWholeMessage(t *testing.T) {
	receivesIt := []pattern.Type{pattern.ROUTER, pattern.SERVER, pattern.PEER}
	for typ, peer := range rawPeerType {
		if !pattern.Types[typ].Receives {
			continue
		}
		subtest(t, typeNames[typ], func(w *st.World) {
			s := w.Socket(typ, func(o *socket.Options) { o.Disconnect = []byte("disconnect") })
			s.MustBind("mem://a")
			p := dialRawPeers(w, s, 1, peer)[0]
			whole := st.Message("incomplete", "message")
			p.MustWrite(st.Message("last"), whole[:len(whole)-1])
			p.Close()
			s.WantRecv("last")
			if slices.Contains(receivesIt, typ) {
				s.WantRecv("disconnect")
			}
			s.WantNone()
			w.Dial("a").Close() // without a handshake
			q := w.Dial("a")
			q.MustWrite(st.Greeting())
			q.Close()
			s.WantNone()
			// The loss of a peer that the socket connected to is not reported.
			l := w.Listen("b")
			s.MustConnect("mem://b")
			r := l.Accept()
			r.Handshake(peer)
			s.WaitPeers(1)
			r.Close()
			s.WantNone()
		})
	}
	for _, action := range []string{"closes", "disconnects"} {
		subtest(t, "over inproc, the peer "+action, func(w *st.World) {
			router, dealer := w.Socket(pattern.ROUTER, automaticMessages), w.Socket(pattern.DEALER, st.ID("id"))
			connect(w, "inproc://a", router, dealer)
			dealer.WantRecv("hello")
			dealer.MustSend("last")
			if action == "closes" {
				dealer.CloseIn(time.Second)
			} else {
				wantErr(w, "disconnecting", dealer.Disconnect("inproc://a"), nil)
			}
			w.Settle()
			router.WantRecv("last")
			if m, from := router.MustRecv(); m[0] != "disconnect" || from.RoutingID != "id" {
				w.Errorf("received %q from %q, want the disconnect message from id", m, from.RoutingID)
			}
			router.WantNone()
		})
	}
}

func TestHiccupMessageFollowsLostConnection(t *testing.T) {
	hiccups := []pattern.Type{pattern.DEALER, pattern.CLIENT, pattern.PEER}
	for typ, peer := range rawPeerType {
		if !pattern.Types[typ].Receives {
			continue
		}
		subtest(t, typeNames[typ], func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ, func(o *socket.Options) { o.Hiccup = []byte("hiccup") })
			s.MustConnect("mem://a")
			for i := range 3 {
				p := l.Accept()
				if i != 1 { // a connection without a handshake does not count
					p.Handshake(peer)
					p.MustWrite(st.Message("last"))
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
	subtest(t, "not for an accepted peer, nor over inproc", func(w *st.World) {
		s := w.Socket(pattern.DEALER, automaticMessages)
		s.MustBind("mem://a")
		dialRawPeers(w, s, 1, "DEALER")[0].Close()
		s.WantNone()
		other := w.Socket(pattern.DEALER)
		connect(w, "inproc://a", other, s)
		other.WantRecv("hello")
		other.CloseIn(0)
		if got := recvAll(w, s); len(got) != 0 {
			w.Errorf("received %s, want nothing", fmt.Sprint(got))
		}
	})
}
