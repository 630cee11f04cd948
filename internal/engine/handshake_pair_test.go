package engine_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

// converse carries what two engines say to each other, a's words first, until
// both are silent.
func converse(a, b *peer) {
	for heardA, heardB := 0, 0; heardA < len(a.out) || heardB < len(b.out); {
		said := string(a.out[heardA:])
		heardA = len(a.out)
		b.send(said)
		said = string(b.out[heardB:])
		heardB = len(b.out)
		a.send(said)
	}
}

var socketTypes = []struct {
	name  string
	peers []string
	id    bool
}{
	{"PAIR", []string{"PAIR"}, false},
	{"PUB", []string{"SUB", "XSUB"}, false},
	{"SUB", []string{"PUB", "XPUB"}, false},
	{"REQ", []string{"REP", "ROUTER"}, true},
	{"REP", []string{"REQ", "DEALER"}, false},
	{"DEALER", []string{"REP", "DEALER", "ROUTER"}, true},
	{"ROUTER", []string{"REQ", "DEALER", "ROUTER"}, true},
	{"PULL", []string{"PUSH"}, false},
	{"PUSH", []string{"PULL"}, false},
	{"XPUB", []string{"SUB", "XSUB"}, false},
	{"XSUB", []string{"PUB", "XPUB"}, false},
}

func typed(i int) *engine.Config {
	s := socketTypes[i]
	return &engine.Config{SocketType: s.name, SocketNumber: byte(i), PeerTypes: s.peers, SendsID: s.id,
		RoutingID: "id of " + s.name, NewMechanism: newNull}
}

// TestHandshakeBetweenTypes has every socket type meet every other: each side
// finds the other compatible or each refuses it. Who speaks first, and in what
// pieces, makes no difference.
func TestHandshakeBetweenTypes_RFC37(t *testing.T) {
	for i, s := range socketTypes {
		for j, o := range socketTypes {
			a, b := play(t, typed(i), whole), play(t, typed(j), whole)
			converse(a, b)
			want := engine.CloseSocketType
			for _, name := range s.peers {
				if name == o.name {
					want = engine.CloseNone
				}
			}
			a.wantFault(want)
			b.wantFault(want)

			c, d := play(t, typed(i), bytewise), play(t, typed(j), randomly(seeded(uint64(i*11+j))))
			converse(d, c)
			checkSame(t, a, c)
			checkSame(t, b, d)
			if want != engine.CloseNone {
				continue
			}
			id := ""
			if o.id {
				id = "id of " + o.name
			}
			if p := a.e.Peer(); p.SocketType != o.name || p.RoutingID != id || p.Version != "3.1" {
				t.Fatalf("%s meets %s and sees %+v", s.name, o.name, *p)
			}
		}
	}
}

// checkSame fails the test unless two engines did the same.
func checkSame(t testing.TB, a, b *peer) {
	t.Helper()
	switch {
	case a.fault() != b.fault():
		t.Fatalf("fault %v (%v), and %v (%v)", a.fault(), a.err, b.fault(), b.err)
	case a.e.Ready() != b.e.Ready() || a.e.Version() != b.e.Version():
		t.Fatalf("ready %v in %v, and %v in %v", a.e.Ready(), a.e.Version(), b.e.Ready(), b.e.Version())
	case !reflect.DeepEqual(a.e.Peer(), b.e.Peer()):
		t.Fatalf("peer %+v, and %+v", a.e.Peer(), b.e.Peer())
	case !bytes.Equal(a.out, b.out):
		t.Fatalf("said %q, and %q", a.out, b.out)
	case !bytes.Equal(a.pong, b.pong):
		t.Fatalf("answered %q, and %q", a.pong, b.pong)
	case a.e.Ignored() != b.e.Ignored() || a.e.Pongs() != b.e.Pongs() || a.e.Lease() != b.e.Lease():
		t.Fatalf("ignored %d, pongs %d, lease %d, and %d, %d, %d", a.e.Ignored(), a.e.Pongs(), a.e.Lease(),
			b.e.Ignored(), b.e.Pongs(), b.e.Lease())
	case !equalMessages(a.msgs, b.msgs):
		t.Fatalf("received %.300q, and %.300q", a.msgs, b.msgs)
	}
}
