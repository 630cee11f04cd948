package conformance

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// writable compares what ZMQ_POLLOUT would say.
func writable(w *st.World, when string, s *st.Socket, want bool) {
	w.Helper()
	w.Settle()
	if got := s.Writable(); got != want {
		w.Errorf("%s: writable %v, want %v", when, got, want)
	}
}

// writableFor checks a type whose answer is the same at all times.
func writableFor(t *testing.T, typ, far pattern.Type, want bool) {
	t.Helper()
	everywhere(t, fmt.Sprint("writable ", want), func(w *st.World, ep string) {
		s, o := w.Socket(typ, st.HWM(1, 1)), w.Socket(far, st.HWM(1, 1))
		s.MustBind(ep)
		writable(w, "alone", s, want)
		o.MustConnect(ep)
		s.MustMeet(1)
		writable(w, "with a peer", s, want)
		switch typ {
		case pattern.PUB, pattern.XPUB:
			change(w, o, true, "")
		case pattern.RADIO:
			is(w, "join", o.Join("g", true), nil)
			w.Settle()
		}
		if pattern.Types[typ].Publishes || typ == pattern.XSUB {
			for range 9 {
				if typ == pattern.RADIO {
					s.MustSend("g", "x")
				} else {
					s.MustSend("x")
				}
			}
			writable(w, "with one that is full", s, want)
			if full := s.Stats().Drops[pipe.DropHWM]; ep == "inproc://a" && typ != pattern.XSUB && full != 7 {
				w.Errorf("%d of 9 messages found the queue of two full, want 7", full)
			}
		}
		o.CloseIn(0)
		writable(w, "alone again", s, want)
	})
}

// writableWithRoom checks a type that waits for a peer with room.
func writableWithRoom(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	clause(t, "writable while a pipe has room", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(2, 2)), w.Socket(far, st.HWM(2, 2))
		s.MustBind("inproc://a")
		writable(w, "alone", s, false)
		o.MustConnect("inproc://a")
		for range 4 {
			writable(w, "with room", s, true)
			s.MustSend("x")
		}
		writable(w, "full", s, false)
		o.WantRecv("x")
		writable(w, "with a quarter read", s, false)
		o.WantRecv("x")
		writable(w, "with half read", s, true)
		o.CloseIn(0)
		writable(w, "alone again", s, false)
	})
}

// writableByTurn is that of REQ: not while it waits for a reply.
func writableByTurn(t *testing.T) {
	t.Helper()
	for _, relaxed := range []bool{false, true} {
		clause(t, fmt.Sprint("writable unless a reply is awaited, relaxed ", relaxed), func(w *st.World) {
			req := w.Socket(pattern.REQ, options(func(o *pattern.Options) { o.Relaxed = relaxed }))
			rep := w.Socket(pattern.REP)
			req.MustBind("inproc://a")
			writable(w, "alone", req, false)
			rep.MustConnect("inproc://a")
			writable(w, "with a peer", req, true)
			req.MustSend("question")
			writable(w, "awaiting the reply", req, relaxed)
			writable(w, "a REP that has received nothing", rep, false)
			rep.WantRecv("question")
			writable(w, "a REP that owes a reply", rep, true)
			rep.MustSend("answer")
			writable(w, "a REP that has replied", rep, false)
			writable(w, "before receiving", req, relaxed)
			req.WantRecv("answer")
			writable(w, "behind the reply", req, true)
		})
	}
}

// writableIfMandatory is that of ROUTER.
func writableIfMandatory(t *testing.T) {
	t.Helper()
	for _, must := range []bool{false, true} {
		clause(t, fmt.Sprint("writable, or if it must route while any peer has room, ", must), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(1, 1), options(func(o *pattern.Options) { o.Mandatory = must }))
			writable(w, "alone", router, !must)
			one, two := w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("one")), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("two"))
			meet(w, "inproc://a", router, one)
			meet(w, "inproc://a", router, two)
			writable(w, "with peers", router, true)
			for range 2 {
				router.MustSend("one", "x")
			}
			writable(w, "with one full", router, true)
			for range 2 {
				router.MustSend("two", "x")
			}
			writable(w, "with both full", router, !must)
			one.WantRecv("x")
			writable(w, "with room again", router, true)
			is(w, "an id", tryFrames(router, "one+"), nil)
			router.MustSend("one", "x") // takes the room, and not the claim
			writable(w, "full, in the middle of a message", router, true)
			is(w, "its body", tryFrames(router, "x"), nil)
			writable(w, "full", router, !must)
		})
	}
}
