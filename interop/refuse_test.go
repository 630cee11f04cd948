package interop

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

// A peer with another mechanism is refused for that reason, whichever side
// connects, and nobody else notices.
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
			e := happens.wait(zmq.EventHandshakeFailed)
			if e.Reason != zmq.ReasonMechanism || e.Endpoint != endpoint {
				t.Errorf("reason %q (%v) at %s, want %q at %s", e.Reason, e.Err, e.Endpoint, zmq.ReasonMechanism, endpoint)
			}
			if n := o.Stats().Failures[zmq.ReasonMechanism]; n == 0 {
				t.Error("the failure is not counted")
			}
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

// A peer of a type that ours does not talk to is refused for that reason. If
// libzmq sees first that the types do not match, it hangs up before it has
// told its own; then it has to try again.
func TestOtherTypeIsRefused(t *testing.T) {
	legal := make(map[string]bool)
	var types []string
	for _, r := range allRoles() {
		legal[r.String()] = true
		if len(types) == 0 || types[len(types)-1] != r.ours {
			types = append(types, r.ours)
		}
	}
	for _, ours := range types {
		for _, oursBinds := range []bool{true, false} {
			t.Run(ours+boundBy(oursBinds), func(t *testing.T) {
				t.Parallel()
				p := startPython(t)
				for _, theirs := range types {
					if !legal[ours+"-"+theirs] {
						refuseType(t, p, ours, theirs, oursBinds)
					}
				}
			})
		}
	}
}

func refuseType(t *testing.T, p *python, ours, theirs string, oursBinds bool) {
	t.Helper()
	const tries = 20
	for range tries {
		o, th := newOurs(t, ours, nil), p.socket(theirs, nil)
		happens := o.watch()
		join(o, th, oursBinds, anywhere(t, "tcp"))
		e := happens.wait(zmq.EventHandshakeFailed)
		n := len(o.Peers())
		o.Close()
		th.close()
		if n > 0 {
			t.Fatalf("%s has a %s among its peers", ours, theirs)
		}
		if e.Reason == zmq.ReasonSocketType {
			return
		}
		if e.Reason != zmq.ReasonNone {
			t.Fatalf("%s refused %s for the reason %q (%v), want %q", ours, theirs, e.Reason, e.Err, zmq.ReasonSocketType)
		}
	}
	t.Errorf("%s was hung up on by %s %d times in a row", ours, theirs, tries)
}

// A second PAIR is refused and the first goes on.
func TestSecondPairIsRefused(t *testing.T) {
	o, first := newOurs(t, "PAIR", nil), newTheirs(t, "PAIR", nil)
	endpoint := join(o, first, true, anywhere(t, "tcp"))
	o.connected()
	happens := o.watch()
	second := newTheirs(t, "PAIR", nil)
	second.connect(endpoint)
	if e := happens.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrSecondPeer) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrSecondPeer)
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
	if e := happens.wait(zmq.EventPeerRefused); !errors.Is(e.Err, zmq.ErrDuplicateID) {
		t.Errorf("refused for %v, want %v", e.Err, zmq.ErrDuplicateID)
	}
	dealerRouter(first, o, single(10, 1))
}

// A peer that sends more than is allowed is disconnected for that reason, and
// what came before stays.
func TestTooMuchIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  func(*zmq.Options)
		reason zmq.Reason
		much   message
	}{
		{"frame", func(o *zmq.Options) { o.MaxFrameSize = 1000 }, zmq.ReasonFrameSize, single(1001, 1)},
		{"message", func(o *zmq.Options) { o.MaxMessageSize = 1000 }, zmq.ReasonMessageSize, message{blob(500, 1), blob(501, 1)}},
		{"frames", func(o *zmq.Options) { o.MaxMessageFrames = 3 }, zmq.ReasonMessageSize, text("1", "2", "3", "4")},
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
			if n := fmt.Sprint(o.Stats().Failures); n != fmt.Sprint(map[zmq.Reason]uint64{c.reason: 1}) {
				t.Errorf("failures %v", n)
			}
		})
	}
}
