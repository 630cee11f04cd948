package interop

import (
	"fmt"
	"testing"
)

// sizes are around the limits at which the code path changes: short and long
// frame headers, bodies copied into a queue or not, bodies read directly into
// their own memory.
var sizes = []int{0, 1, 255, 256, 8191, 8192, 65535, 1 << 20}

const hugeSize = 16 << 20

// single and multipart return a message that has a frame of size bytes.
func single(size, seed int) message { return message{blob(size, seed)} }

func multipart(size, seed int) message {
	return message{blob(3, seed+2), blob(0, 0), blob(size, seed), blob(0, 0)}
}

// exchange sends single and multipart messages of all sizes.
func (r roles) exchange(o *ours, th socket, sizes []int) {
	o.t.Helper()
	for _, size := range sizes {
		r.talk(o, th, single(size, 10))
		r.talk(o, th, multipart(size, 20))
	}
}

// place is a transport and the side that binds.
type place struct {
	transport string
	oursBinds bool
}

func (p place) String() string {
	if p.oursBinds {
		return p.transport + "/bound by us"
	}
	return p.transport + "/bound by them"
}

var places = []place{{"tcp", true}, {"tcp", false}, {"ipc", true}, {"ipc", false}}

// Every valid pair of types, with either side bound, over tcp and ipc.
func TestLibzmqPairsExchangeMessages(t *testing.T) {
	for _, r := range allRoles() {
		for i, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				join(o, th, at.oursBinds, freeEndpoint(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, sizes)
				if i == 0 || i == 3 { // bound by us over tcp, and by libzmq over ipc
					r.talk(o, th, single(hugeSize, 30))
				}
			})
		}
	}
}
