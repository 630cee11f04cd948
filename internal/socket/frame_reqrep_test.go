package socket_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

func relaxed(o *socket.Options)   { o.Pattern.Relaxed = true }
func correlate(o *socket.Options) { o.Pattern.Correlate = true }

// TestReqRepFramesInWrongStateReturnErrInvalidState exchanges a request and a
// reply of two frames each, and checks at every step the calls that are invalid
// in this state.
func TestReqRepFramesInWrongStateReturnErrInvalidState(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			rep, req := connected(w, scheme, pattern.REP, pattern.REQ)
			ready := func(reqIn, reqOut, repIn, repOut bool) {
				t.Helper()
				w.Settle()
				wantReady(t, req, reqIn, reqOut)
				wantReady(t, rep, repIn, repOut)
			}
			ready(false, true, false, false)
			wantTry(t, rep, "early", pattern.ErrInvalidState)
			wantNoFrame(t, req, pattern.ErrInvalidState)
			wantNoFrame(t, rep, pattern.ErrWouldBlock)

			wantTry(t, req, "1+", nil)
			ready(false, true, false, false)
			wantNoFrame(t, req, pattern.ErrInvalidState)
			wantTry(t, req, "2", nil)
			ready(false, false, true, false)
			wantTry(t, req, "again", pattern.ErrInvalidState)
			wantTry(t, req, "again+", pattern.ErrInvalidState)
			wantNoFrame(t, req, pattern.ErrWouldBlock)

			wantFrames(t, rep, "1+")
			ready(false, false, true, false)
			wantTry(t, rep, "early", pattern.ErrInvalidState)
			wantFrames(t, rep, "2")
			ready(false, false, false, true)
			wantNoFrame(t, rep, pattern.ErrInvalidState)

			wantTry(t, rep, "a+", nil)
			ready(false, false, false, true)
			wantNoFrame(t, rep, pattern.ErrInvalidState)
			wantTry(t, rep, "b", nil)
			ready(true, false, false, false)
			wantTry(t, rep, "c", pattern.ErrInvalidState)

			wantFrames(t, req, "a+")
			ready(true, false, false, false)
			wantTry(t, req, "early", pattern.ErrInvalidState)
			wantFrames(t, req, "b")
			ready(false, true, false, false)
			wantNoFrame(t, req, pattern.ErrInvalidState)
			req.WantDrops(nil)
			rep.WantDrops(nil)
		})
	}
}

// TestSendFailsDuringIncompleteRequest: while a request or a reply is
// incomplete, Send and Recv of another fail. Call is independent of it.
func TestSendFailsDuringIncompleteRequest(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep, req := connected(w, "mem", pattern.REP, pattern.REQ)
		wantTry(t, req, "1+", nil)
		if err := req.TrySend(st.Of("other")); !errors.Is(err, pattern.ErrInvalidState) {
			t.Errorf("Send of a request in the middle of another: %v", err)
		}
		called := make(chan error, 1)
		go func() {
			m, err := req.Call(context.Background(), st.Of("call"))
			if err == nil && string(m.First) != "called" {
				t.Errorf("Call returned %q", m.First)
			}
			called <- err
		}()
		rep.WantRecv("call")
		rep.MustSend("called")
		if err := <-called; err != nil {
			t.Error(err)
		}
		wantTry(t, req, "2", nil)
		rep.WantRecv("1", "2")
		wantTry(t, rep, "a+", nil)
		if err := rep.TrySend(st.Of("other")); !errors.Is(err, pattern.ErrInvalidState) {
			t.Errorf("Send of a reply in the middle of another: %v", err)
		}
		if err := rep.TryRecv(new(msg.Msg)); !errors.Is(err, pattern.ErrInvalidState) {
			t.Errorf("Recv in the middle of a reply: %v", err)
		}
		wantTry(t, rep, "b", nil)
		req.WantRecv("a", "b")
	})
}

