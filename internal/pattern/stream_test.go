package pattern_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

func dataOnly(o *pattern.Options) { o.StreamDataOnly = true }

// receivesNotification fails the test unless Recv returns that notification of the peer
// with that routing ID.
func (s *socket) receivesNotification(what msg.Notification, id string) {
	s.t.Helper()
	if m := s.receives(""); m.From.Notification != what || m.From.RoutingID != id {
		s.t.Fatalf("notification of %q = %d, want %d of %q", m.From.RoutingID, m.From.Notification, what, id)
	}
}

func TestStreamReceivesNoticesAroundData(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.connect("")
	id := f.p.Peer().RoutingID
	f.sends("GET /")
	f.sends("and more")
	f.disconnect()
	f.detach()
	s.receivesNotification(msg.ConnectNotification, id)
	for _, data := range []string{"GET /", "and more"} {
		if m := s.receives(data); m.From != f.p.Peer() || m.From.Notification != msg.NoNotification {
			t.Errorf("from %+v", m.From)
		}
	}
	s.receivesNotification(msg.DisconnectNotification, id)
	s.wantRecv(pattern.ErrWouldBlock)
}

func TestStreamWithDataOnlyReceivesNoNotifications(t *testing.T) {
	s := newSocket(t, pattern.STREAM, dataOnly)
	f := s.connect("")
	s.wantRecv(pattern.ErrWouldBlock)
	f.sends("x")
	f.disconnect()
	s.receives("x")
	s.wantRecv(pattern.ErrWouldBlock)
}

func TestStreamReceivesInTurn(t *testing.T) {
	s := newSocket(t, pattern.STREAM, dataOnly)
	a, b := s.connect(""), s.connect("")
	for _, m := range []string{"a1", "a2", "a3"} {
		a.sends(m)
	}
	b.sends("b1")
	for _, m := range []string{"a1", "b1", "a2", "a3"} {
		s.receives(m)
	}
}

// An ID is a zero byte and four random bytes; the ID of the peer is ignored.
func TestStreamAssignsRandomIDs(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	ids := make(map[string]*far)
	starts := make(map[byte]bool)
	for range 300 {
		f := s.connect("mine")
		id := f.p.Peer().RoutingID
		if len(id) != 5 || id[0] != 0 || ids[id] != nil {
			t.Fatalf("id %q", id)
		}
		ids[id] = f
		starts[id[1]] = true
	}
	if len(starts) < 120 { // about 177 of 300 random bytes are different
		t.Errorf("only %d different first bytes in 300 IDs", len(starts))
	}
	for id, f := range ids {
		s.sent(id, "yours")
		f.wants(message{"yours"})
	}
}

// The first frame is the routing ID and is not sent. A message of one frame is
// refused.
func TestStreamSendsToPeerByRoutingID(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	a, b := s.connect(""), s.connect("")
	s.sent(b.p.Peer().RoutingID, "for b")
	s.sent(a.p.Peer().RoutingID, "for a", " in pieces")
	a.wants(message{"for a", " in pieces"})
	b.wants(message{"for b"})
	s.wantSend(pattern.ErrInvalidMessage, a.p.Peer().RoutingID)
	s.wantSend(pattern.ErrNoRoute, "unknown", "x")
	s.wantSend(pattern.ErrNoRoute, "", "x")
	s.wantSend(pattern.ErrNoRoute, "unknown", "")
}

func TestStreamReturnsErrWouldBlockForFullPeer(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	a, b := s.connect(""), s.connect("")
	for range hwm {
		s.sent(a.p.Peer().RoutingID, "x")
	}
	s.wantSend(pattern.ErrWouldBlock, a.p.Peer().RoutingID, "x")
	s.sent(b.p.Peer().RoutingID, "x")
	a.wants(message{"x"}, message{"x"}, message{"x"}, message{"x"})
	s.sent(a.p.Peer().RoutingID, "x")
	s.wantDrops(0, 0)
}

