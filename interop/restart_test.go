package interop

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

// The peer is killed and started again at the same endpoint. The test makes no
// call on our socket in between.
func TestExchangeResumesAfterLibzmqPeerIsKilled(t *testing.T) {
	for _, r := range allRoles() {
		for _, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, []int{1, 8192})

				events := o.watch()
				th.p.kill()
				events.wait(zmq.EventDisconnected)
				th = newTheirs(t, r.theirs, nil)
				r.prepare(th)
				th.reattach(at, endpoint)
				events.wait(zmq.EventReady)
				r.settle(o, th, o)
				r.exchange(o, th, []int{1, 8192})
			})
		}
	}
}

// reattach connects or binds a new peer at the endpoint of the previous one.
func (s *theirs) reattach(at place, endpoint string) {
	s.p.t.Helper()
	if at.oursBinds {
		s.connect(endpoint)
	} else {
		s.bind(endpoint)
	}
}

// Our socket is closed while it is connected, and a new one takes over the
// endpoint. The peer's socket stays open.
func TestNewSocketResumesExchangeWithLibzmqPeer(t *testing.T) {
	for _, r := range allRoles() {
		for _, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				endpoint := join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, []int{1, 8192})

				o.Close()
				th.waitDisconnected()
				o = newOurs(t, r.ours, nil)
				r.prepare(o)
				if at.oursBinds {
					o.bind(endpoint)
				} else {
					o.connect(endpoint)
				}
				r.settle(o, th, th)
				r.exchange(o, th, []int{1, 8192})
			})
		}
	}
}

// waitDisconnected waits until libzmq has processed the end of the connection,
// which it does within an API call. A PAIR that has not done so ignores the
// next peer permanently. An XPUB that has not done so does not report a topic
// to which the next peer subscribes.
func (s *theirs) waitDisconnected() {
	s.p.t.Helper()
	s.event("DISCONNECTED")
	switch {
	case !s.bound:
	case s.kind == "PAIR":
		s.do("poll", command{"timeout": 1000})
	case s.kind == "XPUB":
		s.expect(text("\x00"))
	}
}
