package interop

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/zerobroker/zmq"
)

// A peer with another mechanism is refused, whichever side connects, and
// nobody else notices.
func TestOtherMechanismIsRefused(t *testing.T) {
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
			o, friend := newOurs(t, "DEALER", nil), newTheirs(t, "DEALER", nil)
			join(o, friend, true, anywhere(t, "tcp"))
			o.connected()
			friend.connected()
			bothWays(o, friend, single(10, 1))

			happens := o.watch()
			stranger := newTheirs(t, "DEALER", c.them)
			endpoint := join(o, stranger, c.oursBinds, anywhere(t, "tcp"))
			checkRefused(t, happens.wait(zmq.EventHandshakeFailed), zmq.CloseMechanism, endpoint)
			if n := len(o.Peers()); n != 1 {
				t.Errorf("%d peers, want 1", n)
			}
			stranger.event("HANDSHAKE_FAILED_PROTOCOL")
			if !c.oursBinds {
				// What it is connected to takes its share of the messages
				// while nobody is there, as libzmq's does.
				if err := o.Disconnect(endpoint); err != nil {
					t.Fatal(err)
				}
			}
			bothWays(o, friend, single(10, 3))
			if n := o.count(zmq.EventDisconnected); n > 0 {
				t.Errorf("%d connections were lost", n)
			}
		})
	}
}

// checkRefused allows for libzmq that sees first that the two do not match: it
// hangs up before it has said what it is, and we cannot know the reason.
func checkRefused(t *testing.T, e zmq.Event, reason zmq.CloseReason, endpoint string) {
	t.Helper()
	if e.Reason != reason && e.Reason != zmq.CloseNone || e.Endpoint != endpoint {
		t.Errorf("reason %q (%v) at %s, want %q or none at %s", e.Reason, e.Err, e.Endpoint, reason, endpoint)
	}
}

// A peer of a type that ours does not talk to is refused.
func TestOtherTypeIsRefused(t *testing.T) {
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
					happens := o.watch()
					endpoint := join(o, th, oursBinds, anywhere(t, "tcp"))
					checkRefused(t, happens.wait(zmq.EventHandshakeFailed), zmq.CloseSocketType, endpoint)
					if o.count(zmq.EventReady) > 0 {
						t.Errorf("%s has a %s among its peers", ours, theirs)
					}
					o.Close()
					th.close()
				}
			})
		}
	}
}

// types is the eleven.
var types = []string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"}

func legal(ours, theirs string) bool {
	return slices.ContainsFunc(allRoles(), func(r roles) bool { return r.ours == ours && r.theirs == theirs })
}

// The reason is told whenever the peer says what it is.
func TestReasonOfRefusal(t *testing.T) {
	refuse := func(t *testing.T, r roles, mechanism string, reason zmq.CloseReason) {
		t.Helper()
		for _, oursBinds := range []bool{true, false} {
			o, w := newOurs(t, r.ours, nil), newWire(t, v3_0, r)
			w.eager, w.mechanism = true, mechanism
			happens := o.watch()
			var endpoint string
			if oursBinds {
				endpoint = o.bind(anywhere(t, "tcp"))
				w.dial(endpoint)
			} else {
				endpoint = w.bind(anywhere(t, "tcp"))
				o.connect(endpoint)
				w.answer()
			}
			w.greet() // how far it comes is up to us
			e := happens.wait(zmq.EventHandshakeFailed)
			if e.Reason != reason || e.Endpoint != endpoint {
				t.Errorf("%v: reason %q (%v) at %s, want %q at %s", r, e.Reason, e.Err, e.Endpoint, reason, endpoint)
			}
			if n := o.Stats().Failures[reason]; n != 1 {
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

// A second PAIR is refused and the first goes on.
func TestSecondPairIsRefused(t *testing.T) {
	o, first := newOurs(t, "PAIR", nil), newTheirs(t, "PAIR", nil)
	endpoint := join(o, first, true, anywhere(t, "tcp"))
	o.connected()
	happens := o.watch()
	second := newTheirs(t, "PAIR", nil)
	second.connect(endpoint)
	if e := happens.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrPeerExists) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrPeerExists)
	}
	bothWays(o, first, single(10, 1))
}

// A second peer with a routing id that is in use is refused, and the first
// goes on.
func TestDuplicateIDIsRefused(t *testing.T) {
	o, first := newOurs(t, "ROUTER", nil), newTheirs(t, "DEALER", nil)
	endpoint := join(o, first, true, anywhere(t, "tcp"))
	o.connected()
	happens := o.watch()
	second := newTheirs(t, "DEALER", nil)
	second.connect(endpoint)
	if e := happens.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrDuplicateRoutingID) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrDuplicateRoutingID)
	}
	dealerRouter(first, o, single(10, 1))
}

// A peer that sends more than is allowed is disconnected for that reason, and
// what came before stays.
func TestTooMuchIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  func(*zmq.Options)
		reason zmq.CloseReason
		much   message
	}{
		{"frame", func(o *zmq.Options) { o.Limits.MaxFrameSize = 1000 }, zmq.CloseFrameSize, single(1001, 1)},
		{"message", func(o *zmq.Options) { o.Limits.MaxMessageSize = 1000 }, zmq.CloseMessageSize, message{blob(500, 1), blob(501, 1)}},
		{"frames", func(o *zmq.Options) { o.Limits.MaxMessageFrames = 3 }, zmq.CloseMessageSize, text("1", "2", "3", "4")},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := testOptions()
			c.limit(opts)
			o, th := newOurs(t, "PULL", opts), newTheirs(t, "PUSH", nil)
			happens := o.watch()
			join(o, th, true, anywhere(t, "tcp"))
			least := message{blob(500, 2), blob(0, 0), blob(500, 3)}
			th.send(least)
			th.send(c.much)
			if e := happens.wait(zmq.EventDisconnected); e.Reason != c.reason {
				t.Errorf("reason %q (%v), want %q", e.Reason, e.Err, c.reason)
			}
			o.expect(least)
			happens.wait(zmq.EventReady)
			th.send(least)
			o.expect(least)
			if got, want := o.Stats().Failures, map[zmq.CloseReason]uint64{c.reason: 1}; !maps.Equal(got, want) {
				t.Errorf("failures %v, want %v", got, want)
			}
		})
	}
}
