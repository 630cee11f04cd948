package pattern_test

import (
	"encoding/binary"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// Recv removes the delimiter of the reply.
// https://rfc.zeromq.org/spec/28/
func TestReqPrependsDelimiter(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f := s.attach()
	s.sent("a", "", "b")
	f.wants(message{"", "a", "", "b"})
	f.sends("", "c", "", "d")
	s.receives("c", "", "d")
	s.sent("")
	f.wants(message{"", ""})
	f.sends("", "")
	s.receives("")
}

// https://rfc.zeromq.org/spec/28/
func TestReqReturnsErrInvalidStateOutOfTurn(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f := s.attach()
	s.wantRecv(pattern.ErrInvalidState)
	s.sent("one")
	s.wantSend(pattern.ErrInvalidState, "two")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantSend(pattern.ErrInvalidState, "two")
	f.sends("", "reply")
	s.wantSend(pattern.ErrInvalidState, "two") // the reply has arrived but was not received
	s.receives("reply")
	s.wantRecv(pattern.ErrInvalidState)
	s.sent("two")
	f.wants(message{"", "one"}, message{"", "two"})
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/28/
func TestReqSendsRequestsInTurn(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	peers := []*far{s.attach(), s.attach(), s.attach()}
	for range 2 {
		for _, f := range peers {
			s.sent("request")
			f.wants(message{"", "request"})
			f.sends("", "reply")
			s.receives("reply")
		}
	}
}

// The state of the exchange does not change.
// https://rfc.zeromq.org/spec/28/
func TestReqReturnsErrWouldBlockWithoutPeers(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	s.wantSend(pattern.ErrWouldBlock, "early")
	s.wantRecv(pattern.ErrInvalidState)
	s.attach()
	s.sent("late")
	s.wantRecv(pattern.ErrWouldBlock)
}

// https://rfc.zeromq.org/spec/28/
func TestReqDropsReplyFromOtherPeer(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	a, b := s.attach(), s.attach()
	s.sent("for a")
	b.sends("", "from b")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropStaleReply, 1)
	a.sends("", "from a")
	s.receives("from a")
}

// https://rfc.zeromq.org/spec/28/
func TestReqDropsReplyThatArrivedBeforeRequest(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f := s.attach()
	f.sends("", "before any request")
	s.sent("one")
	s.wantRecv(pattern.ErrWouldBlock)
	f.sends("", "reply one")
	f.sends("", "reply one, again")
	s.receives("reply one")
	f.sends("", "reply one, once more")
	s.sent("two")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropStaleReply, 3)
	f.sends("", "reply two")
	s.receives("reply two")
}

// The request is not sent again, and Recv continues to wait.
// https://rfc.zeromq.org/spec/28/
func TestReqAcceptsAnyReplyAfterPeerIsDetached(t *testing.T) {
	for _, leave := range []func(*far){(*far).disconnect, (*far).detach} {
		s := newSocket(t, pattern.REQ)
		a, b := s.attach(), s.attach()
		s.sent("for a")
		a.drain()
		leave(a)
		s.wantRecv(pattern.ErrWouldBlock)
		s.wantSend(pattern.ErrInvalidState, "another")
		a.wants()
		b.wants()
		b.sends("", "from b")
		s.receives("from b")
	}
}

func TestReqReceivesReplyOfDisconnectedPeer(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f := s.attach()
	s.sent("request")
	f.sends("", "reply")
	f.detach()
	s.receives("reply")
}

// Messages of a peer in the same process are not inspected.
// https://rfc.zeromq.org/spec/28/
func TestReqDropsMalformedReplyOfPeerInProcess(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f := s.attach()
	s.sent("request")
	bad := [][]string{{"no delimiter"}, {""}, {"x", "", "id of one byte"}, {"four", "no delimiter"}, {"four", ""}, {"fiver", "", "x"}}
	for _, m := range bad {
		f.sends(m...)
	}
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropMalformed, uint64(len(bad)))
	f.sends("", "reply")
	s.receives("reply")
}

