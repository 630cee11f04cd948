package interop

import (
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

// Exchange goes on after the peer is killed and started again at the same
// endpoint, without a word to our socket.
func TestTheirsKilled(t *testing.T) {
	for _, r := range allRoles() {
		for _, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				endpoint := join(o, th, at.oursBinds, anywhere(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, []int{1, 8192})

				happens := o.watch()
				th.p.kill()
				happens.wait(zmq.EventDisconnected)
				th = newTheirs(t, r.theirs, nil)
				r.prepare(th)
				th.meet(at, endpoint)
				happens.wait(zmq.EventReady)
				r.settle(o, th, o)
				r.exchange(o, th, []int{1, 8192})
			})
		}
	}
}

// meet connects or binds a new peer where the one before it was.
func (s *theirs) meet(at place, endpoint string) {
	s.p.t.Helper()
	if at.oursBinds {
		s.connect(endpoint)
	} else {
		s.bind(endpoint)
	}
}

// Exchange goes on after our socket is closed in the middle of everything and
// another takes its place, without a word to the peer's.
func TestOursReopened(t *testing.T) {
	for _, r := range allRoles() {
		for _, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				endpoint := join(o, th, at.oursBinds, anywhere(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, []int{1, 8192})

				o.Close()
				th.alone()
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

// alone waits until the peer is gone for libzmq too. Its application must call
// it for that. A PAIR that does not in time refuses the next peer for good,
// without telling it, and an XPUB says nothing of a topic whose next subscriber
// is there before it has looked at the end of the last.
func (s *theirs) alone() {
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
