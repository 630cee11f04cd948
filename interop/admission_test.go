package interop

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

// A peer of libzmq's that is refused, because another has its routing ID or is
// the peer of our PAIR, keeps what it sent, and delivers it when the other has
// gone. An ERROR would have it give up for good.
func TestRefusedPeerComesBack(t *testing.T) {
	for _, c := range []struct {
		ours, theirs string
		err          error
	}{
		{"ROUTER", "DEALER", zmq.ErrDuplicateRoutingID},
		{"PAIR", "PAIR", zmq.ErrPeerExists},
	} {
		for _, transport := range []string{"tcp", "ipc"} {
			t.Run(fmt.Sprint(c.ours, " ", transport), func(t *testing.T) {
				t.Parallel()
				o, first := newOurs(t, c.ours, nil), newTheirs(t, c.theirs, nil)
				endpoint := join(o, first, true, anywhere(t, transport))
				o.connected()
				happens := o.watch()
				second := newTheirs(t, c.theirs, nil)
				second.connect(endpoint)
				const n = 20
				for i := range n {
					second.send(single(10, i))
				}
				for range 3 {
					if e := happens.wait(zmq.EventPeerRefused); !errors.Is(e.Err, c.err) {
						t.Fatalf("refused for %v, want %v", e.Err, c.err)
					}
				}
				first.close()
				for i := range n {
					want := single(10, i)
					if c.ours == "ROUTER" {
						want = append(text(theirsID), want...)
					}
					o.expect(want)
				}
				o.dropped(nil)
			})
		}
	}
}