// A reply is a delimiter and a body, after an optional request ID of four
// bytes.
func TestReqInspectAcceptsRepliesOnly(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	for _, tt := range []struct {
		m  message
		ok bool
	}{
		{message{"", "body"}, true},
		{message{"", ""}, true},
		{message{"", "body", "", "more"}, true},
		{message{"id01", "", "body"}, true},
		{message{"id01", "", ""}, true},
		{message{""}, false},
		{message{"body"}, false},
		{message{"id01", ""}, false},
		{message{"id01", "body"}, false},
		{message{"id01", "x", ""}, false},
		{message{"id0", "", "body"}, false},
		{message{"id012", "", "body"}, false},
	} {
		m := tt.m.msg()
		if err := s.pat.(*pattern.Req).Inspect(&m); (err == nil) != tt.ok {
			t.Errorf("Inspect(%q) = %v", tt.m, err)
		}
	}
}

func TestReqNotifiesWaiterOnceWhenReplyArrives(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	req := s.pat.(*pattern.Req)
	f := s.attach()
	s.sent("request")
	w := make(chan struct{}, 2)
	req.AddWaiter(w)
	s.processInput()
	if len(w) != 0 {
		t.Error("the waiter was notified before the reply arrived")
	}
	f.sends("", "reply")
	s.processInput()
	s.processInput()
	if len(w) != 1 {
		t.Errorf("the waiter was notified %d times, want once", len(w))
	}
}

// call begins a call, and returns it and its request ID.
func (s *socket) call(f *far, request string) (*pattern.Call, string) {
	s.t.Helper()
	c := &pattern.Call{Waiter: make(chan struct{}, 1)}
	s.sendMu.Lock()
	err := s.pat.(*pattern.Req).Begin(message{request}.msg(), c)
	s.sendMu.Unlock()
	if err != nil {
		s.t.Fatal(err)
	}
	var m msg.Msg
	if !f.p.Out.Next(&m) || m.Len() != 3 || len(m.First) != 4 || len(m.Frame(1)) != 0 || string(m.Frame(2)) != request {
		s.t.Fatalf("the peer got %q", framesOf(&m))
	}
	return c, string(m.First)
}

// Each call gets the reply with its ID. The strict exchange is independent.
func TestReqDeliversRepliesToConcurrentCalls(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	f, err := s.tryAttach(100)
	if err != nil {
		t.Fatal(err)
	}
	f.connect("")
	s.sent("strict")
	f.wants(message{"", "strict"})
	var calls []*pattern.Call
	var ids []string
	for range 10 {
		c, id := s.call(f, "request")
		if n := len(ids); n > 0 && binary.BigEndian.Uint32([]byte(id)) != binary.BigEndian.Uint32([]byte(ids[n-1]))+1 {
			t.Errorf("id %x after %x", id, ids[n-1])
		}
		calls, ids = append(calls, c), append(ids, id)
	}
	for i := 9; i >= 0; i-- {
		f.sends(ids[i], "", "reply", ids[i])
	}
	f.sends("", "strict reply")
	f.sends(ids[3], "", "reply", "again")
	s.processInput()
	for i, c := range calls {
		if got := framesOf(&c.Reply); !c.Done() || c.Err != nil || len(got) != 2 || got[1] != ids[i] || len(c.Waiter) != 1 {
			t.Errorf("call %d: done %v, error %v, reply %q", i, c.Done(), c.Err, got)
		}
	}
	s.receives("strict reply")
	s.wantDrops(pipe.DropStaleReply, 1)
}

// A reply from another peer or after Cancel is dropped.
func TestReqCallEndsWhenItsPeerDisconnects(t *testing.T) {
	s := newSocket(t, pattern.REQ)
	req := s.pat.(*pattern.Req)
	a, b := s.connect(""), s.connect("")
	lost, id := s.call(a, "for a")
	other, otherID := s.call(b, "for b")
	b.sends(id, "", "from the wrong one")
	s.processInput()
	if lost.Done() || other.Done() {
		t.Error("call is done by a reply of another peer")
	}
	a.disconnect()
	if !lost.Done() || lost.Err != pattern.ErrPeerLost || len(lost.Waiter) != 1 || other.Done() {
		t.Errorf("call of a disconnected peer: done = %v, error = %v; call of the other peer: done = %v", lost.Done(), lost.Err, other.Done())
	}
	a.sends(id, "", "late")
	req.Cancel(other)
	b.sends(otherID, "", "late too")
	s.processInput()
	if other.Done() {
		t.Error("call is done after Cancel")
	}
	s.wantDrops(pipe.DropStaleReply, 3)
	a.detach()
	b.detach()
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	if err := req.Begin(message{"x"}.msg(), &pattern.Call{}); err != pattern.ErrWouldBlock {
		t.Errorf("a call without peers: %v", err)
	}
}

