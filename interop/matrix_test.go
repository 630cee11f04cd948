package interop

import (
	"fmt"
	"testing"
)

// sizes are around those where something changes: the short and long form of
// a frame, what is copied into a queue and what is not, what is read into
// place.
var sizes = []int{0, 1, 255, 256, 8191, 8192, 65535, 1 << 20}

const huge = 16 << 20

// single and multipart are the shapes of a message with a frame of a size.
func single(size, seed int) message { return message{blob(size, seed)} }

func multipart(size, seed int) message {
	return message{blob(3, seed+2), blob(0, 0), blob(size, seed), blob(0, 0)}
}

// exchange talks in all sizes and shapes.
func (r roles) exchange(o *ours, th end, sizes []int) {
	o.t.Helper()
	for _, size := range sizes {
		r.talk(o, th, single(size, 10))
		r.talk(o, th, multipart(size, 20))
	}
}

// place is where two sockets meet.
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

// The exchange of every legal pair, in every place.
func TestExchange(t *testing.T) {
	for _, r := range allRoles() {
		for i, at := range places {
			t.Run(fmt.Sprintf("%v/%v", r, at), func(t *testing.T) {
				t.Parallel()
				o, th := newOurs(t, r.ours, nil), newTheirs(t, r.theirs, nil)
				r.prepare(o, th)
				join(o, th, at.oursBinds, anywhere(t, at.transport))
				r.settle(o, th, nil)
				r.exchange(o, th, sizes)
				if i == 0 || i == 3 { // one way round and the other, tcp and ipc
					r.talk(o, th, single(huge, 30))
				}
			})
		}
	}
}
