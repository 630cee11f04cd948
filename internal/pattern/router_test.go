package pattern_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// The first frame is the routing ID and is not sent.
// https://rfc.zeromq.org/spec/28/
func TestRouterSendsToPeerByRoutingID(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	a, b := s.connect("a"), s.connect("b")
	s.sent("b", "", "for b")
	s.sent("a", "for a")
	s.sent("b", "")
	a.wants(message{"for a"})
	b.wants(message{"", "for b"}, message{""})
	r := s.pat.(pattern.IDRouter)
	if err := r.SendTo("a", message{"to", "a"}.msg()); err != nil {
		t.Error(err)
	}
	a.wants(message{"to", "a"})
}

// https://rfc.zeromq.org/spec/28/
func TestRouterSetsSenderOfMessage(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	a, b := s.connect("a"), s.connect("")
	a.sends("from a")
	b.sends("from b", "2")
	if m := s.receives("from a"); m.From != a.p.Peer() {
		t.Errorf("from %+v", m.From)
	}
	m := s.receives("from b", "2")
	s.sent(m.From.RoutingID, "back")
	b.wants(message{"back"})
}

func mandatory(o *pattern.Options) { o.Mandatory = true }

// https://rfc.zeromq.org/spec/28/
func TestRouterMandatoryReturnsErrNoRouteForUnknownPeer(t *testing.T) {
	s := newSocket(t, pattern.ROUTER, mandatory)
	s.wantSend(pattern.ErrNoRoute, "a", "x")
	f := s.attach()
	s.wantSend(pattern.ErrNoRoute, "a", "attached, and not yet anybody")
	if err := f.connect("a"); err != nil {
		t.Fatal(err)
	}
	s.wantSend(pattern.ErrInvalidMessage, "a")
	s.wantSend(pattern.ErrNoRoute, "", "x")
	s.wantSend(pattern.ErrNoRoute, "A", "x")
	s.sent("a", "x")
	f.disconnect()
	s.wantSend(pattern.ErrNoRoute, "a", "x")
	f.wants(message{"x"})
	s.wantDrops(0, 0)
}

// An assigned ID is a zero byte, which no peer can claim, and four random
// bytes.
// https://rfc.zeromq.org/spec/28/
func TestRouterAssignsRandomIDs(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	ids := make(map[string]*far)
	starts := make(map[byte]bool)
	for range 300 {
		f := s.connect("")
		id := f.p.Peer().RoutingID
		if len(id) != 5 || id[0] != 0 || ids[id] != nil {
			t.Fatalf("id %q", id)
		}
		ids[id] = f
		starts[id[1]] = true
	}
	// libzmq counts from a random start. A start must not be easy to guess: of
	// 300 random bytes about 177 are different, give or take 6.
	if len(starts) < 120 {
		t.Errorf("only %d different first bytes in 300 IDs", len(starts))
	}
	for id, f := range ids {
		s.sent(id, "yours", id)
		f.wants(message{"yours", id})
	}
}

func TestRouterRefusesDuplicateIDUntilFirstPeerDisconnects(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	a := s.connect("id")
	b := s.attach()
	if err := b.connect("id"); err != pattern.ErrDuplicateRoutingID {
		t.Fatalf("a second %q: %v", "id", err)
	}
	b.detach()
	s.sent("id", "for a")
	a.wants(message{"for a"})
	a.disconnect()
	c := s.connect("id")
	a.detach() // a late Detach does not affect c
	s.sent("id", "for c")
	c.wants(message{"for c"})
	a.wants()
	if err := c.connect("id"); err != nil { // reconnects before Disconnected was called
		t.Errorf("the same pipe again: %v", err)
	}
}

func TestRouterRefusesClaimOfAssignedID(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	a := s.connect("")
	b := s.attach()
	if err := b.connect(a.p.Peer().RoutingID); err != pattern.ErrDuplicateRoutingID {
		t.Errorf("Connected with the ID of another peer: %v", err)
	}
}