// The reply to the earlier request is dropped if it comes from another peer
// than that of the next request.
func TestReqRelaxedReplacesRequest(t *testing.T) {
	s := newSocket(t, pattern.REQ, func(o *pattern.Options) { o.Relaxed = true })
	a, b := s.attach(), s.attach()
	s.sent("one")
	s.sent("two")
	a.sends("", "of one")
	s.wantRecv(pattern.ErrWouldBlock)
	b.sends("", "of two")
	s.receives("of two")
	s.wantRecv(pattern.ErrInvalidState)
	s.wantDrops(pipe.DropStaleReply, 1)
	// A reply that has arrived is dropped with its request.
	s.sent("three")
	a.sends("", "of three")
	s.sent("four")
	s.wantRecv(pattern.ErrWouldBlock)
	b.sends("", "of four")
	s.receives("of four")
	s.wantDrops(pipe.DropStaleReply, 2)
	// A request that cannot be sent does not replace the earlier one.
	a.detach()
	b.detach()
	s.wantSend(pattern.ErrWouldBlock, "five")
	s.wantRecv(pattern.ErrInvalidState)
}

// Without Correlate, REQ cannot tell which of its requests a reply of the same
// peer answers.
func TestReqRelaxedAcceptsOldReplyOfSamePeer(t *testing.T) {
	s := newSocket(t, pattern.REQ, func(o *pattern.Options) { o.Relaxed = true })
	f := s.attach()
	s.sent("one")
	s.sent("two")
	f.sends("", "of one")
	f.sends("", "of two")
	s.receives("of one")
	s.wantDrops(pipe.DropStaleReply, 1)
}

func TestReqCorrelateAcceptsReplyWithItsIDOnly(t *testing.T) {
	s := newSocket(t, pattern.REQ, func(o *pattern.Options) { o.Relaxed, o.Correlate = true, true })
	f := s.attach()
	var ids []string
	for range 3 {
		s.sent("request", "2")
		var m msg.Msg
		if !f.p.Out.Next(&m) || m.Len() != 4 || len(m.First) != 4 || string(m.Rest[0]) != "" || string(m.Rest[2]) != "2" {
			t.Fatalf("sent request %q", framesOf(&m))
		}
		ids = append(ids, string(m.First))
	}
	if a, b := binary.BigEndian.Uint32([]byte(ids[0])), binary.BigEndian.Uint32([]byte(ids[2])); b != a+2 {
		t.Errorf("ids %x and, two later, %x", a, b)
	}
	f.sends(ids[0], "", "old")
	f.sends("", "without an id")
	f.sends("none", "", "of another")
	s.wantRecv(pattern.ErrWouldBlock)
	f.sends(ids[2], "", "reply", "2")
	f.sends(ids[2], "", "again")
	s.receives("reply", "2")
	s.wantRecv(pattern.ErrInvalidState)
	s.wantDrops(pipe.DropStaleReply, 4)
}

// With Correlate, the requests of Send and of Begin have different IDs. Each
// reply goes to the request that has its ID.
func TestReqMatchesRepliesOfSendAndCallByRequestID(t *testing.T) {
	s := newSocket(t, pattern.REQ, func(o *pattern.Options) { o.Correlate = true })
	f := s.connect("")
	req := s.pat.(*pattern.Req)
	s.sent("strict")
	var c pattern.Call
	if err := req.Begin(message{"call"}.msg(), &c); err != nil {
		t.Fatal(err)
	}
	var strict, call msg.Msg
	f.p.Out.Next(&strict)
	f.p.Out.Next(&call)
	f.sends(string(call.First), "", "of the call")
	f.sends(string(strict.First), "", "of the other")
	s.receives("of the other")
	if !c.Done() || string(c.Reply.First) != "of the call" {
		t.Errorf("call: %+v", c)
	}
	s.wantDrops(0, 0)
}
