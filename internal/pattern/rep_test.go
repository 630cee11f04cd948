package pattern_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// https://rfc.zeromq.org/spec/28/
func TestRepReturnsEnvelopeToRequester(t *testing.T) {
	s := newSocket(t, pattern.REP)
	a, b := s.attach(), s.attach()
	a.sends("", "plain")
	b.sends("hop1", "hop2", "", "request", "", "more")
	a.sends("id", "", "")
	s.receives("plain")
	s.sent("reply", "", "x")
	a.wants(message{"", "reply", "", "x"})
	s.receives("request", "", "more")
	s.sent("back")
	b.wants(message{"hop1", "hop2", "", "back"})
	s.receives("")
	s.sent("")
	a.wants(message{"id", "", ""})
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/28/
func TestRepReturnsErrInvalidStateOutOfTurn(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.attach()
	s.wantSend(pattern.ErrInvalidState, "reply to nothing")
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantSend(pattern.ErrInvalidState, "reply to nothing")
	f.sends("", "one")
	f.sends("", "two")
	s.receives("one")
	s.wantRecv(pattern.ErrInvalidState)
	s.sent("reply one")
	s.wantSend(pattern.ErrInvalidState, "again")
	s.receives("two")
	s.sent("reply two")
	f.wants(message{"", "reply one"}, message{"", "reply two"})
}

// https://rfc.zeromq.org/spec/28/
func TestRepReceivesRequestsInTurn(t *testing.T) {
	s := newSocket(t, pattern.REP)
	peers := []*far{s.attach(), s.attach(), s.attach()}
	for i, f := range peers {
		f.sends("", fmt.Sprint(i))
		f.sends("", fmt.Sprint(i))
	}
	for range 2 {
		for i, f := range peers {
			s.receives(fmt.Sprint(i))
			s.sent("reply")
			f.wants(message{"", "reply"})
		}
	}
}

// https://rfc.zeromq.org/spec/28/
func TestRepDropsRequestWithoutDelimiter(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.attach()
	bad := [][]string{{"body"}, {""}, {"a", "b", "c"}, {"id", ""}}
	for _, m := range bad {
		f.sends(m...)
	}
	s.wantRecv(pattern.ErrWouldBlock)
	s.wantDrops(pipe.DropMalformed, uint64(len(bad)))
	s.wantSend(pattern.ErrInvalidState, "reply to that")
	f.sends("", "good")
	s.receives("good")
}

func TestRepDropsEnvelopeOfMoreThan255Hops(t *testing.T) {
	for _, hops := range []int{0, 1, 100, 254, 255, 256, 1000, 100_000} {
		s := newSocket(t, pattern.REP)
		f := s.attach()
		var request, want message
		for i := range hops {
			request = append(request, fmt.Sprint("hop", i))
		}
		want = append(want, request...)
		request = append(request, "", "request")
		f.sends(request...)
		m, err := s.recv()
		if (err == nil) != (hops <= 255) {
			t.Errorf("%d hops: %v", hops, err)
		}
		if err != nil {
			s.wantDrops(pipe.DropMalformed, 1)
			continue
		}
		if m.Len() != 1 {
			t.Errorf("%d hops: received %d frames", hops, m.Len())
		}
		s.sent("reply")
		f.wants(append(want, "", "reply"))
	}
}

// https://rfc.zeromq.org/spec/28/
func TestRepDropsReplyToDisconnectedRequester(t *testing.T) {
	for _, leave := range []func(*far){(*far).disconnect, (*far).detach} {
		s := newSocket(t, pattern.REP)
		a, b := s.attach(), s.attach()
		a.sends("", "from a")
		b.sends("", "from b")
		s.receives("from a")
		leave(a)
		s.sent("for a")
		s.wantDrops(pipe.DropRequester, 1)
		s.receives("from b")
		s.sent("for b")
		a.wants()
		b.wants(message{"", "for b"})
	}
}

func TestRepReceivesRequestOfDisconnectedPeer(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.attach()
	f.sends("", "request")
	f.detach()
	s.receives("request")
	s.sent("reply")
	f.wants()
	s.wantDrops(pipe.DropRequester, 1)
}

// The next peer of the pipe did not send the request.
func TestRepDropsReplyToEarlierConnection(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.connect("")
	f.sends("", "request")
	f.disconnect()
	if err := f.connect(""); err != nil {
		t.Fatal(err)
	}
	s.receives("request")
	s.sent("reply to the former connection")
	f.wants()
	s.wantDrops(pipe.DropRequester, 1)
}

func TestRepDropsReplyWhenRequesterIsFull(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.attach()
	for range hwm + 3 {
		f.sends("", "request")
		s.receives("request")
		s.sent("reply")
	}
	s.wantDrops(pipe.DropHWM, 3)
	if n := f.drain(); n != hwm {
		t.Errorf("%d replies", n)
	}
}

// The application may release the memory of the request before it replies. The
// envelope must not change with the next content of that memory.
func TestRepCopiesEnvelopeOfPooledRequest(t *testing.T) {
	s := newSocket(t, pattern.REP)
	f := s.attach()
	hop := bytes.Repeat([]byte("hop"), 20_000)
	buf, data := &msg.Buf{B: bytes.Clone(hop)}, &msg.Buf{B: bytes.Repeat([]byte("data"), 10_000)}
	buf.Next = data
	m := msg.Msg{First: buf.B, Rest: [][]byte{nil, data.B}, Bufs: buf}
	f.mu.Lock()
	f.p.In.Put(&m)
	f.mu.Unlock()
	got, err := s.recv()
	if err != nil || got.Len() != 1 || !bytes.Equal(got.First, data.B) {
		t.Fatalf("received %d frames (%v)", got.Len(), err)
	}
	for b := got.Bufs; b != nil; b = b.Next {
		for i := range b.B { // the next content of the pooled memory
			b.B[i] = 0xFF
		}
	}
	s.sent("reply")
	var reply msg.Msg
	if !f.p.Out.Next(&reply) || reply.Len() != 3 || !bytes.Equal(reply.First, hop) {
		t.Errorf("the reply goes to %.20q, want %.20q", reply.First, hop)
	}
}
