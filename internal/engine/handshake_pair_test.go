package engine_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/zerobroker/zmq/internal/engine"
)

// exchange passes the output of each engine to the other, starting with a,
// until both have no more output.
func exchange(a, b *peer) {
	for sentA, sentB := 0, 0; sentA < len(a.out) || sentB < len(b.out); {
		out := string(a.out[sentA:])
		sentA = len(a.out)
		b.send(out)
		out = string(b.out[sentB:])
		sentB = len(b.out)
		a.send(out)
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

func typeConfig(i int) *engine.Config {
	s := socketTypes[i]
	return &engine.Config{SocketType: s.name, SocketNumber: byte(i), PeerTypes: s.peers, SendsID: s.id,
		RoutingID: "id of " + s.name, NewMechanism: newNull}
}

// TestHandshakeSucceedsOnlyBetweenCompatibleTypes runs a handshake between
// every two socket types. Both sides accept or both refuse, whichever side
// sends first and however the bytes are split.
// https://rfc.zeromq.org/spec/37/#the-socket-type-property
func TestHandshakeSucceedsOnlyBetweenCompatibleTypes(t *testing.T) {
	for i, s := range socketTypes {
		for j, o := range socketTypes {
			a, b := newPeer(t, typeConfig(i), whole), newPeer(t, typeConfig(j), whole)
			exchange(a, b)
			want := engine.CloseSocketType
			for _, name := range s.peers {
				if name == o.name {
					want = engine.CloseNone
				}
			}
			a.wantCloseReason(want)
			b.wantCloseReason(want)

			c, d := newPeer(t, typeConfig(i), byteByByte), newPeer(t, typeConfig(j), randomCuts(newRand(uint64(i*11+j))))
			exchange(d, c)
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
				t.Fatalf("the peer of %s is %s, described as %+v", s.name, o.name, *p)
			}
		}
	}
}

// checkSame fails the test unless both engines have the same output and the
// same result.
func checkSame(t testing.TB, a, b *peer) {
	t.Helper()
	switch {
	case a.closeReason() != b.closeReason():
		t.Fatalf("close reason %v (%v), and %v (%v)", a.closeReason(), a.err, b.closeReason(), b.err)
	case a.e.HandshakeDone() != b.e.HandshakeDone() || a.e.Version() != b.e.Version():
		t.Fatalf("done %v in version %v, and %v in %v", a.e.HandshakeDone(), a.e.Version(), b.e.HandshakeDone(), b.e.Version())
	case !reflect.DeepEqual(a.e.Peer(), b.e.Peer()):
		t.Fatalf("peer %+v, and %+v", a.e.Peer(), b.e.Peer())
	case !bytes.Equal(a.out, b.out):
		t.Fatalf("sent %q, and %q", a.out, b.out)
	case !bytes.Equal(a.pong, b.pong):
		t.Fatalf("answered %q, and %q", a.pong, b.pong)
	case a.e.Ignored() != b.e.Ignored() || a.e.Pongs() != b.e.Pongs() || a.e.PeerTTL() != b.e.PeerTTL():
		t.Fatalf("ignored %d, pongs %d, peer TTL %d, and %d, %d, %d", a.e.Ignored(), a.e.Pongs(), a.e.PeerTTL(),
			b.e.Ignored(), b.e.Pongs(), b.e.PeerTTL())
	case !equalMessages(a.msgs, b.msgs):
		t.Fatalf("received %.300q, and %.300q", a.msgs, b.msgs)
	}
}
