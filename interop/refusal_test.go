package interop

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/zerobroker/zmq"
)

// A peer with another security mechanism is refused, whichever side connects.
// The other peers of the socket are not affected.
func TestMechanismMismatchIsRefused(t *testing.T) {
	for _, c := range []struct {
		name      string
		oursBinds bool
		them      options
	}{
		{"PLAIN client", true, options{"PLAIN_USERNAME": "u", "PLAIN_PASSWORD": "p"}},
		{"PLAIN server", false, options{"PLAIN_SERVER": 1}},
		{"CURVE client", true, options{"CURVE": "client"}},
		{"CURVE server", false, options{"CURVE": "server"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, accepted := newOurs(t, "DEALER", nil), newTheirs(t, "DEALER", nil)
			join(o, accepted, true, freeEndpoint(t, "tcp"))
			o.connected()
			accepted.connected()
			bothWays(o, accepted, single(10, 1))

			events := o.watch()
			rejected := newTheirs(t, "DEALER", c.them)
			endpoint := join(o, rejected, c.oursBinds, freeEndpoint(t, "tcp"))
			checkRefused(t, events.wait(zmq.EventHandshakeFailed), zmq.CloseMechanism, endpoint)
			if n := len(o.Peers()); n != 1 {
				t.Errorf("%d peers, want 1", n)
			}
			rejected.event("HANDSHAKE_FAILED_PROTOCOL")
			if !c.oursBinds {
				// The socket queues a share of its messages for a connected
				// endpoint without a peer, as libzmq does.
				if err := o.Disconnect(endpoint); err != nil {
					t.Fatal(err)
				}
			}
			bothWays(o, accepted, single(10, 3))
			if n := o.count(zmq.EventDisconnected); n > 0 {
				t.Errorf("%d connections were closed", n)
			}
		})
	}
}

// checkRefused also accepts CloseNone, and CloseHandshakeClosed of a socket that has
// connected: if libzmq detects the mismatch first, it closes the connection before it
// has sent its own mechanism or type.
func checkRefused(t *testing.T, e zmq.Event, reason zmq.CloseReason, endpoint string) {
	t.Helper()
	if e.Reason != reason && e.Reason != zmq.CloseNone && e.Reason != zmq.CloseHandshakeClosed || e.Endpoint != endpoint {
		t.Errorf("reason %q (%v) at %s, want %q or that the peer has closed at %s", e.Reason, e.Err, e.Endpoint, reason, endpoint)
	}
}

// Every invalid combination of socket types is refused.
func TestIncompatibleSocketTypeIsRefused(t *testing.T) {
	for _, ours := range types {
		for _, oursBinds := range []bool{true, false} {
			t.Run(ours+boundBy(oursBinds), func(t *testing.T) {
				t.Parallel()
				p := startPython(t)
				for _, theirs := range types {
					if legal(ours, theirs) {
						continue
					}
					o, th := newOurs(t, ours, nil), p.socket(theirs, nil)
					events := o.watch()
					endpoint := join(o, th, oursBinds, freeEndpoint(t, "tcp"))
					checkRefused(t, events.wait(zmq.EventHandshakeFailed), zmq.CloseSocketType, endpoint)
					if o.count(zmq.EventReady) > 0 {
						t.Errorf("%s accepted a %s as peer", ours, theirs)
					}
					o.Close()
					th.close()
				}
			})
		}
	}
}

// types are the socket types of ZMTP 3.0 that exchange ZMTP messages.
var types = []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"}

func legal(ours, theirs string) bool {
	return slices.ContainsFunc(allRoles(), func(r roles) bool { return r.ours == ours && r.theirs == theirs })
}