// A peer with another ID does not get the queued messages. A peer without an ID
// keeps the assigned one.
func TestRouterQueueSurvivesReconnectOfSameIDOnly(t *testing.T) {
	for _, tt := range []struct {
		first, then string
		same        bool
	}{{"a", "a", true}, {"a", "b", false}, {"", "", true}, {"", "b", false}, {"a", "", false}} {
		s := newSocket(t, pattern.ROUTER, mandatory)
		f := s.connect(tt.first)
		old := f.p.Peer().RoutingID
		s.sent(old, "waits")
		s.sent(old, "waits too")
		f.disconnect()
		s.wantSend(pattern.ErrNoRoute, old, "x")
		if err := f.connect(tt.then); err != nil {
			t.Fatal(err)
		}
		id := f.p.Peer().RoutingID
		if (id == old) != tt.same {
			t.Errorf("peers %q and then %q have the routing IDs %q and then %q", tt.first, tt.then, old, id)
		}
		if tt.same {
			f.wants(message{"waits"}, message{"waits too"})
			s.wantDrops(0, 0)
			continue
		}
		f.wants()
		s.wantDrops(pipe.DropConnLost, 2)
		s.wantSend(pattern.ErrNoRoute, old, "x")
		s.sent(id, "x")
		f.wants(message{"x"})
	}
}

// https://rfc.zeromq.org/spec/28/
func TestRouterFullPeerDoesNotBlockOthers(t *testing.T) {
	s := newSocket(t, pattern.ROUTER, mandatory)
	slow, fast := s.connect("slow"), s.connect("fast")
	for i := range hwm {
		s.sent("slow", fmt.Sprint(i))
	}
	for range 3 * hwm {
		s.wantSend(pattern.ErrWouldBlock, "slow", "no room")
		s.sent("fast", "m")
		fast.wants(message{"m"})
	}
	var m msg.Msg
	for range hwm / 2 {
		slow.p.Out.Next(&m)
	}
	s.sent("slow", "room")
	s.wantDrops(0, 0)
}

// https://rfc.zeromq.org/spec/28/
func TestRouterDropsUnroutableMessageWithoutMandatory(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	s.sent("unknown", "x")
	s.wantDrops(pipe.DropNoRoute, 1)
	s = newSocket(t, pattern.ROUTER)
	f := s.connect("a")
	for range hwm + 2 {
		s.sent("a", "x")
	}
	s.wantDrops(pipe.DropHWM, 2)
	f.wants(slices.Repeat([]message{{"x"}}, hwm)...)
}

// The messages of the earlier peer are still received.
func TestRouterHandoverEvictsEarlierPeer(t *testing.T) {
	s := newSocket(t, pattern.ROUTER, mandatory, func(o *pattern.Options) { o.Handover = true })
	a := s.connect("id")
	a.sends("of the first")
	b := s.connect("id")
	if list := s.pat.(*pattern.Router).Evicted(); len(list) != 1 || list[0] != a.p {
		t.Errorf("Evicted = %v", list)
	}
	if list := s.pat.(*pattern.Router).Evicted(); len(list) != 0 {
		t.Errorf("second Evicted = %v, want none", list)
	}
	s.sent("id", "for the second")
	a.disconnect()
	a.detach()
	s.sent("id", "for the second too")
	a.wants()
	b.wants(message{"for the second"}, message{"for the second too"})
	if m := s.receives("of the first"); m.From.RoutingID != "id" {
		t.Errorf("from %q", m.From.RoutingID)
	}
	b.detach()
	s.wantSend(pattern.ErrNoRoute, "id", "x")
}

