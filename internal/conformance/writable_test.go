package conformance

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// wantWritable compares the result of Writable, which is ZMQ_POLLOUT.
func wantWritable(w *st.World, when string, s *st.Socket, want bool) {
	w.Helper()
	w.Settle()
	if got := s.Writable(); got != want {
		w.Errorf("%s: writable %v, want %v", when, got, want)
	}
}

// testWritableConstant checks a type whose Writable never changes.
func testWritableConstant(t *testing.T, typ, far pattern.Type, want bool) {
	t.Helper()
	overEachTransport(t, fmt.Sprint("writable ", want), func(w *st.World, ep string) {
		s, o := w.Socket(typ, st.HWM(1, 1)), w.Socket(far, st.HWM(1, 1))
		s.MustBind(ep)
		wantWritable(w, "without a peer", s, want)
		o.MustConnect(ep)
		s.WaitPeers(1)
		wantWritable(w, "with a peer", s, want)
		switch typ {
		case pattern.PUB, pattern.XPUB:
			setSubscribed(w, o, true, "")
		case pattern.RADIO:
			wantErr(w, "join", o.Join("g", true), nil)
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
			wantWritable(w, "with a full peer", s, want)
			if full := s.Stats().Drops[pipe.DropHWM]; ep == "inproc://a" && typ != pattern.XSUB && full != 7 {
				w.Errorf("%d of 9 messages were dropped by a queue of two, want 7", full)
			}
		}
		o.CloseIn(0)
		wantWritable(w, "after the peer disconnected", s, want)
	})
}

// testWritableWithCapacity checks a type that is writable while a pipe has
// capacity.
func testWritableWithCapacity(t *testing.T, typ, far pattern.Type) {
	t.Helper()
	subtest(t, "writable while a pipe has capacity", func(w *st.World) {
		s, o := w.Socket(typ, st.HWM(2, 2)), w.Socket(far, st.HWM(2, 2))
		s.MustBind("inproc://a")
		wantWritable(w, "without a peer", s, false)
		o.MustConnect("inproc://a")
		for range 4 {
			wantWritable(w, "with capacity", s, true)
			s.MustSend("x")
		}
		wantWritable(w, "full", s, false)
		o.WantRecv("x")
		wantWritable(w, "with a quarter read", s, false)
		o.WantRecv("x")
		wantWritable(w, "with half read", s, true)
		o.CloseIn(0)
		wantWritable(w, "after the peer disconnected", s, false)
	})
}

// testReqRepWritable checks that REQ is not writable while a reply is outstanding,
// unless it is relaxed, and that REP is writable between request and reply.
func testReqRepWritable(t *testing.T) {
	t.Helper()
	for _, relaxed := range []bool{false, true} {
		subtest(t, fmt.Sprint("writable unless a reply is outstanding, relaxed ", relaxed), func(w *st.World) {
			req := w.Socket(pattern.REQ, patternOptions(func(o *pattern.Options) { o.Relaxed = relaxed }))
			rep := w.Socket(pattern.REP)
			req.MustBind("inproc://a")
			wantWritable(w, "without a peer", req, false)
			rep.MustConnect("inproc://a")
			wantWritable(w, "with a peer", req, true)
			req.MustSend("question")
			wantWritable(w, "with a reply outstanding", req, relaxed)
			wantWritable(w, "REP before a request", rep, false)
			rep.WantRecv("question")
			wantWritable(w, "REP after a request", rep, true)
			rep.MustSend("answer")
			wantWritable(w, "REP after the reply", rep, false)
			wantWritable(w, "before the reply is received", req, relaxed)
			req.WantRecv("answer")
			wantWritable(w, "after the reply is received", req, true)
		})
	}
}

// testRouterWritable checks that ROUTER is always writable, or with
// ZMQ_ROUTER_MANDATORY while a pipe has capacity.
func testRouterWritable(t *testing.T) {
	t.Helper()
	for _, mandatory := range []bool{false, true} {
		subtest(t, fmt.Sprint("writable, mandatory ", mandatory), func(w *st.World) {
			router := w.Socket(pattern.ROUTER, st.HWM(1, 1), patternOptions(func(o *pattern.Options) { o.Mandatory = mandatory }))
			wantWritable(w, "without a peer", router, !mandatory)
			one, two := w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("one")), w.Socket(pattern.DEALER, st.HWM(1, 1), st.ID("two"))
			connect(w, "inproc://a", router, one)
			connect(w, "inproc://a", router, two)
			wantWritable(w, "with peers", router, true)
			for range 2 {
				router.MustSend("one", "x")
			}
			wantWritable(w, "with one full", router, true)
			for range 2 {
				router.MustSend("two", "x")
			}
			wantWritable(w, "with both full", router, !mandatory)
			one.WantRecv("x")
			wantWritable(w, "with capacity again", router, true)
			wantErr(w, "the routing ID", trySendFrames(router, "one+"), nil)
			router.MustSend("one", "x") // fills the queue; the started message keeps its place
			wantWritable(w, "full, within a message", router, true)
			wantErr(w, "the body", trySendFrames(router, "x"), nil)
			wantWritable(w, "full", router, !mandatory)
		})
	}
}
