package pattern_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

func silent(o *pattern.Options) { o.Silent = true }

// receivesNotice fails the test unless the next message says that of the peer
// with that id.
func (s *socket) receivesNotice(what msg.Notice, id string) {
	s.t.Helper()
	if m := s.receives(""); m.From.Notice != what || m.From.RoutingID != id {
		s.t.Fatalf("an empty message of %q says %d, want %d of %q", m.From.RoutingID, m.From.Notice, what, id)
	}
}

// TestStreamTellsOfConnections: an empty message comes first of a peer, and one
// last.
func TestStreamTellsOfConnections(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.connect("")
	id := f.p.Peer().RoutingID
	f.sends("GET /")
	f.sends("and more")
	f.disconnect()
	f.detach()
	s.receivesNotice(msg.Came, id)
	for _, data := range []string{"GET /", "and more"} {
		if m := s.receives(data); m.From != f.p.Peer() || m.From.Notice != msg.NoNotice {
			t.Errorf("from %+v", m.From)
		}
	}
	s.receivesNotice(msg.Left, id)
	s.wantRecv(pattern.ErrWouldBlock)
}

// TestStreamSilent: without notifications there is nothing but data.
func TestStreamSilent(t *testing.T) {
	s := newSocket(t, pattern.STREAM, silent)
	f := s.connect("")
	s.wantRecv(pattern.ErrWouldBlock)
	f.sends("x")
	f.disconnect()
	s.receives("x")
	s.wantRecv(pattern.ErrWouldBlock)
}

// TestStreamReceivesInTurn: a busy peer does not keep others waiting.
func TestStreamReceivesInTurn(t *testing.T) {
	s := newSocket(t, pattern.STREAM, silent)
	a, b := s.connect(""), s.connect("")
	for _, m := range []string{"a1", "a2", "a3"} {
		a.sends(m)
	}
	b.sends("b1")
	for _, m := range []string{"a1", "b1", "a2", "a3"} {
		s.receives(m)
	}
}

// TestStreamAssignsIDs: an id is a zero and four random bytes, whatever the
// peer calls itself.
func TestStreamAssignsIDs(t *testing.T) {
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
	if len(starts) < 120 { // of some 177
		t.Errorf("only %d first bytes in 300 ids", len(starts))
	}
	for id, f := range ids {
		s.sent(id, "yours")
		f.wants(message{"yours"})
	}
}

// TestStreamSendsByID: the first frame names the peer and is not sent; without
// a second there is nothing to send.
func TestStreamSendsByID(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	a, b := s.connect(""), s.connect("")
	s.sent(b.p.Peer().RoutingID, "for b")
	s.sent(a.p.Peer().RoutingID, "for a", " in pieces")
	a.wants(message{"for a", " in pieces"})
	b.wants(message{"for b"})
	s.wantSend(pattern.ErrInvalidMessage, a.p.Peer().RoutingID)
	s.wantSend(pattern.ErrNoRoute, "nobody", "x")
	s.wantSend(pattern.ErrNoRoute, "", "x")
	s.wantSend(pattern.ErrNoRoute, "nobody", "")
}

// TestStreamWaitsWhenFull: each peer has its own room, and nothing is dropped.
func TestStreamWaitsWhenFull(t *testing.T) {
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

// TestStreamAlias: it names whoever is at the far end, from the start and from
// one connection to the next, and is nobody else's.
func TestStreamAlias(t *testing.T) {
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
	s.receivesNotice(msg.Came, "alias")
	f.disconnect()
	s.receivesNotice(msg.Left, "alias")
	s.sent("alias", "for the next")
	f.connect("")
	s.receivesNotice(msg.Came, "alias")
	f.wants(message{"for the next"})
	f.detach()
	s.wantSend(pattern.ErrNoRoute, "alias", "x")
}

// TestStreamLostConnection: what was queued for one stream is no part of the
// next.
func TestStreamLostConnection(t *testing.T) {
	s := newSocket(t, pattern.STREAM, silent)
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

// TestStreamAcceptedIsLost: its id is nobody's from then on.
func TestStreamAcceptedIsLost(t *testing.T) {
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
	f.wants(message{"x"}) // the session sees to it
}

// TestStreamParts: an empty message ends a connection, also when its queue is
// full, and what is queued goes before.
func TestStreamParts(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f, other := s.connect(""), s.connect("")
	id := f.p.Peer().RoutingID
	for range hwm {
		s.sent(id, "x")
	}
	s.sent(id, "")
	parter := s.pat.(pattern.Parter)
	if list := parter.Parted(); len(list) != 1 || list[0] != f.p {
		t.Fatalf("parted with %v", list)
	}
	if list := parter.Parted(); list != nil {
		t.Errorf("and again with %v", list)
	}
	s.wantSend(pattern.ErrNoRoute, id, "x")
	s.wantSend(pattern.ErrNoRoute, id, "")
	f.wants(message{"x"}, message{"x"}, message{"x"}, message{"x"})
	s.receivesNotice(msg.Came, id)
	f.disconnect()
	f.detach()
	s.receivesNotice(msg.Came, other.p.Peer().RoutingID)
	s.wantRecv(pattern.ErrWouldBlock) // we need not be told
	s.sent(other.p.Peer().RoutingID, "still here")
}

// TestStreamRetiredIsTold: a connection that ends because its endpoint is left
// says so, behind all that came.
func TestStreamRetiredIsTold(t *testing.T) {
	s := newSocket(t, pattern.STREAM)
	f := s.connect("")
	id := f.p.Peer().RoutingID
	f.detach()
	s.wantSend(pattern.ErrNoRoute, id, "x")
	f.sends("last words")
	f.disconnect()
	s.receivesNotice(msg.Came, id)
	s.receives("last words")
	s.receivesNotice(msg.Left, id)
}

// TestStreamTalksToNoSocket, nor does any talk to it.
func TestStreamTalksToNoSocket(t *testing.T) {
	if p := pattern.Types[pattern.STREAM].Peers; len(p) > 0 {
		t.Errorf("STREAM talks to %v", p)
	}
	for _, info := range pattern.Types {
		for _, p := range info.Peers {
			if p == "STREAM" {
				t.Errorf("%s talks to it", info.Name)
			}
		}
	}
}