func TestStreamAliasBelongsToPipe(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.newFar(hwm)
	f.p.Alias, f.p.Side = "alias", pipe.Dialed
	if err := s.pat.Attach(f.p); err != nil {
		t.Fatal(err)
	}
	other := s.newFar(hwm)
	other.p.Alias = "alias"
	if err := s.pat.Attach(other.p); err != pattern.ErrDuplicateRoutingID {
		t.Errorf("a second pipe of that alias: %v", err)
	}
	s.sent("alias", "early")
	f.connect("")
	f.wants(message{"early"})
	s.receivesNotification(msg.ConnectNotification, "alias")
	f.disconnect()
	s.receivesNotification(msg.DisconnectNotification, "alias")
	s.sent("alias", "for the next")
	f.connect("")
	s.receivesNotification(msg.ConnectNotification, "alias")
	f.wants(message{"for the next"})
	f.detach()
	s.wantSend(pattern.ErrNoRoute, "alias", "x")
}

func TestStreamDropsQueueOfLostConnection(t *testing.T) {
	s := newSocket(t, pattern.STREAM, dataOnly)
	f := s.newFar(hwm)
	f.p.Side = pipe.Dialed
	if err := s.pat.Attach(f.p); err != nil {
		t.Fatal(err)
	}
	f.connect("")
	id := f.p.Peer().RoutingID
	s.sent(id, "half a ")
	s.sent(id, "sentence")
	f.disconnect()
	s.wantDrops(pipe.DropConnLost, 2)
	f.connect("")
	if got := f.p.Peer().RoutingID; got != id {
		t.Errorf("the next connection has id %q, the last had %q", got, id)
	}
	f.wants()
}

func TestStreamFreesIDOfAcceptedPeer(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.newFar(hwm)
	f.p.Side = pipe.Accepted
	if err := s.pat.Attach(f.p); err != nil {
		t.Fatal(err)
	}
	f.connect("")
	id := f.p.Peer().RoutingID
	s.sent(id, "x")
	f.disconnect()
	s.wantSend(pattern.ErrNoRoute, id, "x")
	f.wants(message{"x"}) // the session drops it
}

// It does so also if the queue is full. The queued messages stay in the queue.
func TestStreamEmptyMessageDisconnectsPeer(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f, other := s.connect(""), s.connect("")
	id := f.p.Peer().RoutingID
	for range hwm {
		s.sent(id, "x")
	}
	s.sent(id, "")
	parter := s.pat.(*pattern.Stream)
	if list := parter.PendingDisconnects(); len(list) != 1 || list[0] != f.p {
		t.Fatalf("PendingDisconnects = %v", list)
	}
	if list := parter.PendingDisconnects(); list != nil {
		t.Errorf("second PendingDisconnects = %v, want none", list)
	}
	s.wantSend(pattern.ErrNoRoute, id, "x")
	s.wantSend(pattern.ErrNoRoute, id, "")
	f.wants(message{"x"}, message{"x"}, message{"x"}, message{"x"})
	s.receivesNotification(msg.ConnectNotification, id)
	f.disconnect()
	f.detach()
	s.receivesNotification(msg.ConnectNotification, other.p.Peer().RoutingID)
	s.wantRecv(pattern.ErrWouldBlock) // no disconnect notification
	s.sent(other.p.Peer().RoutingID, "still here")
}

// The notification comes after the messages that have arrived.
func TestStreamReceivesNoticeOfRetiredPipe(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.connect("")
	id := f.p.Peer().RoutingID
	f.detach()
	s.wantSend(pattern.ErrNoRoute, id, "x")
	f.sends("last words")
	f.disconnect()
	s.receivesNotification(msg.ConnectNotification, id)
	s.receives("last words")
	s.receivesNotification(msg.DisconnectNotification, id)
}

func TestStreamHasNoPeerTypes(t *testing.T) {
	if p := pattern.Types[pattern.STREAM].Peers; len(p) > 0 {
		t.Errorf("STREAM has the peer type %v", p)
	}
	for _, info := range pattern.Types {
		for _, p := range info.Peers {
			if p == "STREAM" {
				t.Errorf("%s has the peer type STREAM", info.Name)
			}
		}
	}
}
