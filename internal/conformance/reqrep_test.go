package conformance

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

var (
	relaxed    = patternOptions(func(o *pattern.Options) { o.Relaxed = true })
	correlated = patternOptions(func(o *pattern.Options) { o.Correlate = true })
)

func TestReqSendsDelimiterAndRequestID(t *testing.T) {
	subtest(t, "an empty delimiter frame", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		p := dialRawPeers(w, req, 1, "ROUTER")[0]
		req.MustSend("of", "two frames")
		wantPeerRecv(w, p, "", "of", "two frames")
		p.MustWrite(st.Message("", "its", "reply"))
		req.WantRecv("its", "reply")
	})
	subtest(t, "with ZMQ_REQ_CORRELATE, a request ID", func(w *st.World) {
		var first []uint32
		for i := range 3 {
			name := fmt.Sprint("mem://", i)
			req := w.Socket(pattern.REQ, correlated)
			req.MustBind(name)
			p := w.Dial(fmt.Sprint(i))
			p.Handshake("ROUTER")
			var last uint32
			for n := range 3 {
				req.MustSend("question")
				m := withReadDeadline(p).Message()
				if len(m) != 3 || len(m[0]) != 4 || m[1] != "" || m[2] != "question" {
					w.Fatalf("the request is %q", m)
				}
				// The byte order is not visible to a peer.
				id := binary.BigEndian.Uint32([]byte(m[0]))
				if n > 0 && id != last+1 {
					w.Errorf("request ID %d after %d", id, last)
				}
				if last = id; n == 0 {
					first = append(first, id)
				}
				p.MustWrite(st.Message(m[0], "", "answer"))
				req.WantRecv("answer")
			}
		}
		if first[0] == first[1] && first[1] == first[2] {
			w.Errorf("three sockets start with the request ID %d", first[0])
		}
	})
	subtest(t, "a reply without the request ID is dropped", func(w *st.World) {
		req := w.Socket(pattern.REQ, correlated)
		req.MustBind("mem://a")
		p := dialRawPeers(w, req, 1, "ROUTER")[0]
		req.MustSend("question")
		id := withReadDeadline(p).Message()[0]
		p.MustWrite(st.Message("", "without an ID"), st.Message("\x00\x00\x00\x00", "", "another ID"), st.Message(id, "", "the same ID"))
		req.WantRecv("the same ID")
	})
}

func TestReqReturnsErrInvalidStateOutOfTurn(t *testing.T) {
	overEachTransport(t, "out of turn", func(w *st.World, ep string) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.REQ)
		connect(w, ep, rep, req)
		for range 2 {
			wantErr(w, "receiving first", req.Recv(context.Background(), new(msg.Msg)), pattern.ErrInvalidState)
			req.MustSend("question")
			wantErr(w, "sending twice", trySend(req, "again"), pattern.ErrInvalidState)
			rep.WantRecv("question")
			rep.MustSend("answer")
			w.Settle()
			wantErr(w, "sending before receiving", trySend(req, "again"), pattern.ErrInvalidState)
			req.WantRecv("answer")
		}
		rep.WantNone()
	})
	subtest(t, "one peer gets all frames of a request", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := dialRawPeers(w, req, 2, "REP")
		for i := range 4 {
			req.MustSend("of", "several", "frames")
			wantPeerRecv(w, peers[i%2], "", "of", "several", "frames")
			peers[i%2].MustWrite(st.Message("", "answer"))
			req.WantRecv("answer")
		}
	})
}