// TestReqPeerDisconnectsBetweenFrames: if the last frame was discarded without
// an error, the socket waits for a reply. If the last frame failed, the socket
// can send again.
func TestReqPeerDisconnectsBetweenFrames(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		st.Run(t, func(w *st.World) {
			req, rep := connected(w, scheme, pattern.REQ, pattern.REP)
			wantTry(t, req, "a+", nil)
			rep.CloseIn(0)
			w.Settle()
			wantTry(t, req, "b+", pattern.ErrWouldBlock)
			wantTry(t, req, "c", nil)
			wantReady(t, req, false, false)
			wantNoFrame(t, req, pattern.ErrWouldBlock)
			wantTry(t, req, "next", pattern.ErrInvalidState)
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropConnLost: 1})
		})
		st.Run(t, func(w *st.World) {
			req, rep := connected(w, scheme, pattern.REQ, pattern.REP)
			wantTry(t, req, "a+", nil)
			rep.CloseIn(0)
			w.Settle()
			wantTry(t, req, "b", pattern.ErrWouldBlock)
			wantNoFrame(t, req, pattern.ErrInvalidState)
			wantTry(t, req, "next", pattern.ErrWouldBlock)
			rep = w.Socket(pattern.REP)
			rep.MustConnect(scheme + "://connected")
			req.WaitPeers(1)
			wantTry(t, req, "next", nil)
			rep.WantRecv("next")
		})
		st.Run(t, func(w *st.World) {
			req, rep := connected(w, scheme, pattern.REQ, pattern.REP)
			wantTry(t, req, "a+", nil)
			rep.CloseIn(0)
			w.Settle()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if d := st.After(func() {
				if err := req.SendFrame(ctx, frame("b")); err != nil {
					t.Error(err)
				}
			}); d != 0 {
				t.Errorf("SendFrame blocked for %v between frames", d)
			}
			wantNoFrame(t, req, pattern.ErrWouldBlock)
		})
	}
}

// TestLostRequestAcceptsReplyOfAnyPeer: after the peer of a request has
// disconnected, the reply of any other peer is accepted. The same holds for a
// request sent as a whole.
func TestLostRequestAcceptsReplyOfAnyPeer(t *testing.T) {
	st.Run(t, func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		first := w.Dial("a")
		first.Handshake("REP")
		req.WaitPeers(1)
		wantTry(t, req, "a+", nil)
		first.Close()
		second := w.Dial("a")
		second.Handshake("REP")
		w.Settle()
		if err := req.SendFrame(context.Background(), frame("b")); err != nil {
			t.Fatal(err)
		}
		second.MustWrite(st.Message("", "reply"))
		wantFrames(t, req, "reply")
	})
}

// TestRepIsNotReadableBeforeReply: the next request can be received after the
// reply to the current one.
func TestRepIsNotReadableBeforeReply(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		for range 2 {
			p := w.Dial("a")
			p.Handshake("REQ")
			p.MustWrite(st.Message("", "request"))
		}
		w.Settle()
		wantReady(t, rep, true, false)
		wantFrames(t, rep, "request")
		wantReady(t, rep, false, true)
		wantTry(t, rep, "re+", nil)
		wantReady(t, rep, false, true)
		wantTry(t, rep, "ply", nil)
		wantReady(t, rep, true, false)
		wantFrames(t, rep, "request")
	})
}

// TestRelaxedReqSendsNextRequestAtAnyTime: a new request discards the reply to
// the earlier one, whether it has not arrived, is unread or is partly read.
func TestRelaxedReqSendsNextRequestAtAnyTime(t *testing.T) {
	for _, opts := range [][]func(*socket.Options){{relaxed}, {relaxed, correlate}} {
		st.Run(t, func(w *st.World) {
			rep, req := connected(w, "mem", pattern.REP, pattern.REQ, opts...)
			wantTry(t, req, "1", nil)
			rep.WantRecv("1")
			rep.MustSend("a", "b", "c")
			w.Settle()
			wantFrames(t, req, "a+")
			wantReady(t, req, true, true)
			wantTry(t, req, "2+", nil) // between frames of the reply
			wantNoFrame(t, req, pattern.ErrInvalidState)
			wantReady(t, req, false, true)
			wantTry(t, req, "2", nil)
			rep.WantRecv("2", "2")
			rep.MustSend("d")
			w.Settle()
			wantReady(t, req, true, true)
			wantTry(t, req, "3+", nil) // instead of the reply
			wantTry(t, req, "3", nil)
			rep.WantRecv("3", "3")
			rep.MustSend("e", "f")
			wantFrames(t, req, "e+", "f")
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 2})
			wantTry(t, req, "4+", nil)
			req.MustSend("5") // replaced by the incomplete request once that is complete
			wantTry(t, req, "4", nil)
			rep.WantRecv("5")
			rep.MustSend("re 5")
			rep.WantRecv("4", "4")
			w.Settle()
			if len(opts) == 2 {
				wantNoFrame(t, req, pattern.ErrWouldBlock) // the reply was to another request
				rep.MustSend("re 4")
				wantFrames(t, req, "re 4")
			} else {
				wantFrames(t, req, "re 5") // without request IDs a late reply is not distinguishable
			}
		})
	}
}

