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

// names are the socket types by their numbers.
var names = []string{
	"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB",
	"STREAM", "SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL",
}

// talks is who talks to whom; STREAM and DGRAM talk to no socket type.
var talks = map[string][]string{
	"PAIR": {"PAIR"}, "PUB": {"SUB", "XSUB"}, "SUB": {"PUB", "XPUB"}, "REQ": {"REP", "ROUTER"},
	"REP": {"REQ", "DEALER"}, "DEALER": {"REP", "DEALER", "ROUTER"}, "ROUTER": {"REQ", "DEALER", "ROUTER"},
	"PULL": {"PUSH"}, "PUSH": {"PULL"}, "XPUB": {"SUB", "XSUB"}, "XSUB": {"PUB", "XPUB"},
	"SERVER": {"CLIENT"}, "CLIENT": {"SERVER"}, "RADIO": {"DISH"}, "DISH": {"RADIO"},
	"GATHER": {"SCATTER"}, "SCATTER": {"GATHER"}, "PEER": {"PEER"}, "CHANNEL": {"CHANNEL"},
}

// isRaw reports whether a type has no handshake.
func isRaw(name string) bool { return name == "STREAM" || name == "DGRAM" }

// talksToItsOwn checks a type against all types, as one that is bound, as one
// that connects, and within the process.
func talksToItsOwn(t *testing.T, typ pattern.Type) {
	t.Helper()
	name := names[typ]
	clause(t, "has its name", func(w *st.World) {
		w.Socket(typ).MustBind("mem://a")
		p := w.Dial("a")
		p.Must(st.Greeting(), st.Ready())
		p.Skip(64)
		says := string(st.Ready("Socket-Type", name)[2:])
		if _, body := p.Frame(); !strings.HasPrefix(string(body), says) {
			w.Errorf("it says %q, want %q first", body, says)
		}
	})
	for _, other := range names {
		clause(t, "bound, and "+other+" comes", func(w *st.World) {
			s := w.Socket(typ)
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Must(st.Greeting(), st.Ready("Socket-Type", other))
			agrees(w, s, p, name, other)
		})
		clause(t, "connecting, to "+other, func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			p := l.Accept()
			p.Must(st.Greeting(), st.Ready("Socket-Type", other))
			agrees(w, s, p, name, other)
		})
		if !isRaw(other) {
			clause(t, "in the process, with "+other, func(w *st.World) { agreesInside(w, typ, other) })
		}
	}
}

// agrees checks that s lets a raw peer of a type in, or not.
func agrees(w *st.World, s *st.Socket, p *st.Peer, name, other string) {
	w.Helper()
	if slices.Contains(talks[name], other) {
		s.MustMeet(1)
		s.WantFaults(nil)
		return
	}
	ends(w, p)
	w.Settle()
	s.WantFaults(map[engine.Fault]uint64{engine.FaultSocketType: 1})
	if n := s.Stats().Peers; n != 0 {
		w.Errorf("%d peers", n)
	}
}

// agreesInside is the same for two sockets that meet by a name.
func agreesInside(w *st.World, typ pattern.Type, other string) {
	w.Helper()
	a, b := w.Socket(typ), w.Socket(pattern.Type(slices.Index(names, other)))
	a.MustBind("inproc://a")
	err := b.Connect("inproc://a")
	w.Settle()
	peers := 0
	if slices.Contains(talks[names[typ]], other) {
		peers = 1
	} else if len(a.Heard(session.PeerRefused)) != 1 || len(b.Heard(session.PeerRefused)) != 1 {
		w.Errorf("nobody was refused")
	}
	if n, k := a.Stats().Peers, b.Stats().Peers; n != peers || k != peers || err != nil {
		w.Errorf("%d and %d peers, want %d; %v", n, k, peers, err)
	}
}

// talksToAnything checks a type without a handshake.
func talksToAnything(t *testing.T, typ pattern.Type) {
	t.Helper()
	for _, other := range names {
		clause(t, other+" comes", func(w *st.World) {
			s := w.Socket(typ, options(func(o *pattern.Options) { o.Silent = true }))
			s.MustBind("mem://a")
			p := w.Dial("a")
			p.Must(st.Ready("Socket-Type", other))
			s.WantRecv(string(st.Ready("Socket-Type", other)))
			silent(w, p)
		})
	}
	clause(t, "nobody in the process", func(w *st.World) {
		s := w.Socket(typ)
		_, err := s.Bind("inproc://a")
		is(w, "bind", err, socket.ErrIncompatible)
		is(w, "connect", s.Connect("inproc://b"), socket.ErrIncompatible)
	})
}

func TestRule_3_0_ANY_TypesDecideWhoIsLetIn(t *testing.T) {
	for name, peers := range talks {
		for _, other := range peers {
			if !slices.Contains(talks[other], name) {
				t.Errorf("%s talks to %s, which does not talk to it", name, other)
			}
		}
	}
	clause(t, "a mismatch ends the connection and no ERROR is sent", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.Must(st.Greeting(), st.Ready("Socket-Type", "PULL"))
		p.Skip(64)
		for {
			_, body, err := p.TryFrame()
			if err != nil {
				break
			}
			if string(body[:6]) == "\x05ERROR" {
				w.Errorf("it says %q", body)
			}
		}
		w.Settle()
		pull.WantFaults(map[engine.Fault]uint64{engine.FaultSocketType: 1})
	})
	clause(t, "who names no type is let in", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		p := w.Dial("a")
		p.Must(st.Greeting(), st.Ready(), st.Message("hello"))
		pull.WantRecv("hello")
	})
	clause(t, "ZMTP 1.0 names none", func(w *st.World) {
		pull := w.Socket(pattern.PULL)
		pull.MustBind("mem://a")
		w.Dial("a").Must([]byte{1, 0}, []byte{6, 0}, []byte("hello"))
		pull.WantRecv("hello")
	})
	clause(t, "any type may bind or connect", func(w *st.World) {
		for typ, info := range pattern.Types {
			if info.Raw {
				continue
			}
			other := pattern.Type(slices.Index(names, talks[info.Name][0]))
			for _, ep := range []string{"mem://", "inproc://"} {
				a, b := w.Socket(typ), w.Socket(other)
				meet(w, ep+info.Name, a, b)
			}
		}
	})
}

// A type is checked within the process too, and who is of the wrong one over a
// network is asked again later.
func TestRule_3_0_ANY_MismatchIsNotForEver(t *testing.T) {
	clause(t, "dialled again after the longest delay", func(w *st.World) {
		l := w.Listen("a")
		push := w.Socket(pattern.PUSH)
		push.MustConnect("mem://a")
		wrong := l.Accept()
		wrong.Must(st.Greeting(), st.Ready("Socket-Type", "SUB"))
		ends(w, wrong)
		var right *st.Peer
		if d := st.After(func() { right = l.Accept() }); d < w.Options().ReconnectMax/2 {
			w.Errorf("dialled again after %v", d)
		}
		right.Shake("PULL")
		push.MustSend("x")
		wants(w, right, "x")
	})
	clause(t, "in the process, no message gets through", func(w *st.World) {
		pull, pub := w.Socket(pattern.PULL), w.Socket(pattern.PUB)
		pull.MustBind("inproc://a")
		pub.MustConnect("inproc://a")
		pub.MustSend("x")
		pull.WantNone()
		refused := pub.Heard(session.PeerRefused)
		if len(refused) != 1 || refused[0].Err == nil || errors.Is(refused[0].Err, pattern.ErrPeerExists) {
			w.Errorf("refused: %s", fmt.Sprint(refused))
		}
	})
}