func TestReqNewRequestDropsStaleReplies(t *testing.T) {
	subtest(t, "over a connection", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		p := dialRawPeers(w, req, 1, "REP")[0]
		req.MustSend("one")
		p.Message()
		p.MustWrite(st.Message("", "answer"), st.Message("", "duplicate answer"))
		req.WantRecv("answer")
		p.MustWrite(st.Message("", "too late"))
		w.Settle()
		req.MustSend("two")
		p.Message()
		p.MustWrite(st.Message("", "second answer"))
		req.WantRecv("second answer")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 2})
	})
	subtest(t, "over inproc", func(w *st.World) {
		req, router := w.Socket(pattern.REQ, st.ID("req")), w.Socket(pattern.ROUTER)
		connect(w, "inproc://a", router, req)
		req.MustSend("one")
		router.MustSend("req", "", "answer")
		router.MustSend("req", "", "duplicate answer")
		req.WantRecv("answer")
		req.MustSend("two")
		router.MustSend("req", "", "second answer")
		req.WantRecv("second answer")
	})
}

func TestReqAcceptsReplyOfThePeerAsked(t *testing.T) {
	subtest(t, "of the peer asked, or of any peer after it disconnects", func(w *st.World) {
		req := w.Socket(pattern.REQ)
		req.MustBind("mem://a")
		peers := dialRawPeers(w, req, 2, "REP")
		req.MustSend("question")
		wantPeerRecv(w, peers[0], "", "question")
		peers[1].MustWrite(st.Message("", "not asked"))
		w.Settle()
		peers[0].MustWrite(st.Message("", "asked"))
		req.WantRecv("asked")
		req.MustSend("question")
		wantPeerRecv(w, peers[1], "", "question")
		peers[1].Close()
		w.Settle()
		peers[0].MustWrite(st.Message("", "of another peer"))
		req.WantRecv("of another peer")
		req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 1})
	})
	subtest(t, "the request is not sent again", func(w *st.World) {
		l := w.Listen("a")
		req := w.Socket(pattern.REQ)
		req.MustConnect("mem://a")
		p := l.Accept()
		p.Handshake("REP")
		req.MustSend("question")
		wantPeerRecv(w, p, "", "question")
		p.Close()
		q := l.Accept()
		q.Handshake("REP")
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		wantErr(w, "receiving", req.Recv(ctx, new(msg.Msg)), context.DeadlineExceeded)
		wantPeerNone(w, q)
		wantErr(w, "a second request", trySend(req, "again"), pattern.ErrInvalidState)
	})
}

func TestReqRelaxedReplacesPendingRequest(t *testing.T) {
	for _, correlates := range []bool{false, true} {
		subtest(t, fmt.Sprint("correlates ", correlates), func(w *st.World) {
			req := w.Socket(pattern.REQ, patternOptions(func(o *pattern.Options) { o.Relaxed, o.Correlate = true, correlates }))
			req.MustBind("mem://a")
			p := dialRawPeers(w, req, 1, "REP")[0]
			wantErr(w, "receiving first", req.Recv(context.Background(), new(msg.Msg)), pattern.ErrInvalidState)
			req.MustSend("one")
			req.MustSend("two")
			first, second := withReadDeadline(p).Message(), p.Message()
			reply := func(to []string, answer string) {
				p.MustWrite(st.Message(append(to[:len(to)-1:len(to)-1], answer)...))
			}
			reply(first, "to the first")
			w.Settle()
			reply(second, "to the second")
			want := "to the first" // the two replies are indistinguishable
			if correlates {
				want = "to the second"
			}
			req.WantRecv(want)
			w.Settle()
			req.WantDrops(map[pipe.Drop]uint64{pipe.DropStaleReply: 1})
		})
	}
	subtest(t, "an unread reply to the earlier request is dropped", func(w *st.World) {
		req := w.Socket(pattern.REQ, relaxed)
		req.MustBind("mem://a")
		p := dialRawPeers(w, req, 1, "REP")[0]
		req.MustSend("one")
		p.Message()
		p.MustWrite(st.Message("", "to the first"))
		w.Settle()
		req.MustSend("two")
		p.Message()
		p.MustWrite(st.Message("", "to the second"))
		req.WantRecv("to the second")
	})
}

