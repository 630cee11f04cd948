package interop

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zerobroker/zmq"
)

// Our socket refuses a libzmq peer whose routing ID is in use, and a second
// peer of a PAIR. The refused peer keeps its queued messages and delivers them
// after the first peer has disconnected. An ERROR command would stop libzmq
// from reconnecting.
func TestRefusedPeerDeliversQueuedMessagesOnceAdmitted(t *testing.T) {
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
				endpoint := join(o, first, true, freeEndpoint(t, transport))
				o.connected()
				events := o.watch()
				second := newTheirs(t, c.theirs, nil)
				second.connect(endpoint)
				const n = 20
				for i := range n {
					second.send(single(10, i))
				}
				for range 3 {
					if e := events.wait(zmq.EventPeerRefused); !errors.Is(e.Err, c.err) {
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
