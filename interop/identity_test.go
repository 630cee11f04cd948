package interop

import (
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq"
)

// ids have the shortest and the longest permitted length, and arbitrary bytes.
var ids = []string{"a", "\x80\xff\x00", strings.Repeat("i", 255)}

// The ROUTER reports the routing ID that the libzmq peer announces, in the
// event and in each message.
func TestRouterReceivesRoutingIDOfLibzmqPeer(t *testing.T) {
	for _, typ := range []string{"DEALER", "REQ", "ROUTER"} {
		o := newOurs(t, "ROUTER", nil)
		endpoint := o.bind(freeEndpoint(t, "tcp"))
		router := o.Socket.(*zmq.Router)
		events := o.watch()
		for _, id := range ids {
			th := newTheirs(t, typ, options{"IDENTITY": frame{text: id}.spec()})
			th.connect(endpoint)
			e := events.wait(zmq.EventReady)
			if p := e.Peer; p.RoutingID() != id || p.SocketType().String() != typ || p.Version() != zmq.ZMTP31 ||
				p.Mechanism() != "NULL" || !strings.HasPrefix(p.RemoteAddr().String(), "127.0.0.1:") {
				t.Errorf("peer %q, a %s of ZMTP %s, %s, from %s", p.RoutingID(), p.SocketType(), p.Version(), p.Mechanism(), p.RemoteAddr())
			}
			if typ == "ROUTER" {
				continue // a ROUTER can send only after it has received our routing ID
			}
			th.send(text("hello"))
			m := o.recvMessage()
			if m.RoutingID() != id || m.From() != e.Peer {
				t.Errorf("message from %q, want %q", m.RoutingID(), id)
			}
			// The reply has the envelope of the request, if there is one.
			if err := router.Reply(o.ctx, m, m.Body().Frames()...); err != nil {
				t.Fatal(err)
			}
			th.expect(text("hello"))
		}
		if err := router.SendTo(o.ctx, "unknown", []byte("x")); !errors.Is(err, zmq.ErrNoRoute) {
			t.Errorf("sending to an unknown routing ID: %v, want %v", err, zmq.ErrNoRoute)
		}
	}
}

// A peer without a routing ID gets a unique one that begins with a zero byte,
// which no peer may announce.
func TestRouterAssignsUniqueRoutingIDs(t *testing.T) {
	o := newOurs(t, "ROUTER", nil)
	endpoint := o.bind(freeEndpoint(t, "tcp"))
	p := startPython(t)
	seen := make(map[string]*theirs)
	for range 10 {
		th := p.socket("DEALER", options{"IDENTITY": nil})
		th.connect(endpoint)
		th.send(text("hello"))
		id := string(o.recv()[0])
		if len(id) != 5 || id[0] != 0 || seen[id] != nil {
			t.Fatalf("assigned routing ID %q", id)
		}
		seen[id] = th
	}
	for id, th := range seen {
		o.send(text("you are " + id).withEnvelope(id))
		th.expect(text("you are " + id))
	}
}

// libzmq's ROUTER assigns a routing ID if our socket announces none.
func TestLibzmqRouterReceivesOurRoutingID(t *testing.T) {
	for _, typ := range []string{"DEALER", "REQ"} {
		th := newTheirs(t, "ROUTER", nil)
		endpoint := th.bind(freeEndpoint(t, "tcp"))
		for _, id := range append(ids, "") {
			opts := testOptions()
			opts.RoutingID = id
			o := newOurs(t, typ, opts)
			o.connect(endpoint)
			o.send(text("hello"))
			f := th.recv()[0]
			if got := string(f.B64); got != id && (id != "" || f.Size != 5 || got[0] != 0) {
				t.Errorf("libzmq's ROUTER sees %q, want %q", got, id)
			}
		}
	}
}