func TestReqMalformedReplyClosesConnection(t *testing.T) {
	for _, bad := range [][]string{{"x"}, {""}, {"x", "y"}, {"four"}, {"four", ""}, {"four", "x", "y"}, {"three", "", "y"}} {
		subtest(t, fmt.Sprintf("%q closes the connection", bad), func(w *st.World) {
			l := w.Listen("a")
			req := w.Socket(pattern.REQ)
			req.MustConnect("mem://a")
			p := l.Accept()
			p.Handshake("REP")
			req.MustSend("question")
			p.Message()
			p.MustWrite(st.Message(bad...), st.Message("", "after it"))
			wantPeerClosed(w, p)
			w.Settle()
			if n := req.Stats().QueuedRecv; n != 0 {
				w.Errorf("%d messages are queued, want 0", n)
			}
			l.Accept().Handshake("REP") // libzmq does not reconnect here
			req.WaitPeers(1)
		})
		subtest(t, fmt.Sprintf("%q is skipped over inproc", bad), func(w *st.World) {
			req, router := w.Socket(pattern.REQ, st.ID("req")), w.Socket(pattern.ROUTER)
			connect(w, "inproc://a", router, req)
			req.MustSend("question")
			router.MustSend(append([]string{"req"}, bad...)...)
			router.MustSend("req", "", "answer")
			req.WantRecv("answer")
			drops := req.Stats().Drops
			if n := drops[pipe.DropMalformed] + drops[pipe.DropStaleReply]; n != 1 {
				w.Errorf("%d dropped, want 1", n)
			}
		})
	}
	for _, good := range [][]string{{"", "body"}, {"", "", "body"}} {
		subtest(t, fmt.Sprintf("%q is accepted", good), func(w *st.World) {
			req := w.Socket(pattern.REQ)
			req.MustBind("mem://a")
			p := dialRawPeers(w, req, 1, "REP")[0]
			req.MustSend("question")
			p.MustWrite(st.Message(good...))
			req.WantRecv(good[1:]...)
			req.WantCloseReasons(map[engine.CloseReason]uint64{})
		})
	}
}