// The connect notification precedes the messages of the peer, the disconnect notification
// follows them.
func TestRouterReceivesNoticesInOrder(t *testing.T) {
	for _, on := range []struct{ connect, disconnect bool }{{true, true}, {true, false}, {false, true}} {
		s := newSocket(t, pattern.ROUTER, func(o *pattern.Options) {
			o.NotifyConnect, o.NotifyDisconnect = on.connect, on.disconnect
		})
		wantNotice := func(whether bool, id string) {
			t.Helper()
			if !whether {
				return
			}
			if m := s.receives(""); m.From == nil || m.From.RoutingID != id {
				t.Errorf("notification from %+v, want %q", m.From, id)
			}
		}
		s.attach().detach() // no peer has connected
		a := s.connect("a")
		a.sends("x")
		a.disconnect()
		if err := a.connect("b"); err != nil {
			t.Fatal(err)
		}
		wantNotice(on.connect, "a")
		s.receives("x")
		wantNotice(on.disconnect, "a")
		wantNotice(on.connect, "b")
		a.disconnect()
		a.detach()
		wantNotice(on.disconnect, "b")
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// The order holds across connections. Peers with other IDs do not wait.
func TestRouterReceivesMessagesOfRoutingIDInOrder(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	first, other := s.connect("id"), s.connect("other")
	first.p.Side, other.p.Side = pipe.Accepted, pipe.Accepted
	disconnect := func(f *far) {
		f.disconnect()
		f.detach()
	}
	connect := func() *far {
		f := s.connect("id")
		f.p.Side = pipe.Accepted
		return f
	}
	first.sends("first 1")
	other.sends("other 1")
	first.sends("first 2")
	disconnect(first)
	idle := connect()
	disconnect(idle)
	idle.end()
	third := connect()
	third.sends("third 1")
	s.receives("first 1")
	third.sends("third 2")
	s.receives("other 1")
	s.receives("first 2")
	s.wantRecv(pattern.ErrWouldBlock) // more messages of the first may arrive
	first.sends("first 3")
	other.sends("other 2")
	first.end()
	s.receives("first 3")
	s.receives("other 2")
	s.receives("third 1")
	s.receives("third 2")
	s.wantRecv(pattern.ErrWouldBlock)
}

// The In of a dialed pipe does not end with its connection.
func TestRouterDoesNotWaitForDialedPipe(t *testing.T) {
	s := newSocket(t, pattern.ROUTER)
	d := s.connect("id")
	d.p.Side = pipe.Dialed
	d.disconnect()
	s.connect("id").sends("x")
	s.receives("x")
}

// They do not accumulate, even if a message of one of them is not received.
func TestRouterReleasesDisconnectedPeers(t *testing.T) {
	for _, same := range []bool{true, false} {
		s := newSocket(t, pattern.ROUTER)
		unread := s.connect("id 0")
		unread.p.Side = pipe.Accepted
		unread.sends("x")
		unread.disconnect()
		unread.end()
		var pipes []weak.Pointer[pipe.Pipe]
		for i := range 1000 {
			id := "id 0"
			if !same {
				id = fmt.Sprint("id ", i)
			}
			f := s.connect(id)
			f.p.Side = pipe.Accepted
			f.disconnect()
			f.detach()
			f.end()
			s.receiver()
			pipes = append(pipes, weak.Make(f.p))
		}
		runtime.GC()
		referenced := 0
		for _, p := range pipes {
			if p.Value() != nil {
				referenced++
			}
		}
		if referenced > 200 {
			t.Errorf("same routing ID: %v; %d of %d pipes are still referenced", same, referenced, len(pipes))
		}
		s.receives("x")
		s.wantRecv(pattern.ErrWouldBlock)
	}
}

// An alias is the routing ID that ConnectAs gives to the peer of an endpoint.
// It is valid before a peer connects and replaces the routing ID that the peer
// announces. No other pipe can have it.
func TestRouterAliasRoutesToPipe(t *testing.T) {
	s := newSocket(t, pattern.ROUTER, mandatory)
	f := s.newFar(hwm)
	f.p.Alias = "alias"
	if err := s.pat.Attach(f.p); err != nil {
		t.Fatal(err)
	}
	s.sent("alias", "1")
	if err := f.connect("own name"); err != nil {
		t.Fatal(err)
	}
	s.sent("alias", "2")
	s.wantSend(pattern.ErrNoRoute, "own name", "x")
	f.sends("back")
	if m := s.receives("back"); m.From.RoutingID != "alias" {
		t.Errorf("from %q", m.From.RoutingID)
	}
	f.disconnect()
	s.sent("alias", "3")
	f.wants(message{"1"}, message{"2"}, message{"3"})
	g := s.newFar(hwm)
	g.p.Alias = "alias"
	if err := s.pat.Attach(g.p); err != pattern.ErrDuplicateRoutingID {
		t.Errorf("a second pipe of that alias: %v", err)
	}
	if err := s.attach().connect("alias"); err != pattern.ErrDuplicateRoutingID {
		t.Errorf("a peer of that name: %v", err)
	}
	f.detach()
	s.wantSend(pattern.ErrNoRoute, "alias", "x")
}

func TestProbeIsFirstMessageOfPipe(t *testing.T) {
	for _, typ := range []pattern.Type{pattern.ROUTER, pattern.DEALER, pattern.REQ} {
		s := newSocket(t, typ, func(o *pattern.Options) { o.Probe = true })
		f := s.connect("a")
		f.disconnect()
		if err := f.connect("a"); err != nil {
			t.Fatal(err)
		}
		f.wants(message{""})
	}
}