// The failure has a reason if the peer has sent its mechanism and type.
func TestHandshakeFailureHasReason(t *testing.T) {
	refuse := func(t *testing.T, r roles, mechanism string, reason zmq.CloseReason) {
		t.Helper()
		for _, oursBinds := range []bool{true, false} {
			o, w := newOurs(t, r.ours, nil), newWire(t, v3_0, r)
			w.eager, w.mechanism = true, mechanism
			events := o.watch()
			var endpoint string
			if oursBinds {
				endpoint = o.bind(freeEndpoint(t, "tcp"))
				w.dial(endpoint)
			} else {
				endpoint = w.bind(freeEndpoint(t, "tcp"))
				o.connect(endpoint)
				w.acceptConn()
			}
			w.greet() // fails when our socket closes the connection
			e := events.wait(zmq.EventHandshakeFailed)
			if e.Reason != reason || e.Endpoint != endpoint {
				t.Errorf("%v: reason %q (%v) at %s, want %q at %s", r, e.Reason, e.Err, e.Endpoint, reason, endpoint)
			}
			if n := o.Stats().CloseReasons[reason]; n != 1 {
				t.Errorf("%v: counted %d times, want once", r, n)
			}
			o.Close()
			w.kill()
		}
	}
	for _, mechanism := range []string{"PLAIN", "CURVE", "GSSAPI", "", "NULLX"} {
		refuse(t, roles{ours: "DEALER", theirs: "DEALER"}, mechanism, zmq.CloseMechanism)
	}
	for _, ours := range types {
		for _, theirs := range append(types, "STREAM", "nonsense", "") {
			if !legal(ours, theirs) {
				refuse(t, roles{ours: ours, theirs: theirs}, "NULL", zmq.CloseSocketType)
			}
		}
	}
}

// The exchange with the first peer continues.
func TestSecondPairIsRefused(t *testing.T) {
	o, first := newOurs(t, "PAIR", nil), newTheirs(t, "PAIR", nil)
	endpoint := join(o, first, true, freeEndpoint(t, "tcp"))
	o.connected()
	events := o.watch()
	second := newTheirs(t, "PAIR", nil)
	second.connect(endpoint)
	if e := events.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrPeerExists) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrPeerExists)
	}
	bothWays(o, first, single(10, 1))
}

// The exchange with the first peer that has the routing ID continues.
func TestDuplicateRoutingIDIsRefused(t *testing.T) {
	o, first := newOurs(t, "ROUTER", nil), newTheirs(t, "DEALER", nil)
	endpoint := join(o, first, true, freeEndpoint(t, "tcp"))
	o.connected()
	events := o.watch()
	second := newTheirs(t, "DEALER", nil)
	second.connect(endpoint)
	if e := events.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrDuplicateRoutingID) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrDuplicateRoutingID)
	}
	dealerRouter(first, o, single(10, 1))
}

// A peer that exceeds a limit is disconnected, with the limit as the reason.
// Messages received before stay readable.
func TestOversizedMessageClosesConnection(t *testing.T) {
	for _, c := range []struct {
		name     string
		limit    func(*zmq.Options)
		reason   zmq.CloseReason
		tooLarge message
	}{
		{"frame", func(o *zmq.Options) { o.Limits.MaxFrameSize = 1000 }, zmq.CloseFrameSize, single(1001, 1)},
		{"message", func(o *zmq.Options) { o.Limits.MaxMessageSize = 1000 }, zmq.CloseMessageSize, message{blob(500, 1), blob(501, 1)}},
		{"frames", func(o *zmq.Options) { o.Limits.MaxMessageFrames = 3 }, zmq.CloseMessageSize, text("1", "2", "3", "4")},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := testOptions()
			c.limit(opts)
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", nil)
			events := o.watch()
			join(o, th, true, freeEndpoint(t, "tcp"))
			allowed := message{blob(500, 2), blob(0, 0), blob(500, 3)}
			th.send(allowed)
			th.send(c.tooLarge)
			if e := events.wait(zmq.EventDisconnected); e.Reason != c.reason {
				t.Errorf("reason %q (%v), want %q", e.Reason, e.Err, c.reason)
			}
			o.expect(allowed)
			events.wait(zmq.EventReady)
			th.send(allowed)
			o.expect(allowed)
			if got, want := o.Stats().CloseReasons, map[zmq.CloseReason]uint64{c.reason: 1}; !maps.Equal(got, want) {
				t.Errorf("failures %v, want %v", got, want)
			}
		})
	}
}
