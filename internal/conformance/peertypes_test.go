package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// typeNames are the names of the socket types, indexed by pattern.Type.
var typeNames = []string{
	"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB",
	"STREAM", "SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL",
}

// peerTypes are the types that each type talks to. STREAM and DGRAM talk to no
// socket type.
var peerTypes = map[string][]string{
	"PAIR": {"PAIR"}, "PUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "REQ": {"REP", "ROUTER"},
	"REP": {"REQ", "DEALER"}, "DEALER": {"REP", "DEALER", "ROUTER"}, "ROUTER": {"REQ", "DEALER", "ROUTER"},
	"PULL": {"PUSH"}, "PUSH": {"PULL"}, "XPUB": {"SUB", "XSUB"}, "XSUB": {"PUB", "XPUB"},
	"SERVER": {"CLIENT"}, "CLIENT": {"SERVER"}, "RADIO": {"DISH"}, "DISH": {"RADIO"},
	"GATHER": {"SCATTER"}, "SCATTER": {"GATHER"}, "PEER": {"PEER"}, "CHANNEL": {"CHANNEL"},
}

// isRaw reports whether a type has no handshake.
func isRaw(name string) bool { return name == "STREAM" || name == "DGRAM" }

// testPeerTypes checks a type against all types: bound, connecting and over inproc.
func testPeerTypes(t *testing.T, typ pattern.Type) {
	t.Helper()
	name := typeNames[typ]
	subtest(t, "announces its name", func(w *st.World) {
		w.Socket(typ).MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready())
		p.ReadN(64)
		want := string(st.Ready("Socket-Type", name)[2:])
		if _, body := p.Frame(); !strings.HasPrefix(string(body), want) {
			w.Errorf("the peer read %q, want the prefix %q", body, want)
		}
	})
	for _, other := range typeNames {
		subtest(t, "bound, "+other+" connects", func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", other))
			wantAdmission(w, s, p, name, other)
		})
		subtest(t, "connecting to "+other, func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			p := l.Accept()
			p.MustWrite(st.Greeting(), st.Ready("Socket-Type", other))
			wantAdmission(w, s, p, name, other)
		})
		if !isRaw(other) {
			subtest(t, "inproc with "+other, func(w *st.World) { wantInprocAdmission(w, typ, other) })
		}
	}
}

// wantAdmission checks that s admits or refuses a raw peer by its type.
func wantAdmission(w *st.World, s *st.Socket, p *st.Peer, name, other string) {
	w.Helper()
	if slices.Contains(peerTypes[name], other) {
		s.WaitPeers(1)
		s.WantCloseReasons(nil)
		return
	}
	wantPeerClosed(w, p)
	w.Settle()
	s.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseSocketType: 1})
	if n := s.Stats().Peers; n != 0 {
		w.Errorf("%d peers, want 0", n)
	}
}

// wantInprocAdmission checks the same for two sockets over inproc.
func wantInprocAdmission(w *st.World, typ pattern.Type, other string) {
	w.Helper()
	a, b := w.Socket(typ), w.Socket(pattern.Type(slices.Index(typeNames, other)))
	a.MustBind("inproc://a")
	err := b.Connect("inproc://a")
	w.Settle()
	peers := 0
	if slices.Contains(peerTypes[typeNames[typ]], other) {
		peers = 1
	} else if len(a.EventsOf(session.PeerRefused)) != 1 || len(b.EventsOf(session.PeerRefused)) != 1 {
		w.Errorf("both sockets must report a refused peer")
	}
	if n, k := a.Stats().Peers, b.Stats().Peers; n != peers || k != peers || err != nil {
		w.Errorf("%d and %d peers, want %d; %v", n, k, peers, err)
	}
}

// testAcceptsAnyBytes checks that a type without a handshake receives any bytes,
// also those of a ZMTP handshake.
func testAcceptsAnyBytes(t *testing.T, typ pattern.Type) {
	t.Helper()
	for _, other := range typeNames {
		subtest(t, other+" connects", func(w *st.World) {
			s := w.Socket(typ, patternOptions(func(o *pattern.Options) { o.StreamDataOnly = true }))
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.MustWrite(st.Ready("Socket-Type", other))
			s.WantRecv(string(st.Ready("Socket-Type", other)))
			wantPeerNone(w, p)
		})
	}
	subtest(t, "inproc is refused", func(w *st.World) {
		s := w.Socket(typ)
		_, err := s.Bind("inproc://a")
		wantErr(w, "bind", err, socket.ErrUnsupportedTransport)
		wantErr(w, "connect", s.Connect("inproc://b"), socket.ErrUnsupportedTransport)
	})
}

func TestSocketTypeInHandshakeDecidesAdmission(t *testing.T) {
	for name, peers := range peerTypes {
		for _, other := range peers {
			if !slices.Contains(peerTypes[other], name) {
				t.Errorf("%s talks to %s, which does not talk to it", name, other)
			}
		}
	}
	subtest(t, "a mismatch closes the connection without an ERROR", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready("Socket-Type", "PULL"))
		p.ReadN(64)
		for {
			_, body, err := p.TryFrame()
			if err != nil {
				break
			}
			if string(body[:6]) == "\x05ERROR" {
				w.Errorf("the peer read %q, want no ERROR", body)
			}
		}
		w.Settle()
		pull.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseSocketType: 1})
	})
	subtest(t, "a peer without a type is admitted", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.MustWrite(st.Greeting(), st.Ready(), st.Message("hello"))
		pull.WantRecv("hello")
	})
	subtest(t, "a peer of ZMTP 1.0 is admitted", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		w.Dial("a").MustWrite([]byte{1, 0}, []byte{6, 0}, []byte("hello"))
		pull.WantRecv("hello")
	})
	subtest(t, "any type may bind or connect", func(w *st.World) {
		for typ, info := range pattern.Types {
			if info.Raw {
				continue
			}
			other := pattern.Type(slices.Index(typeNames, peerTypes[info.Name][0]))
			for _, ep := range []string{"mem://", "inproc://"} {
				a, b := w.Socket(typ), w.Socket(other)
				connect(w, ep+info.Name, a, b)
			}
		}
	})
}

// libzmq does not check types over inproc, and does not reconnect after a
// mismatch over a network.
func TestSocketTypeMismatchIsRetriedAndRefusedOverInproc(t *testing.T) {
	subtest(t, "the reconnect delay is the maximum", func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		wrong := l.Accept()
		wrong.MustWrite(st.Greeting(), st.Ready("Socket-Type", "SUB"))
		wantPeerClosed(w, wrong)
		var right *st.Peer
		if d := st.After(func() { right = l.Accept() }); d < w.Options().ReconnectMax/2 {
			w.Errorf("reconnected after %v", d)
		}
		right.Handshake("PULL")
		push.MustSend("x")
		wantPeerRecv(w, right, "x")
	})
	subtest(t, "refused over inproc", func(w *st.World) {
		pull, pub := w.Socket(pattern.PULL), w.Socket(pattern.PUB)
		pull.MustBind("inproc://a")
		pub.MustConnect("inproc://a")
		pub.MustSend("x")
		pull.WantNone()
		refused := pub.EventsOf(session.PeerRefused)
		if len(refused) != 1 || refused[0].Err == nil || errors.Is(refused[0].Err, pattern.ErrPeerExists) {
			w.Errorf("events of refused peers: %s", fmt.Sprint(refused))
		}
	})
}