// TestRequestFramesHaveEnvelope: a request sent frame by frame begins with the
// empty delimiter, and with the request ID before it if Correlate is set.
func TestRequestFramesHaveEnvelope(t *testing.T) {
	for _, correlated := range []bool{false, true} {
		st.Run(t, func(w *st.World) {
			l := w.Listen("a")
			req := w.Socket(pattern.REQ, func(o *socket.Options) { o.Pattern.Correlate = correlated })
			req.MustConnect("mem://a")
			p := l.Accept()
			p.Handshake("ROUTER")
			if err := try(req, "x+", "+", "y"); err != nil {
				t.Fatal(err)
			}
			got := p.Message()
			var id []string
			if correlated {
				id, got = got[:1], got[1:]
				if len(id[0]) != 4 {
					t.Errorf("request ID of %d bytes, want 4", len(id[0]))
				}
			}
			if len(got) != 4 || got[0] != "" || got[1] != "x" || got[2] != "" || got[3] != "y" {
				t.Fatalf("received %q", got)
			}
			if correlated {
				p.MustWrite(st.Message("none", "", "stale"))
			}
			p.MustWrite(st.Message(append(id, "", "a", "b")...))
			wantFrames(t, req, "a+", "b")
		})
	}
}

// TestStaleRepliesAreDroppedBeforeRequest: the first frame of a request drops
// all queued replies.
func TestStaleRepliesAreDroppedBeforeRequest(t *testing.T) {
	st.Run(t, func(w *st.World) {
		_, req, p := reqWithPeer(w, "REP")
		wantTry(t, req, "1", nil)
		p.Message()
		p.MustWrite(st.Message("", "reply"), st.Message("", "late"))
		wantFrames(t, req, "reply")
		w.Settle()
		wantTry(t, req, "2+", nil)
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 1})
		p.MustWrite(st.Message("", "stale")) // before the request is complete
		w.Settle()
		wantTry(t, req, "2", nil)
		wantReady(t, req, false, false)
		p.Message()
		p.MustWrite(st.Message("", "good"))
		wantFrames(t, req, "good")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 2})
	})
}

// TestReplyToDisconnectedRequesterIsDropped: the requester disconnects before
// or between the frames of the reply.
func TestReplyToDisconnectedRequesterIsDropped(t *testing.T) {
	for _, scheme := range []string{"mem", "inproc"} {
		for _, betweenFrames := range []bool{false, true} {
			st.Run(t, func(w *st.World) {
				rep, req := connected(w, scheme, pattern.REP, pattern.REQ)
				req.MustSend("x")
				wantFrames(t, rep, "x")
				disconnect := func() { req.CloseIn(0); w.Settle() }
				if !betweenFrames {
					disconnect()
				}
				wantTry(t, rep, "a+", nil)
				if betweenFrames {
					disconnect()
				}
				wantReady(t, rep, false, true)
				wantTry(t, rep, "b+", nil)
				wantTry(t, rep, "c", nil)
				wantReady(t, rep, false, false)
				wantNoFrame(t, rep, pattern.ErrWouldBlock)
				rep.WantDrops(map[pipe.Drop]uint64{pipe.DropRequester: 1})
				if n := rep.CloseIn(0); n != 0 {
					t.Errorf("%d messages unsent", n)
				}
			})
		}
	}
}

// TestCloseDropsIncompleteReply: the incomplete reply is counted.
func TestCloseDropsIncompleteReply(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep, req := connected(w, "mem", pattern.REP, pattern.REQ)
		req.MustSend("x")
		wantFrames(t, rep, "x")
		wantTry(t, rep, "a+", nil)
		if n := rep.CloseIn(time.Minute); n != 1 {
			t.Errorf("%d messages unsent, want 1", n)
		}
		rep.WantDrops(map[pipe.Drop]uint64{pipe.DropLinger: 1})
	})
}

// TestReplyHasEnvelopeOfRequest: the reply repeats the address frames of two
// brokers. Requests without an envelope are dropped.
func TestReplyHasEnvelopeOfRequest(t *testing.T) {
	st.Run(t, func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		p := w.Dial("a")
		p.Handshake("DEALER")
		p.MustWrite(st.Message("no envelope"), st.Message("none", "either"), st.Message("nor", ""))
		w.Settle()
		wantReady(t, rep, false, false)
		rep.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 3})
		p.MustWrite(st.Message("hop", st.Large(msg.LargeFrame), "", "body", ""))
		w.Settle()
		wantReady(t, rep, true, false)
		wantFrames(t, rep, "body+", "")
		wantTry(t, rep, "re+", nil)
		wantTry(t, rep, "", nil)
		got := p.Message()
		if len(got) != 5 || got[0] != "hop" || len(got[1]) != msg.LargeFrame || got[2] != "" || got[3] != "re" || got[4] != "" {
			t.Errorf("received %.100q", got)
		}
	})
}