func TestReqWithoutPeerBlocksAndKeepsItsState(t *testing.T) {
	overEachTransport(t, "send would block and the state is unchanged", func(w *st.World, ep string) {
		req, rep := w.Socket(pattern.REQ), w.Socket(pattern.REP)
		req.MustBind(ep)
		for range 2 {
			wantErr(w, "sending", trySend(req, "x"), pattern.ErrWouldBlock)
			wantErr(w, "receiving", req.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		wantErr(w, "a blocking send", req.Send(ctx, st.Of("x")), context.DeadlineExceeded)
		wantErr(w, "receiving", req.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
		rep.MustConnect(ep)
		req.MustSend("the first")
		rep.WantRecv("the first")
		w.Settle()
		if n := rep.Stats().QueuedRecv; n != 0 {
			w.Errorf("%d more requests have arrived", n)
		}
	})
}

func TestRepReturnsEnvelopeWithTheReply(t *testing.T) {
	for _, envelope := range [][]string{{""}, {"a", ""}, {"a", "b", "c", ""}} {
		subtest(t, fmt.Sprintf("%q", envelope), func(w *st.World) {
			rep := w.Socket(pattern.REP)
			rep.MustBind("mem://a")
			p := dialRawPeers(w, rep, 1, "DEALER")[0]
			p.MustWrite(st.Message(append(envelope[:len(envelope):len(envelope)], "question", "", "more")...))
			rep.WantRecv("question", "", "more")
			rep.MustSend("answer", "", "more")
			wantPeerRecv(w, p, append(envelope[:len(envelope):len(envelope)], "answer", "", "more")...)
		})
	}
	for _, bad := range [][]string{{"x"}, {"x", "y"}, {"x", "y", "z"}} {
		overEachTransport(t, fmt.Sprintf("%q has no delimiter and is dropped", bad), func(w *st.World, ep string) {
			rep, dealer := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
			connect(w, ep, rep, dealer)
			dealer.MustSend(bad...)
			dealer.MustSend("", "good")
			rep.WantRecv("good")
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
			rep.WantCloseReasons(nil)
		})
	}
	subtest(t, "out of turn", func(w *st.World) {
		rep, req := w.Socket(pattern.REP), w.Socket(pattern.DEALER)
		connect(w, "inproc://a", rep, req)
		for range 2 {
			wantErr(w, "replying before a request arrives", trySend(rep, "answer"), pattern.ErrInvalidState)
			req.MustSend("", "question")
			w.Settle()
			wantErr(w, "replying before the request is received", trySend(rep, "answer"), pattern.ErrInvalidState)
			rep.WantRecv("question")
			wantErr(w, "receiving twice", rep.TryRecv(new(msg.Msg)), pattern.ErrInvalidState)
			rep.MustSend("answer")
			req.WantRecv("", "answer")
		}
	})
}

// Each broker adds one frame to the envelope; the number is limited to 255.
func TestRepDropsInvalidEnvelopes(t *testing.T) {
	for name, bad := range map[string][]string{
		"no frame after the delimiter": {"a", ""}, "a delimiter alone": {""},
		"more than 255 address frames": append(strings.Split(strings.Repeat("x", 300), ""), "", "question"),
	} {
		subtest(t, name, func(w *st.World) {
			rep := w.Socket(pattern.REP)
			rep.MustBind("mem://a")
			p := dialRawPeers(w, rep, 1, "DEALER")[0]
			p.MustWrite(st.Message(bad...), st.Message("", "good"))
			rep.WantRecv("good")
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropMalformed: 1})
		})
	}
}

func TestReqProbesAndRepIgnoresRouterOptions(t *testing.T) {
	subtest(t, "REQ sends a probe", func(w *st.World) {
		req := w.Socket(pattern.REQ, patternOptions(func(o *pattern.Options) { o.Probe = true }))
		req.MustBind("mem://a")
		p := dialRawPeers(w, req, 1, "ROUTER")[0]
		wantPeerRecv(w, p, "")
		req.MustSend("question")
		wantPeerRecv(w, p, "", "question")
	})
	subtest(t, "REP serves two peers with the same routing ID", func(w *st.World) {
		rep := w.Socket(pattern.REP)
		rep.MustBind("mem://a")
		peers := dialRawPeers(w, rep, 2, "REQ", "Identity", "same")
		for i, p := range peers {
			p.MustWrite(st.Message("", "question"))
			rep.WantRecv("question")
			rep.MustSend(fmt.Sprint(i))
			wantPeerRecv(w, p, "", fmt.Sprint(i))
		}
	})
	for _, ep := range endpoints {
		subtest(t, "REP receives a request of a disconnected peer and drops the reply "+ep, func(w *st.World) {
			rep := w.Socket(pattern.REP, patternOptions(func(o *pattern.Options) { o.Mandatory = true }))
			req := w.Socket(pattern.REQ)
			connect(w, ep, rep, req)
			req.MustSend("question")
			req.CloseIn(time.Second)
			w.Settle()
			rep.WantRecv("question")
			wantErr(w, "replying", trySend(rep, "answer"), nil)
			rep.WantDrops(map[pipe.Drop]uint64{pipe.DropRequester: 1})
		})
	}
	subtest(t, "REP ignores ZMQ_ROUTER_MANDATORY", func(w *st.World) {
		rep := w.Socket(pattern.REP, patternOptions(func(o *pattern.Options) { o.Mandatory = true }))
		req := w.Socket(pattern.REQ)
		connect(w, "inproc://a", rep, req)
		req.MustSend("question")
		rep.WantRecv("question")
		req.CloseIn(0)
		w.Settle()
		wantErr(w, "replying to a disconnected peer", trySend(rep, "answer"), nil)
	})
}
